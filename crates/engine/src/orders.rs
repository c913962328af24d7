//! What people order about queues, as every worker hears it: pauses and how many visits at once, read from the ledger each
//! second. The claim itself keeps a pause (`entity/src/store/queues.rs`); hearing of it gives back what was claimed ahead and
//! leaves the queue in peace. Without Redis nothing changes.

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::task::Queue;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::visits::chain;

/// How often the ledger is asked: an order holds everywhere within two seconds.
const EVERY: Duration = Duration::from_secs(1);
/// How long an answer is waited for; the next look asks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hears orders until `shutdown`.
pub(crate) async fn run(engine: Arc<Engine>, shutdown: CancellationToken) {
    loop {
        match tokio::time::timeout(PATIENCE, engine.ledger.queue_rows()).await {
            Ok(Ok(rows)) => {
                for queue in Queue::ALL {
                    let row = rows.iter().find(|row| row.name == queue.as_str());
                    let paused = row.is_some_and(|row| row.paused_at.is_some());
                    let concurrency = row.and_then(|row| usize::try_from(row.concurrency?).ok());
                    let taker = engine.taker(*queue);
                    taker.pause(paused);
                    taker.resize(concurrency.unwrap_or(engine.settings.concurrency));
                }
            }
            Ok(Err(error)) => {
                engine
                    .metrics
                    .db_errors
                    .with_label_values(&["orders"])
                    .inc();
                tracing::warn!(error = %chain(&error), "what is ordered of the queues could not be read");
            }
            Err(_) => tracing::warn!("what is ordered of the queues could not be read in time"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
