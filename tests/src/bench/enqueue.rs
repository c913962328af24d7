//! From a durable task to its handler, on an idle system: single orders at random moments, one API, one worker, Postgres
//! and Redis. EC2 refuses every launch, so that each order ends within two visits and the system is idle again.
//!
//! Both ends are commits, told by Postgres itself (see `told.rs`): the task's, after which it cannot be lost, and
//! its first claim's, after which the handler runs. A second line starts the watch when the client sends its request, so
//! it has HTTP, the checks and the API's own commit in it; a third is what the rows' own time stamps say.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use super::figure::Figure;
use super::http::Connection;
use super::sample::Sample;
use super::told::{Ear, Op, Told, now};
use crate::stack::Stack;
use crate::wait::until;

/// Not counted: connections open, statements are prepared, the base image is resolved.
const WARM: usize = 20;
const ORDERS: usize = 400;
/// Milliseconds between two orders.
const PAUSE: std::ops::Range<u128> = 20..120;
/// Microseconds.
const P50: i64 = 5_000;
const P99: i64 = 25_000;
const TARGET: &str = "p50 ≤ 5 ms, p99 ≤ 25 ms";

/// Measures it.
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let database = stack.database.as_ref().context("a stack on Postgres")?;
    let ear = &Ear::open(&database.url).await?;
    let refusal = json!({"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue", "times": 0});
    stack.region.post("faults", &refusal).await?;
    let mut api = Connection::open(stack.client.base(), &stack.token).await?;
    let body = serde_json::to_string(&Stack::order("v1.0.0"))?;
    let mut sent: HashMap<String, i64> = HashMap::new();
    for order in 0..WARM + ORDERS {
        let chance = Uuid::new_v4();
        let pause = PAUSE.start + chance.as_u128() % (PAUSE.end - PAUSE.start);
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause)?)).await;
        let at = now();
        let (status, answer) = api
            .post("/v1/deployments", &chance.to_string(), &body)
            .await?;
        ensure!(status == 202, "the API answered {status}");
        let answer: Value = serde_json::from_slice(answer)?;
        if order >= WARM {
            let id = answer["id"].as_str().context("an id")?;
            sent.insert(id.to_owned(), at);
        }
    }
    let claim = |told: &Told| told.kind == "launch" && told.op == Op::Update && told.epoch == 1;
    let claimed = || ear.count(claim);
    until(
        "every first claim",
        Duration::from_secs(30),
        || async move { Ok((claimed() >= WARM + ORDERS).then_some(())) },
    )
    .await?;
    stack.region.delete("faults").await?;
    let told = ear.take();
    let of = |op: Op| -> HashMap<&str, &Told> {
        let firsts = told.iter().filter(|told| told.op == op && told.epoch <= 1);
        firsts
            .filter_map(|told| Some((told.deployment.as_deref()?, told)))
            .collect()
    };
    let (durable, claimed) = (of(Op::Insert), of(Op::Update));
    let (mut from_commit, mut from_send, mut from_row) = (Vec::new(), Vec::new(), Vec::new());
    for (id, at) in &sent {
        let task = durable
            .get(id.as_str())
            .context("an order without a task")?;
        let claim = claimed
            .get(id.as_str())
            .context("an order without a claim")?;
        from_commit.push(claim.heard - task.heard);
        from_send.push(claim.heard - at);
        from_row.push(claim.heard - claim.created_at);
    }
    let judged = |name: &str, values: Vec<i64>| {
        let sample = Sample::of(values);
        let met = sample.p50() <= P50 && sample.p99() <= P99;
        Figure::judged(name, TARGET, sample.words(), met)
    };
    Ok(vec![
        judged(
            "enqueued (task committed) → handler starts (claim committed)",
            from_commit,
        ),
        Figure::told(
            "client sends `POST` → handler starts",
            Sample::of(from_send).words(),
        ),
    ])
}
