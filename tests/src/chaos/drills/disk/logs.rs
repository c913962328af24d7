//! Logs that cannot be written: lines are dropped and counted, and the process works on as if nothing was.

use std::time::Duration;

use anyhow::{Context, Result};

use super::super::report::Report;
use super::super::site::Site;
use crate::process::Sink;
use crate::stack::Options;

pub(super) async fn play(report: &mut Report<'_>) -> Result<()> {
    let mut site = Site::start(Options {
        workers: 0,
        pace: 300,
        ..Options::default()
    })
    .await?;
    for (sink, said) in [
        (Sink::Full, "the full device"),
        (Sink::Closed, "a pipe without a reader"),
    ] {
        let place = site.stack.add_worker_into(sink).await?;
        report.did(format!("started a worker with stdout and stderr on {said}"));
        let ids = site.load(3).await?;
        site.succeed(&ids).await?;
        let dropped = site.metric("ingot_log_lines_dropped_total", "").await?;
        report.proves(
            site.stack.workers[place].runs() && dropped > 0.0,
            format!(
                "it works alone, {} deployments and their AMIs succeeded, {dropped} lines of its log are counted as dropped",
                ids.len()
            ),
        );
        site.stack.workers[place].terminate().await?;
        let status = site.stack.workers[place]
            .wait(Duration::from_secs(45))
            .await?;
        report.proves(
            status.success(),
            format!("asked to stop, it ends well ({status})"),
        );
        site.stack.workers.pop().context("a worker")?;
        site.stack.metrics.pop();
    }
    let api = site.stack.spare_api_into(Sink::Full).await?;
    report.proves(
        api.is_some(),
        "an API with stdout and stderr on the full device starts and serves",
    );
    site.stack.add_worker().await?;
    site.holds(report).await
}
