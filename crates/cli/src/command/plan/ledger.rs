//! The plan of what waits in the ledger, as the API computes it.

use std::process::ExitCode;

use ingot_client::plan::{PlanFilter, PlanSeen, PlannedBuild};

use crate::args::plan::PlanArgs;
use crate::output::grid::{Cell, Column, grid};
use crate::output::moment::{absolute, moment, relative};
use crate::output::{clean, or_dash};

/// Runs it.
pub(super) async fn run(args: PlanArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let filter = PlanFilter {
        at: args.at,
        supposing: args.supposing,
    };
    let plan = client.plan(&filter).await?;
    args.connection.output().result(&plan, told)?;
    Ok(ExitCode::SUCCESS)
}

/// When what waits starts, who pays, and why not now.
pub(crate) fn told(plan: &PlanSeen) -> String {
    let policy = match plan.policy_revision {
        0 => "the default policy".to_owned(),
        revision => format!("revision {revision} of the policy"),
    };
    let mut parts = vec![format!(
        "The plan at {}, by {policy} (clocks of {})",
        absolute(plan.at),
        clean(&plan.timezone)
    )];
    if !plan.running.is_empty() {
        let lines = plan.running.iter().map(|one| {
            let until = one
                .until
                .map_or_else(|| "-".to_owned(), |at| moment(at, plan.at));
            format!(
                "  {} {} in {} until {until}",
                clean(&one.build_id),
                clean(&one.template),
                clean(&one.region)
            )
        });
        let lines: Vec<String> = lines.collect();
        parts.push(format!("Running:\n{}", lines.join("\n")));
    }
    parts.push(match plan.builds.is_empty() {
        true => "nothing waits".to_owned(),
        false => table(plan),
    });
    let next = |window: &str| {
        let mut of = plan.windows.iter().filter(|one| one.window == window);
        let one = of.next()?;
        Some(match one.opens <= plan.at {
            true => format!("the {window} window is open until {}", absolute(one.closes)),
            false => format!("the {window} window opens {}", moment(one.opens, plan.at)),
        })
    };
    let windows: Vec<String> = ["build", "urgent"].into_iter().filter_map(next).collect();
    if !windows.is_empty() {
        parts.push(windows.join("; "));
    }
    parts.join("\n\n")
}

fn table(plan: &PlanSeen) -> String {
    let columns: [Column; 9] = [
        ("build", Cell::Id, 1),
        ("template", Cell::Text, 1),
        ("region", Cell::Whole, 3),
        ("trigger", Cell::Whole, 3),
        ("urgency", Cell::Whole, 4),
        ("state", Cell::State, 1),
        ("start", Cell::Whole, 1),
        ("cost", Cell::Whole, 3),
        ("why not now, and when", Cell::Text, 2),
    ];
    grid(
        &columns,
        plan.builds.iter().map(|one| {
            let id = one.build_id.as_deref().unwrap_or("(supposed)");
            let start = one.scheduled_for;
            let start = start.map(|at| format!("{} ({})", absolute(at), relative(at, plan.at)));
            let purse = one.budget_source.as_ref();
            let purse = purse.map_or(String::new(), |purse| format!(" {purse}"));
            [
                clean(id),
                clean(&format!("{} {}", one.template, one.version)),
                clean(&one.region),
                clean(&one.trigger),
                clean(&format!("{} {}", one.urgency, one.priority)),
                clean(&one.state),
                or_dash(&start),
                clean(&format!("{}{purse}", or_dash(&one.estimated_cost))),
                why(one),
            ]
        }),
    )
}

fn why(one: &PlannedBuild) -> String {
    let mut told: Vec<String> = one.why.iter().map(|why| clean(&why.said)).collect();
    if let Some(latest) = one.latest_start.filter(|_| one.late) {
        told.push(format!("late: the latest start is {}", absolute(latest)));
    }
    if one.supposed {
        told.push("supposed".to_owned());
    }
    match told.is_empty() {
        true if one.state == "start" => "starts now".to_owned(),
        true => "-".to_owned(),
        false => told.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_client::build::BuildWhy;
    use ingot_client::plan::{OpenWindow, RunningBuild};

    #[test]
    fn a_row_says_when_and_why_not_now_and_the_windows_when_they_open() {
        let at = |text: &str| text.parse().expect("an instant");
        let plan = PlanSeen {
            at: at("2026-11-27T12:00:00Z"),
            policy_revision: 0,
            timezone: "UTC".to_owned(),
            builds: vec![PlannedBuild {
                id: "bre_1".to_owned(),
                build_id: None,
                template: "web".to_owned(),
                version: "v1.2.0".to_owned(),
                region: "us-east-1".to_owned(),
                trigger: "security".to_owned(),
                urgency: "normal".to_owned(),
                priority: 60,
                state: "scheduled".to_owned(),
                scheduled_for: Some(at("2026-11-28T02:00:00Z")),
                expected_end: None,
                latest_start: None,
                deadline: None,
                budget_source: Some("daily".to_owned()),
                estimated_cost: Some("8.50".to_owned()),
                late: false,
                window: Some("build".to_owned()),
                coalesced: Vec::new(),
                why: vec![BuildWhy {
                    on: "window".to_owned(),
                    until: None,
                    lacks: None,
                    said: "its window is closed".to_owned(),
                }],
                supposed: true,
            }],
            running: vec![RunningBuild {
                build_id: "bld_2".to_owned(),
                template: "db".to_owned(),
                region: "us-east-1".to_owned(),
                started_at: None,
                until: Some(at("2026-11-27T12:30:00Z")),
            }],
            windows: vec![OpenWindow {
                window: "build".to_owned(),
                opens: at("2026-11-28T02:00:00Z"),
                closes: at("2026-11-28T06:00:00Z"),
            }],
        };
        let text = told(&plan);
        for part in [
            "The plan at 2026-11-27 12:00 UTC, by the default policy (clocks of UTC)",
            "bld_2 db in us-east-1 until in 30 min (2026-11-27 12:30 UTC)",
            "(supposed)",
            "2026-11-28 02:00 UTC (in 14 h)",
            "8.50 daily",
            "its window is closed; supposed",
            "the build window opens in 14 h (2026-11-28 02:00 UTC)",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
