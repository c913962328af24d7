//! `poison-worker POISON VISIT_SECONDS`, with DATABASE_URL and REDIS_URL: a worker for `it/faults/poison.rs`.

use std::time::Duration;

use anyhow::{Context, Result};
use ingot_tests::poison;

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let poison = words.next().context("which poison?")?.parse()?;
    let seconds = words
        .next()
        .context("how long may a visit take?")?
        .parse()?;
    let (database, redis) = (variable("DATABASE_URL")?, variable("REDIS_URL")?);
    poison::worker(&database, &redis, poison, Duration::from_secs(seconds)).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "an outermost room: a process that a test starts"
)]
fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
