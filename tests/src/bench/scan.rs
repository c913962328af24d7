//! How many calls one look at every base image takes in ten regions (ADVISORIES 1: a region's tracks are asked together).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use ingot_client::ScanRequest;

use super::figure::Figure;
use crate::stack::Stack;
use crate::wait::until;

/// Ten regions that vendors publish in.
pub const REGIONS: &str = "us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1,eu-west-2,eu-central-1,eu-north-1,ap-southeast-2,ap-northeast-1";
const LONG: Duration = Duration::from_secs(180);
const SETTLE: Duration = Duration::from_secs(5);
const TRACKS: usize = 30;
const TARGET: usize = 40;

/// Measures one look on a stack that may use [`REGIONS`].
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let everywhere = ScanRequest {
        regions: REGIONS.split(',').map(str::to_owned).collect(),
    };
    let known = stack.client.base_images().await?.items;
    // What was asked for once stays watched there.
    let mut since = None;
    for one in known.iter().take(TRACKS) {
        let asked = stack.client.scan_base_images(Some(&one.name), &everywhere);
        since = Some(asked.await?.asked_at);
    }
    let watched = TRACKS * everywhere.regions.len();
    looked(stack, watched, since.context("no base image")?).await?;
    // The looks that the last asks began are over.
    tokio::time::sleep(SETTLE).await;
    let calls = async || anyhow::Ok(stack.region.calls("DescribeImages").await?.len());
    let before = calls().await?;
    let began = Instant::now();
    let asked = stack.client.scan_base_images(None, &everywhere).await?;
    looked(stack, watched, asked.asked_at).await?;
    let (took, calls) = (began.elapsed(), calls().await? - before);
    ensure!(calls > 0, "the region was not asked");
    Ok(vec![Figure::judged(
        &format!("one look at {TRACKS} base images in 10 regions"),
        "≤ 40 Describe calls",
        format!("{calls} calls in {:.1} s", took.as_secs_f64()),
        calls <= TARGET,
    )])
}

/// Waits until so many pairs of a base image and a region were looked at since an instant.
async fn looked(stack: &Stack, pairs: usize, since: DateTime<Utc>) -> Result<()> {
    until("a look at every base image", LONG, || async {
        let seen = stack.client.base_images().await?.items;
        let rows = seen.iter().flat_map(|track| &track.regions);
        let there = rows.filter(|row| row.last_checked.is_some_and(|at| at >= since));
        Ok((there.count() >= pairs).then_some(()))
    })
    .await
}
