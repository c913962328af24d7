//! Takes the questions of one kind, lets them gather for a window, and makes the calls.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use super::shelf::{Answer, Asked, Chunk, Shelf};
use super::{BatchSettings, BatchStats};
use crate::Cloud;
use crate::error::{CloudError, ErrorKind};
use crate::facts::{ImageFacts, InstanceFacts};
use ingot_domain::place::Place;

/// What can be asked for in batches.
#[async_trait]
pub(super) trait Facts: Clone + Send + Sync + fmt::Debug + Sized + 'static {
    /// The call behind it.
    const OPERATION: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// The call.
    async fn describe(
        cloud: &dyn Cloud,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<Self>, CloudError>;
}

#[async_trait]
impl Facts for InstanceFacts {
    const OPERATION: &'static str = "DescribeInstances";

    fn id(&self) -> &str {
        &self.id
    }

    async fn describe(
        cloud: &dyn Cloud,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<Self>, CloudError> {
        cloud.describe_instances(place, ids).await
    }
}

#[async_trait]
impl Facts for ImageFacts {
    const OPERATION: &'static str = "DescribeImages";

    fn id(&self) -> &str {
        &self.id
    }

    async fn describe(
        cloud: &dyn Cloud,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<Self>, CloudError> {
        cloud.describe_images(place, ids).await
    }
}

/// Questions and calls, of all desks together.
#[derive(Debug, Default)]
pub(super) struct Counts {
    polls: AtomicU64,
    calls: AtomicU64,
}

impl Counts {
    /// Both counts; they may be a question apart.
    pub(super) fn read(&self) -> BatchStats {
        BatchStats {
            polls: self.polls.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
        }
    }
}

/// A place that outlives its question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shelved {
    account: Option<String>,
    region: String,
}

impl Shelved {
    fn of(place: Place<'_>) -> Self {
        Self {
            account: place.account().map(str::to_owned),
            region: place.region().to_owned(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place::of(self.account.as_deref(), &self.region)
    }
}

/// Everything about one kind, over all places.
#[derive(Debug)]
pub(super) struct Desk<F> {
    cloud: Arc<dyn Cloud>,
    settings: BatchSettings,
    counts: Arc<Counts>,
    shelves: Mutex<Shelves<F>>,
}

/// The shelves by place, and when the quiet ones were last cleared out.
#[derive(Debug)]
struct Shelves<F> {
    by_place: HashMap<Shelved, Shelf<F>>,
    cleared: Option<Instant>,
}

impl<F: Facts> Desk<F> {
    /// An empty desk.
    pub(super) fn new(cloud: Arc<dyn Cloud>, settings: BatchSettings, counts: Arc<Counts>) -> Self {
        let shelves = Mutex::new(Shelves {
            by_place: HashMap::new(),
            cleared: None,
        });
        Self {
            cloud,
            settings,
            counts,
            shelves,
        }
    }

    /// Answers one question: from memory, or with the next call, which carries the others' questions too.
    pub(super) async fn ask(self: &Arc<Self>, place: Place<'_>, id: &str, now: bool) -> Answer<F> {
        self.counts.polls.fetch_add(1, Ordering::Relaxed);
        let at = Instant::now();
        let asked = {
            let mut shelves = self.lock();
            shelves.clear(at, &self.settings);
            shelves
                .by_place
                .entry(Shelved::of(place))
                .or_default()
                .ask(id, now, at, &self.settings)
        };
        let answer = match asked {
            Asked::Answered(answer) => return Ok(answer),
            Asked::Waits(answer, None) => answer,
            Asked::Waits(answer, Some(when)) => {
                // The batch is not this caller's alone: it goes on when the caller leaves.
                tokio::spawn(self.clone().gather(Shelved::of(place), when));
                answer
            }
        };
        // The other end is dropped only when the call's task died.
        answer.await.unwrap_or_else(|_| Err(lost::<F>(place)))
    }

    async fn gather(self: Arc<Self>, place: Shelved, when: Instant) {
        tokio::time::sleep_until(when).await;
        let chunks = {
            let mut shelves = self.lock();
            let shelf = shelves.by_place.get_mut(&place);
            shelf
                .map(|shelf| shelf.take(Instant::now(), &self.settings))
                .unwrap_or_default()
        };
        for chunk in chunks {
            tokio::spawn(self.clone().call(place.clone(), chunk));
        }
    }

    async fn call(self: Arc<Self>, place: Shelved, chunk: Chunk<F>) {
        self.counts.calls.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let found = F::describe(&*self.cloud, place.place(), &chunk.ids).await;
        let found = found.map(|list| {
            list.into_iter()
                .map(|facts| (facts.id().to_owned(), facts))
                .collect()
        });
        let found: Result<HashMap<String, F>, CloudError> = found;
        if let Ok(found) = &found {
            let mut shelves = self.lock();
            if let Some(shelf) = shelves.by_place.get_mut(&place) {
                for id in &chunk.ids {
                    shelf.keep(id, begun, found.get(id).cloned());
                }
            }
        }
        for waiter in chunk.waiters {
            let answer = found
                .as_ref()
                .map(|found| found.get(&waiter.id).cloned())
                .map_err(CloudError::clone);
            // A caller that no longer listens needs no answer.
            let _ = waiter.to.send(answer);
        }
    }

    /// Stops watching an id.
    pub(super) fn forget(&self, place: Place<'_>, id: &str) {
        if let Some(shelf) = self.lock().by_place.get_mut(&Shelved::of(place)) {
            shelf.forget(id);
        }
    }

    /// Ids whose answers are kept.
    pub(super) fn watched(&self) -> usize {
        self.lock().by_place.values().map(Shelf::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Shelves<F>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Facts> Shelves<F> {
    /// Places that went quiet have no batch of their own in which to forget: once per watch they are cleared here.
    fn clear(&mut self, at: Instant, settings: &BatchSettings) {
        if self
            .cleared
            .is_some_and(|cleared| at.duration_since(cleared) < settings.watch)
        {
            return;
        }
        self.cleared = Some(at);
        self.by_place.retain(|_, shelf| {
            shelf.expire(at, settings.watch);
            !shelf.is_idle()
        });
    }
}

fn lost<F: Facts>(place: Place<'_>) -> CloudError {
    CloudError {
        // Describing has no effect, so asking again is always right.
        kind: ErrorKind::NotSent,
        operation: F::OPERATION,
        region: place.region().to_owned(),
        code: "batch_lost".to_owned(),
        message: "the shared call ended without an answer".to_owned(),
        request_id: None,
    }
}
