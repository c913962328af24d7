//! Tracks of one's own that were removed: the row and its story stay, looks and lists pass it over.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// May be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("track", "removed_at").await? {
            return Ok(());
        }
        let kind = match manager.get_database_backend() {
            DbBackend::Sqlite => "timestamp_with_timezone_text",
            _ => "timestamp with time zone",
        };
        alter(manager, &format!("ADD COLUMN removed_at {kind}")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("track", "removed_at").await? {
            alter(manager, "DROP COLUMN removed_at").await?;
        }
        Ok(())
    }
}

/// A table that is held for long is not waited for: the migration ends with an error and is run again.
async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '5s';",
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE track {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
