//! What a task waits for, as a value instead of a sentence, since when, and how often it came back at once. The sentence stays beside it for the binary
//! before, which writes nothing else.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Column, its type on Postgres, its type on SQLite. Adding them writes no row.
const COLUMNS: [(&str, &str, &str); 3] = [
    ("wait", "text", "text"),
    (
        "again",
        "integer NOT NULL DEFAULT 0",
        "integer NOT NULL DEFAULT 0",
    ),
    (
        "wait_since",
        "timestamp with time zone",
        "timestamp_with_timezone_text",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, postgres, sqlite) in COLUMNS {
            if !manager.has_column("task", column).await? {
                let kind = match manager.get_connection().get_database_backend() {
                    DbBackend::Postgres => postgres,
                    _ => sqlite,
                };
                alter(manager, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, ..) in COLUMNS {
            if manager.has_column("task", column).await? {
                alter(manager, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// A table that is held for long is not waited for, because everything else would wait behind us: the migration ends with
/// an error and is run again.
async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '5s';",
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE task {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
