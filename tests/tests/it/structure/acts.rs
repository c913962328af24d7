//! No effect in the cloud without its act, and no failpoint in a binary for users (FAULTS F01).

use std::collections::BTreeSet;
use std::process::Command;

use ingot_tests::repository;

use super::files;

/// Calls with an effect, and the act whose failpoints lie around each. There is no tagging apart from the creating call, no
/// stopping yet: the test below sends the author of such a method of the trait `Cloud` here.
const EFFECTS: [(&str, &str); 8] = [
    ("launch", "LAUNCH"),
    ("create_image", "CREATE_IMAGE"),
    ("copy_image", "COPY_IMAGE"),
    ("ensure_security_group", "CREATE_GROUP"),
    ("terminate", "TERMINATE"),
    ("delete_security_group", "DELETE_GROUP"),
    ("deregister_image", "DEREGISTER"),
    ("delete_snapshot", "DELETE_SNAPSHOT"),
];

/// Calls that only ask. `run_command` asks an instance whether its installation or its first boot is over, and orders the
/// scrub before an image, which is the same when it is ordered twice.
const QUESTIONS: [&str; 20] = [
    "check_account",
    "identity",
    "find_instances_by_token",
    "find_instances_by_tag",
    "describe_instances",
    "instance_checks",
    "console",
    "describe_images",
    "find_images",
    "find_security_groups_by_tag",
    "find_snapshots_by_tag",
    "describe_snapshot",
    "describe_security_group",
    "vpc_of",
    "groups_open_to_ssh",
    "resolve_base_image",
    "list_base_images",
    "base_parameter",
    "run_command",
    "command_state",
];

/// The reaper's calls need no act: each is idempotent, recorded before it is made, and made again by the next look as long
/// as the orphan is there.
const REAPER: &str = "worker/src/visits/orphans/remove.rs";

fn source(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).expect(path)
}

#[test]
fn every_call_of_the_cloud_is_a_question_or_has_a_step() {
    let text = source("crates/cloud/src/nouns.rs");
    let methods: BTreeSet<&str> = text
        .split("async fn ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
        .collect();
    assert!(methods.len() > 10, "{methods:?}");
    let known: BTreeSet<&str> = EFFECTS
        .iter()
        .map(|(name, _)| *name)
        .chain(QUESTIONS)
        .collect();
    let new: Vec<_> = methods.difference(&known).collect();
    assert!(
        new.is_empty(),
        "is {new:?} a question, or an effect that needs an act with five points in worker/src/acts.rs?"
    );
    for (name, _) in EFFECTS {
        assert!(methods.contains(name), "{name} is gone");
    }
}

#[test]
fn every_act_is_declared_intended_and_settled() {
    let declared = source("worker/src/acts.rs");
    let used: String = worker().map(|(_, text)| text).collect();
    assert_eq!(declared.matches("act!(").count(), EFFECTS.len());
    for (name, act) in EFFECTS {
        assert!(declared.contains(&format!("pub(crate) {act} = ")), "{name}");
        let by_commit = used.contains(&format!("marks.intend(&{act})"));
        let by_task = used.contains(&format!("{act}.before_intent()"))
            && used.contains(&format!("{act}.after_intent()"));
        assert!(by_commit || by_task, "{act} is never intended");
        assert!(
            used.contains(&format!("marks.settle(&{act})")),
            "{act} is never settled"
        );
    }
}

/// The worker's sources without comments and white space, so that it does not matter where lines break.
fn worker() -> impl Iterator<Item = (String, String)> {
    files::sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("worker/src/") && path != REAPER)
        .map(|(path, text)| {
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            (path, code.flat_map(str::split_whitespace).collect())
        })
}

#[test]
fn no_effect_is_had_outside_of_its_step() {
    let mut calls = 0;
    for (path, text) in worker() {
        for (name, act) in EFFECTS {
            for (at, _) in text.match_indices(&format!(".cloud.{name}(")) {
                calls += 1;
                assert!(
                    inside(&text[..at], &text[at..], act),
                    "{path}: `{name}` is called outside of `{act}.effect(…)`"
                );
            }
        }
    }
    assert!(calls >= EFFECTS.len(), "{calls}");
}

/// `ACT.effect(tools.cloud.…)`, or `let made = tools.cloud.…; … ACT.effect(made)`.
fn inside(before: &str, after: &str, act: &str) -> bool {
    let before = before.trim_end_matches("tools");
    if before.ends_with(&format!("{act}.effect(")) {
        return true;
    }
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
    let Some(name) = statement
        .strip_prefix("let")
        .and_then(|rest| rest.strip_suffix('='))
    else {
        return false;
    };
    let next = after.split_once(';').map_or("", |(_, next)| next);
    next.find(&format!("{act}.effect({name})"))
        .is_some_and(|at| at < 20)
}

#[test]
fn calls_inside_and_outside_of_a_step_are_told_apart() {
    assert!(inside("matchA.effect(tools", ".cloud.x(r).await", "A"));
    assert!(inside(
        "letmade=tools",
        ".cloud.x(r);matchA.effect(made).await",
        "A"
    ));
    assert!(!inside(
        "letmade=tools",
        ".cloud.x(r).await;A.effect(other)",
        "A"
    ));
    assert!(!inside("B.effect(tools", ".cloud.x(r).await", "A"));
}

#[test]
fn only_builds_with_tests_have_failpoints() {
    let features = |edges: &str| {
        let run = Command::new("cargo")
            .args(["tree", "--offline", "--workspace", "--depth", "0"])
            .args(["--edges", edges, "--format", "{p} {f}"])
            .args(["--invert", "ingot-failpoint"])
            .current_dir(repository())
            .output()
            .expect("cargo runs");
        assert!(run.status.success(), "{run:?}");
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    assert!(!features("normal,build").contains("enabled"));
    assert!(features("normal,build,dev").contains("enabled"));
    // The image users run, the demo and the figures are built without tests.
    let builds = [source("Dockerfile"), source("Makefile")].concat();
    let of_users = builds
        .lines()
        .filter(|line| line.contains("build") && line.contains("--bin ingot"));
    let (mut lines, told) = (0, ["--test", "--all-targets", "failpoint"]);
    for line in of_users {
        lines += 1;
        assert!(told.iter().all(|word| !line.contains(word)), "{line}");
    }
    assert!(lines >= 3, "{builds}");
}
