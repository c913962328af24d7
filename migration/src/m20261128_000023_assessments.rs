//! Judgements of base images' updates, and which of them stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of `base_update`: its last assessment's number, the one that stands, the last one by rules, when
/// that was, and the generations of the feeds it rested on.
const COLUMNS: [(&str, &str, &str); 5] = [
    (
        "assessed",
        "bigint NOT NULL DEFAULT 0",
        "bigint NOT NULL DEFAULT 0",
    ),
    ("standing", "bigint", "bigint"),
    ("judged", "bigint", "bigint"),
    (
        "judged_at",
        "timestamp with time zone",
        "timestamp_with_timezone_text",
    ),
    ("judged_feeds", "jsonb", "jsonb_text"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(assessment()).await?;
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for (name, on_postgres, on_sqlite) in COLUMNS {
            if !manager.has_column("base_update", name).await? {
                let kind = if postgres { on_postgres } else { on_sqlite };
                let sql = format!("ALTER TABLE base_update ADD COLUMN {name} {kind}");
                db.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (name, _, _) in COLUMNS {
            if manager.has_column("base_update", name).await? {
                let sql = format!("ALTER TABLE base_update DROP COLUMN {name}");
                db.execute_unprepared(&sql).await?;
            }
        }
        let table = Table::drop()
            .table(Assessment::Table)
            .if_exists()
            .to_owned();
        manager.drop_table(table).await
    }
}

fn assessment() -> TableCreateStatement {
    Table::create()
        .table(Assessment::Table)
        .if_not_exists()
        .col(text(Assessment::UpdateId))
        .col(big_integer(Assessment::Seq))
        .col(timestamp_with_time_zone(Assessment::At))
        .col(text(Assessment::Ruleset))
        .col(text(Assessment::UpdateType))
        .col(text(Assessment::Level))
        .col(text(Assessment::Confidence))
        .col(text(Assessment::UpperBound))
        .col(boolean(Assessment::Stands))
        .col(json_binary(Assessment::Feeds))
        .col(json_binary_null(Assessment::Summary))
        .col(json_binary_null(Assessment::Body))
        .col(text_null(Assessment::DecidedBy))
        .col(text_null(Assessment::DecidedReason))
        .primary_key(
            Index::create()
                .col(Assessment::UpdateId)
                .col(Assessment::Seq),
        )
        .to_owned()
}

#[derive(DeriveIden)]
enum Assessment {
    Table,
    UpdateId,
    Seq,
    At,
    Ruleset,
    UpdateType,
    Level,
    Confidence,
    UpperBound,
    Stands,
    Feeds,
    Summary,
    Body,
    DecidedBy,
    DecidedReason,
}
