//! FAULTS F22: no worker fires the periodic jobs for several ticks. The first one that comes back then fires the current tick
//! of each job and no other, and tells how many were missed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::report::Report;
use super::site::{LONG, Site};
use crate::chaos::schedule::Chance;
use crate::check::json;
use crate::stack::Options;
use crate::wait::until;

/// Periods of the jobs at this drill's pace, in milliseconds, by `worker::periodic`: none is shorter than 5 s.
const PERIODS: [(&str, i64); 3] = [("reconcile", 5_000), ("scan", 5_000), ("prune", 6_000)];
/// An hour is six seconds.
const PACE: u32 = 600;
/// Workers, which all start at the same instant.
const WORKERS: usize = 3;

const NOW: &str = "SELECT to_jsonb(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)";

/// A tick: what it stands for, when it was written, how many tasks it made.
#[derive(Debug, Clone, Copy)]
struct Tick {
    due: i64,
    fired: i64,
    tasks: i64,
}

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    let mut chance = Chance(seed);
    let mut site = Site::start(Options {
        workers: WORKERS,
        pace: PACE,
        ..Options::default()
    })
    .await?;
    for (job, _) in PERIODS {
        wait_for(&site, job, 0).await?;
    }
    let ids = site.load(2).await?;
    let how = if chance.below(2) == 0 { "TERM" } else { "KILL" };
    for worker in &mut site.stack.workers {
        worker.signal(how).await?;
    }
    for worker in &mut site.stack.workers {
        worker.wait(Duration::from_secs(45)).await?;
    }
    let down = now(&site).await?;
    let away = Duration::from_millis(20_000 + chance.below(15_000));
    tokio::time::sleep(away).await;
    let up = now(&site).await?;
    for place in 0..WORKERS {
        site.stack.restart_worker(place).await?;
    }
    report.did(format!(
        "SIG{how} to all {WORKERS} workers, none for {away:.1?}, then {WORKERS} workers again"
    ));
    let mut missed = 0;
    for (job, period) in PERIODS {
        // One that is due after the start is there, so a worker has written the first one.
        wait_for(&site, job, up).await?;
        missed += judge(&ticks(&site, job).await?, job, period, [down, up], report)?;
    }
    let told = site
        .metric("ingot_schedule_fires_total", "outcome=\"skipped\"")
        .await?;
    #[expect(clippy::cast_precision_loss, reason = "a few ticks")]
    report.proves(
        told == missed as f64,
        format!("the workers tell that {told} ticks were missed, and {missed} were"),
    );
    site.succeed(&ids).await?;
    report.proves(true, "the deployments that waited meanwhile succeeded (I3)");
    site.holds(report).await
}

/// Judges the ticks of one job; answers how many were missed.
fn judge(
    ticks: &[Tick],
    job: &str,
    period: i64,
    [down, up]: [i64; 2],
    report: &mut Report<'_>,
) -> Result<i64> {
    let (before, after): (Vec<Tick>, Vec<Tick>) = ticks.iter().partition(|tick| tick.fired <= down);
    let last = before.last().context("a tick before")?;
    let first = after.first().context("a tick after")?;
    let late = after.iter().filter(|tick| tick.due <= up).count();
    let missed = (first.due - last.due) / period - 1;
    // Down for more than three periods, so it must have missed some; a drill that misses none proves nothing.
    ensure!(missed >= 2, "{job} missed {missed} ticks only");
    report.proves(
        late <= 1 && first.due > up - period && ticks.iter().all(|tick| tick.tasks == 1),
        format!(
            "`{job}` missed {missed} ticks, fired {late} late one, the latest, and each of its {} ticks made one task",
            ticks.len()
        ),
    );
    Ok(missed)
}

/// Waits for a tick of a job that is due after an instant.
async fn wait_for(site: &Site, job: &str, after: i64) -> Result<()> {
    until("a tick", LONG, async || {
        let ticks = ticks(site, job).await?;
        Ok(ticks.iter().any(|tick| tick.due > after).then_some(()))
    })
    .await
}

async fn now(site: &Site) -> Result<i64> {
    site.one(NOW).await?.as_i64().context("the database's time")
}

/// The ticks of a job, oldest first.
async fn ticks(site: &Site, job: &str) -> Result<Vec<Tick>> {
    let millis =
        |column: &str| format!("floor(extract(epoch FROM {column}::timestamptz) * 1000)::bigint");
    let sql = format!(
        "SELECT jsonb_build_object('due', {}, 'fired', {}, 'tasks', (SELECT count(*) FROM task t \
            WHERE t.unique_key = 'tick:{job}:' || {})) FROM tick WHERE job = '{job}' ORDER BY due_at",
        millis("due_at"),
        millis("created_at"),
        millis("due_at")
    );
    let number = |row: &Value, field: &str| row[field].as_i64().unwrap_or_default();
    let rows = json(site.checker.db(), &sql).await?;
    Ok(rows
        .iter()
        .map(|row| Tick {
            due: number(row, "due"),
            fired: number(row, "fired"),
            tasks: number(row, "tasks"),
        })
        .collect())
}
