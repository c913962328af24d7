//! The history of the ledger's shape. Migrations name their own tables and columns and import nothing of ours: an
//! entity that changes later must not change what an old migration did.

use sea_orm_migration::prelude::*;

mod m20261122_000001_deployments;
mod m20261122_000002_tasks;
mod m20261122_000003_access;
mod m20261122_000004_engine;
mod m20261122_000005_findings;
mod m20261126_000006_large;
mod m20261126_000007_revisions;
mod m20261127_000008_provenance;
mod m20261127_000009_waits;
mod m20261127_000010_image_key;
mod m20261127_000011_checks;
mod m20261127_000012_guests;
mod m20261128_000013_standing;
mod m20261128_000014_trials;
mod m20261128_000015_ends;
mod m20261128_000016_token_use;
mod m20261128_000017_views;
mod m20261128_000018_subjects;
mod m20261128_000019_tracks;
mod m20261128_000020_feeds;
mod m20261128_000022_packages;
mod m20261128_000023_assessments;
mod m20261128_000024_syncs;
mod m20261128_000025_notify;
mod m20261128_000026_money;
mod m20261128_000027_builds;
mod m20261128_000028_tracks_removed;
mod m20261128_000029_actors;
mod m20261128_000031_purpose;
mod m20261129_000032_copies;
mod m20261129_000036_queues;
mod m20261129_000037_operations;
mod m20261129_000041_rates;

pub use sea_orm_migration::sea_orm;
pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// Every migration in order; works on Postgres and SQLite alike.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_deployments::Migration),
            Box::new(m20261122_000002_tasks::Migration),
            Box::new(m20261122_000003_access::Migration),
            Box::new(m20261122_000004_engine::Migration),
            Box::new(m20261122_000005_findings::Migration),
            Box::new(m20261126_000006_large::Migration),
            Box::new(m20261126_000007_revisions::Migration),
            Box::new(m20261127_000008_provenance::Migration),
            Box::new(m20261127_000009_waits::Migration),
            Box::new(m20261127_000010_image_key::Migration),
            Box::new(m20261127_000011_checks::Migration),
            Box::new(m20261127_000012_guests::Migration),
            Box::new(m20261128_000013_standing::Migration),
            Box::new(m20261128_000014_trials::Migration),
            Box::new(m20261128_000015_ends::Migration),
            Box::new(m20261128_000016_token_use::Migration),
            Box::new(m20261128_000017_views::Migration),
            Box::new(m20261128_000018_subjects::Migration),
            Box::new(m20261128_000019_tracks::Migration),
            Box::new(m20261128_000020_feeds::Migration),
            Box::new(m20261128_000022_packages::Migration),
            Box::new(m20261128_000023_assessments::Migration),
            Box::new(m20261128_000024_syncs::Migration),
            Box::new(m20261128_000025_notify::Migration),
            Box::new(m20261128_000026_money::Migration),
            Box::new(m20261128_000027_builds::Migration),
            Box::new(m20261128_000028_tracks_removed::Migration),
            Box::new(m20261128_000029_actors::Migration),
            Box::new(m20261128_000031_purpose::Migration),
            Box::new(m20261129_000032_copies::Migration),
            Box::new(m20261129_000036_queues::Migration),
            Box::new(m20261129_000037_operations::Migration),
            Box::new(m20261129_000041_rates::Migration),
        ]
    }
}

/// Whether a database has every migration this binary knows. A binary refuses a ledger of another shape.
pub async fn is_current(
    db: &sea_orm_migration::sea_orm::DatabaseConnection,
) -> Result<bool, DbErr> {
    // Reads only: a process that is about to refuse must not have left a table behind.
    let applied = match Migrator::get_applied_migrations_read_only(db).await {
        // A step this binary does not know.
        Err(DbErr::Custom(_)) => return Ok(false),
        applied => applied?,
    };
    let applied = applied.iter().map(|step| step.name());
    let known = Migrator::migrations();
    Ok(applied.eq(known.iter().map(|step| step.name())))
}
