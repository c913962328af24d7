//! Postgres on a full disk: the API refuses what it cannot write down with 503, workers cannot record what they do, and all
//! of that goes on for longer than a task may crash. Once there is room again, nothing is lost.

use std::time::Duration;

use anyhow::{Result, ensure};
use ingot_migration::sea_orm::ConnectionTrait;
use reqwest::{Client, Response, StatusCode};
use tokio::time::Instant;
use uuid::Uuid;

use super::super::report::Report;
use super::super::site::{LONG, Site};
use crate::chaos::schedule::Chance;
use crate::disk::Disk;
use crate::stack::{Options, Stack};
use crate::wait::until;

/// Holds the server's own 60 MiB and some segments of its log.
const MIB: usize = 192;
/// A deployment's half hour is a minute and a half, and the time the disk is full is half an hour to it: less than any of
/// its limits.
const PACE: u32 = 20;
/// Longer than five leases, after which a task that cannot be recorded would be poisoned.
const FULL: u64 = 80;
/// Between two requests.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a server that the full disk stopped is given to come up by itself.
const ALONE: Duration = Duration::from_secs(20);

/// What a customer saw.
#[derive(Debug, Default)]
struct Seen {
    /// Requests and their keys that were refused for now.
    refused: Vec<(String, String)>,
    accepted: Vec<String>,
    served: usize,
    later: usize,
}

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    let Some(disk) = super::disk(MIB, "Postgres", report).await else {
        return Ok(());
    };
    let mut chance = Chance(seed);
    let mut site = Site::start(Options {
        workers: 2,
        pace: PACE,
        postgres_in: Some(disk.folder().to_owned()),
        ..Options::default()
    })
    .await?;
    for setting in [
        // The log would take the whole disk before it is written over.
        "ALTER SYSTEM SET max_wal_size = '48MB'",
        "ALTER SYSTEM SET min_wal_size = '32MB'",
        "SELECT pg_reload_conf()",
        "CHECKPOINT",
    ] {
        site.checker.db().execute_unprepared(setting).await?;
    }
    let mut ids = site.load(4).await?;
    for id in &ids {
        // What has a limit of its own must be over: the launch.
        let launched = |seen: &ingot_client::Deployment| seen.status == "running";
        site.stack.wait_deployment(id, launched, LONG).await?;
    }
    tokio::time::sleep(Duration::from_millis(chance.below(5_000))).await;
    let taken = disk.fill()?;
    let full = Duration::from_secs(FULL + chance.below(15));
    let seen = customer(&site.stack, &disk, full).await?;
    report.did(format!(
        "filled Postgres's disk ({} MiB of {MIB}) for {full:.0?} under requests and 4 deployments in the midst of their lives",
        taken >> 20
    ));
    report.proves(
        seen.later > 0 && !seen.refused.is_empty(),
        format!(
            "{} requests were served, {} answered 503 with Retry-After and nothing of the inside, no other answer came",
            seen.served, seen.later
        ),
    );
    disk.free()?;
    recover(&site.stack, report).await?;
    for id in &seen.accepted {
        site.checker.accepted(id);
    }
    ids.extend(seen.accepted);
    for (version, key) in &seen.refused {
        let order = Stack::order(version);
        let client = &site.stack.client;
        let asked = until("an accepted deployment", LONG, async || {
            Ok(Some(client.create_deployment(&order, key).await?))
        });
        let id = asked.await?.id;
        site.checker.accepted(&id);
        ids.push(id);
    }
    site.succeed(&ids).await?;
    report.proves(
        true,
        format!(
            "with room again all {} deployments and their AMIs succeeded (I3)",
            ids.len()
        ),
    );
    site.holds(report).await
}

/// Asks for lists and for deployments while the disk is kept full.
async fn customer(stack: &Stack, disk: &Disk, time: Duration) -> Result<Seen> {
    let http = Client::new();
    let url = format!("{}/v1/deployments", stack.client.base());
    let (mut seen, end) = (Seen::default(), Instant::now() + time);
    let mut number = 0;
    while Instant::now() < end {
        // What the server gave back meanwhile is taken, too.
        disk.fill()?;
        let list = http.get(&url).bearer_auth(&stack.token).send().await?;
        judge(list, StatusCode::OK, &mut seen).await?;
        // A few that are waiting to be let in are enough.
        if seen.refused.len() < 4 {
            number += 1;
            let (version, key) = (format!("v0.9.{number}"), Uuid::new_v4().to_string());
            let order = Stack::order(&version);
            let asked = http.post(&url).bearer_auth(&stack.token).json(&order);
            let answer = asked.header("Idempotency-Key", &key).send().await?;
            match judge(answer, StatusCode::ACCEPTED, &mut seen).await? {
                Some(body) => {
                    let made: ingot_client::Deployment = serde_json::from_str(&body)?;
                    seen.accepted.push(made.id);
                }
                None => seen.refused.push((version, key)),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen)
}

/// Every answer is what was asked for, or a 503 that says when to come back and nothing of the inside.
async fn judge(answer: Response, wanted: StatusCode, seen: &mut Seen) -> Result<Option<String>> {
    let status = answer.status();
    let retry = answer.headers().contains_key("retry-after");
    let body = answer.text().await?;
    if status == wanted {
        seen.served += 1;
        return Ok(Some(body));
    }
    ensure!(
        status == StatusCode::SERVICE_UNAVAILABLE
            && retry
            && body.contains("urn:ingot:problem:unavailable"),
        "the API answered {status} (Retry-After: {retry}): {body}"
    );
    for inside in [
        "No space",
        "could not",
        "sqlx",
        "INSERT",
        "relation",
        "53100",
    ] {
        ensure!(
            !body.contains(inside),
            "the API tells of its inside: {body}"
        );
    }
    seen.later += 1;
    Ok(None)
}

/// Waits until Postgres is back, and starts it again if the full disk has ended it for good.
async fn recover(stack: &Stack, report: &mut Report<'_>) -> Result<()> {
    let answers = async || {
        stack.client.deployments(&Default::default()).await?;
        Ok(Some(()))
    };
    let freed = Instant::now();
    if until("an API that answers", ALONE, answers).await.is_err()
        && let Some(postgres) = &stack.postgres
    {
        postgres.restart("fast").await?;
        report.did("freed the disk and started Postgres again, which had ended");
        until("an API that answers", LONG, answers).await?;
    }
    report.proves(
        true,
        format!(
            "the API serves {:.1?} after there was room again",
            freed.elapsed()
        ),
    );
    Ok(())
}
