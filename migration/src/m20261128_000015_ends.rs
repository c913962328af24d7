//! When a deployment's instance ends by itself, and which end its story has told of. A worker of before reads and writes
//! neither: the instance ends when one of this version looks.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of `deployment`; Postgres adds each without writing a row.
const COLUMNS: [&str; 2] = ["ends_at", "end_told"];

/// Partial indexes over the few deployments whose end is set, and over those that failed and whose instance runs on.
const INDEXES: [(&str, &str); 2] = [
    ("deployment_ends", "(ends_at) WHERE ends_at IS NOT NULL"),
    (
        "deployment_runs_on",
        "(id) WHERE status IN ('failed', 'readiness_timeout') AND instance_id IS NOT NULL",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (kind, how) = match manager.get_connection().get_database_backend() {
            DbBackend::Postgres => ("timestamp with time zone", "CONCURRENTLY"),
            _ => ("timestamp_with_timezone_text", ""),
        };
        for column in COLUMNS {
            if !manager.has_column("deployment", column).await? {
                alter(manager, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        let db = manager.get_connection();
        for (name, of) in INDEXES {
            // One that was broken off is there and is no use: it is built anew.
            let drop = format!("DROP INDEX {how} IF EXISTS {name}");
            db.execute_unprepared(&drop).await?;
            let create = format!("CREATE INDEX {how} {name} ON deployment {of}");
            db.execute_unprepared(&create).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (name, _) in INDEXES {
            let drop = format!("DROP INDEX IF EXISTS {name}");
            db.execute_unprepared(&drop).await?;
        }
        for column in COLUMNS {
            if manager.has_column("deployment", column).await? {
                alter(manager, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// A process that holds the table for long is not waited for, because all others would wait behind us: the migration ends
/// with an error and is run again.
async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '5s';",
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE deployment {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
