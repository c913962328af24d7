//! FAULTS F42: Postgres is restored from a backup that is older than the world. What the backup knows goes on and adopts
//! what was made for it since; what it has never heard of is told, kept, and removed when the operator says so.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use ingot_client::FindingFilter;
use ingot_domain::image::DEPLOYMENT_TAG;
use serde_json::Value;
use tempfile::TempDir;

use super::report::Report;
use super::site::{LONG, Site};
use crate::chaos::schedule::Chance;
use crate::check::json;
use crate::stack::{Options, Stack};
use crate::wait::until;

/// A deployment's half hour is a quarter of a minute, and the reaper's patience eight seconds.
const PACE: u32 = 240;
const REGION: &str = "us-east-1";
/// Versions of the deployments that the backup has never heard of.
const LOST: [&str; 3] = ["v7.0.1", "v7.0.2", "v7.0.3"];

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    let mut chance = Chance(seed);
    let mut site = Site::start(Options {
        workers: 2,
        pace: PACE,
        own_postgres: true,
        ..Options::default()
    })
    .await?;
    let folder = TempDir::new()?;
    let backup = folder.path().join("backup");
    let kept = back_up(&mut site, &backup, &mut chance, report).await?;
    let lost = go_on(&site, &kept, report).await?;
    restore(&mut site, &backup, &mut chance, report).await?;
    nothing_double(&site, &kept, report).await?;
    told(&site, &lost, report).await?;
    asked_again(&mut site, report).await?;
    removed(&mut site, &lost, report).await
}

/// Deployments in every stage of their lives, some of which no worker has touched yet, and a backup of the ledger then.
async fn back_up(
    site: &mut Site,
    backup: &std::path::Path,
    chance: &mut Chance,
    report: &mut Report<'_>,
) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for _ in 0..7 {
        kept.push(site.deploy().await?);
        tokio::time::sleep(Duration::from_millis(chance.below(4_000))).await;
    }
    // Asked for, and not begun: of these the backup has no effect, and the world soon has an instance and an AMI.
    for worker in &site.stack.workers {
        worker.signal("STOP").await?;
    }
    kept.extend(site.load(3).await?);
    let stages =
        "SELECT to_jsonb(status || coalesce('/' || ami_status, '')) FROM deployment ORDER BY id";
    let stages = json(site.checker.db(), stages).await?;
    let (postgres, database) = servers(&site.stack)?;
    postgres.dump(database, backup).await?;
    for worker in &site.stack.workers {
        worker.signal("CONT").await?;
    }
    let stages: Vec<&str> = stages.iter().filter_map(Value::as_str).collect();
    report.did(format!(
        "took a backup with {} deployments: {}",
        kept.len(),
        stages.join(", ")
    ));
    Ok(kept)
}

fn servers(stack: &Stack) -> Result<(&crate::Postgres, &crate::Database)> {
    let postgres = stack.postgres.as_ref().context("a Postgres of its own")?;
    Ok((postgres, stack.database.as_ref().context("a database")?))
}

/// The world goes on: everything succeeds, some are made that the backup does not know, and one is destroyed.
async fn go_on(site: &Site, kept: &[String], report: &mut Report<'_>) -> Result<Vec<String>> {
    let mut lost = Vec::new();
    for version in LOST {
        lost.push(site.stack.deploy(version).await?.id);
    }
    site.succeed(kept).await?;
    site.succeed(&lost).await?;
    let first = kept.first().context("a deployment")?;
    site.stack.client.act(first, "destroy").await?;
    let ended = |seen: &ingot_client::Deployment| seen.instance_id.is_none();
    site.stack.wait_deployment(first, ended, LONG).await?;
    report.did(format!(
        "went on until all of them and {} newer ones had an instance and an AMI; destroyed one of the old",
        lost.len()
    ));
    Ok(lost)
}

async fn restore(
    site: &mut Site,
    backup: &std::path::Path,
    chance: &mut Chance,
    report: &mut Report<'_>,
) -> Result<()> {
    let how = if chance.below(2) == 0 { "TERM" } else { "KILL" };
    let flush = chance.below(2) == 0;
    let processes = std::iter::once(&mut site.stack.api).chain(&mut site.stack.workers);
    for process in processes {
        process.signal(how).await?;
        process.wait(Duration::from_secs(45)).await?;
    }
    let (postgres, database) = servers(&site.stack)?;
    postgres.empty(database).await?;
    postgres.restore(database, backup).await?;
    if flush {
        site.stack.redis()?.flushall().await?;
    }
    site.stack.restart_api().await?;
    for place in 0..site.stack.workers.len() {
        site.stack.restart_worker(place).await?;
    }
    let doorbell = if flush {
        "emptied Redis"
    } else {
        "left Redis as it was"
    };
    report.did(format!(
        "SIG{how} to everything, restored the backup, {doorbell}, started everything again"
    ));
    Ok(())
}

