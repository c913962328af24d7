//! Ingot as one of its own peers: its engine with visits that do next to nothing, its ledger, its doorbell and its API,
//! behind the protocol of `tests/peers/README.md`.
//!
//! A task is a `launch` task whose scope is `ROW:DUE`; one that came through the API is that of a deployment named
//! `ROW-DUE`. Each is claimed, visited, committed and kept in the ledger like any other.

mod record;
mod visits;

use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
use ingot_domain::ids::DeploymentId;
use ingot_domain::pace::Pace;
use ingot_domain::task::{TaskKind, VISIT};
use ingot_engine::Settings;
use ingot_entity::Ledger;
use ingot_entity::store::NewTask;
use ingot_migration::MigratorTrait;
use ingot_telemetry::Metrics;
use serde_json::json;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use record::Record;
use visits::BenchVisits;

use crate::engine;

/// As many as `ingot worker` has.
const CONNECTIONS: u32 = 12;
const ROWS: usize = 10_000;
const CHUNK: usize = 1_000;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One UPDATE and one INSERT, in the transaction that ends the task.
    Tx,
    /// Nothing.
    Noop,
    /// Waits 20 ms.
    Wait20,
    /// Waits for longer than anybody watches.
    Hold,
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        Ok(match word {
            "tx" => Self::Tx,
            "noop" => Self::Noop,
            "wait20" => Self::Wait20,
            "hold" => Self::Hold,
            other => bail!("there is no kind `{other}`: tx, noop, wait20 or hold"),
        })
    }
}

/// Makes the ledger's tables.
pub async fn prepare() -> Result<()> {
    let ledger = ledger().await?;
    Ok(ingot_migration::Migrator::up(ledger.database(), None).await?)
}

/// A worker process for tasks of one kind.
pub async fn worker(kind: Kind, concurrency: usize, record: Option<PathBuf>) -> Result<()> {
    let ledger = ledger().await?;
    let stop = engine::until_signal()?;
    let metrics = Metrics::new()?;
    let record = record.map(Record::open).transpose()?;
    let visits = Arc::new(BenchVisits::new(kind, ledger.clone(), record));
    let settings = Settings {
        name: format!("bench-{}", Uuid::new_v4()),
        pace: Pace::new(1.0).context("a pace")?,
        concurrency,
        visit: VISIT,
    };
    let telling = tokio::spawn(tell(metrics.jobs_finished.clone(), stop.clone()));
    let (redis, up) = (variable("REDIS_URL")?, || say(&json!({"up": true})));
    engine::run(ledger, &redis, visits, settings, metrics, stop, up).await?;
    telling.await?;
    Ok(())
}

/// Tells how many tasks were committed as completed, each 100 ms in which that changed and once at the end.
async fn tell(finished: prometheus::IntCounterVec, stop: CancellationToken) {
    let mut told = 0;
    loop {
        let last = stop.is_cancelled();
        let queue = TaskKind::Launch.queue();
        let labels = [queue.as_str(), TaskKind::Launch.as_str(), "completed"];
        let done = finished.with_label_values(&labels).get();
        if done != told || last {
            say(&json!({"done": done, "at": now_micros()}));
            told = done;
        }
        if last {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// The real `ingot api`, and how it wants to be asked.
pub async fn api(port: u16) -> Result<()> {
    let binary = match std::env::var_os("INGOT_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => std::env::current_exe()?.with_file_name("ingot"),
    };
    let made = Command::new(&binary)
        .args(["token", "create", "--json"])
        .output()
        .await;
    let made = made.with_context(|| binary.display().to_string())?;
    ensure!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let made: serde_json::Value = serde_json::from_slice(&made.stdout)?;
    let token = made["token"].as_str().context("a token")?;
    let stop = engine::until_signal()?;
    let mut api = Command::new(&binary)
        .args(["api", "--listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let out = api.stdout.take().context("its output")?;
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(out));
    lines
        .next_line()
        .await?
        .context("`ingot api` did not start")?;
    let body = json!({
        "template": "kamiwaza", "version": "v1.0.0", "region": "us-east-1", "job_name": "$row-$due",
    });
    say(&json!({
        "up": true,
        "path": "/v1/deployments",
        "headers": {"Authorization": format!("Bearer {token}"), "Content-Type": "application/json"},
        "body": body.to_string(),
    }));
    stop.cancelled().await;
    if let Some(pid) = api.id() {
        Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
    }
    api.wait().await?;
    Ok(())
}

/// Puts tasks into the ledger; a worker's relay finds them.
pub async fn enqueue(count: usize, at: Option<i64>) -> Result<()> {
    let ledger = ledger().await?;
    ledger.measure_skew().await?;
    let run_at = match at {
        Some(at) => DateTime::<Utc>::from_timestamp_millis(at).context("--at")?,
        None => ledger.now(),
    };
    let due = at.map_or_else(now_micros, |at| at * 1_000);
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(CHUNK) {
        let task = |number: &usize| {
            let scope = format!("{}:{due}", number % ROWS);
            let unique = format!("launch:{}:1", new_deployment());
            NewTask::about(TaskKind::Launch, &scope, unique, run_at)
        };
        let tasks: Vec<NewTask> = chunk.iter().map(task).collect();
        ledger.enqueue(&tasks).await?;
    }
    Ok(())
}

/// Keys of launches are of this shape, and ordered by time.
#[expect(clippy::disallowed_methods, reason = "a source of ids of its own")]
fn new_deployment() -> DeploymentId {
    DeploymentId::new(Uuid::now_v7())
}

async fn ledger() -> Result<Ledger> {
    Ok(Ledger::connect(&variable("DATABASE_URL")?, CONNECTIONS).await?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the peers' protocol gives the addresses in the environment"
)]
fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement compares wall clocks of several processes"
)]
fn now_micros() -> i64 {
    Utc::now().timestamp_micros()
}

fn say(line: &serde_json::Value) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // A stdout without a reader is no reason to stop.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
