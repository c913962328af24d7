//! A deploy of a new version with a migration under load: the schema first, while the old binaries run, then one process
//! after the other, twenty times (FAULTS F32). No deployment fails and no attempt is burnt, and while workers of both
//! versions claim the same image keys, one AMI of each is made.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::load::load;
use crate::check::{Checker, json};
use crate::stack::{Options, Stack};
use crate::wait::until;

/// Times every process is replaced.
const ROUNDS: usize = 20;
/// Simulated seconds per second.
const PACE: u32 = 120;
/// Keys that workers of both versions claim at the same time, and deployments of each.
const KEYS: usize = 6;
/// Deployments of one key.
const EACH: usize = 4;
/// Times that is tried until workers of both versions have won a key.
const TRIES: usize = 5;
/// Longer than a deployment and its AMI take.
const LONG: Duration = Duration::from_secs(240);

/// Rolls from `previous`, the binary of the release before, to ours.
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
    replace(&mut stack, 0).await?;
    both_claim(&stack, &mut checker).await?;
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
            replace(&mut stack, place).await?;
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
    wrong.extend(several_of_a_key(&checker).await?);
    Ok(wrong)
}

/// Asks a worker to stop and starts one of our version in its place.
async fn replace(stack: &mut Stack, place: usize) -> Result<()> {
    let worker = &mut stack.workers[place];
    worker.terminate().await?;
    let status = worker.wait(Duration::from_secs(45)).await?;
    ensure!(status.success(), "{status}: {}", worker.said());
    stack.restart_worker(place).await
}

/// Several deployments of each of some keys, all installed afresh, while one worker is of the version before and one of
/// ours: again with other keys until each has won one, or nothing would have been proven.
async fn both_claim(stack: &Stack, checker: &mut Checker) -> Result<()> {
    for turn in 0..TRIES {
        let mut asked = Vec::new();
        for number in 0..KEYS * EACH {
            let mut order = Stack::order(&format!("v2.{turn}.{}", number % KEYS));
            order.image = Some("fresh".to_owned());
            let key = format!("both-{turn}-{number}");
            let created = until("an accepted deployment", LONG, async || {
                Ok(Some(stack.client.create_deployment(&order, &key).await?))
            });
            asked.push(created.await?.id);
        }
        for id in asked {
            checker.accepted(&id);
            let ended = stack.wait_finished(&id, LONG).await?;
            ensure!(ended.status == "success", "{ended:#?}");
        }
        // A worker of our version writes the base's build into the tags of what it claims.
        let won = "SELECT DISTINCT to_jsonb(tags::jsonb ? 'ingot:base-name') FROM image WHERE version LIKE 'v2.%'";
        if json(checker.db(), won).await?.len() == 2 {
            return Ok(());
        }
    }
    anyhow::bail!("in {TRIES} tries workers of one version alone won the keys: nothing is proven")
}

/// Keys with more than one AMI that can be launched from; nothing in a roll takes one away.
async fn several_of_a_key(checker: &Checker) -> Result<Vec<String>> {
    let several = "SELECT jsonb_build_object('version', version, 'base', base_image, 'amis', jsonb_agg(ami_id)) FROM image \
        WHERE status IN ('claimed', 'pending', 'available') \
        GROUP BY account, region, template, version, mode, arch, base_image, fingerprint HAVING count(*) > 1";
    let rows = json(checker.db(), several).await?;
    let told = rows
        .iter()
        .map(|row| format!("I2: one key has several AMIs: {row}"));
    Ok(told.collect())
}
