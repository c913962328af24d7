//! The trial launch that a check of an AWS account was asked for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("aws_check", "trial").await? {
            return Ok(());
        }
        let kind = match manager.get_connection().get_database_backend() {
            DbBackend::Postgres => "jsonb",
            _ => "jsonb_text",
        };
        alter(manager, &format!("ADD COLUMN trial {kind}")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column("aws_check", "trial").await? {
            alter(manager, "DROP COLUMN trial").await?;
        }
        Ok(())
    }
}

async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let sql = format!("ALTER TABLE aws_check {how}");
    let db = manager.get_connection();
    db.execute_unprepared(&sql).await.map(|_| ())
}
