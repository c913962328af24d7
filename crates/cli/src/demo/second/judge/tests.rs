//! The judge of the second act against what it must be, and each wrong end of it.

use serde_json::{Value, json};

use super::*;

const NOW: &str = "2024-07-26T12:30:00Z";

/// What asks for the build of a template, and how it stands.
fn build(template: &str, request: Value, more: Value) -> Build {
    let mut build = json!({
        "id": format!("bld_{template}_{}", request["trigger"]), "template": template, "version": "v1.0.0", "mode": "default",
        "architecture": "x86_64", "region": "us-east-1", "status": "completed", "priority": 60, "requested_at": NOW,
        "late": false, "why": [], "run": 1, "cancelling": false, "requests": [request], "story": "/v1/builds", "at": NOW,
    });
    for (name, value) in more.as_object().expect("an object") {
        build[name] = value.clone();
    }
    serde_json::from_value(build).expect("a build")
}

fn request(trigger: &str, level: Option<&str>, urgent: bool) -> Value {
    json!({ "id": "bre_1", "trigger": trigger, "security_level": level, "urgent": urgent, "reason": "r", "approved": false,
        "requested_at": NOW })
}

fn why(on: &str) -> Value {
    json!([{ "on": on, "said": "it waits" }])
}

fn period(budget: &str, spent: &str) -> BudgetPeriod {
    let period = json!({
        "budget": budget, "period": "2024-07", "starts": NOW, "ends": NOW, "limit": "5.00", "policy_limit": "5.00",
        "allowed": "0.00", "spent": spent, "reserved": "0.00", "left": "4.00", "percent": 1, "entries": [],
    });
    serde_json::from_value(period).expect("a period")
}

fn good() -> Seen {
    let night = "2024-07-27T02:00:00Z";
    let builds = vec![
        build(
            "python-ml",
            request("popularity", None, false),
            json!({ "budget_source": "daily", "estimated_cost": "0.30", "actual_cost": "0.06", "image_id": "img_1",
                "started_at": "2024-07-26T02:00:10Z" }),
        ),
        build(
            "python-ml",
            request("security", Some("critical"), false),
            json!({ "budget_source": "urgent", "estimated_cost": "0.30", "actual_cost": "0.05", "image_id": "img_2",
                "started_at": "2024-07-26T11:04:00Z" }),
        ),
        build(
            "r-stats",
            request("security", Some("medium"), false),
            json!({ "status": "queued", "scheduled_for": night, "why": why("window"), "budget_source": "daily" }),
        ),
        build(
            "gpu-lab",
            request("manual", None, true),
            json!({ "status": "awaiting_approval", "why": why("purse") }),
        ),
    ];
    let planned = |build: &Build| {
        json!({
            "id": "bre_1", "build_id": build.id, "template": build.template, "version": "v1.0.0", "region": "us-east-1",
            "trigger": "security", "urgency": "normal", "priority": 60, "state": "scheduled",
            "scheduled_for": build.scheduled_for, "late": false, "coalesced": [], "why": [], "supposed": false,
        })
    };
    let plan = json!({
        "at": NOW, "policy_revision": 1, "timezone": "UTC", "running": [], "windows": [],
        "builds": [planned(&builds[2]), planned(&builds[3])],
    });
    Seen {
        builds,
        builders: Vec::new(),
        periods: vec![
            period("daily", "0.06"),
            period("monthly", "0.06"),
            period("urgent", "0.05"),
        ],
        plan: serde_json::from_value(plan).expect("a plan"),
    }
}

#[test]
fn each_wrong_end_is_found() {
    assert_eq!(problems(&good()), Vec::<String>::new());
    type Change = fn(&mut Seen);
    let table: [(Change, &str); 12] = [
        (
            |seen| drop(seen.builds.remove(2)),
            "asked for no build of r-stats",
        ),
        (
            |seen| seen.builds[0].status = "failed".to_owned(),
            "status is `failed`",
        ),
        (
            |seen| seen.builds[0].started_at = seen.builds[1].started_at,
            "did not start at night",
        ),
        (
            |seen| seen.builds[1].started_at = seen.builds[0].started_at,
            "did not start at once",
        ),
        (|seen| seen.builds[1].image_id = None, "there is no image"),
        (
            |seen| seen.builds[2].why.clear(),
            "does not wait for its window",
        ),
        (
            |seen| seen.builds[3].status = "queued".to_owned(),
            "not `awaiting_approval`",
        ),
        (|seen| seen.plan.builds[0].scheduled_for = None, "differ"),
        (
            |seen| seen.periods[0].budget.spent = "0.07".to_owned(),
            "0.07 USD are spent, its builds cost 0.06 USD",
        ),
        (
            |seen| seen.periods[1].budget.reserved = "0.10".to_owned(),
            "still keeps 0.10 USD",
        ),
        (
            |seen| seen.periods[1].budget.limit = "0.01".to_owned(),
            "is overspent",
        ),
        (|seen| seen.builds[1].late = true, "did not start at once"),
    ];
    for (change, text) in table {
        let mut seen = good();
        change(&mut seen);
        let problems = problems(&seen);
        assert!(
            problems.len() == 1 && problems[0].contains(text),
            "{text}: {problems:?}"
        );
    }
}
