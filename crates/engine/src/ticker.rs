//! Ticks of periodic jobs. Every replica proposes every tick; the ledger's primary key lets one of them through
//! (FAULTS decision 10).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::cron::{missed, tick};
use ingot_domain::task::Queue;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::visits::chain;

/// A periodic job.
#[derive(Debug, Clone, Copy)]
pub struct Periodic {
    /// Its word: the scope of its tasks.
    pub job: &'static str,
    /// Its period, in real time.
    pub period: Duration,
}

/// No period is shorter than this, at any pace.
const SHORTEST: Duration = Duration::from_secs(5);

pub(crate) async fn run(engine: Arc<Engine>, jobs: Vec<Periodic>, shutdown: CancellationToken) {
    let mut fired = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.cancelled() => return,
        }
        // While the queue of periodic work is paused its ticks are skipped, and told as missed by the first after it.
        if engine.taker(Queue::Scheduler).is_paused() {
            continue;
        }
        for Periodic { job, period } in &jobs {
            let period = (*period).max(SHORTEST);
            let due = tick(engine.ledger.now(), period);
            if fired.get(*job) == Some(&due) {
                continue;
            }
            ingot_failpoint::hit!("tick.before_fire").await;
            match engine.ledger.fire(job, due).await {
                Ok(task) => {
                    fired.insert(*job, due);
                    let outcome = if task.is_some() { "fired" } else { "duplicate" };
                    engine
                        .metrics
                        .schedule_fires
                        .with_label_values(&[outcome])
                        .inc();
                    if let Some(task) = task {
                        ingot_failpoint::hit!("tick.after_fire").await;
                        engine.offer(Queue::Scheduler, &[task.id.to_string()]);
                        tell_missed(&engine, job, due, period).await;
                    }
                }
                Err(error) => {
                    engine.metrics.db_errors.with_label_values(&["tick"]).inc();
                    tracing::warn!(error = %chain(&error), job, "a tick could not be fired; the next look tries again");
                }
            }
        }
    }
}

/// The replica that fires a tick tells how many before it no replica fired: they stay skipped, the latest stands for
/// all (FAULTS F22).
async fn tell_missed(engine: &Engine, job: &str, due: Instant, period: Duration) {
    let before = match engine.ledger.tick_before(job, due).await {
        Ok(Some(before)) => before,
        Ok(None) => return,
        Err(error) => {
            tracing::debug!(error = %chain(&error), job, "the tick before is not known");
            return;
        }
    };
    let missed = missed(before, due, period);
    if missed > 0 {
        let fires = &engine.metrics.schedule_fires;
        fires.with_label_values(&["skipped"]).inc_by(missed);
        tracing::warn!(job, missed, last = %before, "no worker fired these ticks; the latest is fired, the others are skipped");
    }
}
