//! What the rows alone tell: every accepted deployment is over (I3), stories have no gap (I4), attempts and crashes are
//! bounded and end with a reason (I6), no task is left (I12).

use ingot_domain::deployment::{AmiStatus, Status, everything_finished};
use ingot_domain::task::{MAX_CRASHES, TaskState};
use serde_json::Value;

use super::{Rows, text};

/// Seconds a periodic task may be late in an installation at rest: a relay's second ring, on a busy machine.
const LATE: f64 = 20.0;

pub(super) fn violations(rows: &Rows, accepted: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for id in accepted {
        if !rows.deployments.iter().any(|row| text(&row["id"]) == *id) {
            wrong.push(format!("I3: the accepted deployment {id} is not there"));
        }
    }
    wrong.extend(rows.deployments.iter().filter_map(unfinished));
    wrong.extend(rows.deployments.iter().filter_map(|row| gap(rows, row)));
    wrong.extend(rows.tasks.iter().filter_map(task));
    for effect in rows.effects.iter().filter(|row| row["state"] == "intent") {
        wrong.push(format!(
            "I2: effect {} ({}) was never settled",
            text(&effect["id"]),
            text(&effect["kind"])
        ));
    }
    wrong
}

fn unfinished(row: &Value) -> Option<String> {
    let (status, ami) = (text(&row["status"]), text(&row["ami_status"]));
    let over = Status::parse(&status)
        .is_some_and(|status| everything_finished(status, AmiStatus::parse(&ami)));
    (!over).then(|| {
        format!(
            "I3: deployment {} is `{status}`, its AMI `{ami}`",
            text(&row["id"])
        )
    })
}

fn gap(rows: &Rows, row: &Value) -> Option<String> {
    let id = text(&row["id"]);
    let last = row["event_seq"].as_i64().unwrap_or_default();
    let story = rows.stories.iter().find(|story| text(&story["id"]) == id);
    let told = story.map(|story| [&story["count"], &story["first"], &story["last"]]);
    let told = told.map(|numbers| numbers.map(|number| number.as_i64().unwrap_or_default()));
    (told != Some([last, 1, last]))
        .then(|| format!("I4: the story of {id} should be 1 to {last} without a gap: {told:?}"))
}

fn task(row: &Value) -> Option<String> {
    let number = |column: &str| row[column].as_i64().unwrap_or_default();
    let who = format!("task {} ({})", text(&row["id"]), text(&row["kind"]));
    let state = text(&row["state"]);
    if number("attempt") > number("max_attempts") {
        return Some(format!(
            "I6: {who} had {} attempts of {}",
            number("attempt"),
            number("max_attempts")
        ));
    }
    if number("crashes") > i64::from(MAX_CRASHES) {
        return Some(format!("I6: {who} crashed {} times", number("crashes")));
    }
    if state == "discarded" && text(&row["last_error"]).is_empty() {
        return Some(format!("I6: {who} was given up without a reason"));
    }
    let live = TaskState::parse(&state).is_none_or(|state| !state.is_final());
    if live && !row["deployment_id"].is_null() {
        return Some(format!(
            "I12: {who} is still `{state}`: {}",
            text(&row["waiting_for"])
        ));
    }
    let late = row["overdue"].as_f64().unwrap_or_default();
    (live && late > LATE).then(|| format!("I12: {who} is `{state}` and {late:.0} s late"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Rows {
        Rows {
            deployments: vec![
                json!({ "id": "dep_1", "status": "success", "ami_status": "completed", "event_seq": 9 }),
            ],
            tasks: vec![
                json!({ "id": "tsk_1", "state": "completed", "deployment_id": "dep_1", "attempt": 1,
                    "max_attempts": 20, "crashes": 0, "overdue": 999.0 }),
            ],
            effects: vec![json!({ "id": "eff_1", "kind": "launch", "state": "done" })],
            images: Vec::new(),
            builds: Vec::new(),
            purses: Vec::new(),
            entries: Vec::new(),
            stories: vec![json!({ "id": "dep_1", "count": 9, "first": 1, "last": 9 })],
            install: String::new(),
        }
    }

    /// A checker that finds nothing proves nothing.
    #[test]
    fn each_kind_of_violation_is_found() {
        assert_eq!(
            violations(&rows(), &["dep_1".to_owned()]),
            Vec::<String>::new()
        );
        assert_eq!(violations(&rows(), &["dep_2".to_owned()]).len(), 1);
        let breaks: [fn(&mut Rows); 8] = [
            |rows| rows.deployments[0]["status"] = json!("running"),
            |rows| rows.deployments[0]["ami_status"] = json!("creating"),
            |rows| rows.stories[0]["count"] = json!(8),
            |rows| rows.tasks[0]["attempt"] = json!(21),
            |rows| rows.tasks[0]["crashes"] = json!(6),
            |rows| rows.tasks[0]["state"] = json!("scheduled"),
            |rows| rows.tasks[0]["state"] = json!("discarded"),
            |rows| rows.effects[0]["state"] = json!("intent"),
        ];
        for (number, break_it) in breaks.iter().enumerate() {
            let mut rows = rows();
            break_it(&mut rows);
            assert_eq!(violations(&rows, &[]).len(), 1, "{number}");
        }
    }
}
