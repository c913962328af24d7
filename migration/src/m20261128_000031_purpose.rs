//! Lists of deployments leave builders out: the index that lists are narrowed in says which are.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const BEFORE: &str = "deployment (id, status, template, version, region)";
const AFTER: &str = "deployment (id, status, template, version, region, build_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Requests and visits go on meanwhile; every step may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make(manager, AFTER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make(manager, BEFORE).await
    }
}

async fn make(manager: &SchemaManager<'_>, of: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let how = match db.get_database_backend() {
        DbBackend::Postgres => "CONCURRENTLY",
        _ => "",
    };
    db.execute_unprepared(&format!("DROP INDEX {how} IF EXISTS deployment_list"))
        .await?;
    db.execute_unprepared(&format!("CREATE INDEX {how} deployment_list ON {of}"))
        .await
        .map(|_| ())
}
