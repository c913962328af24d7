//! `ingot retention …`.

use std::process::ExitCode;

use ingot_client::RetentionSetting;

use crate::args::retention::{RetentionAction, RetentionArgs};
use crate::output::pairs;

/// Runs one of them.
pub(crate) async fn run(args: RetentionArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let now = client.retention().await?;
    let shown = match args.action {
        RetentionAction::Show => now,
        RetentionAction::Set(wanted) => {
            let wanted = RetentionSetting {
                finished_tasks_days: wanted.tasks_days.unwrap_or(now.finished_tasks_days),
                cleared_findings_days: wanted.findings_days.unwrap_or(now.cleared_findings_days),
            };
            client.set_retention(&wanted).await?
        }
    };
    args.connection.output().result(&shown, text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(kept: &RetentionSetting) -> String {
    pairs([
        (
            "finished tasks",
            format!("{} days", kept.finished_tasks_days),
        ),
        (
            "cleared findings",
            format!("{} days", kept.cleared_findings_days),
        ),
        ("deployments and their stories", "for ever".to_owned()),
    ])
}
