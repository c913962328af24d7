//! The plan: a picture of the week by region (`picture`), and the same facts as tables.

mod picture;

use askama::Template;
use ingot_client::plan::{OpenWindow, PlanSeen, PlannedBuild, RunningBuild};

use super::builds::address;
use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Value};
use super::text;
use picture::{Picture, picture};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanView {
    here: &'static str,
    at: String,
    policy: String,
    zone: String,
    supposing: String,
    when: String,
    picture: Picture,
    builds: List,
    running: List,
    windows: List,
}

/// The page at `/plan`; `supposing` and `when` are what was asked.
pub fn plan_page(plan: &PlanSeen, supposing: &str, when: &str) -> Result<String, askama::Error> {
    PlanView {
        here: "auto-ami",
        at: text::instant(plan.at),
        policy: match plan.policy_revision {
            0 => "the default policy".to_owned(),
            revision => format!("revision {revision} of the policy"),
        },
        zone: text::plain(&plan.timezone),
        supposing: text::plain(supposing),
        when: text::plain(when),
        picture: picture(plan),
        builds: builds(plan),
        running: running(plan),
        windows: windows(plan),
    }
    .render()
}

fn builds(plan: &PlanSeen) -> List {
    let row = |one: &PlannedBuild| {
        let mut why: Vec<&str> = one.why.iter().map(|why| why.said.as_str()).collect();
        if one.supposed {
            why.push("supposed");
        }
        let what = format!("{} · {}", one.version, one.region);
        let name = match one.build_id.as_deref() {
            Some(id) => Value::link(address(id), &one.template),
            None => Value::text(Some(&one.template)),
        };
        let tone = match one.state.as_str() {
            "start" => "moving",
            "scheduled" => "waiting",
            _ => "warned",
        };
        let cost = one
            .estimated_cost
            .as_ref()
            .map(|cost| format!("{cost} USD"));
        let purse = one
            .budget_source
            .as_ref()
            .map(|purse| format!("{purse} purse"));
        let late = one.late.then_some("after the latest start");
        let why = why.join("; ");
        Row {
            cells: vec![
                Cell::from(name).over(Value::text(Some(&what))),
                Cell::from(Value::State(Badge::new(tone, &one.state.replace('_', " "))))
                    .over(Value::text(late)),
                Cell::from(Value::text(Some(&one.trigger))).over(Value::text(Some(&format!(
                    "{} {}",
                    one.urgency, one.priority
                )))),
                Cell::from(Value::time(one.scheduled_for))
                    .over(Value::ago(one.scheduled_for, plan.at)),
                Cell::from(Value::text(
                    Some(why.as_str()).filter(|why| !why.is_empty()),
                ))
                .words(),
                Cell::from(Value::text(cost.as_deref()))
                    .over(Value::text(purse.as_deref()))
                    .number(),
                Cell::from(Value::time(one.deadline)),
            ],
        }
    };
    List {
        id: "builds",
        caption: "What waits, in the order in which it is placed",
        columns: vec![
            column("Build"),
            column("State"),
            lesser("Trigger"),
            column("Start"),
            column("Why not now, and when"),
            lesser("Cost"),
            lesser("Deadline"),
        ],
        rows: plan.builds.iter().map(row).collect(),
        nothing: Nothing {
            what: "Nothing waits.",
            how: "",
            command: None,
        },
    }
}

fn running(plan: &PlanSeen) -> List {
    let row = |one: &RunningBuild| Row {
        cells: vec![
            Cell::from(Value::link(address(&one.build_id), &one.template)),
            Cell::from(Value::text(Some(&one.region))),
            Cell::from(Value::time(one.started_at)),
            Cell::from(Value::time(one.until)).over(Value::ago(one.until, plan.at)),
        ],
    };
    List {
        id: "running",
        caption: "What runs",
        columns: vec![
            column("Build"),
            column("Region"),
            column("Since"),
            column("Expected to be over"),
        ],
        rows: plan.running.iter().map(row).collect(),
        nothing: Nothing {
            what: "Nothing runs.",
            how: "",
            command: None,
        },
    }
}

fn windows(plan: &PlanSeen) -> List {
    let row = |one: &OpenWindow| Row {
        cells: vec![
            Cell::from(Value::text(Some(&one.window))),
            Cell::from(Value::time(Some(one.opens))),
            Cell::from(Value::time(Some(one.closes))),
        ],
    };
    List {
        id: "windows",
        caption: "Windows of the week",
        columns: vec![column("Window"), column("Opens"), column("Closes")],
        rows: plan.windows.iter().map(row).collect(),
        nothing: Nothing {
            what: "No window opens within the week.",
            how: "",
            command: None,
        },
    }
}

#[cfg(test)]
mod tests;
