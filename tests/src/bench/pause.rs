//! How soon a pause holds, and how fast many dead tasks are made due. Three workers take readiness checks of deployments that do
//! not exist, which their handler discards at once, while the queue is paused: late is the claim that is told last after the
//! answer. Then 100,000 dead tasks of that queue are retried by a filter, as an operation.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use ingot_client::{NewOperation, PauseQueue, TasksMeant};
use ingot_domain::task::TaskKind;
use ingot_entity::Ledger;
use ingot_entity::store::NewTask;
use ingot_migration::sea_orm::ConnectionTrait;

use super::figure::Figure;
use super::sample::ms;
use super::told::{Ear, Op, connect, now};
use crate::stack::Stack;
use crate::wait::until;

const QUEUE: &str = "readiness";
/// Tasks, and milliseconds over which they are due.
const TASKS: usize = 12_000;
const OVER: usize = 12_000;
/// Until the pause, and after it.
const BEFORE: Duration = Duration::from_secs(4);
const AFTER: Duration = Duration::from_secs(6);
/// Microseconds.
const HELD: i64 = 2_000_000;
/// Tasks that were given up.
const DEAD: u64 = 100_000;
const RETRIED: Duration = Duration::from_secs(60);

/// Measures both.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    Ok(vec![pause(stack).await?, bulk(stack).await?])
}

fn reason() -> String {
    "a benchmark".to_owned()
}

async fn pause(stack: &Stack) -> Result<Figure> {
    let database = stack.database.as_ref().context("a stack on Postgres")?;
    let ledger = Ledger::connect(&database.url, 2).await?;
    ledger.measure_skew().await?;
    let begin = ledger.now();
    let tasks: Vec<NewTask> = (0..TASKS)
        .map(|number| {
            let delay = i64::try_from(number * OVER / TASKS).unwrap_or_default();
            let nobody = format!("dep_bench_{number}");
            let due = begin + TimeDelta::milliseconds(delay);
            NewTask::of_deployment(TaskKind::Readiness, &nobody, 1, due)
        })
        .collect();
    for some in tasks.chunks(1_000) {
        ledger.enqueue(some).await?;
    }
    let ear = Ear::open(&database.url).await?;
    tokio::time::sleep(BEFORE).await;
    let wanted = PauseQueue {
        reason: reason(),
        even_cleanup: false,
    };
    stack.client.pause_queue(QUEUE, &wanted).await?;
    let answered = now();
    tokio::time::sleep(AFTER).await;
    let told = ear.take();
    let claims: Vec<i64> = told
        .iter()
        .filter(|told| told.op == Op::Update)
        .filter(|told| told.kind == TaskKind::Readiness.as_str())
        .map(|told| told.heard - answered)
        .collect();
    let before = claims.iter().filter(|late| **late < 0).count();
    ensure!(before > 0, "no worker claimed anything before the pause");
    let last = claims.iter().max().copied().unwrap_or_default();
    Ok(Figure::judged(
        "pause of a queue, three workers: last claim after the answer",
        "≤ 2 s",
        format!("{} ({before} claims before it)", ms(last)),
        last <= HELD,
    ))
}

/// The queue is still paused: what is due stays so, and is counted.
async fn bulk(stack: &Stack) -> Result<Figure> {
    let database = stack.database.as_ref().context("a stack on Postgres")?;
    let ledger = connect(&database.url).await?;
    // Revived as what they are: destructions, which have no subject to be retried instead.
    let dead = format!(
        "INSERT INTO task (id, queue, kind, state, scope, unique_key, attempt, max_attempts, crashes, visits, epoch, run_at, again,
             created_at, finished_at, last_error)
         SELECT 'tsk_0' || lpad(to_hex(n), 31, '0'), '{QUEUE}', 'destroy', 'discarded', 'nothing', 'bench:' || n, 20, 20, 0, 20, 1,
             now(), 0, now(), now(), 'it was in vain' FROM generate_series(1, {DEAD}) AS n"
    );
    ledger.execute_unprepared(&dead).await?;
    ledger.execute_unprepared("ANALYZE task").await?;
    let state = "discarded".to_owned();
    let filter = TasksMeant {
        queue: Some(QUEUE.to_owned()),
        state: Some(state),
        deployment_id: None,
    };
    let preview = stack.client.preview_operation(&filter).await?;
    let new = NewOperation {
        action: "retry".to_owned(),
        filter,
        expected: preview.matching,
        reason: reason(),
        at: None,
    };
    let begin = std::time::Instant::now();
    let operation = stack.client.begin_operation(&new).await?;
    let done = until("the operation is done", RETRIED * 5, async || {
        let seen = stack.client.operation(&operation.id).await?;
        Ok((seen.state != "running").then_some(seen))
    })
    .await?;
    let took = begin.elapsed();
    ensure!(done.done >= DEAD, "only {} were made due", done.done);
    Ok(Figure::judged(
        "retry of 100,000 dead tasks by a filter",
        "≤ 60 s",
        format!("{:.1} s", took.as_secs_f64()),
        took <= RETRIED,
    ))
}
