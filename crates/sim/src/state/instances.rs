//! Instances and their volumes: a life cycle driven by the clock.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::images::Platform;
use super::network::Interface;
use super::serving::{Changed, Serve};
use crate::guest::{Guest, Serves};

/// EC2's instance states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl Phase {
    /// EC2's word and code.
    pub(crate) fn name(self) -> (&'static str, u32) {
        match self {
            Self::Pending => ("pending", 0),
            Self::Running => ("running", 16),
            Self::ShuttingDown => ("shutting-down", 32),
            Self::Terminated => ("terminated", 48),
            Self::Stopping => ("stopping", 64),
            Self::Stopped => ("stopped", 80),
        }
    }
}

/// An EBS volume of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(crate) instance: String,
    pub(crate) device: String,
    pub(crate) size_gib: u64,
    pub(crate) kind: String,
    pub(crate) iops: Option<u64>,
    /// MiB a second.
    pub(crate) throughput: Option<u64>,
    /// When a snapshot of it was last begun.
    pub(crate) captured_at: Option<Duration>,
    pub(crate) delete_on_termination: bool,
    pub(crate) encrypted: bool,
    pub(crate) snapshot: Option<String>,
    pub(crate) created: Duration,
}

/// `StateReason`: EC2's code, such as `Client.UserInitiatedShutdown`, and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Codes of API_StateReason with EC2's message; EC2 writes the code before it.
const REASONS: &[(&str, &str)] = &[
    (
        "Client.InstanceInitiatedShutdown",
        "Instance initiated shutdown",
    ),
    ("Client.InternalError", "Client error on launch"),
    (
        "Client.InvalidSnapshot.NotFound",
        "The specified snapshot was not found",
    ),
    ("Client.UserInitiatedShutdown", "User initiated shutdown"),
    ("Client.VolumeLimitExceeded", "Volume limit exceeded"),
    (
        "Server.InsufficientInstanceCapacity",
        "Insufficient capacity to launch instance",
    ),
    ("Server.InternalError", "Internal error on launch"),
    (
        "Server.ScheduledStop",
        "Stopped due to scheduled retirement",
    ),
    ("Server.SpotInstanceShutdown", "Instance was stopped by AWS"),
    (
        "Server.SpotInstanceTermination",
        "instance was terminated by AWS",
    ),
];

impl Reason {
    /// The reason of a code, or of `CODE: message`.
    pub(crate) fn of(text: &str) -> Self {
        let (code, message) = text.split_once(':').unwrap_or((text, ""));
        let known = REASONS.iter().find(|(known, _)| *known == code);
        let message = match (message.trim(), known) {
            ("", Some((_, message))) => format!("{code}: {message}"),
            ("", None) => code.to_owned(),
            (message, _) => format!("{code}: {message}"),
        };
        Self {
            code: code.to_owned(),
            message,
        }
    }
}

/// A simulated machine. Moments are simulated time.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) reservation: String,
    /// Grows with each launch: the order of pages.
    pub(crate) number: u64,
    pub(crate) image: String,
    pub(crate) kind: String,
    pub(crate) architecture: String,
    pub(crate) platform: Platform,
    pub(crate) root_device: String,
    pub(crate) root_device_type: String,
    pub(crate) token: Option<String>,
    pub(crate) subnet: String,
    pub(crate) zone: String,
    pub(crate) groups: Vec<String>,
    pub(crate) interface: Interface,
    pub(crate) profile: Option<String>,
    pub(crate) key_name: Option<String>,
    pub(crate) user_data: Option<String>,
    /// Ids of its volumes, in the order of its devices.
    pub(crate) volumes: Vec<String>,
    pub(crate) spot_request: Option<String>,
    pub(crate) shutdown_behavior: String,
    pub(crate) http_tokens: String,
    pub(crate) hop_limit: u64,
    pub(crate) address: Ipv4Addr,
    pub(crate) launched: Duration,
    pub(crate) visible_at: Duration,
    pub(crate) phase: Phase,
    /// The state that follows by itself, and when.
    pub(crate) next: Option<(Duration, Phase)>,
    /// EC2 ends the machine by itself at this moment.
    pub(crate) ends: Option<(Duration, Reason)>,
    /// `running` since.
    pub(crate) running_at: Duration,
    /// Its install is finished and its page answers.
    pub(crate) ready_at: Duration,
    /// Rebooting until then; the proxy is back earlier.
    pub(crate) away_until: Duration,
    pub(crate) proxy_back_at: Duration,
    pub(crate) terminated_at: Option<Duration>,
    /// Why it left the state before.
    pub(crate) reason: Option<Reason>,
    /// `StateTransitionReason`: the same for people, with the time where a person did it.
    pub(crate) transition: Option<String>,
    /// What its script says that it serves; nothing listens otherwise.
    pub(crate) serves: Vec<Serves>,
    /// The port of its loopback address on which each port of `serves` is listened on.
    pub(crate) ways: BTreeMap<u16, u16>,
    /// What tests told its servers to answer.
    pub(crate) serve: Option<Serve>,
    /// What runs inside.
    pub(crate) guest: Guest,
    /// `disableApiTermination`: TerminateInstances is refused.
    pub(crate) protected: bool,
    /// Wakes the tasks of its servers.
    pub(crate) changed: Changed,
}

