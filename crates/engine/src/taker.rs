//! Taking work: one taker per queue claims as many due tasks as there are free hands, in one statement, and goes on until
//! nothing is due. A bell only wakes it; what it takes, and in which order, the ledger says. A backlog therefore costs
//! Redis nothing, and a lost or doubled bell costs at most one empty claim.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ingot_domain::task::Queue;
use ingot_entity::LedgerError;
use ingot_entity::store::Claim;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::pay;
use crate::visits::chain;

/// Most tasks of one claim.
const MOST: usize = 128;
/// Visits that are over and wait for their commit, for each that may be under way: the next claim need not wait for the
/// last commit, and a ledger that is slow to commit still slows the claims down.
const OPEN: usize = 4;

/// How long a claim from a backlog waits for half of the hands to be free: short beside any visit that does something,
/// long beside one that does not.
const GATHER: Duration = Duration::from_millis(1);

/// One queue's hands.
#[derive(Debug)]
pub(crate) struct Taker {
    concurrency: usize,
    /// A permit per visit under way.
    hands: Arc<Semaphore>,
    /// A permit per claimed task that is not recorded yet.
    open: Arc<Semaphore>,
    heard: Notify,
    lapsed: AtomicBool,
    taking: AtomicBool,
}

/// What a claimed task holds: a hand until its visit is over, and its place until the outcome is recorded.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) hand: OwnedSemaphorePermit,
    pub(crate) open: OwnedSemaphorePermit,
}

impl Taker {
    pub(crate) fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.max(1);
        Self {
            concurrency,
            hands: Arc::new(Semaphore::new(concurrency)),
            open: Arc::new(Semaphore::new(concurrency * OPEN)),
            heard: Notify::new(),
            lapsed: AtomicBool::new(false),
            taking: AtomicBool::new(false),
        }
    }

    /// Something is due.
    pub(crate) fn wake(&self) {
        self.heard.notify_one();
    }

    /// Somebody's lease ran out.
    pub(crate) fn wake_for_lapsed(&self) {
        self.lapsed.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Hands that are free.
    pub(crate) fn free(&self) -> usize {
        self.hands.available_permits()
    }

    /// It is at work on a backlog and will find whatever is due without being told.
    pub(crate) fn is_taking(&self) -> bool {
        self.taking.load(Ordering::Relaxed)
    }

    /// Hears a ticket. A process whose hands are full keeps it waiting, so that the next ticket goes to another.
    pub(crate) async fn hear(&self) {
        drop(self.hands.acquire().await);
        self.wake();
    }

    /// Free hands, at least one and at most [`MOST`], each with its place. With a backlog, hands that are about to be free are
    /// waited for a moment, so that a claim carries many.
    async fn hold(&self, backlog: bool) -> Option<Vec<Hold>> {
        let hand = Arc::clone(&self.hands).acquire_owned().await.ok()?;
        if backlog {
            let half = u32::try_from(self.concurrency.min(MOST) / 2).unwrap_or(1);
            let most = self.hands.acquire_many(half);
            drop(tokio::time::timeout(GATHER, most).await);
        }
        let open = Arc::clone(&self.open).acquire_owned().await.ok()?;
        let mut holds = vec![Hold { hand, open }];
        while holds.len() < MOST
            && let Ok(hand) = Arc::clone(&self.hands).try_acquire_owned()
            && let Ok(open) = Arc::clone(&self.open).try_acquire_owned()
        {
            holds.push(Hold { hand, open });
        }
        Some(holds)
    }
}

/// Takes work of a queue until `shutdown`; returns when the last visit is recorded.
pub(crate) async fn run(engine: Arc<Engine>, queue: Queue, shutdown: CancellationToken) {
    let visits = TaskTracker::new();
    let taker = engine.taker(queue);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = taker.heard.notified() => {}
        }
        taker.taking.store(true, Ordering::Relaxed);
        take(&engine, queue, &visits, &shutdown).await;
        taker.taking.store(false, Ordering::Relaxed);
    }
    visits.close();
    visits.wait().await;
}

/// Takes until nothing is due.
async fn take(
    engine: &Arc<Engine>,
    queue: Queue,
    visits: &TaskTracker,
    shutdown: &CancellationToken,
) {
    let taker = engine.taker(queue);
    let mut backlog = false;
    loop {
        let holds = tokio::select! {
            () = shutdown.cancelled() => return,
            holds = taker.hold(backlog) => holds,
        };
        let Some(mut holds) = holds else { return };
        let wanted = holds.len();
        let lapsed = taker.lapsed.swap(false, Ordering::Relaxed);
        let claimed = match claim(engine, queue, wanted, lapsed).await {
            Ok(claimed) => claimed,
            Err(error) => {
                engine.metrics.db_errors.with_label_values(&["claim"]).inc();
                tracing::warn!(error = %chain(&error), %queue, "nothing could be claimed; the relay rings again");
                // A ledger that is away is not asked in a circle.
                tokio::time::sleep(Duration::from_millis(250)).await;
                return;
            }
        };
        let took = claimed.len();
        for claim in claimed {
            let Some(hold) = holds.pop() else { break };
            let engine = Arc::clone(engine);
            visits.spawn(async move { pay::work(&engine, queue, claim, hold).await });
        }
        if took < wanted && !lapsed {
            return;
        }
        backlog = took == wanted;
    }
}

async fn claim(
    engine: &Engine,
    queue: Queue,
    limit: usize,
    lapsed: bool,
) -> Result<Vec<Claim>, LedgerError> {
    let (queue, worker) = (queue.as_str(), engine.settings.name.as_str());
    if lapsed {
        engine.ledger.claim_lapsed(queue, worker, limit).await
    } else {
        engine.ledger.claim_due(queue, worker, limit).await
    }
}
