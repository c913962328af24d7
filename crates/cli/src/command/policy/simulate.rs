//! `ingot policy simulate`: a policy played over days that were.

use ingot_client::Client;
use ingot_client::simulation::{
    PolicySimulation, SimulatedBuild, SimulationDays, SimulationFilter,
};

use crate::args::policy::Source;
use crate::command::mistakes::refused;
use crate::command::read;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{Output, clean, time, time_or_dash};

/// Plays a file, a revision, or the policy in force. What is wrong with a file is told here, with its places.
pub(super) async fn run(
    client: &Client,
    output: Output,
    of: Option<Source>,
    days: u32,
) -> anyhow::Result<()> {
    let days = Some(days);
    let simulation = match of {
        Some(Source::File(file)) => {
            let text = read(&file)?;
            ingot_yaml::parse_policy(&text).map_err(|error| refused(output, &file, &error))?;
            let days = SimulationDays { days };
            client.simulate_given_policy(&text, days).await?
        }
        Some(Source::Revision(revision)) => {
            let revision = Some(revision);
            let filter = SimulationFilter { revision, days };
            client.simulate_policy(filter).await?
        }
        None => {
            let revision = None;
            let filter = SimulationFilter { revision, days };
            client.simulate_policy(filter).await?
        }
    };
    output.result(&simulation, screen)
}

fn screen(simulation: &PolicySimulation) -> String {
    let which = match simulation.policy_revision {
        None => "The file".to_owned(),
        Some(0) => "The defaults".to_owned(),
        Some(revision) => format!("Revision {revision}"),
    };
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let (launches, updates) = (simulation.launches, simulation.updates);
    let es = if launches == 1 { "" } else { "es" };
    let mut parts = vec![format!(
        "{which}, played from {} to {} ({}): {launches} launch{es}, {updates} judged update{}",
        time(&simulation.from),
        time(&simulation.to),
        clean(&simulation.timezone),
        s(updates)
    )];
    match simulation.builds.is_empty() {
        true => parts.push("Nothing would have been built.".to_owned()),
        false => parts.push(builds(&simulation.builds)),
    }
    if !simulation.waiting.is_empty() {
        parts.push(format!("Still waiting:\n{}", waiting(&simulation.waiting)));
    }
    let count = simulation.builds.len() as u64;
    let purses: Vec<String> = simulation
        .cost_by_budget
        .iter()
        .map(|(purse, cost)| format!("{} {}", clean(purse), clean(cost)))
        .collect();
    let purses = match purses.is_empty() {
        true => String::new(),
        false => format!(" ({})", purses.join(", ")),
    };
    let missed = simulation.deadlines_missed;
    parts.push(format!(
        "{count} build{}, {} USD{purses}, {missed} deadline{} missed",
        s(count),
        clean(&simulation.cost),
        s(missed)
    ));
    let gaps = simulation.gaps.iter().map(|gap| {
        format!(
            "Not played: {} in {}: {}",
            clean(&gap.template),
            clean(&gap.region),
            clean(&gap.why)
        )
    });
    parts.extend(gaps);
    parts.join("\n\n")
}

fn what(one: &SimulatedBuild) -> String {
    format!(
        "{} {} in {}",
        clean(&one.template),
        clean(&one.version),
        clean(&one.region)
    )
}

fn deadline(one: &SimulatedBuild) -> String {
    let at = time_or_dash(&one.deadline);
    match one.deadline_missed {
        true => format!("{at} missed"),
        false => at,
    }
}

fn builds(all: &[SimulatedBuild]) -> String {
    let columns: [Column; 8] = [
        ("start", Cell::Whole, 1),
        ("build", Cell::Text, 1),
        ("trigger", Cell::Whole, 2),
        ("urgency", Cell::Whole, 3),
        ("purse", Cell::Whole, 3),
        ("cost", Cell::Whole, 1),
        ("deadline", Cell::Text, 2),
        ("why", Cell::Text, 4),
    ];
    let rows = all.iter().map(|one| {
        [
            time_or_dash(&one.started_at),
            what(one),
            clean(&one.trigger),
            clean(&one.urgency),
            clean(one.budget_source.as_deref().unwrap_or("-")),
            clean(one.cost.as_deref().unwrap_or("-")),
            deadline(one),
            clean(&one.reason),
        ]
    });
    grid(&columns, rows)
}

fn waiting(all: &[SimulatedBuild]) -> String {
    let columns: [Column; 6] = [
        ("build", Cell::Text, 1),
        ("trigger", Cell::Whole, 2),
        ("state", Cell::State, 1),
        ("start", Cell::Whole, 2),
        ("deadline", Cell::Text, 2),
        ("why", Cell::Text, 3),
    ];
    let rows = all.iter().map(|one| {
        let why: Vec<String> = one.why.iter().map(|why| clean(&why.said)).collect();
        [
            what(one),
            clean(&one.trigger),
            clean(&one.state),
            time_or_dash(&one.started_at),
            deadline(one),
            match why.is_empty() {
                true => "-".to_owned(),
                false => why.join("; "),
            },
        ]
    });
    grid(&columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn the_screen_says_what_would_have_been_built_and_what_it_would_have_cost() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let one = SimulatedBuild {
            template: "web".to_owned(),
            version: "v1".to_owned(),
            mode: "full".to_owned(),
            architecture: "x86_64".to_owned(),
            region: "us-east-1".to_owned(),
            trigger: "security".to_owned(),
            urgency: "critical".to_owned(),
            reason: "ubuntu-24.04 moved".to_owned(),
            requests: 1,
            requested_at: at,
            started_at: Some(at),
            ended_at: Some(at),
            budget_source: Some("urgent".to_owned()),
            reserved_cost: Some("1.20".to_owned()),
            cost: Some("0.40".to_owned()),
            deadline: Some(at),
            deadline_missed: true,
            state: "completed".to_owned(),
            why: Vec::new(),
        };
        let mut simulation = PolicySimulation {
            policy_revision: Some(2),
            timezone: "UTC".to_owned(),
            from: at,
            to: at,
            launches: 1,
            updates: 2,
            builds: vec![one],
            waiting: Vec::new(),
            cost: "0.40".to_owned(),
            cost_by_budget: [("urgent".to_owned(), "0.40".to_owned())].into(),
            deadlines_missed: 1,
            gaps: Vec::new(),
        };
        let text = screen(&simulation);
        assert!(text.starts_with("Revision 2, played from "), "{text}");
        assert!(text.contains("1 launch, 2 judged updates"), "{text}");
        assert!(
            text.ends_with("1 build, 0.40 USD (urgent 0.40), 1 deadline missed"),
            "{text}"
        );
        simulation.builds.clear();
        assert!(screen(&simulation).contains("Nothing would have been built."));
    }
}
