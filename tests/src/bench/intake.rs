//! `POST /v1/deployments` under load: 32 kept connections, each sending its next order (the built-in template, started at
//! once, under a fresh Idempotency-Key) when the last was answered. Afterwards the ledger is counted: every accepted order
//! must be a row with its first task, on a Postgres that syncs every commit.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use uuid::Uuid;

use super::figure::{Figure, Verdict};
use super::http::Connection;
use super::sample::{Sample, ms};
use super::told::{connect, number};
use crate::stack::Stack;

const CONNECTIONS: usize = 32;
const WARM: Duration = Duration::from_secs(2);
const SPAN: Duration = Duration::from_secs(15);
const RATE: f64 = 1000.0;
/// Microseconds.
const P99: i64 = 100_000;

/// Measures it; `judged` against the target, or told.
pub async fn measure(stack: &Stack, beside: &str, judged: bool) -> Result<Vec<Figure>> {
    let url = &stack.database.as_ref().context("a stack on Postgres")?.url;
    let body = serde_json::to_string(&Stack::order("v1.0.0"))?;
    let began = Instant::now();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let connection = Connection::open(stack.client.base(), &stack.token).await?;
        clients.push(tokio::spawn(client(connection, body.clone(), began)));
    }
    let (mut answers, mut refused) = (Vec::new(), 0usize);
    for client in clients {
        let (accepted, other) = client.await??;
        answers.extend(accepted);
        refused += other;
    }
    let accepted = i64::try_from(answers.len())?;
    let ledger = connect(url).await?;
    let rows = number(&ledger, "SELECT count(*) FROM deployment").await?;
    let first = "SELECT count(DISTINCT deployment_id) FROM task WHERE kind = 'launch'";
    let tasks = number(&ledger, first).await?;
    ensure!(
        rows == accepted && tasks == accepted,
        "{accepted} orders were accepted, but the ledger has {rows} deployments and {tasks} launches"
    );
    let counted: Vec<Answer> = answers
        .into_iter()
        .filter(|answer| answer.ended > WARM && answer.ended <= WARM + SPAN)
        .collect();
    let whole = usize::try_from(SPAN.as_secs())?;
    let mut seconds = vec![0u32; whole];
    for answer in &counted {
        let second = usize::try_from((answer.ended - WARM).as_secs())?;
        seconds[second.min(whole - 1)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = counted.len() as f64 / SPAN.as_secs_f64();
    let sample = Sample::of(counted.iter().map(|answer| answer.took).collect());
    let verdict = match judged {
        false => Verdict::Told,
        true if rate >= RATE && sample.p99() <= P99 && refused == 0 => Verdict::Met,
        true => Verdict::Missed,
    };
    Ok(vec![Figure {
        name: format!("`POST /v1/deployments`, 32 connections, 15 s, {beside}"),
        target: "≥ 1,000/s, p99 ≤ 100 ms".to_owned(),
        measured: format!(
            "{rate:.0}/s (slowest second {}), p50 {}, p99 {}, max {}; {refused} refused; {rows} rows = {accepted} accepted",
            seconds.iter().min().copied().unwrap_or(0),
            ms(sample.p50()),
            ms(sample.p99()),
            ms(sample.max()),
        ),
        verdict,
    }])
}

struct Answer {
    ended: Duration,
    took: i64,
}

/// One connection's answers, and how many were not 202.
async fn client(mut api: Connection, body: String, began: Instant) -> Result<(Vec<Answer>, usize)> {
    let (mut accepted, mut other) = (Vec::new(), 0);
    while began.elapsed() < WARM + SPAN {
        let key = Uuid::new_v4().to_string();
        let sent = Instant::now();
        let (status, _) = api.post("/v1/deployments", &key, &body).await?;
        let took = i64::try_from(sent.elapsed().as_micros())?;
        if status == 202 {
            let ended = began.elapsed();
            accepted.push(Answer { ended, took });
        } else {
            other += 1;
        }
    }
    Ok((accepted, other))
}
