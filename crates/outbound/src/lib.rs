//! The only door to hosts that are neither AWS nor our own instances. One request goes to one host of a list, over TLS, to an
//! address that was looked up, checked and pinned; what comes back is bounded in size and time. Redirects stay on the host
//! and are checked like the first address.

mod address;
mod fetch;
mod post;
mod unpack;

pub use fetch::{Answer, Door, Poured, Range, Sink, Want};
pub use post::{Post, Posted};
pub use unpack::unpack;

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The address is no https URL.
    #[error("`{0}` is no https address: only https is spoken with hosts outside")]
    NotHttps(String),
    /// The host is not on the list of this door.
    #[error("`{0}` is not among the hosts that may be asked")]
    Host(String),
    /// The host has no address, or the look-up failed.
    #[error("the address of `{host}` cannot be looked up: {why}")]
    Lookup {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// The host leads to an address inside.
    #[error("`{host}` leads to {address}, an address inside: {why}")]
    Inward {
        /// The host.
        host: String,
        /// Where it leads.
        address: std::net::IpAddr,
        /// Why that is refused.
        why: String,
    },
    /// A redirect to another host, or too many.
    #[error("it redirects to `{0}`, which is not followed")]
    Redirect(String),
    /// A status that is no answer.
    #[error("it answered {0}")]
    Status(u16),
    /// More bytes than are taken.
    #[error("it is longer than {0} bytes and is not read")]
    TooLong(u64),
    /// It took longer than it may.
    #[error("it took longer than {0} s")]
    Slow(u64),
    /// No connection came about.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// The answer broke off before its end.
    #[error("it broke off: {0}")]
    Broken(String),
    /// The range that was asked for did not come.
    #[error("it answered with another part than was asked for")]
    OtherRange,
    /// The door cannot be built.
    #[error("{0}")]
    Setup(String),
}