/// Simulated time a terminated instance stays in Describe.
const SHOWN_AFTER_END: Duration = Duration::from_secs(3600);

impl Instance {
    /// Moves on to the state the clock has come to.
    pub(crate) fn settle(&mut self, now: Duration) {
        while let Some((at, phase)) = self.next.filter(|(at, _)| *at <= now) {
            self.enter(phase, at);
        }
        if self.living()
            && let Some((_, reason)) = self.ends.take_if(|(at, _)| *at <= now)
        {
            self.transition = Some(reason.code.clone());
            self.reason = Some(reason);
            self.enter(Phase::Terminated, now);
        }
    }

    /// Enters a state at once, dropping whatever was to follow.
    pub(crate) fn enter(&mut self, phase: Phase, at: Duration) {
        self.phase = phase;
        self.next = None;
        self.changed.tell();
        match phase {
            Phase::Terminated => self.terminated_at = Some(at),
            Phase::Running => self.running_at = at,
            Phase::Pending | Phase::ShuttingDown | Phase::Stopping | Phase::Stopped => {}
        }
    }

    /// Enters a state that another one follows after `span`.
    pub(crate) fn pass(&mut self, through: Phase, then: Phase, now: Duration, span: Duration) {
        self.enter(through, now);
        self.next = Some((now.saturating_add(span), then));
    }

    /// Goes away for a reboot of `span`, if it runs.
    pub(crate) fn reboot(&mut self, now: Duration, span: Duration) {
        if self.phase == Phase::Running {
            self.proxy_back_at = now.saturating_add(span / 2);
            self.away_until = now.saturating_add(span);
            self.changed.tell();
        }
    }

    /// Its private IPv4 address, which it keeps until it is terminated.
    pub(crate) fn private_address(&self) -> Option<String> {
        let has = self.interface.ipv4 && self.phase != Phase::Terminated;
        has.then(|| self.address.to_string())
    }

    /// Its public IPv4 address, which exists only while the machine runs. It is the private
    /// one: there is but one loopback address on which the machine can be visited.
    pub(crate) fn public_address(&self) -> Option<String> {
        let runs = matches!(self.phase, Phase::Running | Phase::ShuttingDown);
        (self.interface.public && runs).then(|| self.address.to_string())
    }

    /// Whether an address is its own.
    pub(crate) fn is_at(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => self.address == v4,
            IpAddr::V6(v6) => self.interface.ipv6 == Some(v6),
        }
    }

    /// Neither terminated nor on the way there.
    pub(crate) fn living(&self) -> bool {
        !matches!(self.phase, Phase::ShuttingDown | Phase::Terminated)
    }

    /// Whether the API knows it yet and still (EC2.md 17, 18).
    pub(crate) fn visible(&self, now: Duration) -> bool {
        let gone = self
            .terminated_at
            .is_some_and(|at| now > at.saturating_add(SHOWN_AFTER_END));
        now >= self.visible_at && !gone
    }

    /// Whether its install had finished by `now`; captures of it are then finished too.
    pub(crate) fn installed(&self, now: Duration) -> bool {
        now >= self.ready_at
    }
}

#[cfg(test)]
impl Instance {
    /// A pending machine with nothing planned, for tests.
    pub(crate) fn sample() -> Self {
        let text = String::new;
        Self {
            id: "i-00000000000000001".to_owned(),
            reservation: text(),
            number: 1,
            image: text(),
            kind: text(),
            architecture: text(),
            platform: Platform::Linux,
            root_device: text(),
            root_device_type: "ebs".to_owned(),
            token: None,
            subnet: text(),
            zone: text(),
            groups: Vec::new(),
            interface: Interface::default(),
            profile: None,
            key_name: None,
            user_data: None,
            volumes: Vec::new(),
            spot_request: None,
            shutdown_behavior: text(),
            http_tokens: text(),
            hop_limit: 1,
            address: Ipv4Addr::new(127, 16, 0, 1),
            launched: Duration::ZERO,
            visible_at: Duration::ZERO,
            phase: Phase::Pending,
            next: None,
            ends: None,
            running_at: Duration::ZERO,
            ready_at: Duration::ZERO,
            away_until: Duration::ZERO,
            proxy_back_at: Duration::ZERO,
            terminated_at: None,
            reason: None,
            transition: None,
            serves: vec![Serves::sample()],
            ways: BTreeMap::new(),
            serve: None,
            guest: Guest::default(),
            protected: false,
            changed: Changed::default(),
        }
    }
}
