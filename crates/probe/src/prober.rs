//! The prober: one bounded attempt, from the address rule to the judgement (F14–F17, OPERATIONS section 2).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ingot_domain::network::{Cidr, Denied, probe_allowed};
use ingot_domain::probe::{
    PROBE_LOOK_BYTES, PROBE_REDIRECTS, PROBE_SECONDS, ProbeClass, ProbeOutcome, ProbeSpec,
};

use crate::fetch::{Answer, Stage, connect, fetch};
use crate::redirect::follow;
use crate::simulated::{NoClock, RegionClock, Simulated};
use crate::target::Target;
use crate::tls::Tls;
use crate::words::Words;

/// Why no prober can be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeSetupError {
    /// The TLS library refuses its own ring provider, which only a broken build does.
    #[error("tls for probes can not be set up: {0}; rebuild with the ring provider of rustls")]
    Tls(#[from] rustls::Error),
    /// The simulated region's address is none.
    #[error("`{0}` is no address of a simulated region; write it as `http://127.0.0.1:4566`")]
    Region(String),
}

/// Asks instances whether they answer. Cheap to clone; holds no connection.
#[derive(Debug, Clone)]
pub struct Prober {
    cidrs: Arc<[Cidr]>,
    region: Option<Simulated>,
    deadline: Duration,
    tls: Tls,
}

impl Prober {
    /// A prober that connects to public addresses, and to private ones inside `probe_cidrs` only.
    pub fn new(probe_cidrs: Vec<Cidr>) -> Result<Self, ProbeSetupError> {
        Ok(Self {
            cidrs: probe_cidrs.into(),
            region: None,
            deadline: Duration::from_secs(PROBE_SECONDS),
            tls: Tls::new()?,
        })
    }

    /// Asks the simulated region at this address, if one is given, where on loopback the port of an instance answers.
    /// Only the connection is affected; Host and redirects are those of the instance's address and the template's port.
    ///
    /// # Errors
    /// [`ProbeSetupError::Region`] for what is no address.
    pub fn with_simulated_region(mut self, url: Option<&str>) -> Result<Self, ProbeSetupError> {
        self.region = url.map(Simulated::at).transpose()?;
        Ok(self)
    }

    /// The clock of the simulated region; none without one.
    ///
    /// # Errors
    /// [`NoClock`] when it does not answer, or is of a release that does not tell it.
    pub async fn region_clock(&self) -> Result<Option<RegionClock>, NoClock> {
        match &self.region {
            Some(region) => region.clock().await.map(Some),
            None => Ok(None),
        }
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
        if let Err(denied) = probe_allowed(address, &self.cidrs) {
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

    /// Where a connection for a target goes: to its own address, or where the simulated region says, if probes may.
    async fn way(&self, target: &Target) -> Result<SocketAddr, ProbeOutcome> {
        let Some(region) = &self.region else {
            return Ok(SocketAddr::new(target.address, target.port));
        };
        let at = region.way(target.address, target.port).await?;
        match probe_allowed(at.ip(), &self.cidrs) {
            Ok(()) => Ok(at),
            Err(denied) => Err(refusal(at.ip(), denied)),
        }
    }

    async fn attempt(
        &self,
        address: IpAddr,
        spec: &ProbeSpec,
        stage: &Stage,
    ) -> Result<ProbeOutcome, ProbeOutcome> {
        let mut target = Target::of(address, spec);
        if let Some(port) = spec.tcp {
            connect(&target, self.way(&target).await?, stage).await?;
            return Ok(ProbeOutcome::ready(format!(
                "port {port} takes connections"
            )));
        }
        let expected = |status: u16| spec.expected_status.contains(&status);
        for _ in 0..=PROBE_REDIRECTS {
            let at = self.way(&target).await?;
            let (tls, words) = (&self.tls, Words::of(spec));
            let answer = fetch(&target, at, spec.verify_tls, tls, stage, expected, words).await?;
            let status = answer.status;
            let redirect = [301, 302, 303, 307, 308].contains(&status) && !expected(status);
            match answer.location.as_deref().filter(|_| redirect) {
                None => return Ok(judge(spec, &answer)),
                Some(location) => {
                    target = follow(&target, location).map_err(|why| {
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
