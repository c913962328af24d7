//! Images get a story: the number of its last line. The lines lie in `event` under the image's id. A worker of before
//! writes image rows without telling; their stories lack those lines.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("image", "event_seq").await? {
            return Ok(());
        }
        // A default that is a constant is written nowhere: Postgres keeps it beside the column.
        alter(manager, "ADD COLUMN event_seq bigint NOT NULL DEFAULT 0").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("image", "event_seq").await? {
            alter(manager, "DROP COLUMN event_seq").await?;
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
