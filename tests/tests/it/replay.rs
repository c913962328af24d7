//! The builds of a base image played again through the ledger: their vendor publishes one after the other, looks find them,
//! workers judge them from the feeds that were loaded, and the levels are spread as they are known to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ingot_client::base_update::{BaseUpdate, BaseUpdateFilter};
use ingot_domain::advisory::base::Build;
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

fn spread(updates: &[BaseUpdate]) -> BTreeMap<String, usize> {
    let mut spread = BTreeMap::new();
    for level in updates.iter().filter_map(|one| one.security_level.clone()) {
        *spread.entry(level).or_default() += 1;
    }
    spread
}

fn counts(wanted: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let owned = wanted
        .iter()
        .map(|(level, count)| ((*level).to_owned(), *count));
    owned.collect()
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

/// The real advisories, where they lie beside the checkout.
fn real() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.ancestors().skip(2).take(2);
    let mut folders = beside.map(|above| above.join("shared/advisories"));
    folders.find(|folder| folder.join("almalinux/images_us_east_1.csv").is_file())
}

/// AlmaLinux 8 and 9 from August 2021 to August 2026: all real images with all real advisories and KEV as of each day
/// (ADVISORIES 4.6).
#[tokio::test]
async fn the_replay_of_almalinux_through_the_ledger_is_spread_as_measured() {
    let Some(folder) = real() else {
        eprintln!("skipped: the real advisories are not beside the checkout");
        return;
    };
    let stack = Stack::embedded_with(options("2021-07-01T00:00:00Z"))
        .await
        .unwrap();
    let path = folder.to_string_lossy().into_owned();
    let feeds = ["--feed", "almalinux", "--feed", "kev"];
    run(
        &stack,
        &[&["advisories", "load", &path], &feeds[..]].concat(),
    )
    .await;
    let rows = std::fs::read_to_string(folder.join("almalinux/images_us_east_1.csv")).unwrap();
    let mut all = Vec::new();
    for major in ["8", "9"] {
        let versions = rows.lines().filter_map(|line| line.split(',').next());
        let mut builds: Vec<Build> = versions
            .filter(|version| version.split('.').next() == Some(major))
            .filter_map(|version| Build::parse(version).ok())
            .collect();
        builds.sort_by(|a, b| a.key().cmp(&b.key()));
        let builds: Vec<String> = builds.into_iter().map(|build| build.name).collect();
        all.extend(played(&stack, &format!("almalinux-{major}"), &builds).await);
    }
    assert_eq!(all.len(), 36);
    let wanted = counts(&[("critical", 12), ("high", 20), ("medium", 3), ("none", 1)]);
    let said: Vec<_> = all
        .iter()
        .map(|one| {
            format!(
                "{} -> {} {:?} {:?}",
                one.from, one.to, one.security_level, one.headline
            )
        })
        .collect();
    assert_eq!(spread(&all), wanted, "{said:#?}");
}
