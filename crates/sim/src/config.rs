//! How fast the simulated region lives, and how long its slow things take.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// What a [`crate::Region`] is started with.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Where the API listens; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Simulated seconds per real second: at 60, minutes are seconds.
    pub pace: f64,
    /// What its clock shows at the start; the wall time when absent. Every stamp it gives is of this clock.
    pub begins: Option<DateTime<Utc>>,
    /// How long things take, in simulated time.
    pub region_delays: Delays,
    /// Seed of ids and of every random choice.
    pub seed: u64,
    /// Whether the token buckets of EC2.md 33 refuse calls; they refill in real time.
    pub buckets: bool,
    /// Where instances listen that serve on port 443, on their own loopback address;
    /// 0 means 443 if that can be bound, otherwise an ephemeral port fixed at start.
    pub probe_port: u16,
    /// Whether an instance whose script does not say what it serves, and whose image does not either, serves the login
    /// page that every instance served before scripts said it: a drill rolls from such a release to this one.
    pub serve_unmarked: bool,
    /// Simulated time a new object may stay invisible to Describe (EC2.md 17, 18);
    /// each object draws its own share of it. Zero makes everything visible at once.
    pub consistency: Duration,
}

/// Delays in simulated time; the real wait is the delay divided by the pace.
#[derive(Clone, Debug)]
pub struct Delays {
    /// `pending` to `running`.
    pub running: Duration,
    /// `running` to a working login page, launched from a base image: 502 until then.
    pub fresh_install: Duration,
    /// The same, launched from an image this account captured after its install.
    pub from_image: Duration,
    /// How long first boot goes on, launched from such an image, after the login page answers;
    /// in its second half it takes the page away (REAL-AWS.md H6).
    pub first_boot: Duration,
    /// `CreateImage` or `CopyImage` to `available`.
    pub image_pending: Duration,
    /// How long an instance is away after a reboot, also the one `CreateImage` causes
    /// without `NoReboot` (EC2.md 14).
    pub reboot: Duration,
    /// `shutting-down` to `terminated`, and `stopping` to `stopped`.
    pub terminate: Duration,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pace: 60.0,
            begins: None,
            region_delays: Delays::default(),
            seed: 1,
            buckets: true,
            probe_port: 0,
            serve_unmarked: false,
            consistency: Duration::from_secs(2),
        }
    }
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            running: Duration::from_secs(20),
            fresh_install: Duration::from_secs(16 * 60),
            from_image: Duration::from_secs(4 * 60),
            first_boot: Duration::ZERO,
            image_pending: Duration::from_secs(10 * 60),
            reboot: Duration::from_secs(90),
            terminate: Duration::from_secs(30),
        }
    }
}
