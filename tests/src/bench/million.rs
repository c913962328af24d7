//! A ledger with a million finished tasks (`million/fill.rs`): what the API and the console answer, kind by kind
//! (`million/asks.rs`), how fast the engine works through a backlog beside them, and both while the retention deletes them.

mod asks;
mod engine;
mod fill;
mod load;
mod prune;

use anyhow::{Context, Result};

use super::figure::Figure;
use super::sample::ms;
use super::told::connect;
use crate::stack::Stack;

/// Microseconds.
const P99: i64 = 300_000;
/// The slowest kinds are told one by one.
const TOLD: usize = 12;
const NAME: &str = "1 M finished tasks:";

/// Measures it on a fresh stack without a worker, with a Postgres of its own.
pub async fn measure(mut stack: Stack) -> Result<Vec<Figure>> {
    let url = stack
        .database
        .as_ref()
        .context("a stack on Postgres")?
        .url
        .clone();
    let order = ingot_client::deployment::CreateDeployment {
        start: Some(false),
        ..Stack::order("v1.0.0")
    };
    stack.client.create_deployment(&order, "bench").await?;
    let database = connect(&url).await?;
    fill::fill(&database).await?;
    let mut rows = asks::Rows::draw(&database).await?;
    let postgres = stack.postgres.as_ref().context("a Postgres of its own")?;
    let engine = engine::measure(postgres, &url).await?;
    let answers = load::load(&stack, rows.asks(false)).await?;
    let slowest = answers.first().context("answers")?;
    let requests: usize = answers.iter().map(|one| one.took.len()).sum();
    let mut figures = vec![Figure::judged(
        &format!("{NAME} API and console, p99 of the slowest kind"),
        "≤ 300 ms",
        format!(
            "{} (`{}`); {requests} requests of {} kinds, mixed, {} clients",
            ms(slowest.took.p99()),
            slowest.name,
            answers.len(),
            load::CLIENTS
        ),
        slowest.took.p99() <= P99,
    )];
    figures.extend(engine);
    figures.push(prune::measure(&mut stack, &database, &mut rows).await?);
    let kind =
        |one: &load::Answers| Figure::told(&format!("{NAME} `{}`", one.name), one.took.words());
    figures.extend(answers.iter().take(TOLD).map(kind));
    Ok(figures)
}
