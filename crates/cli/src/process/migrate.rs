//! `ingot migrate`: the ledger's schema, up, down and where it is.

use std::process::ExitCode;

use anyhow::Context;
use ingot_migration::{MigrationStatus, Migrator, MigratorTrait};
use serde::Serialize;

use super::setup;
use crate::args::process::{MigrateAction, MigrateArgs};

/// One step of the schema's history.
#[derive(Debug, Serialize)]
struct Step {
    name: String,
    /// `applied` or `pending`.
    state: &'static str,
}

/// What was done to the schema.
#[derive(Debug, Serialize)]
struct Done {
    /// `up` or `down`.
    done: &'static str,
    /// How many steps.
    steps: usize,
}

/// Runs it until it is over.
pub(crate) async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let url = args.database_url()?;
    let output = args.format.output();
    let ledger = setup::open(url, 2, args.action == MigrateAction::Up).await?;
    let db = ledger.database();
    match args.action {
        MigrateAction::Up => {
            let waiting = Migrator::get_pending_migrations_read_only(db).await;
            let steps = waiting.map(|steps| steps.len()).unwrap_or_default();
            Migrator::up(db, None)
                .await
                .context("the schema could not be brought up")?;
            setup::store_builtins(&ledger).await?;
            let done = Done { done: "up", steps };
            output.result(&done, |_| "the schema is current".to_owned())?;
        }
        MigrateAction::Down { steps } => {
            Migrator::down(db, Some(steps))
                .await
                .context("the schema could not be taken back")?;
            let steps = usize::try_from(steps).unwrap_or(usize::MAX);
            let done = Done {
                done: "down",
                steps,
            };
            output.result(&done, |done| format!("taken back: {}", done.steps))?;
        }
        MigrateAction::Status => {
            let known = Migrator::get_migration_with_status_read_only(db).await;
            let known = known.context("the schema cannot be read")?;
            let steps: Vec<Step> = known
                .iter()
                .map(|migration| Step {
                    name: migration.name().to_owned(),
                    state: match migration.status() {
                        MigrationStatus::Applied => "applied",
                        MigrationStatus::Pending => "pending",
                    },
                })
                .collect();
            output.result(&steps, |steps| {
                let line = |step: &Step| format!("{:8} {}", step.state, step.name);
                steps.iter().map(line).collect::<Vec<_>>().join("\n")
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
