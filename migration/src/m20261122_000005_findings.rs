//! Findings of the invariant scanner and the monitor, and the narrow indexes that keep its looks cheap.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Partial indexes over the few deployments that are at work, in imaging, or over with an instance left: the scan of each
/// minute reads these and not the millions beside them. Their conditions are written as the scan's queries write them.
const NARROW: [(&str, &str); 3] = [
    (
        "deployment_working",
        "status IN ('queued', 'deploying', 'running')",
    ),
    (
        "deployment_imaging",
        "ami_status IN ('pending', 'creating')",
    ),
    (
        "deployment_left",
        "status IN ('cancelled', 'destroyed') AND instance_id IS NOT NULL",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Finding::Table)
                    .col(text(Finding::Id).primary_key())
                    .col(text(Finding::Invariant))
                    .col(text(Finding::Scope))
                    .col(text(Finding::Subject))
                    .col(text_null(Finding::DeploymentId))
                    .col(text(Finding::What))
                    .col(integer(Finding::Sightings).default(1))
                    .col(timestamp_with_time_zone(Finding::FirstSeenAt))
                    .col(timestamp_with_time_zone(Finding::LastSeenAt))
                    .col(text_null(Finding::Outcome))
                    .col(timestamp_with_time_zone_null(Finding::ClearedAt))
                    .check(
                        Expr::col(Finding::Outcome)
                            .is_null()
                            .or(Expr::col(Finding::Outcome).is_in(["gone", "adopted", "removed"])),
                    )
                    .to_owned(),
            )
            .await?;
        // A subject is found once at a time; what comes back after it was cleared is a finding of its own.
        manager
            .create_index(
                Index::create()
                    .name("finding_open")
                    .table(Finding::Table)
                    .col(Finding::Scope)
                    .col(Finding::Invariant)
                    .col(Finding::Subject)
                    .unique()
                    .and_where(Expr::col(Finding::ClearedAt).is_null())
                    .to_owned(),
            )
            .await?;
        for (name, condition) in NARROW {
            let sql = format!("CREATE INDEX {name} ON deployment (id) WHERE {condition}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in NARROW {
            let sql = format!("DROP INDEX {name}");
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        manager
            .drop_table(Table::drop().table(Finding::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Finding {
    Table,
    Id,
    Invariant,
    Scope,
    Subject,
    DeploymentId,
    What,
    Sightings,
    FirstSeenAt,
    LastSeenAt,
    Outcome,
    ClearedAt,
}
