//! Wrong clocks. `libfaketime` gives one process a clock of its own; its monotonic clock stays true, as it does when NTP
//! or an operator sets the time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ingot_tests::{Options, ingot};

use super::{Site, object};

/// Debian's package `faketime` keeps it outside of the linker's path (`tests/setup.sh` installs it).
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("libraries").flatten();
    let found = folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.is_file());
    found.expect("libfaketime; `make setup` installs it")
}

/// The environment of a process whose wall clock is what `file` says.
fn faked(file: &Path) -> Vec<(String, String)> {
    let pairs = [
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// FAULTS F19: ten minutes off is refused at start with one line; a jump of ten minutes either way while tasks are held
/// neither steals nor loses one, and nothing fires early.
#[tokio::test(flavor = "multi_thread")]
async fn f19_a_wrong_clock_is_refused_and_a_jump_steals_and_loses_nothing() {
    let mut site = Site::start(Options {
        workers: 1,
        pace: 300,
        ..Options::default()
    })
    .await;
    let file = site.stack.data_dir().join("clock");
    let jump = |offset: &str| std::fs::write(&file, offset).unwrap();

    jump("+10m");
    let mut wrong = site.stack.environment.clone();
    wrong.extend(faked(&file));
    for arguments in [
        ["api", "--listen", "127.0.0.1:0"],
        ["worker", "--metrics-listen", "127.0.0.1:0"],
    ] {
        let run = ingot(&arguments, &wrong, Duration::from_secs(30))
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let lines = said
            .lines()
            .filter(|line| !line.contains("\"level\":\"INFO\""));
        assert_eq!(lines.count(), 1, "{said}");
        assert!(!run.status.success() && said.contains("clock is"), "{said}");
        assert!(said.contains("(NTP)"), "the way out is told: {said}");
    }

    jump("+0");
    let faked = faked(&file);
    let faked: Vec<(&str, &str)> = faked
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    site.stack.add_worker_with(&faked).await.unwrap();
    // Only the one with the strange clock is left, so that it holds everything.
    site.stack.workers[0].terminate().await.unwrap();
    site.stack.workers[0]
        .wait(Duration::from_secs(40))
        .await
        .unwrap();
    let mut all = Vec::new();
    for offset in ["+10m", "-10m", "+0"] {
        let slow = object!({ "action": "RunInstances", "kind": "delay", "ms": 2000, "times": 1 });
        site.fault(slow).await;
        let ids = site.load(2).await;
        site.reaches(&ids[0], |seen| seen.status == "deploying")
            .await;
        jump(offset);
        all.extend(ids);
    }
    // Another one with a true clock beside it, which must not think that it is owed anything.
    site.stack.restart_worker(0).await.unwrap();
    site.succeed(&all).await;
    site.burnt_nothing(&all).await;
    for place in [0, 1] {
        let lost = site.counter(place, "ingot_lease_expired").await;
        let fenced = site.counter(place, "ingot_fenced_writes").await;
        assert_eq!((lost, fenced), (0.0, 0.0), "at worker {place}");
    }
    let most = site
        .one("SELECT to_jsonb(max(visits)) FROM task WHERE kind <> 'scheduler'")
        .await;
    assert!(most.as_i64().unwrap() < 300, "nothing fires early: {most}");
    site.holds().await;
}
