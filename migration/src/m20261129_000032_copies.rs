//! Copies of images in other regions: what an image is a copy of and how it was wanted, and where a build's image goes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table, column and type; Postgres adds each without writing a row.
const COLUMNS: [(&str, &str, &str); 3] = [
    ("image", "source_image_id", "text"),
    ("image", "copy_wish", "jsonb"),
    ("build", "regions", "jsonb"),
];

/// What the copies of an image are found by.
const OF_SOURCE: &str = "image_of_source";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (how, json) = match manager.get_connection().get_database_backend() {
            DbBackend::Postgres => ("CONCURRENTLY", "jsonb"),
            _ => ("", "jsonb_text"),
        };
        for (table, column, kind) in COLUMNS {
            let kind = if kind == "jsonb" { json } else { kind };
            if !manager.has_column(table, column).await? {
                alter(manager, table, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        let db = manager.get_connection();
        // One that was not finished is no use.
        db.execute_unprepared(&format!("DROP INDEX {how} IF EXISTS {OF_SOURCE}"))
            .await?;
        let index = format!(
            "CREATE INDEX {how} {OF_SOURCE} ON image (source_image_id) WHERE source_image_id IS NOT NULL"
        );
        db.execute_unprepared(&index).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let how = match manager.get_connection().get_database_backend() {
            DbBackend::Postgres => "CONCURRENTLY",
            _ => "",
        };
        manager
            .get_connection()
            .execute_unprepared(&format!("DROP INDEX {how} IF EXISTS {OF_SOURCE}"))
            .await?;
        for (table, column, _) in COLUMNS {
            if manager.has_column(table, column).await? {
                alter(manager, table, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
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
