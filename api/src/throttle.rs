//! Tokens that this process does not know: each one asks the ledger, so an address may bring a few at once and then
//! some a second, and hears 429 for the rest (FAULTS F40). A token that was genuine before is never held up, and text
//! that cannot be a token does not reach the ledger.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::error::ApiError;

/// Unknown tokens an address may bring at once: people who mistype, a deploy with an old token.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
/// And a second after that.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Addresses remembered before those that are quiet again are forgotten.
const KEPT: usize = 4096;

/// The address at the other end of a connection, IPv4 as such: a client's, or that of the proxy in front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

type Limiter = RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>;

/// Buckets of unknown tokens, one per address.
#[derive(Debug, Clone)]
pub(crate) struct Strangers(Arc<Limiter>);

impl Default for Strangers {
    fn default() -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(AT_ONCE);
        Self(Arc::new(RateLimiter::hashmap(quota)))
    }
}

impl Strangers {
    /// Whether an address may bring another token that this process does not know.
    pub(crate) fn pass(&self, peer: Option<Peer>) -> Result<(), ApiError> {
        if self.0.len() > KEPT {
            self.0.retain_recent();
        }
        self.0.check_key(&bucket(peer)).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            let detail = "too many unknown tokens came from this address; a token that was accepted before still is";
            ApiError::TooMany(detail.to_owned(), wait.as_secs() + 1)
        })
    }
}

/// A household of IPv6 has a whole /64 of addresses.
fn bucket(peer: Option<Peer>) -> IpAddr {
    match peer.map(|peer| peer.0) {
        Some(IpAddr::V6(six)) => {
            let prefix = u128::from(six) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        Some(four) => four,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_goes_on_and_on_is_told_when_to_come_back_and_others_are_not() {
        let strangers = Strangers::default();
        let peer = |text: &str| Some(Peer(text.parse().expect("an address")));
        let mut refused = None;
        for _ in 0..=AT_ONCE.get() * 2 {
            refused = refused.or(strangers.pass(peer("2001:db8::1")).err());
        }
        let refused = refused.expect("a refusal");
        assert!(matches!(refused, ApiError::TooMany(_, 1)), "{refused:?}");
        assert!(strangers.pass(peer("2001:db8::2")).is_err(), "the same /64");
        assert!(strangers.pass(peer("2001:db8:0:1::1")).is_ok());
        assert!(strangers.pass(peer("192.0.2.1")).is_ok());
    }
}
