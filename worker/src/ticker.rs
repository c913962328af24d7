//! Ticks of periodic jobs. Every replica proposes every tick; the ledger's primary key lets one of them through
//! (FAULTS decision 10).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ingot_domain::cron::tick;
use ingot_domain::task::Queue;
use tokio_util::sync::CancellationToken;

use crate::hands::Hands;

/// Compares every region with EC2.
pub(crate) const RECONCILE: &str = "reconcile";
/// Deletes what nobody asks for any more.
pub(crate) const PRUNE: &str = "prune";

/// Every periodic job and its period in simulated time.
const JOBS: [(&str, Duration); 2] = [
    (RECONCILE, Duration::from_secs(60)),
    (PRUNE, Duration::from_secs(3600)),
];
/// No period is shorter than this in real time, at any pace.
const SHORTEST: Duration = Duration::from_secs(5);

pub(crate) async fn run(hands: Arc<Hands>, shutdown: CancellationToken) {
    let mut fired = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => return,
        }
        for (job, period) in JOBS {
            let period = hands.settings.pace.wait(period).max(SHORTEST);
            let due = tick(hands.ledger.now(), period);
            if fired.get(job) == Some(&due) {
                continue;
            }
            ingot_failpoint::hit!("tick.before_fire").await;
            match hands.ledger.fire(job, due).await {
                Ok(task) => {
                    fired.insert(job, due);
                    let outcome = if task.is_some() { "fired" } else { "duplicate" };
                    hands
                        .metrics
                        .schedule_fires
                        .with_label_values(&[outcome])
                        .inc();
                    if let Some(task) = task {
                        ingot_failpoint::hit!("tick.after_fire").await;
                        hands
                            .ringer
                            .ring(Queue::Scheduler.as_str(), task.id.as_str());
                    }
                }
                Err(error) => {
                    hands.metrics.db_errors.with_label_values(&["tick"]).inc();
                    tracing::warn!(error = %chain(&error), job, "a tick could not be fired; the next look tries again");
                }
            }
        }
    }
}

/// An error with its sources on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text.push_str(": ");
        text.push_str(&next.to_string());
        source = next.source();
    }
    text
}
