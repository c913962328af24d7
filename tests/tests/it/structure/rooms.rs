//! The arrows between the rooms, and the words of others that stay in theirs, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use ingot_tests::repository;
use serde_json::Value;

use super::files;

/// Which room may import which; `*` may import all.
const ARROWS: [(&str, &[&str]); 21] = [
    ("domain", &[]),
    ("failpoint", &[]),
    ("yaml", &["domain"]),
    ("advisories", &["domain"]),
    ("cloud", &["domain"]),
    ("outbound", &["domain"]),
    ("notify", &["domain", "outbound", "seal"]),
    ("seal", &[]),
    ("probe", &["domain"]),
    ("queue", &[]),
    ("telemetry", &[]),
    ("throttle", &[]),
    ("sim", &[]),
    ("entity", &["domain"]),
    ("migration", &[]),
    ("client", &["domain"]),
    (
        "engine",
        &["domain", "queue", "entity", "failpoint", "telemetry"],
    ),
    (
        "worker",
        &[
            "domain",
            "advisories",
            "cloud",
            "engine",
            "entity",
            "failpoint",
            "notify",
            "outbound",
            "probe",
            "seal",
            "telemetry",
        ],
    ),
    (
        "api",
        &[
            "domain",
            "yaml",
            "client",
            "entity",
            "queue",
            "seal",
            "telemetry",
        ],
    ),
    ("cli", &["*"]),
    ("tests", &["*"]),
];

/// What tests alone may import besides.
const ARROWS_OF_TESTS: [(&str, &str); 1] = [("cloud", "sim")];

/// Crates, by the beginning of their names, and the rooms that may name them. The test building speaks to everything.
const VOCABULARIES: [(&str, &[&str]); 13] = [
    ("aws-", &["cloud"]),
    ("sea-orm-migration", &["migration"]),
    ("sea-orm", &["entity", "migration"]),
    ("sqlx", &[]),
    ("apalis", &["queue"]),
    ("redis", &["queue", "throttle"]),
    ("reqwest", &["client", "outbound"]),
    ("chacha20poly1305", &["seal"]),
    ("chrono-tz", &["domain"]),
    ("lettre", &["notify"]),
    ("clap", &["cli"]),
    ("axum", &["api", "telemetry"]),
    ("serde-saphyr", &["yaml"]),
];

/// The same as words in the source, because a room may re-export what another must not name.
const WORDS: [(&str, &[&str]); 5] = [
    ("aws_", &["cloud"]),
    ("sea_orm", &["entity", "migration"]),
    ("apalis", &["queue"]),
    ("reqwest", &["client", "outbound"]),
    ("clap::", &["cli"]),
];

struct Room {
    /// Dependencies with their kind: `dev`, `build` or the usual empty one.
    needs: BTreeSet<(String, String)>,
    folder: String,
}

fn rooms() -> BTreeMap<String, Room> {
    let run = Command::new("cargo")
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let told: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&told["packages"])
        .iter()
        .map(|package| {
            let name = text(&package["name"]);
            let name = name.strip_prefix("ingot-").expect("our prefix").to_owned();
            let needs = list(&package["dependencies"])
                .iter()
                .map(|need| (text(&need["name"]), text(&need["kind"])))
                .collect();
            let manifest = text(&package["manifest_path"]);
            let folder = manifest.trim_end_matches("Cargo.toml").to_owned();
            (name, Room { needs, folder })
        })
        .collect()
}

#[test]
fn no_arrow_is_drawn_that_the_design_does_not_know() {
    let (rooms, drawn) = (rooms(), BTreeMap::from(ARROWS));
    let (there, known): (Vec<_>, Vec<_>) = (
        rooms.keys().map(String::as_str).collect(),
        drawn.keys().copied().collect(),
    );
    assert_eq!(there, known, "every room is in ARROWS");
    let mut wrong = Vec::new();
    for (name, room) in &rooms {
        let allowed = drawn[name.as_str()];
        for (need, kind) in &room.needs {
            let Some(other) = need.strip_prefix("ingot-") else {
                continue;
            };
            let tested = kind == "dev" && ARROWS_OF_TESTS.contains(&(name.as_str(), other));
            if !tested && !allowed.contains(&"*") && !allowed.contains(&other) {
                wrong.push(format!("{name} -> {other} {kind}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that are not drawn: {wrong:?}");
}

#[test]
fn vocabularies_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (name, room) in rooms() {
        for (need, kind) in &room.needs {
            let owner = VOCABULARIES.iter().find(|(word, _)| need.starts_with(word));
            let Some((_, owners)) = owner else { continue };
            // Dev-dependencies are doubles of what is outside.
            if name != "tests" && kind != "dev" && !owners.contains(&name.as_str()) {
                wrong.push(format!("{name} names {need}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_source_names_a_word_of_another_room() {
    let mut wrong = Vec::new();
    for (name, room) in rooms() {
        if name == "tests" {
            continue;
        }
        let root = repository().display().to_string();
        let folder = room
            .folder
            .trim_start_matches(&root)
            .trim_start_matches('/')
            .to_owned();
        for (path, text) in files::sources()
            .iter()
            .filter(|(path, _)| path.starts_with(&folder))
        {
            for (word, owners) in WORDS {
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                if !owners.contains(&name.as_str())
                    && code.into_iter().any(|line| names(line, word))
                {
                    wrong.push(format!("{path} names {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The word begins a path: `aws_config::…` does, `ingot_aws_requests` and "AWS" in a text do not.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
        let rest = line[at..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        !inside && rest.starts_with("::")
    })
}

#[test]
fn paths_are_told_from_texts() {
    assert!(names("use aws_config::Region;", "aws_"));
    assert!(names("    sea_orm::Value::Int(None)", "sea_orm"));
    assert!(!names("ingot_aws_requests::total", "aws_"));
    assert!(!names("let x = \"aws_config::y\";", "aws_"));
    assert!(!names("fn aws_cloud() {}", "aws_"));
}