/// What the backup knows comes to its end with the instance and the AMI it has in the world.
async fn nothing_double(site: &Site, kept: &[String], report: &mut Report<'_>) -> Result<()> {
    for id in kept {
        let over = |seen: &ingot_client::Deployment| {
            seen.finished && (seen.status == "success" || seen.instance_id.is_none())
        };
        site.stack.wait_deployment(id, over, LONG).await?;
    }
    for (kind, what) in [("instances", "instance"), ("images", "AMI")] {
        let objects = site.stack.region.objects(REGION, kind).await?;
        let count = |id: &String| objects.iter().filter(|one| is_of(one, id)).count();
        let counts: Vec<usize> = kept.iter().map(count).collect();
        report.proves(
            counts.iter().all(|count| *count == 1),
            format!(
                "each of the {} deployments of the backup has one {what}, made before it or after ({counts:?}) (I2)",
                kept.len()
            ),
        );
    }
    let adopted = "SELECT to_jsonb(count(DISTINCT deployment_id)) FROM event WHERE kind = 'deployment.adopted'";
    let adopted = site.one(adopted).await?.as_i64().unwrap_or_default();
    report.proves(
        adopted >= 3,
        format!("{adopted} of them adopted an instance that is newer than the backup"),
    );
    let destroyed = site.stack.client.deployment(&kept[0]).await?;
    let story = site.stack.story(&kept[0]).await?;
    report.proves(
        destroyed.instance_id.is_none()
            && story
                .iter()
                .any(|line| line.kind == "deployment.instance_lost"),
        "the one that was destroyed since is told to have lost its instance, and ended",
    );
    Ok(())
}

/// Objects of deployments the backup has never heard of, by their ids.
async fn objects_of(site: &Site, lost: &[String], kind: &str) -> Result<BTreeSet<String>> {
    let objects = site.stack.region.objects(REGION, kind).await?;
    let theirs = objects
        .iter()
        .filter(|one| lost.iter().any(|id| is_of(one, id)))
        .filter_map(|one| one["id"].as_str());
    Ok(theirs.map(str::to_owned).collect())
}

/// Instances carry the deployment's id in our words, images in those of the Kamiwaza document.
fn is_of(object: &Value, deployment: &str) -> bool {
    [DEPLOYMENT_TAG, "CreatedFromJob"]
        .iter()
        .any(|tag| object["tags"][tag] == deployment)
}

/// What the backup has never heard of is told, and nothing of it is touched.
async fn told(site: &Site, lost: &[String], report: &mut Report<'_>) -> Result<()> {
    let instances = objects_of(site, lost, "instances").await?;
    let images = objects_of(site, lost, "images").await?;
    let open = "SELECT to_jsonb(subject) FROM finding WHERE cleared_at IS NULL AND sightings >= 2";
    let everything: BTreeSet<&String> = instances.iter().chain(&images).collect();
    until("findings of what is newer", LONG, async || {
        let open = json(site.checker.db(), open).await?;
        let told = |id: &&String| open.iter().any(|row| row.as_str() == Some(id));
        Ok(everything.iter().all(told).then_some(()))
    })
    .await?;
    // Longer than the reaper's patience: what it may not touch stays.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let states = site.stack.region.objects(REGION, "instances").await?;
    let alive = states
        .iter()
        .filter(|one| one["id"].as_str().is_some_and(|id| instances.contains(id)))
        .all(|one| one["state"] == "running");
    report.proves(
        alive && instances.len() == lost.len(),
        format!(
            "{} instances and {} AMIs that are newer than the backup are told as findings, and run on",
            instances.len(),
            images.len()
        ),
    );
    Ok(())
}

/// A second request for what was lost gets its AMI and makes no second one.
async fn asked_again(site: &mut Site, report: &mut Report<'_>) -> Result<()> {
    let version = LOST[0];
    let id = site.stack.deploy(version).await?.id;
    site.checker.accepted(&id);
    let seen = site.stack.wait_finished(&id, LONG).await?;
    let images = site.stack.region.objects(REGION, "images").await?;
    let of_version = images
        .iter()
        .filter(|one| one["tags"]["KamiwazaVersion"] == version)
        .count();
    report.proves(
        seen.status == "success" && of_version == 1,
        format!(
            "{version} is asked for again: it ends in {}, AMI {}, and there is {of_version} AMI of it",
            seen.status,
            seen.ami_creation_status.as_deref().unwrap_or_default()
        ),
    );
    Ok(())
}

/// Without a record in the ledger nothing is removed unasked: a person settles each finding, and the checker finds nothing
/// else.
async fn removed(site: &mut Site, lost: &[String], report: &mut Report<'_>) -> Result<()> {
    let images = objects_of(site, lost, "images").await?;
    let lost = objects_of(site, lost, "instances").await?;
    let filter = FindingFilter {
        state: Some("open".to_owned()),
        limit: Some(200),
        ..FindingFilter::default()
    };
    let open = site.stack.client.findings(&filter).await?.items;
    for one in open.iter().filter(|one| lost.contains(&one.subject)) {
        let settle = [
            "findings",
            "settle",
            &one.id,
            "--remove",
            "--reason",
            "lost with the ledger",
        ];
        site.stack.ingot_json(&settle).await?;
    }
    until("an end of what no ledger knows", LONG, async || {
        let there = site.stack.region.objects(REGION, "instances").await?;
        let over = |one: &&Value| one["state"] == "terminated" || one["state"] == "shutting-down";
        let alive = there
            .iter()
            .filter(|one| one["id"].as_str().is_some_and(|id| lost.contains(id)))
            .filter(|one| !over(one));
        Ok((alive.count() == 0).then_some(()))
    })
    .await?;
    report.proves(
        true,
        format!(
            "`ingot findings settle … --remove` removes the {} instances this ledger has no record of",
            lost.len()
        ),
    );
    let end = tokio::time::Instant::now() + LONG;
    let wrong = loop {
        let mut wrong = site.checker.violations(&site.stack).await?;
        // The checker knows no better of them than the ledger; AMIs without a row are kept for the next request.
        let newer: Vec<&String> = lost.iter().chain(&images).collect();
        wrong.retain(|line| !newer.iter().any(|id| line.contains(id.as_str())));
        if wrong.is_empty() || tokio::time::Instant::now() >= end {
            break wrong;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    report.proves_none(
        &wrong,
        "the checker finds nothing else lost, doubled or left behind",
    );
    Ok(())
}
