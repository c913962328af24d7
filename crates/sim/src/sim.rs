//! What all parts of one running region server share.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::buckets::Buckets;
use crate::clock::Clock;
use crate::config::SimConfig;
use crate::faults::Faults;
use crate::iam::{Caller, Iam};
use crate::journal::Journal;
use crate::standing::Standing;
use crate::state::{PlaceKey, World};
use crate::sts::Sts;
use crate::wire::query::Params;

/// The shared state of one region server. Locks are held for moments, never across a wait,
/// and taken one at a time.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) config: SimConfig,
    pub(crate) clock: Clock,
    pub(crate) probe_port: u16,
    pub(crate) tls: Arc<rustls::ServerConfig>,
    pub(crate) stopped: watch::Receiver<bool>,
    world: Mutex<World>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
    buckets: Mutex<Buckets>,
    sts: Mutex<Sts>,
    iam: Mutex<Iam>,
    standing: Mutex<Standing>,
}

impl Sim {
    pub(crate) fn new(
        config: SimConfig,
        guard: std::net::SocketAddrV4,
        tls: Arc<rustls::ServerConfig>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let octet = guard.ip().octets()[1];
        let clock = Clock::start(config.pace, config.begins);
        let mut world = World::new(config.seed, octet);
        world.day = config.begins.map(|_| clock.stamp(Duration::ZERO));
        Self {
            clock,
            probe_port: guard.port(),
            world: Mutex::new(world),
            faults: Mutex::default(),
            journal: Mutex::default(),
            buckets: Mutex::default(),
            sts: Mutex::default(),
            iam: Mutex::default(),
            standing: Mutex::default(),
            config,
            tls,
            stopped,
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    pub(crate) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        lock(&self.buckets)
    }

    pub(crate) fn sts(&self) -> MutexGuard<'_, Sts> {
        lock(&self.sts)
    }

    pub(crate) fn iam(&self) -> MutexGuard<'_, Iam> {
        lock(&self.iam)
    }

    pub(crate) fn standing(&self) -> MutexGuard<'_, Standing> {
        lock(&self.standing)
    }

    /// Forgets everything but the clock.
    pub(crate) fn reset(&self) {
        self.world().reset();
        *self.faults() = Faults::default();
        self.journal().clear();
        *self.buckets() = Buckets::default();
        *self.sts() = Sts::default();
        *self.iam() = Iam::default();
        *self.standing() = Standing::default();
    }

    /// Runs a task until it ends or the region stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stopped.clone();
        tokio::spawn(async move {
            tokio::select! {
                // Also ends when the region was dropped without being stopped.
                _ = stopped.changed() => {}
                () = work => {}
            }
        });
    }
}

/// A panic in one call must not take the whole region down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One API call at work on the world.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) sim: &'a Sim,
    pub(crate) world: &'a mut World,
    pub(crate) key: PlaceKey,
    pub(crate) caller: Caller,
    pub(crate) now: Duration,
    pub(crate) params: &'a Params,
    /// Ids of what it made or changed, for the journal.
    pub(crate) effects: Vec<String>,
    /// Instances it launched, whose servers are opened afterwards.
    pub(crate) launched: Vec<String>,
}

impl Call<'_> {
    pub(crate) fn place(&mut self) -> &mut crate::state::Place {
        self.world.place(&self.key)
    }

    /// When an object made now becomes visible (EC2.md 17, 18).
    pub(crate) fn visible_at(&mut self) -> Duration {
        let lag = self.world.share(self.sim.config.consistency);
        self.now.saturating_add(lag)
    }

    pub(crate) fn stamp(&self) -> String {
        self.sim.clock.stamp(self.now)
    }
}
