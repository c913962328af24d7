//! A deploy of a new version with a migration under load: the schema first, while the old binaries run, then one process
//! after the other, twenty times (FAULTS F32). No deployment fails and no attempt is burnt.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::load::load;
use crate::check::{Checker, json};
use crate::stack::{Options, Stack};

/// Times every process is replaced.
const ROUNDS: usize = 20;
/// Simulated seconds per second.
const PACE: u32 = 120;

/// Rolls from `previous`, the binary of the migration before, to ours.
pub async fn roll(previous: &Path) -> Result<Vec<String>> {
    let mut stack = Stack::scaled_with(Options {
        workers: 2,
        pace: PACE,
        binary: Some(previous.to_owned()),
        ..Options::default()
    })
    .await?;
    let mut checker = Checker::watch(&stack).await?;
    let mut loading = tokio::spawn(load(stack.client.clone(), 0));
    let migrated = stack.ingot(&["migrate", "up"]).await?;
    let said = String::from_utf8_lossy(&migrated.stderr).into_owned();
    ensure!(migrated.status.success(), "`ingot migrate up`: {said}");
    stack.binary = crate::environment::binary()?;
    for round in 0..ROUNDS {
        if loading.is_finished() {
            let seed = u64::try_from(round).unwrap_or(0) + 1;
            let next = tokio::spawn(load(stack.client.clone(), seed));
            for id in std::mem::replace(&mut loading, next).await?? {
                checker.accepted(&id);
            }
        }
        stack.restart_api().await?;
        for place in 0..stack.workers.len() {
            let worker = &mut stack.workers[place];
            worker.terminate().await?;
            let status = worker.wait(Duration::from_secs(45)).await?;
            ensure!(status.success(), "{status}: {}", worker.said());
            stack.restart_worker(place).await?;
        }
    }
    for id in loading.await?? {
        checker.accepted(&id);
    }
    let mut wrong = checker.settle(&stack, Duration::from_secs(300)).await?;
    let costs = "SELECT jsonb_build_object('task', id, 'attempt', attempt, 'crashes', crashes, 'error', last_error) \
        FROM task WHERE deployment_id IS NOT NULL AND (attempt > 1 OR crashes > 0)";
    for row in json(checker.db(), costs).await? {
        wrong.push(format!("F32: a restart cost an attempt: {row}"));
    }
    Ok(wrong)
}
