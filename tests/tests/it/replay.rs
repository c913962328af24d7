//! The builds of a base image played again through the ledger: their vendor publishes one after the other, looks find them,
//! workers judge them from the feeds that were loaded, and the levels are spread as they are known to be.

use std::path::Path;
use std::time::Duration;

use ingot_client::base_update::{BaseUpdate, BaseUpdateFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(120);

fn options(at: &str) -> Options {
    Options {
        at: Some(at.to_owned()),
        ..Options::default()
    }
}

async fn run(stack: &Stack, line: &[&str]) -> Value {
    let answer = stack.ingot_json(line).await;
    answer.unwrap_or_else(|error| panic!("{line:?}: {error:#}\n{}", stack.said()))
}

/// Publishes builds in turn, looks after each, and answers the track's updates once all of them are judged.
async fn played(stack: &Stack, track: &str, builds: &[String]) -> Vec<BaseUpdate> {
    let endpoint = stack.region.endpoint();
    for build in builds {
        let release = ["sim", "release", track, build, "--endpoint", endpoint];
        run(stack, &release).await;
        let look = ["base-images", "scan", track, "--region", "us-east-1"];
        let seen = run(stack, &look).await;
        assert_eq!(seen["current_build"], build.as_str(), "{seen:#}");
    }
    let filter = BaseUpdateFilter {
        base: Some(track.to_owned()),
        limit: Some(200),
        ..BaseUpdateFilter::default()
    };
    let judged = until("every update to be judged", LONG, || async {
        let page = stack.client.base_updates(&filter).await?;
        let all = page.items.iter().all(|one| one.security_level.is_some());
        Ok((all && page.items.len() + 1 >= builds.len()).then_some(page.items))
    });
    judged
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()))
}

#[tokio::test]
async fn the_repositorys_own_folder_is_played_through_the_ledger_embedded() {
    own(&Stack::embedded_with(options("2024-06-30T12:00:00Z"))
        .await
        .unwrap())
    .await;
}

#[tokio::test]
async fn the_repositorys_own_folder_is_played_through_the_ledger_scaled() {
    own(&Stack::scaled_with(options("2024-06-30T12:00:00Z"))
        .await
        .unwrap())
    .await;
}

async fn own(stack: &Stack) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/advisories");
    run(stack, &["advisories", "load", &samples.to_string_lossy()]).await;
    let builds = ["20240708", "20240719", "20240726", "20240808"].map(str::to_owned);
    let told = played(stack, "ubuntu-22.04", &builds).await;
    let mut told: Vec<_> = told
        .iter()
        .map(|one| {
            (
                one.to.as_str(),
                one.security_level.as_deref().unwrap_or("-"),
            )
        })
        .collect();
    told.sort_unstable();
    // What the command says of the same pairs; the first look's build is the baseline.
    let wanted = [
        ("20240719", "none"),
        ("20240726", "medium"),
        ("20240808", "medium"),
    ];
    assert_eq!(
        told.iter().rev().take(3).rev().copied().collect::<Vec<_>>(),
        wanted,
        "{told:?}"
    );
}
