//! What a worker with nothing to do costs, beside an API with nothing to do and an empty ledger.

use std::time::Duration;

use anyhow::{Context, Result};

use super::figure::{Figure, mib};
use super::proc::cost;
use crate::stack::Stack;

/// It starts, connects and settles.
const SETTLE: Duration = Duration::from_secs(5);
const SPAN: Duration = Duration::from_secs(60);
/// Per cent of a core.
const CPU: f64 = 1.0;
const RSS: u64 = 60 << 20;

/// Measures the first worker of a stack that no test has used yet.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let pid = stack.workers.first().and_then(|worker| worker.pid());
    let (worker, api) = (
        pid.context("no worker")?,
        stack.api.pid().context("no api")?,
    );
    tokio::time::sleep(SETTLE).await;
    let (worker_before, api_before) = (cost(worker)?, cost(api)?);
    tokio::time::sleep(SPAN).await;
    let (worker_after, api_after) = (cost(worker)?, cost(api)?);
    let share = |after: Duration, before: Duration| {
        (after - before).as_secs_f64() / SPAN.as_secs_f64() * 100.0
    };
    let cpu = share(worker_after.cpu, worker_before.cpu);
    let api_cpu = share(api_after.cpu, api_before.cpu);
    Ok(vec![
        Figure::judged(
            "idle worker, CPU over 60 s",
            "< 1 % of a core",
            format!("{cpu:.2} %"),
            cpu < CPU,
        ),
        Figure::judged(
            "idle worker, RSS",
            "≤ 60 MiB",
            format!(
                "{} (peak {})",
                mib(worker_after.rss),
                mib(worker_after.peak)
            ),
            worker_after.peak <= RSS,
        ),
        Figure::told(
            "idle API, CPU over 60 s and RSS",
            format!("{api_cpu:.2} %, {}", mib(api_after.rss)),
        ),
    ])
}
