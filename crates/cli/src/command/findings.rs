//! `ingot findings …`: what `doctor` tells, settled by a person.

use std::process::ExitCode;

use ingot_client::{Finding, FindingDecision, FindingFilter, Page};

use crate::args::findings::{FindingsAction, FindingsArgs};
use crate::command::{ids, mention_rest, pages};
use crate::output::clean;
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;

/// Runs one of them.
pub(crate) async fn run(args: FindingsArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        FindingsAction::List(args) => {
            let page = pages(&args.page, async |cursor| {
                let filter = FindingFilter {
                    state: Some(args.state.clone()),
                    limit: args.page.limit,
                    cursor,
                    ..FindingFilter::default()
                };
                client.findings(&filter).await
            })
            .await?;
            output.result(&page, list_table)?;
            mention_rest(&page, output.json);
        }
        FindingsAction::Settle {
            id, keep, reason, ..
        } => {
            let id = ids::finding(&client, &id).await?;
            let verdict = if keep { "keep" } else { "remove" };
            let decision = FindingDecision {
                verdict: verdict.to_owned(),
                reason,
            };
            let settled = client.settle_finding(&id, &decision).await?;
            output.result(&settled, said)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn said(finding: &Finding) -> String {
    let subject = clean(&finding.subject);
    match finding.settled.as_deref() {
        Some("keep") => format!("{subject} is kept and told no more"),
        _ => format!(
            "{subject} is removed by the monitor's next look, if it is ours by its own facts"
        ),
    }
}

fn list_table(page: &Page<Finding>) -> String {
    let columns: [Column; 6] = [
        ("id", Cell::Id, 1),
        ("what", Cell::Text, 1),
        ("subject", Cell::Text, 1),
        ("seen", Cell::Whole, 4),
        ("since", Cell::Whole, 2),
        ("settled", Cell::Whole, 3),
    ];
    grid(
        &columns,
        page.items.iter().map(|one| {
            [
                clean(&one.id),
                format!("{} {}", clean(&one.invariant), clean(&one.what)),
                clean(&one.subject),
                one.sightings.to_string(),
                look().when(&one.first_seen_at),
                clean(one.settled.as_deref().unwrap_or("-")),
            ]
        }),
    )
}
