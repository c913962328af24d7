//! The plan against its sentences: an example of each here, random scenarios in `property`.

mod corners;
mod money;
mod property;
mod requests;

use chrono::TimeDelta;

use super::*;
use crate::advisory::level::Level;
use crate::policy::given::Given;

const NOON: &str = "2026-11-27T12:00:00Z";

fn at(text: &str) -> Instant {
    text.parse().expect(text)
}

fn dollars(text: &str) -> Money {
    Money::parse(text).expect(text)
}

/// A template of us-east-1.
fn target(name: &str, minutes: i64, cost: &str) -> Target {
    Target {
        name: name.to_owned(),
        region: "us-east-1".to_owned(),
        expected: TimeDelta::minutes(minutes),
        cost: dollars(cost),
    }
}

fn request(id: &str, cause: Cause, requested: &str) -> Request {
    Request {
        id: id.to_owned(),
        cause,
        max_cost: None,
        approved: false,
        requested: at(requested),
        term: None,
    }
}

fn security(level: Level) -> Cause {
    Cause::Security { level: Some(level) }
}

fn waiting(target: Target, requests: Vec<Request>) -> Waiting {
    Waiting {
        target,
        requests,
        not_before: None,
    }
}

/// A scenario at noon with nothing spent and nothing running.
fn scene(given: Given, queue: Vec<Waiting>) -> scenario::Scenario {
    scenario::Scenario {
        now: at(NOON),
        policy: given.into(),
        queue,
        spent: Spent::default(),
        running: Vec::new(),
    }
}

/// A scenario of one template.
fn one(given: Given, target: Target, requests: Vec<Request>) -> scenario::Scenario {
    scene(given, vec![waiting(target, requests)])
}

/// A running build of us-east-1.
fn running(until: &str, target: Option<&str>) -> Running {
    Running {
        region: "us-east-1".to_owned(),
        until: at(until),
        target: target.map(str::to_owned),
    }
}

/// State, start and purse of each, in rank order.
fn told(scenario: &scenario::Scenario) -> Vec<String> {
    let plan = scenario.plan();
    let line = |build: &Build| {
        let purse = build.budget_source.map_or("-", Purse::as_str);
        let start = build
            .scheduled_for
            .map_or("-".to_owned(), |at| at.format("%m-%dT%H:%M:%S").to_string());
        format!("{} {} {start} {purse}", build.id, build.state)
    };
    plan.builds.iter().map(line).collect()
}

/// The example at the end of AUTO-AMI 6.
#[test]
fn the_example_of_the_document() {
    let example = scene(
        Given {
            daily_budget: Some(dollars("25")),
            ..Given::default()
        },
        vec![
            waiting(
                target("a", 25, "8.50"),
                vec![request(
                    "r1",
                    security(Level::Critical),
                    "2026-11-27T11:30:00Z",
                )],
            ),
            waiting(
                target("b", 40, "10"),
                vec![
                    request("r2", Cause::Popularity, "2026-11-27T11:00:00Z"),
                    request("r3", security(Level::Medium), "2026-11-27T11:00:00Z"),
                ],
            ),
        ],
    );
    let plan = serde_json::to_value(example.plan()).expect("JSON");
    assert_eq!(
        plan,
        serde_json::json!({"builds": [
            {
                "id": "r1", "template": "a", "trigger": "security", "urgency": "critical", "priority": 100,
                "state": "start", "scheduled_for": "2026-11-27T12:00:00Z",
                "latest_start": "2026-11-27T15:05:00Z", "deadline": "2026-11-27T15:30:00Z",
                "budget_source": "urgent", "estimated_cost": "8.50", "late": false, "window": null,
                "coalesced": [], "why": [],
            },
            {
                "id": "r2", "template": "b", "trigger": "security", "urgency": "normal", "priority": 60,
                "state": "scheduled", "scheduled_for": "2026-11-28T02:00:00Z",
                "latest_start": "2026-12-04T10:20:00Z", "deadline": "2026-12-04T11:00:00Z",
                "budget_source": "daily", "estimated_cost": "10.00", "late": false, "window": "build",
                "coalesced": ["r3"], "why": [{"on": "window", "until": "2026-11-28T02:00:00Z"}],
            },
        ]})
    );
}
