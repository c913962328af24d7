//! A policy played over days that were: what would have been built, and what it would have cost.

use askama::Template;
use ingot_client::simulation::{PolicySimulation, SimulatedBuild};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Fact, Group, Value};
use super::text;

#[derive(Template)]
#[template(path = "simulation.html")]
struct SimulationView {
    here: &'static str,
    said: String,
    revision: String,
    days: u32,
    groups: Vec<Group>,
    built: List,
    waiting: List,
    gaps: Vec<String>,
}

/// The page at `/policy/simulation`; `days` is what was asked.
pub fn simulation_page(one: &PolicySimulation, days: u32) -> Result<String, askama::Error> {
    let revision = one.policy_revision.unwrap_or_default();
    let which = match revision {
        0 => "The defaults".to_owned(),
        revision => format!("Revision {revision}"),
    };
    let gaps = one.gaps.iter();
    SimulationView {
        here: "policy",
        said: format!(
            "{which}, played from {} to {} by the launches, updates and requests there were. Purses are empty at first, each build takes as long as is expected and succeeds, and no person approves.",
            text::instant(one.from),
            text::instant(one.to)
        ),
        revision: revision.to_string(),
        days,
        groups: vec![sums(one)],
        built: list("built", "Builds, in the order of their starts", "Nothing would have been built.", &one.builds),
        waiting: list("waiting", "What still waited at the end", "Nothing waited at the end.", &one.waiting),
        gaps: gaps
            .map(|gap| text::plain(&format!("{} in {}: {}", gap.template, gap.region, gap.why)))
            .collect(),
    }
    .render()
}

fn sums(one: &PolicySimulation) -> Group {
    let count = |count: u64| Value::text(Some(&count.to_string()));
    let mut facts = vec![
        Fact::new("Builds", count(one.builds.len() as u64)),
        Fact::new("Cost", Value::text(Some(&format!("{} USD", one.cost)))),
        Fact::new("Deadlines missed", count(one.deadlines_missed)),
        Fact::new("Launches", count(one.launches)),
        Fact::new("Judged updates", count(one.updates)),
    ];
    for (purse, name) in [
        ("daily", "From the daily budget"),
        ("monthly", "From the monthly budget"),
        ("urgent", "From the emergency budget"),
    ] {
        let cost = one.cost_by_budget.get(purse);
        let cost = cost.map(|cost| format!("{cost} USD"));
        facts.push(Fact::new(name, Value::text(cost.as_deref())));
    }
    Group {
        title: "Together",
        facts,
    }
}

fn list(
    id: &'static str,
    caption: &'static str,
    what: &'static str,
    builds: &[SimulatedBuild],
) -> List {
    List {
        id,
        caption,
        columns: vec![
            column("Build"),
            column("State"),
            lesser("Trigger"),
            column("Start"),
            column("Why"),
            lesser("Cost"),
            lesser("Deadline"),
        ],
        rows: builds.iter().map(row).collect(),
        nothing: Nothing {
            what,
            how: "",
            command: None,
        },
    }
}

fn row(one: &SimulatedBuild) -> Row {
    let place = format!("{} · {}", one.version, one.region);
    let tone = match (one.deadline_missed, one.state.as_str()) {
        (true, _) => "bad",
        (false, "completed") => "good",
        (false, "scheduled") => "waiting",
        (false, _) => "warned",
    };
    let cost = one.cost.as_ref().map(|cost| format!("{cost} USD"));
    let purse = one.budget_source.as_ref();
    let purse = purse.map(|purse| format!("{purse} purse"));
    let moved: Vec<&str> = one.why.iter().map(|why| why.said.as_str()).collect();
    let moved = Some(moved.join("; ")).filter(|moved| !moved.is_empty());
    let missed = one.deadline_missed.then_some("missed");
    Row {
        cells: vec![
            Cell::from(Value::text(Some(&one.template))).over(Value::text(Some(&place))),
            Cell::from(Value::State(Badge::new(tone, &one.state.replace('_', " ")))),
            Cell::from(Value::text(Some(&one.trigger))).over(Value::text(Some(&one.urgency))),
            Cell::from(Value::time(one.started_at)),
            Cell::from(Value::text(Some(&one.reason)))
                .over(Value::text(moved.as_deref()))
                .words(),
            Cell::from(Value::text(cost.as_deref()))
                .over(Value::text(purse.as_deref()))
                .number(),
            Cell::from(Value::time(one.deadline)).over(Value::text(missed)),
        ],
    }
}
