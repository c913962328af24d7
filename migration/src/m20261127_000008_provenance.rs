//! Whose an image is by its own facts, what a person decided about an image or a finding, and that EC2 refused a removal.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table, column, its type. Postgres adds each without writing a row; a binary from before neither reads nor writes them.
const COLUMNS: [(&str, &str, &str); 11] = [
    ("image", "class", "text"),
    ("image", "class_why", "text"),
    ("image", "decided_by", "text"),
    ("image", "decided_reason", "text"),
    ("image", "decided_at", "TIMESTAMP"),
    ("image", "dropped_at", "TIMESTAMP"),
    ("finding", "settled", "text"),
    ("finding", "settled_by", "text"),
    ("finding", "settled_reason", "text"),
    ("finding", "settled_at", "TIMESTAMP"),
    ("finding", "refused", "text"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, kind) in COLUMNS {
            if !manager.has_column(table, column).await? {
                let kind = instant(manager, kind);
                alter(manager, table, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, _) in COLUMNS {
            if manager.has_column(table, column).await? {
                alter(manager, table, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// The type as each database names it; what the migrations before made of `timestamp_with_time_zone`.
fn instant(manager: &SchemaManager<'_>, kind: &'static str) -> &'static str {
    match (kind, manager.get_connection().get_database_backend()) {
        ("TIMESTAMP", DbBackend::Postgres) => "timestamp with time zone",
        ("TIMESTAMP", _) => "timestamp_with_timezone_text",
        (kind, _) => kind,
    }
}

/// A process that holds the table for long is not waited for, because all others would wait behind us: the migration ends
/// with an error and is run again.
async fn alter(manager: &SchemaManager<'_>, table: &str, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '5s';",
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE {table} {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
