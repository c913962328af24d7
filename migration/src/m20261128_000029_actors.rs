//! Who caused a line of a story. A process of before writes lines without it, and old lines have none.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of `event`, all text; Postgres adds each without writing a row.
const COLUMNS: [&str; 4] = ["actor", "actor_name", "actor_way", "request_id"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            if !manager.has_column("event", column).await? {
                alter(manager, &format!("ADD COLUMN {column} text")).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            if manager.has_column("event", column).await? {
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
    let sql = format!("{patience} ALTER TABLE event {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
