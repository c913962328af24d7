//! The relay: rings for whatever is due and nobody was told of. It looks a second ahead and rings at the instant, so that
//! a delayed task is not late by the relay's own period. Any number of replicas share the work; none is needed for
//! correctness, one is needed for progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::task::Queue;
use ingot_queue::{BATCH, DEPTH, Doorbell};
use tokio_util::sync::CancellationToken;

use crate::hands::Hands;
use crate::ticker::chain;

/// How often the ledger is asked.
const EVERY: Duration = Duration::from_millis(500);
/// How far ahead the relay looks: a little more than two of its periods, so that one slow look loses nothing.
const AHEAD: TimeDelta = TimeDelta::milliseconds(1200);

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

pub(crate) async fn run(
    hands: Arc<Hands>,
    bell: Doorbell,
    last: LastPass,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        let mut whole = true;
        for queue in Queue::ALL {
            if let Err(error) = pass(&hands, &bell, *queue).await {
                whole = false;
                tracing::warn!(error, %queue, "the relay could not pass");
            }
        }
        if whole {
            let now = hands.ledger.now();
            last.0.store(now.timestamp_millis(), Ordering::Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
            hands.metrics.relay_last.set(now.timestamp() as f64);
        }
    }
}

async fn pass(hands: &Hands, bell: &Doorbell, queue: Queue) -> Result<(), String> {
    // A full queue is not rung again: its tickets are being worked off, and what is not rung stays due.
    let room = bell
        .room(queue.as_str())
        .await
        .map_err(|error| error.to_string())?;
    if room == 0 {
        return Ok(());
    }
    let limit = u64::try_from((room * BATCH).min(DEPTH * 2)).unwrap_or(1);
    let due = hands
        .ledger
        .take_due(queue.as_str(), AHEAD, limit)
        .await
        .map_err(|error| {
            hands.metrics.db_errors.with_label_values(&["relay"]).inc();
            chain(&error)
        })?;
    let now = hands.ledger.now();
    for task in due {
        hands.metrics.rerung.with_label_values(&["due"]).inc();
        match (task.run_at - now).to_std() {
            Ok(wait) if !wait.is_zero() => {
                let ringer = hands.ringer.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    ringer.ring(queue.as_str(), &task.id);
                });
            }
            _ => hands.ringer.ring(queue.as_str(), &task.id),
        }
    }
    Ok(())
}
