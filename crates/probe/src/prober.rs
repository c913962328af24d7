//! The prober: one bounded attempt, from the address rule to the judgement (F14–F17, OPERATIONS section 2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ingot_domain::network::{Cidr, Denied, probe_allowed};
use ingot_domain::probe::{
    PROBE_LOOK_BYTES, PROBE_REDIRECTS, PROBE_SECONDS, ProbeClass, ProbeOutcome, ProbeSpec,
};

use crate::fetch::{Answer, Stage, fetch};
use crate::redirect::follow;
use crate::target::Target;
use crate::tls::Tls;
use crate::words::Words;

/// Why no prober can be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeSetupError {
    /// The TLS library refuses its own ring provider, which only a broken build does.
    #[error("tls for probes can not be set up: {0}; rebuild with the ring provider of rustls")]
    Tls(#[from] rustls::Error),
}

/// The first six groups of the IPv6 addresses of the simulated region: a documentation prefix (RFC 3849) that no real
/// instance has. The last two are the loopback address on which the simulated instance serves, for no program may add
/// IPv6 addresses to the loopback interface by itself.
pub const SIMULATED_IPV6: [u16; 6] = [0x2001, 0xdb8, 0x5eed, 0, 0, 0];

/// Asks instances whether they answer. Cheap to clone; holds no connection.
#[derive(Debug, Clone)]
pub struct Prober {
    cidrs: Arc<[Cidr]>,
    port_override: Option<u16>,
    deadline: Duration,
    tls: Tls,
}

impl Prober {
    /// A prober that connects to public addresses, and to private ones inside `probe_cidrs` only.
    pub fn new(probe_cidrs: Vec<Cidr>) -> Result<Self, ProbeSetupError> {
        Ok(Self {
            cidrs: probe_cidrs.into(),
            port_override: None,
            deadline: Duration::from_secs(PROBE_SECONDS),
            tls: Tls::new()?,
        })
    }

    /// Connects to this port whatever the template says: instances of the simulated region can not serve on 443.
    /// Only the connection is affected; Host and redirects are those of the template's port. IPv6 addresses of the
    /// simulated region ([`SIMULATED_IPV6`]) then lead to the loopback address they end in.
    #[must_use]
    pub fn with_port_override(mut self, port: Option<u16>) -> Self {
        self.port_override = port;
        self
    }

    /// Gives a whole probe less time than [`PROBE_SECONDS`], never more: tests of hanging targets need not hang.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(Duration::from_secs(PROBE_SECONDS));
        self
    }

    /// Probes the instance at `address` once. Never fails otherwise than by its outcome, and never takes longer than
    /// [`PROBE_SECONDS`], connecting, TLS, redirects and body included.
    pub async fn probe(&self, address: IpAddr, spec: &ProbeSpec) -> ProbeOutcome {
        if let Err(denied) = probe_allowed(self.way(address), &self.cidrs) {
            return refusal(address, denied);
        }
        let stage = Stage::new();
        match tokio::time::timeout(self.deadline, self.attempt(address, spec, &stage)).await {
            Ok(Ok(outcome) | Err(outcome)) => outcome,
            Err(_) => {
                let detail = format!(
                    "no complete answer within {:?}, still {}",
                    self.deadline,
                    stage.now()
                );
                ProbeOutcome::not_ready(ProbeClass::Timeout, detail)
            }
        }
    }

    /// The address a connection to `address` goes to.
    fn way(&self, address: IpAddr) -> IpAddr {
        match (address, self.port_override) {
            (IpAddr::V6(v6), Some(_)) if v6.segments().starts_with(&SIMULATED_IPV6) => {
                let [.., a, b, c, d] = v6.octets();
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address,
        }
    }

    async fn attempt(
        &self,
        address: IpAddr,
        spec: &ProbeSpec,
        stage: &Stage,
    ) -> Result<ProbeOutcome, ProbeOutcome> {
        let mut target = Target::of(address, spec);
        let expected = |status: u16| spec.expected_status.contains(&status);
        for _ in 0..=PROBE_REDIRECTS {
            let port = self.port_override.unwrap_or(target.port);
            let at = SocketAddr::new(self.way(target.address), port);
            let (tls, words) = (&self.tls, Words::of(spec));
            let answer = fetch(&target, at, spec.verify_tls, tls, stage, expected, words).await?;
            let status = answer.status;
            let redirect = [301, 302, 303, 307, 308].contains(&status) && !expected(status);
            match answer.location.as_deref().filter(|_| redirect) {
                None => return Ok(judge(spec, &answer)),
                Some(location) => {
                    target = follow(&target, self.port_override, location).map_err(|why| {
                        ProbeOutcome::not_ready(
                            ProbeClass::HttpStatus,
                            format!("HTTP {status}, {why}"),
                        )
                    })?;
                }
            }
        }
        let detail =
            format!("more than {PROBE_REDIRECTS} redirects; let `probe.path` name the final page");
        Ok(ProbeOutcome::not_ready(ProbeClass::HttpStatus, detail))
    }
}

fn judge(spec: &ProbeSpec, answer: &Answer) -> ProbeOutcome {
    let mut outcome = spec.judge(answer.status, &answer.body);
    if outcome.class == ProbeClass::WrongContent && answer.encoded {
        outcome
            .detail
            .push_str(" (the page came compressed although it was asked for plain)");
    }
    if outcome.class == ProbeClass::WrongContent && answer.cut {
        let most = PROBE_LOOK_BYTES / 1024 / 1024;
        let said = format!(" (only its first {most} MiB were looked through)");
        outcome.detail.push_str(&said);
    }
    outcome
}

/// Nothing was sent; the way out is part of the words.
fn refusal(address: IpAddr, denied: Denied) -> ProbeOutcome {
    let detail = match denied {
        Denied::Never => format!(
            "{address} is an address no probe connects to (loopback, metadata, multicast and the like); a block of `probe_cidrs` can allow it unless it is link-local, metadata or IPv4 inside IPv6"
        ),
        Denied::Private => format!(
            "{address} is private; add its block to `probe_cidrs` if it can be reached from here"
        ),
    };
    ProbeOutcome::not_ready(ProbeClass::Denied, detail)
}
