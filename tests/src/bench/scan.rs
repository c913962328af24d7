//! How many calls one look at every base image takes in ten regions (ADVISORIES 1: a region's tracks are asked together).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ingot_client::ScanRequest;

use super::figure::Figure;
use crate::stack::Stack;
use crate::wait::until;

/// Ten regions that vendors publish in.
pub const REGIONS: &str = "us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1,eu-west-2,eu-central-1,eu-north-1,ap-southeast-2,ap-northeast-1";
const LONG: Duration = Duration::from_secs(180);
const TARGET: usize = 40;

/// Measures one look on a stack that watches [`REGIONS`].
pub async fn measure(stack: &Stack) -> Result<Vec<Figure>> {
    let asked = async || anyhow::Ok(stack.region.calls("DescribeImages").await?.len());
    // The first look is the baseline of each track.
    look(stack).await.context("the first look")?;
    let before = asked().await?;
    let began = Instant::now();
    let count = look(stack).await?;
    let (took, calls) = (began.elapsed(), asked().await? - before);
    ensure!(count >= 30, "only {count} base images are watched");
    Ok(vec![Figure::judged(
        &format!("one look at {count} base images in 10 regions"),
        "≤ 40 Describe calls",
        format!("{calls} calls in {:.1} s", took.as_secs_f64()),
        calls <= TARGET,
    )])
}

/// Asks for a look at every base image in every region, and waits for its end; how many base images there are.
async fn look(stack: &Stack) -> Result<usize> {
    let everywhere = ScanRequest {
        regions: REGIONS.split(',').map(str::to_owned).collect(),
    };
    let since = stack.client.scan_base_images(None, &everywhere).await?;
    until("a look at every base image", LONG, || async {
        let seen = stack.client.base_images().await?.items;
        let rows = seen.iter().flat_map(|track| &track.regions);
        let late = rows.filter(|row| row.last_checked.is_none_or(|at| at < since.asked_at));
        Ok((late.count() == 0).then_some(seen.len()))
    })
    .await
}
