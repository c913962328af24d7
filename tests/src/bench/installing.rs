//! Installations in sight: how soon the failure of a step is told with a hundred of them at pace 10, and what a thousand at
//! once cost one worker in real time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ingot_client::RevisionFilter;
use serde_json::json;
use uuid::Uuid;

use super::figure::Figure;
use super::http::Connection;
use super::proc::cost;
use super::sample::Sample;
use super::told::{connect, number};
use crate::stack::Stack;
use crate::wait::until;

/// The pace up to which the figure is promised.
pub const PACE: u32 = 10;
const FAILING: usize = 100;
const MANY: usize = 1000;
/// Microseconds of simulated time, through SSM and through the console.
const LATE: i64 = 10_000_000;
const LATE_ON_CONSOLE: i64 = 60_000_000;
const SPREAD: Duration = Duration::from_secs(60);
/// The longest period between two questions, and a bit.
const SETTLE: Duration = Duration::from_secs(200);
/// A whole round of questions to a thousand: those that began together are asked together.
const SPAN: Duration = Duration::from_secs(250);
const CORES: f64 = 1.0;
const CALLS: f64 = 15.0;

/// From a step's end to `failed`, on a fresh stack of one worker at [`PACE`].
pub async fn failing(stack: &Stack) -> Result<Vec<Figure>> {
    let late = late(stack, "kamiwaza", true).await?;
    Ok(vec![Figure::judged(
        "100 installing at pace 10: a step's end to `failed`, simulated",
        "max ≤ 10 s",
        late.words(),
        late.max() <= LATE,
    )])
}

/// The same where no agent runs and the console tells it.
pub async fn failing_on_console(stack: &Stack) -> Result<Vec<Figure>> {
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default());
    let yaml = built_in
        .await?
        .replace("name: kamiwaza\n", "name: console\n");
    let yaml = yaml.replace("\nprobe:\n", "\nprogress: console\nprobe:\n");
    stack.client.apply_template(&yaml, "console").await?;
    let late = late(stack, "console", false).await?;
    Ok(vec![Figure::judged(
        "the same through the console",
        "max ≤ 60 s",
        late.words(),
        late.max() <= LATE_ON_CONSOLE,
    )])
}

/// How late the failures of [`FAILING`] deployments of a template are told.
async fn late(stack: &Stack, template: &str, agent: bool) -> Result<Sample> {
    let step = json!({ "exit_code": 100, "output": ["one", "E: Unable to locate package nginxx"] });
    let order = json!({ "install": 300, "step": step, "times": FAILING, "agent": agent });
    stack.region.post("next_guest", &order).await?;
    order_all(stack, template, FAILING, Duration::from_secs(5)).await?;
    let ledger = connect(&stack.database.as_ref().context("a stack on Postgres")?.url).await?;
    level(
        &ledger,
        "SELECT count(*) FROM deployment WHERE status = 'failed'",
        FAILING,
    )
    .await?;
    let page = stack.region.get("state?region=us-east-1").await?;
    let instances = page["instances"].as_array().context("instances")?.clone();
    let mut late = Vec::new();
    for instance in instances {
        let id = instance["id"].as_str().context("an id")?;
        let sql = format!(
            "SELECT (extract(epoch FROM now() - finished_at) * 1000000)::bigint FROM deployment WHERE instance_id = '{id}'"
        );
        let guest = stack.region.get(&format!("guests/{id}")).await?;
        let since = guest["now"].as_f64().context("now")?
            - guest["script_ends"].as_f64().context("an end")?;
        let ago = number(&ledger, &sql).await? * i64::from(PACE);
        #[expect(clippy::cast_possible_truncation, reason = "microseconds of minutes")]
        late.push((since * 1e6) as i64 - ago);
    }
    ensure!(late.len() == FAILING, "{} instances", late.len());
    Ok(Sample::of(late))
}

/// A thousand installations on one worker, on a fresh stack at pace 1.
pub async fn many(stack: &Stack) -> Result<Vec<Figure>> {
    let order = json!({ "install": 7200, "times": 0 });
    stack.region.post("next_guest", &order).await?;
    order_all(stack, "kamiwaza", MANY, SPREAD).await?;
    let ledger = connect(&stack.database.as_ref().context("a stack on Postgres")?.url).await?;
    level(
        &ledger,
        "SELECT count(*) FROM deployment WHERE status = 'running'",
        MANY,
    )
    .await?;
    tokio::time::sleep(SETTLE).await;
    let worker = stack.workers.first().and_then(|worker| worker.pid());
    let worker = worker.context("no worker")?;
    let journal = stack.region.get("journal?action=none").await?;
    let last = journal["last"].as_u64().unwrap_or(0);
    let (before, began) = (cost(worker)?, Instant::now());
    tokio::time::sleep(SPAN).await;
    let (span, after) = (began.elapsed().as_secs_f64(), cost(worker)?);
    let path = format!("journal?action=*Command*&after={last}");
    let calls = stack.region.get(&path).await?;
    let calls = calls["calls"].as_array().map_or(0, Vec::len);
    let heard = "SELECT count(DISTINCT deployment_id) FROM event WHERE kind = 'install.step'";
    let heard = number(&ledger, heard).await?;
    let cores = (after.cpu - before.cpu).as_secs_f64() / span;
    let calls = f64::from(u32::try_from(calls)?) / span;
    Ok(vec![
        Figure::judged(
            "1,000 installing at pace 1: worker CPU over 250 s",
            "< 1 core",
            format!("{cores:.2} cores; {heard} heard of"),
            cores < CORES,
        ),
        Figure::judged(
            "1,000 installing at pace 1: calls to SSM",
            "≤ 15 a second",
            format!("{calls:.1} a second"),
            calls <= CALLS,
        ),
    ])
}

async fn order_all(stack: &Stack, template: &str, count: usize, spread: Duration) -> Result<()> {
    let mut api = Connection::open(stack.client.base(), &stack.token).await?;
    let mut turn = tokio::time::interval(spread / u32::try_from(count)?);
    for number in 0..count {
        turn.tick().await;
        let mut order = Stack::order(&format!("v3.0.{number}"));
        template.clone_into(&mut order.template);
        let body = serde_json::to_string(&order)?;
        let key = Uuid::new_v4().to_string();
        let (status, _) = api.post("/v1/deployments", &key, &body).await?;
        ensure!(status == 202, "the API answered {status}");
    }
    Ok(())
}

async fn level(
    ledger: &ingot_migration::sea_orm::DatabaseConnection,
    sql: &str,
    count: usize,
) -> Result<()> {
    let count = i64::try_from(count)?;
    until(sql, Duration::from_secs(300), || async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = number(ledger, sql).await?;
        ensure!(now >= count, "there are {now}");
        Ok(Some(()))
    })
    .await
}
