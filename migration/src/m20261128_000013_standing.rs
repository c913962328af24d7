//! Since when an image has been seen disabled in EC2, and when EC2 calls it deprecated. A worker of before reads and writes
//! neither: it launches from a disabled image, is refused, and installs fresh.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of `image`; Postgres adds each without writing a row.
const COLUMNS: [&str; 2] = ["disabled_at", "deprecated_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each column by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = match manager.get_connection().get_database_backend() {
            DbBackend::Postgres => "timestamp with time zone",
            _ => "timestamp_with_timezone_text",
        };
        for column in COLUMNS {
            if !manager.has_column("image", column).await? {
                alter(manager, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            if manager.has_column("image", column).await? {
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
    let sql = format!("{patience} ALTER TABLE image {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
