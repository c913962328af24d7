//! The same load while a worker deletes the million: everything is past its retention at once, as after an operator has
//! shortened it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ingot_domain::retention::Retention;
use ingot_domain::task::TaskKind;
use ingot_entity::Ledger;
use ingot_entity::store::NewTask;
use ingot_migration::sea_orm::DatabaseConnection;
use serde_json::json;
use uuid::Uuid;

use super::super::figure::Figure;
use super::super::sample::ms;
use super::super::told::number;
use super::asks::Rows;
use super::load::load;
use crate::stack::Stack;
use crate::wait::until;

const LEFT: &str = "SELECT count(*) FROM task WHERE finished_at < now() - interval '30 days'";
/// Nothing of the fill is as old.
const LONG: Retention = Retention {
    finished_tasks_days: 3650,
    cleared_findings_days: 90,
};
/// The load is repeated until the prune has been watched for this long.
const SPAN: Duration = Duration::from_secs(60);

/// Adds a worker, lets it prune, and measures the load beside it.
pub(super) async fn measure(
    stack: &mut Stack,
    database: &DatabaseConnection,
    rows: &mut Rows,
) -> Result<Figure> {
    let url = stack
        .database
        .as_ref()
        .context("a stack on Postgres")?
        .url
        .clone();
    let ledger = Ledger::connect(&url, 2).await?;
    ledger.measure_skew().await?;
    ledger.set_retention(LONG).await?;
    // The retried deployments end at their next launch instead of filling the region.
    let refusal = json!({"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue", "times": 0});
    stack.region.post("faults", &refusal).await?;
    stack.add_worker().await?;
    let live = "SELECT count(*) FROM task WHERE kind IN ('launch', 'destroy') AND state IN ('available', 'scheduled', 'retryable') AND run_at < now()";
    until(
        "the retried deployments",
        Duration::from_secs(300),
        || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok((number(database, live).await? == 0).then_some(()))
        },
    )
    .await?;
    let before = number(database, LEFT).await?;
    ledger.set_retention(Retention::default()).await?;
    let key = format!("bench:{}", Uuid::new_v4());
    ledger
        .enqueue(&[NewTask::about(
            TaskKind::Scheduler,
            "prune",
            key,
            ledger.now(),
        )])
        .await?;
    let (began, mut worst, mut name) = (Instant::now(), 0, String::new());
    while began.elapsed() < SPAN {
        for answers in load(stack, rows.asks(true)).await? {
            if answers.took.p99() > worst {
                (worst, name) = (answers.took.p99(), answers.name);
            }
        }
    }
    let pruned = before - number(database, LEFT).await?;
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = pruned as f64 / seconds;
    Ok(Figure::told(
        "1 M finished tasks: the same while a worker prunes all of them",
        format!(
            "worst p99 {} (`{name}`); {pruned} tasks went in {seconds:.0} s, {rate:.0}/s",
            ms(worst)
        ),
    ))
}
