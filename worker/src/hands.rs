//! What a visit works with: the ledger, the cloud, the probe, the pace; and what is worth remembering between visits.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use ingot_cloud::batch::Batcher;
use ingot_cloud::{BaseImageFacts, Cloud, CloudError};
use ingot_domain::Instant;
use ingot_domain::decide::doubt;
use ingot_domain::network::{Cidr, probe_allowed};
use ingot_domain::pace::Pace;
use ingot_domain::template::BaseImage;
use ingot_entity::Ledger;
use ingot_probe::Prober;
use ingot_queue::Ringer;
use ingot_telemetry::Metrics;
use rand::Rng;
use tokio::sync::{Mutex, OnceCell};

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Unique per start: `host-pid-random` (STYLE fact 4).
    pub name: String,
    /// This installation; what others made is never touched.
    pub install: String,
    /// The pace of the cloud's waits.
    pub pace: Pace,
    /// Visits at once, per queue.
    pub concurrency: usize,
    /// Private blocks that may be probed.
    pub probe_cidrs: Vec<Cidr>,
}

/// Everything a visit needs.
#[derive(Debug)]
pub struct Hands {
    /// The ledger.
    pub ledger: Ledger,
    /// The cloud.
    pub cloud: Arc<dyn Cloud>,
    /// The cloud, asked in batches.
    pub batcher: Batcher,
    /// The readiness probe.
    pub prober: Prober,
    /// Rings for tasks that are due at once.
    pub ringer: Ringer,
    /// Metrics.
    pub metrics: Metrics,
    /// Settings.
    pub settings: Settings,
    account: OnceCell<String>,
    visiting: std::sync::Mutex<HashSet<String>>,
    bases: Mutex<HashMap<(String, String), (Moment, BaseImageFacts)>>,
}

/// How long a resolved base image is believed. Base images move every few weeks; a burst of deployments should not ask
/// SSM once each.
const BASE_FRESH: Duration = Duration::from_secs(300);

impl Hands {
    /// Hands with nothing remembered.
    pub fn new(
        ledger: Ledger,
        cloud: Arc<dyn Cloud>,
        batcher: Batcher,
        prober: Prober,
        ringer: Ringer,
        metrics: Metrics,
        settings: Settings,
    ) -> Self {
        let (account, bases, visiting) = (OnceCell::new(), Mutex::default(), Default::default());
        Self {
            ledger,
            cloud,
            batcher,
            prober,
            ringer,
            metrics,
            settings,
            account,
            bases,
            visiting,
        }
    }

    /// Notes that a task is being visited until the answer is dropped; heartbeats keep the leases of exactly these.
    pub fn visiting<'a>(&'a self, id: &'a str) -> Visiting<'a> {
        self.visits().insert(id.to_owned());
        Visiting { hands: self, id }
    }

    /// The tasks being visited.
    pub fn visited(&self) -> Vec<String> {
        self.visits().iter().cloned().collect()
    }

    fn visits(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.visiting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The AWS account of our credentials; asked once.
    pub async fn account(&self) -> Result<String, CloudError> {
        let account = self
            .account
            .get_or_try_init(|| async { Ok(self.cloud.identity().await?.account) });
        account.await.cloned()
    }

    /// A base image's facts, not older than five minutes.
    pub async fn base_image(
        &self,
        region: &str,
        base: &BaseImage,
    ) -> Result<BaseImageFacts, CloudError> {
        let key = (region.to_owned(), base.describe());
        if let Some((asked, facts)) = self.bases.lock().await.get(&key)
            && asked.elapsed() < BASE_FRESH
        {
            return Ok(facts.clone());
        }
        let facts = self.cloud.resolve_base_image(region, base).await?;
        self.bases
            .lock()
            .await
            .insert(key, (Moment::now(), facts.clone()));
        Ok(facts)
    }

    /// The instant a simulated wait from now.
    pub fn after(&self, wait: Duration) -> Instant {
        self.ledger.now()
            + chrono::TimeDelta::from_std(self.settings.pace.wait(wait)).unwrap_or_default()
    }

    /// The simulated time since an instant.
    pub fn since(&self, instant: Instant) -> Duration {
        let span = (self.ledger.now() - instant).to_std().unwrap_or_default();
        self.settings.pace.felt(span)
    }

    /// Whether an effect that left no trace by now surely left none.
    pub fn doubt_is_over(&self, intended_at: Instant) -> bool {
        let real = (self.ledger.now() - intended_at)
            .to_std()
            .unwrap_or_default();
        doubt::is_over(self.since(intended_at), real)
    }

    /// A number in `0.0..1.0`.
    pub fn chance(&self) -> f64 {
        rand::rng().random()
    }

    /// Whether an address may be probed.
    pub fn may_probe(&self, address: std::net::IpAddr) -> bool {
        probe_allowed(address, &self.settings.probe_cidrs).is_ok()
    }
}

/// A visit under way.
#[derive(Debug)]
pub struct Visiting<'a> {
    hands: &'a Hands,
    id: &'a str,
}

impl Drop for Visiting<'_> {
    fn drop(&mut self) {
        self.hands.visits().remove(self.id);
    }
}

/// Depth and age of every queue as gauges.
pub async fn gauge_queues(ledger: &Ledger, metrics: &Metrics) {
    use ingot_domain::task::TaskState;
    let depths = match ledger.queue_depths().await {
        Ok(depths) => depths,
        Err(error) => {
            metrics.db_errors.with_label_values(&["gauges"]).inc();
            tracing::warn!(%error, "the queues could not be counted");
            return;
        }
    };
    let now = ledger.now();
    for depth in depths {
        let count = |state| {
            let found = depth.states.iter().find(|(one, _)| *one == state);
            found.map_or(0, |(_, n)| i64::try_from(*n).unwrap_or(i64::MAX))
        };
        let queue = [depth.queue.as_str()];
        metrics
            .queue_ready
            .with_label_values(&queue)
            .set(count(TaskState::Available));
        metrics
            .queue_scheduled
            .with_label_values(&queue)
            .set(count(TaskState::Scheduled) + count(TaskState::Retryable));
        metrics
            .jobs_dead
            .with_label_values(&queue)
            .set(count(TaskState::Discarded));
        let age = depth
            .oldest_due
            .map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
        metrics.queue_latency.with_label_values(&queue).set(age);
    }
}
