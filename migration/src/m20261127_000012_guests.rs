//! What a deployment's instance was asked through SSM and what came of it, and what became of the scrub before an image.
//! A worker of before reads and writes neither.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table and column; Postgres adds each without writing a row.
const COLUMNS: [(&str, &str); 3] = [
    ("deployment", "inquiry"),
    ("image", "scrub"),
    ("image", "scrub_reason"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each column by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            if !manager.has_column(table, column).await? {
                alter(manager, table, &format!("ADD COLUMN {column} text")).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            if manager.has_column(table, column).await? {
                alter(manager, table, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// A table that is held for long is not waited for: everything else would wait behind the migration, which ends with an
/// error instead and is run again.
async fn alter(manager: &SchemaManager<'_>, table: &str, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '5s';",
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE {table} {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
