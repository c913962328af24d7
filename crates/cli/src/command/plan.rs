//! `ingot plan`: the plan of what waits in the ledger (`ledger`), or of a scenario, without server or ledger.

mod ledger;

pub(crate) use ledger::told as screen;

use std::process::ExitCode;

use ingot_domain::plan::{Build, Plan, State};
use ingot_domain::want::Cause;

use crate::args::plan::PlanArgs;
use crate::command::mistakes::refused;
use crate::command::read;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{clean, time_or_dash};

/// Runs it.
pub(crate) async fn run(args: PlanArgs) -> anyhow::Result<ExitCode> {
    let Some(file) = args.scenario else {
        return ledger::run(args).await;
    };
    let output = args.connection.output();
    let text = read(&file)?;
    let scenario =
        ingot_yaml::parse_scenario(&text).map_err(|error| refused(output, &file, &error))?;
    output.result(&scenario.plan(), table)?;
    Ok(ExitCode::SUCCESS)
}

/// In rank order, with what each waits for in words.
fn table(plan: &Plan) -> String {
    if plan.builds.is_empty() {
        return "nothing waits".to_owned();
    }
    let columns: [Column; 9] = [
        ("id", Cell::Text, 1),
        ("template", Cell::Text, 2),
        ("trigger", Cell::Whole, 3),
        ("urgency", Cell::Whole, 4),
        ("state", Cell::State, 1),
        ("start", Cell::Whole, 1),
        ("purse", Cell::Whole, 3),
        ("cost", Cell::Whole, 3),
        ("why", Cell::Text, 2),
    ];
    let rows = plan.builds.iter().map(|build| {
        [
            clean(&build.id),
            clean(&build.template),
            trigger(build),
            format!("{} {}", build.urgency, build.priority),
            build.state.to_string(),
            time_or_dash(&build.scheduled_for),
            build
                .budget_source
                .map_or_else(|| "-".to_owned(), |purse| purse.to_string()),
            build.estimated_cost.to_string(),
            why(build),
        ]
    });
    grid(&columns, rows)
}

/// The trigger with its level, as the request has it, or its campaign.
fn trigger(build: &Build) -> String {
    let trigger = build.trigger;
    match build.cause {
        Cause::Security { level: Some(level) } => format!("{trigger} {level}"),
        Cause::Security { level: None } => format!("{trigger} unknown"),
        Cause::Scheduled {
            campaign: Some(date),
        } => format!("campaign {date}"),
        Cause::Manual { urgent: true } => format!("{trigger} urgent"),
        Cause::Scheduled { campaign: None }
        | Cause::Manual { urgent: false }
        | Cause::Popularity
        | Cause::Dependency => trigger.to_string(),
    }
}

/// What moved its start, whether it is late, and whose requests it carries out besides.
fn why(build: &Build) -> String {
    let mut told: Vec<String> = build.why.iter().map(ToString::to_string).collect();
    if build.late {
        let latest = time_or_dash(&build.latest_start);
        told.push(format!("late: the latest start is {latest}"));
    }
    if !build.coalesced.is_empty() {
        told.push(format!("with {}", build.coalesced.join(", ")));
    }
    match told.is_empty() {
        true if build.state == State::Start => "starts now".to_owned(),
        true => "-".to_owned(),
        false => clean(&told.join("; ")),
    }
}
