//! How late delayed tasks are: hundreds of tasks due at random moments of the next seconds, put into the ledger by its own
//! library. Each is a readiness check of a deployment that does not exist, which its handler discards at once. Late is
//! the time from `run_at` to the moment its claim is committed and told; a claim before `run_at` (the ledger allows 50 ms)
//! counts with its sign.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use ingot_domain::task::TaskKind;
use ingot_entity::Ledger;
use ingot_entity::store::NewTask;
use uuid::Uuid;

use super::figure::Figure;
use super::sample::{Sample, ms};
use super::told::{Ear, Op, Told};
use crate::stack::Stack;
use crate::wait::until;

const TASKS: usize = 600;
/// Milliseconds from now.
const DELAY: std::ops::Range<u128> = 1_000..20_000;
/// Microseconds.
const P50: i64 = 150_000;
const P99: i64 = 1_200_000;

/// Measures it.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let database = stack.database.as_ref().context("a stack on Postgres")?;
    let ear = &Ear::open(&database.url).await?;
    let ledger = Ledger::connect(&database.url, 2).await?;
    ledger.measure_skew().await?;
    for batch in 0..TASKS / 50 {
        let tasks: Vec<NewTask> = (0..50)
            .map(|number| {
                let delay = DELAY.start + Uuid::new_v4().as_u128() % (DELAY.end - DELAY.start);
                let delay = TimeDelta::milliseconds(i64::try_from(delay).unwrap_or(1_000));
                let nobody = format!("dep_bench_{batch}_{number}");
                NewTask::of_deployment(TaskKind::Readiness, &nobody, 1, ledger.now() + delay)
            })
            .collect();
        ledger.enqueue(&tasks).await?;
    }
    let first = |told: &Told| {
        let ours = told
            .deployment
            .as_deref()
            .is_some_and(|id| id.starts_with("dep_bench_"));
        ours && told.op == Op::Update && told.epoch == 1
    };
    let claimed = || ear.count(first);
    until(
        "every delayed task",
        Duration::from_secs(60),
        || async move { Ok((claimed() >= TASKS).then_some(())) },
    )
    .await?;
    let told = ear.take();
    let late = told.iter().filter(|told| first(told));
    let sample = Sample::of(late.map(|told| told.heard - told.run_at).collect());
    Ok(vec![Figure::judged(
        "delayed tasks (1–20 s), lateness of the claim",
        "p50 ≤ 150 ms, p99 ≤ 1.2 s",
        format!("{}; min {}", sample.words(), ms(sample.min())),
        sample.p50() <= P50 && sample.p99() <= P99,
    )])
}
