//! What the rows tell of builds and purses (I1 to I3, I5): of a target one waits and one runs, what is over has neither money
//! nor an instance, and each purse's entries count up to its figures.

use std::collections::BTreeMap;

use ingot_domain::build::BuildStatus;
use serde_json::Value;

use super::{Rows, text};

pub(super) fn violations(rows: &Rows) -> Vec<String> {
    let mut wrong = targets(rows);
    wrong.extend(rows.builds.iter().filter_map(running));
    wrong.extend(rows.builds.iter().filter_map(|build| left(rows, build)));
    wrong.extend(rows.purses.iter().filter_map(|purse| counted(rows, purse)));
    wrong.extend(rows.entries.iter().filter_map(|entry| kept(rows, entry)));
    wrong
}

fn number(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

fn status(build: &Value) -> Option<BuildStatus> {
    BuildStatus::parse(&text(&build["status"]))
}

fn targets(rows: &Rows) -> Vec<String> {
    let mut counts: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for build in &rows.builds {
        let target = ["template", "version", "mode", "arch", "region"];
        let target = target.map(|column| text(&build[column])).join(" ");
        if let Some(status) = status(build).filter(|status| !status.is_over()) {
            *counts.entry((target, status.waits())).or_default() += 1;
        }
    }
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    let told = |((target, waits), count)| {
        let doing = if waits { "wait" } else { "run" };
        format!("I2: {count} builds of {target} {doing} at once")
    };
    twice.map(told).collect()
}

/// An installation at rest has no build that runs.
fn running(build: &Value) -> Option<String> {
    let status = status(build);
    let rests = status.is_some_and(|status| !status.runs());
    (!rests).then(|| {
        format!(
            "I3: build {} is `{}`",
            text(&build["id"]),
            text(&build["status"])
        )
    })
}

fn left(rows: &Rows, build: &Value) -> Option<String> {
    let over = status(build).is_some_and(|status| !status.runs());
    let builders = rows.deployments.iter();
    let mut builders = builders.filter(|row| row["build_id"] == build["id"]);
    let alive = builders.find(|row| !row["instance_id"].is_null())?;
    over.then(|| {
        format!(
            "I1: build {} is `{}`, its builder {} has {}",
            text(&build["id"]),
            text(&build["status"]),
            text(&alive["id"]),
            text(&alive["instance_id"])
        )
    })
}

fn is_settled(rows: &Rows, reserved: &Value) -> bool {
    let same = |column: &str, row: &Value| row[column] == reserved[column];
    rows.entries.iter().any(|row| {
        row["kind"] == "settled" && ["build", "run", "purse"].iter().all(|one| same(one, row))
    })
}

fn counted(rows: &Rows, purse: &Value) -> Option<String> {
    let (mut held, mut settled) = (0, 0);
    for entry in &rows.entries {
        if entry["purse"] != purse["id"] {
            continue;
        }
        match text(&entry["kind"]).as_str() {
            "reserved" if !is_settled(rows, entry) => held += number(entry, "micros"),
            "settled" => settled += number(entry, "micros"),
            _ => {}
        }
    }
    let figures = ["reserved_micros", "spent_micros"].map(|column| number(purse, column));
    let limit = number(purse, "limit_micros");
    (figures != [held, settled] || figures.iter().sum::<i64>() > limit).then(|| {
        format!(
            "I5: purse {} of {limit} has {figures:?} reserved and spent, its entries [{held}, {settled}]",
            text(&purse["id"])
        )
    })
}

fn kept(rows: &Rows, entry: &Value) -> Option<String> {
    let runs = |build: &Value| {
        build["id"] == entry["build"]
            && build["run"] == entry["run"]
            && status(build).is_some_and(BuildStatus::runs)
    };
    let kept = entry["kind"] == "reserved" && !is_settled(rows, entry);
    (kept && !rows.builds.iter().any(runs)).then(|| {
        format!(
            "I5: {} micro-dollars of {} are kept for run {} of {}, which does not run",
            entry["micros"],
            text(&entry["purse"]),
            entry["run"],
            text(&entry["build"])
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Rows {
        let entry = |kind: &str, micros: i64| json!({ "build": "bld_1", "run": 1, "purse": "prs_1", "kind": kind, "micros": micros });
        let build = |id: &str, status: &str| {
            json!({ "id": id, "status": status, "run": 1, "template": "web", "version": "v1", "mode": "full",
                "arch": "x86_64", "region": "us-east-1" })
        };
        Rows {
            deployments: vec![json!({ "id": "dep_1", "build_id": "bld_1", "instance_id": null })],
            tasks: Vec::new(),
            effects: Vec::new(),
            images: Vec::new(),
            builds: vec![build("bld_1", "completed"), build("bld_2", "queued")],
            purses: vec![
                json!({ "id": "prs_1", "reserved_micros": 0, "spent_micros": 4, "limit_micros": 9 }),
            ],
            entries: vec![
                entry("reserved", 7),
                entry("settled", 4),
                entry("released", 3),
            ],
            stories: Vec::new(),
            install: String::new(),
        }
    }

    /// What damages the rows, and how many violations that is.
    type Break = (fn(&mut Rows), usize);

    /// A checker that finds nothing proves nothing.
    #[test]
    fn each_kind_of_violation_is_found() {
        assert_eq!(violations(&rows()), Vec::<String>::new());
        let breaks: [Break; 6] = [
            (
                |rows| rows.builds[0]["status"] = json!("awaiting_approval"),
                1,
            ),
            (|rows| rows.builds[1]["status"] = json!("building"), 1),
            (|rows| rows.deployments[0]["instance_id"] = json!("i-1"), 1),
            (|rows| rows.purses[0]["reserved_micros"] = json!(1), 1),
            (|rows| rows.purses[0]["limit_micros"] = json!(3), 1),
            // Its purse does not count up either.
            (|rows| drop(rows.entries.remove(1)), 2),
        ];
        for (number, (break_it, count)) in breaks.iter().enumerate() {
            let mut rows = rows();
            break_it(&mut rows);
            assert_eq!(
                violations(&rows).len(),
                *count,
                "{number}: {:?}",
                violations(&rows)
            );
        }
    }
}
