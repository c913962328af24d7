//! What every part of the engine works with: the ledger, the visits, a taker per queue, and who is being visited.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::pace::Pace;
use ingot_domain::task::Queue;
use ingot_entity::Ledger;
use ingot_queue::Ringer;
use ingot_telemetry::Metrics;
use rand::Rng;

use crate::taker::Taker;
use crate::visits::Visits;
use crate::watchdog::Watchdog;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Unique per start: `host-pid-random` (STYLE fact 4).
    pub name: String,
    /// The pace of the cloud's waits, which back-off follows.
    pub pace: Pace,
    /// Visits at once, per queue, unless a person orders another number for one.
    pub concurrency: usize,
    /// Longest visit: [`ingot_domain::task::VISIT`], but for drills.
    pub visit: Duration,
}

/// The engine of one process.
pub struct Engine {
    /// The ledger.
    pub ledger: Ledger,
    /// Metrics.
    pub metrics: Metrics,
    /// Settings.
    pub settings: Settings,
    pub(crate) visits: Arc<dyn Visits>,
    pub(crate) watchdog: Arc<Watchdog>,
    ringer: Ringer,
    takers: Vec<(Queue, Taker)>,
    /// How many visits each task is being paid: two, when our own lease ran out and we took it over.
    visiting: Mutex<HashMap<String, usize>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that has claimed nothing yet.
    pub fn new(
        ledger: Ledger,
        metrics: Metrics,
        ringer: Ringer,
        visits: Arc<dyn Visits>,
        settings: Settings,
    ) -> Self {
        let taker = |queue: &Queue| (*queue, Taker::new(settings.concurrency));
        Self {
            takers: Queue::ALL.iter().map(taker).collect(),
            visiting: Mutex::default(),
            watchdog: Arc::default(),
            ledger,
            metrics,
            settings,
            visits,
            ringer,
        }
    }

    /// The taker of a queue.
    pub(crate) fn taker(&self, queue: Queue) -> &Taker {
        let mut takers = self.takers.iter();
        match takers.find(|(one, _)| *one == queue) {
            Some((_, taker)) => taker,
            // Every queue has one; the first is as good as a panic would be bad.
            None => &self.takers[0].1,
        }
    }

    /// Sees to it that due tasks of a queue are claimed: by this process as far as its permits are free, by the one that hears the
    /// bell for the rest.
    pub(crate) fn offer(&self, queue: Queue, ids: &[String]) {
        let taker = self.taker(queue);
        let ours = taker.free().min(ids.len());
        if ours > 0 {
            taker.wake();
        }
        // A worker that hears takes until nothing is due, so one bell per handful of permits is enough.
        for id in ids[ours..].iter().step_by(taker.concurrency()) {
            self.ring(queue, id);
        }
    }

    /// Rings for a due task; a worker with a free hand takes it.
    pub(crate) fn ring(&self, queue: Queue, id: &str) {
        self.metrics.rerung.with_label_values(&["due"]).inc();
        self.ringer.ring(queue.as_str(), id);
    }

    /// Notes that a task is being visited until the answer is dropped; heartbeats keep the leases of exactly these.
    pub(crate) fn visiting<'a>(&'a self, id: &'a str) -> Visiting<'a> {
        *self.visits_now().entry(id.to_owned()).or_default() += 1;
        Visiting { engine: self, id }
    }

    /// The tasks being visited.
    pub(crate) fn visited(&self) -> Vec<String> {
        self.visits_now().keys().cloned().collect()
    }

    fn visits_now(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.visiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The instant a wait from now, shortened by the pace.
    pub(crate) fn after(&self, wait: Duration) -> Instant {
        let wait = chrono::TimeDelta::from_std(self.settings.pace.wait(wait));
        self.ledger.now() + wait.unwrap_or_default()
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn chance(&self) -> f64 {
        rand::rng().random()
    }
}

/// A visit under way.
#[derive(Debug)]
pub(crate) struct Visiting<'a> {
    engine: &'a Engine,
    id: &'a str,
}

impl Drop for Visiting<'_> {
    fn drop(&mut self) {
        let mut visits = self.engine.visits_now();
        if let Some(count) = visits.get_mut(self.id) {
            *count -= 1;
            if *count == 0 {
                visits.remove(self.id);
            }
        }
    }
}
