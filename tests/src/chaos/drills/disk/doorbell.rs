//! Redis on a full disk: it cannot append to its file and refuses every write. The bell is dumb meanwhile, and nothing else.

use std::time::Duration;

use anyhow::Result;

use super::super::report::Report;
use super::super::site::{LONG, Site};
use crate::stack::{Options, Stack};
use crate::wait::until;

const MIB: usize = 16;

pub(super) async fn play(report: &mut Report<'_>) -> Result<()> {
    let Some(disk) = super::disk(MIB, "Redis", report).await else {
        return Ok(());
    };
    let mut site = Site::start(Options {
        workers: 2,
        pace: 300,
        redis_in: Some(disk.folder().to_owned()),
        ..Options::default()
    })
    .await?;
    let mut ids = site.load(2).await?;
    disk.fill()?;
    until("a Redis that refuses writes", LONG, async || {
        disk.fill()?;
        Ok(write(&site.stack)
            .await
            .is_err_and(|error| error.to_string().contains("MISCONF"))
            .then_some(()))
    })
    .await?;
    ids.extend(site.load(4).await?);
    site.succeed(&ids).await?;
    let still = write(&site.stack).await.is_err();
    report.did("filled the disk of Redis's append-only file and kept it full");
    report.proves(
        still,
        format!(
            "Redis refuses writes (MISCONF), the API accepts, and all {} deployments and their AMIs succeed meanwhile (I3)",
            ids.len()
        ),
    );
    disk.free()?;
    until("a Redis that takes writes", LONG, async || {
        Ok(write(&site.stack).await.is_ok().then_some(()))
    })
    .await?;
    let ids = site.load(2).await?;
    until(
        "workers that are ready",
        Duration::from_secs(60),
        async || {
            for listening in &site.stack.metrics {
                reqwest::get(format!("{listening}/readyz"))
                    .await?
                    .error_for_status()?;
            }
            Ok(Some(()))
        },
    )
    .await?;
    site.succeed(&ids).await?;
    report.proves(
        true,
        "with room again Redis takes writes and all workers are ready",
    );
    site.holds(report).await
}

async fn write(stack: &Stack) -> Result<(), redis::RedisError> {
    let refused =
        |error: anyhow::Error| redis::RedisError::from(std::io::Error::other(error.to_string()));
    let redis = stack.redis().map_err(refused)?;
    let mut connection = redis.connection().await.map_err(refused)?;
    redis::cmd("SET")
        .arg(&["drill", "1", "EX", "1"])
        .query_async(&mut connection)
        .await
}
