//! `ingot migrate`: the ledger's schema, up, down and where it is.

use std::process::ExitCode;

use anyhow::Context;
use ingot_entity::Ledger;
use ingot_migration::{MigrationStatus, Migrator, MigratorTrait};

use super::setup;
use crate::args::process::{MigrateAction, MigrateArgs};
use crate::output::say;

/// Runs it until it is over.
pub(crate) async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let url = args.database_url()?;
    let ledger = Ledger::connect(url, 2)
        .await
        .map_err(|error| anyhow::anyhow!("DATABASE_URL: {error}"))?;
    let db = ledger.database();
    match args.action {
        MigrateAction::Up => {
            Migrator::up(db, None)
                .await
                .context("the schema could not be brought up")?;
            setup::store_builtins(&ledger).await?;
            say("the schema is current")?;
        }
        MigrateAction::Down { steps } => {
            Migrator::down(db, Some(steps))
                .await
                .context("the schema could not be taken back")?;
            say(&format!("taken back: {steps}"))?;
        }
        MigrateAction::Status => {
            for migration in Migrator::get_migration_with_status(db)
                .await
                .context("the schema cannot be read")?
            {
                let word = match migration.status() {
                    MigrationStatus::Applied => "applied",
                    MigrationStatus::Pending => "pending",
                };
                say(&format!("{word:8} {}", migration.name()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
