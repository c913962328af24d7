//! A crowd on one worker, in real time (pace 1): 2,000 deployments of the built-in template whose instances answer 502,
//! and 500 images that stay pending. All of it is ordered through the API and launched by the worker itself, every
//! instance listens on an address of its own, every check is a TLS connection, and every wait is the production wait. The
//! orders are spread over one period of 30 s, as they would come, and measured once all are in their rhythm.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ingot_migration::sea_orm::DatabaseConnection;
use serde_json::json;
use uuid::Uuid;

use super::figure::{Figure, mib};
use super::files::text;
use super::http::Connection;
use super::metrics::Metrics;
use super::proc::cost;
use super::sample::{Sample, ms};
use super::told::{Ear, Op, connect, number, texts};
use crate::stack::Stack;
use crate::wait::until;

const WAITING: usize = 2000;
const IMAGES: usize = 500;
/// One period of the checks and of the image polls.
const SPREAD: Duration = Duration::from_secs(30);
const SETTLE: Duration = Duration::from_secs(35);
const SPAN: Duration = Duration::from_secs(120);
const RSS: u64 = 200 << 20;
/// Microseconds.
const LATE: i64 = 2_000_000;
const PER_CALL: f64 = 50.0;

const WAIT: &str = "SELECT count(*) FROM deployment WHERE status = 'running' AND checks > 0";
const PENDING: &str = "SELECT count(*) FROM image WHERE status = 'pending'";
const RUNNING: &str = "SELECT count(*) FROM deployment WHERE status <> 'queued' AND instance_id IS NOT NULL AND public_ip IS NOT NULL";

/// Measures it on a fresh stack of one worker at pace 1.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    enough_files()?;
    let url = &stack.database.as_ref().context("a stack on Postgres")?.url;
    let ledger = connect(url).await?;
    stack
        .region
        .post("next_image", &json!({"hold": true, "times": IMAGES}))
        .await?;
    order(stack, "v1.0.", IMAGES).await?;
    level(&ledger, RUNNING, IMAGES).await?;
    // These 500 have finished their installation; the next 2,000 take the usual 16 minutes.
    for id in texts(
        &ledger,
        "SELECT instance_id FROM deployment WHERE instance_id IS NOT NULL",
    )
    .await?
    {
        let path = format!("instances/{id}");
        stack
            .region
            .post(&path, &json!({"installed": true}))
            .await?;
    }
    order(stack, "v2.0.", WAITING).await?;
    level(&ledger, PENDING, IMAGES).await?;
    level(&ledger, WAIT, WAITING).await?;
    tokio::time::sleep(SETTLE).await;
    let figures = watch(stack, url).await?;
    let (waiting, pending) = (
        number(&ledger, WAIT).await?,
        number(&ledger, PENDING).await?,
    );
    ensure!(
        (waiting, pending) == (i64::try_from(WAITING)?, i64::try_from(IMAGES)?),
        "afterwards {waiting} deployments wait and {pending} images are pending"
    );
    Ok(figures)
}

async fn watch(stack: &Stack, url: &str) -> Result<Vec<Figure>> {
    let worker = stack
        .workers
        .first()
        .and_then(|worker| worker.pid())
        .context("no worker")?;
    let listening = stack.metrics.first().context("no worker")?;
    let ear = Ear::open(url).await?;
    let journal = stack.region.get("journal?action=none").await?;
    let (last, before) = (journal["last"].as_u64().unwrap_or(0), cost(worker)?);
    let (metrics, began) = (Metrics::of(listening).await?, Instant::now());
    let mut most = 0;
    while began.elapsed() < SPAN {
        tokio::time::sleep(Duration::from_secs(1)).await;
        most = most.max(cost(worker)?.rss);
    }
    let (span, after) = (began.elapsed(), cost(worker)?);
    let told = ear.take();
    let later = Metrics::of(listening).await?;
    let path = format!("journal?action=Describe*&after={last}");
    let journal = stack.region.get(&path).await?;
    let described = journal["calls"].as_array().map_or(0, Vec::len);

    let grown = |name| Ok::<_, anyhow::Error>(later.sum(name, "")? - metrics.sum(name, "")?);
    let (polls, calls) = (
        grown("ingot_describe_polls_total")?,
        grown("ingot_describe_calls_total")?,
    );
    let late: Vec<i64> = told
        .iter()
        .filter(|told| told.op == Op::Update && (told.kind == "readiness" || told.kind == "ami"))
        .map(|told| told.heard - told.run_at)
        .collect();
    let late = Sample::of(late);
    let cores = (after.cpu - before.cpu).as_secs_f64() / span.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let visits = late.len() as f64 / span.as_secs_f64();
    let name = "2,000 waiting, 500 images pending:";
    Ok(vec![
        Figure::judged(
            &format!("{name} worker CPU over 120 s"),
            "< 1 core",
            format!("{cores:.2} cores at {visits:.0} visits/s"),
            cores < 1.0,
        ),
        Figure::judged(
            &format!("{name} worker RSS"),
            "≤ 200 MiB",
            format!(
                "{} (peak {}, launching included)",
                mib(most),
                mib(after.peak)
            ),
            after.peak <= RSS,
        ),
        Figure::judged(
            &format!("{name} polls per Describe call"),
            "≥ 50",
            format!(
                "{:.0} ({polls:.0} polls, {calls:.0} calls; the region saw {described}, reconciling included)",
                polls / calls.max(1.0)
            ),
            polls >= calls * PER_CALL && polls > 0.0,
        ),
        Figure::judged(
            &format!("{name} lateness of visits"),
            "max ≤ 2 s",
            format!(
                "{}; {} later than 250 ms, {} later than 1 s",
                late.words(),
                late.above(250_000),
                late.above(1_000_000)
            ),
            late.max() <= LATE && late.len() > 0,
        ),
        Figure::told(&format!("{name} earliest visit"), ms(late.min())),
    ])
}

/// Orders `count` deployments of versions of their own, spread evenly.
async fn order(stack: &Stack, versions: &str, count: usize) -> Result<()> {
    let mut api = Connection::open(stack.client.base(), &stack.token).await?;
    let mut turn = tokio::time::interval(SPREAD / u32::try_from(count)?);
    for number in 0..count {
        turn.tick().await;
        let body = serde_json::to_string(&Stack::order(&format!("{versions}{number}")))?;
        let key = Uuid::new_v4().to_string();
        let (status, _) = api.post("/v1/deployments", &key, &body).await?;
        ensure!(status == 202, "the API answered {status}");
    }
    Ok(())
}

/// Waits until a count of the ledger is reached.
async fn level(ledger: &DatabaseConnection, sql: &str, count: usize) -> Result<()> {
    let count = i64::try_from(count)?;
    until(sql, Duration::from_secs(480), || async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = number(ledger, sql).await?;
        ensure!(now >= count, "there are {now}");
        Ok(Some(()))
    })
    .await
}

/// Every instance of the region listens, and the region is our child.
fn enough_files() -> Result<()> {
    let limits = text("/proc/self/limits")?;
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    ensure!(
        limit.is_none_or(|limit| limit >= 8192),
        "2,500 instances need 8,192 open files: `ulimit -n 8192` and start again"
    );
    Ok(())
}
