//! The builds of a base image played again through the ledger: their vendor publishes one after the other, looks find them,
//! workers judge them from the feeds that were loaded, and the levels are spread as they are known to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ingot_client::base_update::{BaseUpdate, BaseUpdateFilter};
use ingot_tests::{Options, Stack, until};

const LONG: Duration = Duration::from_secs(120);

fn options(at: &str) -> Options {
    Options {
        at: Some(at.to_owned()),
        ..Options::default()
    }
}

/// Publishes builds in turn, each made at an instant if one is said, looks after each, and answers the track's updates once
/// `updates` of them are judged.
async fn played(
    stack: &Stack,
    track: &str,
    builds: &[(String, Option<String>)],
    updates: usize,
) -> Vec<BaseUpdate> {
    let endpoint = stack.region.endpoint();
    for (build, made) in builds {
        let mut release = vec!["sim", "release", track, build, "--endpoint", endpoint];
        if let Some(made) = made {
            release.extend(["--created", made]);
        }
        stack.ingot_json(&release).await.unwrap();
        let look = ["base-images", "scan", track, "--region", "us-east-1"];
        let seen = stack.ingot_json(&look).await.unwrap();
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
        Ok((all && page.items.len() >= updates).then_some(page.items))
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
    stack
        .ingot_json(&["advisories", "load", &samples.to_string_lossy()])
        .await
        .unwrap();
    let builds =
        ["20240708", "20240719", "20240726", "20240808"].map(|build| (build.to_owned(), None));
    let told = played(stack, "ubuntu-22.04", &builds, 3).await;
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

/// The data of real vendors, where it lies beside the checkout.
fn real() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["../..", "../../.."].map(|up| root.join(up).join("shared/advisories"));
    beside.into_iter().find(|folder| folder.is_dir())
}

/// AlmaLinux's builds of one release as it published them, oldest first, each made at the end of the day in its name.
fn builds_of(list: &str, major: &str) -> Vec<(String, Option<String>)> {
    let number = |part: &str| part.parse::<u64>().unwrap_or_default();
    let versions = list.lines().filter_map(|line| line.split(',').next());
    let mut found: Vec<&str> = versions
        .filter(|version| version.split('.').next() == Some(major))
        .filter(|version| version.split('.').any(|part| part.len() == 8))
        .collect();
    found.sort_by_key(|version| version.split('.').map(number).collect::<Vec<_>>());
    let made = |version: &str| {
        let day = version.split('.').find(|part| part.len() == 8)?;
        Some(format!(
            "{}-{}-{}T23:59:59Z",
            &day[..4],
            &day[4..6],
            &day[6..]
        ))
    };
    found
        .into_iter()
        .map(|version| (version.to_owned(), made(version)))
        .collect()
}

/// ADVISORIES 4.6: the 36 pairs of AlmaLinux's builds, against all its advisories and KEV as of each day. Skipped where the
/// vendors' data is not beside the checkout, as in `py/test_advisories_assess.py`, which plays them through the command.
#[tokio::test]
async fn almalinux_is_played_through_the_ledger() {
    let Some(folder) = real() else {
        return;
    };
    let list = std::fs::read_to_string(folder.join("almalinux/images_us_east_1.csv")).unwrap();
    let mut spread = BTreeMap::<String, usize>::new();
    for (major, at) in [("8", "2021-08-10T00:00:00Z"), ("9", "2022-06-01T00:00:00Z")] {
        let stack = Stack::embedded_with(options(at)).await.unwrap();
        stack
            .ingot_json(&["advisories", "load", &folder.to_string_lossy()])
            .await
            .unwrap();
        let track = format!("almalinux-{major}");
        let look = ["base-images", "scan", &track, "--region", "us-east-1"];
        let seen = stack.ingot_json(&look).await.unwrap();
        let builds = builds_of(&list, major);
        let (first, later) = builds.split_first().unwrap();
        assert_eq!(seen["current_build"], first.0.as_str(), "{seen:#}");
        for update in played(&stack, &track, later, later.len()).await {
            let level = update.security_level.unwrap_or_default();
            *spread.entry(level).or_default() += 1;
        }
    }
    let wanted = [("critical", 12), ("high", 20), ("medium", 3), ("none", 1)];
    assert_eq!(
        spread,
        wanted
            .map(|(level, pairs)| (level.to_owned(), pairs))
            .into()
    );
}
