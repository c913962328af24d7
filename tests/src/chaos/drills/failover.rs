//! FAULTS F11: the primary dies while its replica lacks the last seconds of writes, and the replica is promoted. A ticket
//! that is gone with the primary costs its task a pass of the relay; a ticket that comes back is refused by the claim.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use super::report::Report;
use super::site::{LONG, Site};
use crate::chaos::schedule::Chance;
use crate::edge::{Edge, Trouble};
use crate::redis::Redis;
use crate::stack::Options;
use crate::wait::until;

/// Failovers of one drill, each with a fresh replica of the one promoted before.
const ROUNDS: usize = 3;
/// Two periods of the reconciler, in which queues must flow again (I12).
const FLOWING: Duration = Duration::from_secs(30);
/// No due task waits longer than this while queues flow (I11).
const LATE: Duration = Duration::from_secs(5);

pub(super) async fn play(seed: u64, report: &mut Report<'_>) -> Result<()> {
    let mut chance = Chance(seed);
    let mut site = Site::start(Options {
        workers: 3,
        pace: 240,
        edges: true,
        ..Options::default()
    })
    .await?;
    let mut ids = site.load(3).await?;
    for _ in 0..ROUNDS {
        let lag = Duration::from_millis(1_500 + chance.below(1_500));
        ids.extend(fail_over(&mut site, lag, report).await?);
    }
    site.succeed(&ids).await?;
    report.proves(
        true,
        format!(
            "all {} deployments and their AMIs succeeded (I3)",
            ids.len()
        ),
    );
    site.holds(report).await
}

async fn fail_over(site: &mut Site, lag: Duration, report: &mut Report<'_>) -> Result<Vec<String>> {
    let link = Edge::to(site.stack.redis()?.address()).await?;
    let port = link.address().port().to_string();
    let replica = Redis::start_with(&["--replicaof", "127.0.0.1", &port]).await?;
    until("a replica that follows", LONG, async || {
        let state: String = replica.info("replication", "master_link_status").await?;
        Ok((state == "up").then_some(()))
    })
    .await?;
    // Nothing passes any more, and neither side knows: that is how a replica falls behind.
    link.set(Trouble::BlackHole);
    let mut ids = site.load_for(lag, Duration::from_millis(150)).await?;
    let primary = site.stack.redis()?;
    let written: i64 = primary.info("replication", "master_repl_offset").await?;
    let known: i64 = replica.info("replication", "slave_repl_offset").await?;
    primary.kill().await?;
    let dead = Instant::now();
    // No primary is there for a moment, as with any election.
    ids.push(site.deploy().await?);
    let mut connection = replica.connection().await?;
    redis::cmd("REPLICAOF")
        .arg(&["NO", "ONE"])
        .query_async::<()>(&mut connection)
        .await?;
    let edges = site.stack.edges.iter().chain(&site.stack.api_edges);
    for edges in edges {
        edges.redis.repoint(replica.address());
    }
    report.did(format!(
        "cut the replica's link for {lag:.1?}, killed the primary, promoted the replica, repointed {} edges; {} deployments \
         were asked for meanwhile",
        site.stack.edges.len() + 1,
        ids.len()
    ));
    report.proves(
        written > known,
        format!(
            "the replica lacks {} bytes of the primary's writes",
            written - known
        ),
    );
    site.stack.redis = Some(replica);
    ids.push(site.deploy().await?);
    until("workers that are ready again", LONG, async || {
        for listening in &site.stack.metrics {
            reqwest::get(format!("{listening}/readyz"))
                .await?
                .error_for_status()?;
        }
        Ok(Some(()))
    })
    .await?;
    let left = (dead + FLOWING).saturating_duration_since(Instant::now());
    let flowing = until("queues that flow", left, async || {
        let oldest = site.oldest_due().await?;
        Ok((oldest < LATE).then_some(oldest))
    })
    .await
    .context("I12")?;
    report.proves(
        true,
        format!(
            "{:.1?} after the death all workers are ready and the oldest due task waits {flowing:.1?} (I12)",
            dead.elapsed()
        ),
    );
    Ok(ids)
}
