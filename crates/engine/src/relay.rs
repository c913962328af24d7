//! The relay: sees to due tasks that no worker was told of, and to what a dead worker left. It looks a second ahead and
//! acts at the instant, so that a delayed task is not late by the relay's own period. It asks the ledger alone: without
//! Redis, work still starts within its period. Any number of replicas share it; one is needed for progress.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::task::Queue;
use ingot_entity::LedgerError;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::visits::chain;

/// How often the ledger is asked.
const EVERY: Duration = Duration::from_millis(500);
/// How far ahead the relay looks: a little more than two of its periods, so that one slow look loses nothing.
const AHEAD: TimeDelta = TimeDelta::milliseconds(1200);

/// Most tasks marked in one pass. What is due beyond them is found by the takers these wake.
const MOST: usize = 1000;

/// When the relay last passed, in milliseconds since 1970, for health checks.
#[derive(Debug, Clone)]
pub(crate) struct LastPass(Arc<AtomicI64>);

impl LastPass {
    /// A relay that has just started is not late yet.
    pub(crate) fn starting(now: ingot_domain::Instant) -> Self {
        Self(Arc::new(AtomicI64::new(now.timestamp_millis())))
    }

    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Passes until `shutdown`.
pub(crate) async fn run(engine: Arc<Engine>, last: LastPass, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        match pass(&engine).await {
            Ok(()) => {
                let now = engine.ledger.now();
                last.0.store(now.timestamp_millis(), Ordering::Relaxed);
                #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
                engine.metrics.relay_last.set(now.timestamp() as f64);
            }
            Err(error) => {
                engine.metrics.db_errors.with_label_values(&["relay"]).inc();
                tracing::warn!(error = %chain(&error), "the relay could not pass");
            }
        }
    }
}

async fn pass(engine: &Arc<Engine>) -> Result<(), LedgerError> {
    for queue in engine.ledger.lapsed().await? {
        if let Some(queue) = Queue::parse(&queue) {
            engine.taker(queue).wake_for_lapsed();
        }
    }
    // A taker that is at work on a backlog finds what is due by itself; of a paused queue nothing is taken.
    let resting = Queue::ALL.iter().filter(|queue| {
        let taker = engine.taker(**queue);
        !taker.is_taking() && !taker.is_paused()
    });
    let resting: Vec<&str> = resting.map(|queue| queue.as_str()).collect();
    if resting.is_empty() {
        return Ok(());
    }
    let due = engine.ledger.take_due(&resting, AHEAD, MOST).await?;
    let now = engine.ledger.now();
    let mut instants: BTreeMap<(Queue, Instant), Vec<String>> = BTreeMap::new();
    for task in due {
        if let Some(queue) = Queue::parse(&task.queue) {
            let at = task.run_at.max(now);
            instants.entry((queue, at)).or_default().push(task.id);
        }
    }
    for ((queue, at), ids) in instants {
        match (at - now).to_std() {
            Ok(wait) if !wait.is_zero() => {
                let engine = Arc::clone(engine);
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    engine.offer(queue, &ids);
                });
            }
            _ => engine.offer(queue, &ids),
        }
    }
    Ok(())
}
