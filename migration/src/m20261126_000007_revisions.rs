//! A deployment refers to the revision of a template that is its recipe instead of holding a copy: a copy was two thirds of
//! what a request wrote. Workers say whether they can read that, because during an upgrade some cannot.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table, column, its type. Postgres adds each without writing a row.
const COLUMNS: [(&str, &str, &str); 2] = [
    ("deployment", "template_revision", "integer"),
    ("worker", "reads", "integer NOT NULL DEFAULT 0"),
];

/// Statements that are sent as one are one transaction.
const PATIENCE: &str = "SET LOCAL lock_timeout = '5s';";

/// Copies again what only refers. A revision never changes and is never deleted.
const COPY: &str = "UPDATE deployment SET recipe = COALESCE((SELECT spec FROM template
        WHERE template.name = deployment.template AND template.revision = deployment.template_revision), recipe)
    WHERE template_revision IS NOT NULL AND CAST(recipe AS text) = 'null'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, kind) in COLUMNS {
            if !manager.has_column(table, column).await? {
                alter(manager, table, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        // Most deployments that are written have no instance yet: they need no entry.
        index(
            manager,
            "deployment_launched",
            " WHERE instance_id IS NOT NULL",
        )
        .await?;
        drop(manager, "deployment_instance").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, "deployment_instance", "").await?;
        drop(manager, "deployment_launched").await?;
        if manager
            .has_column("deployment", "template_revision")
            .await?
        {
            let db = manager.get_connection();
            db.execute_unprepared(COPY).await?;
            // What was accepted meanwhile is copied before its column goes, while no other session can write.
            if db.get_database_backend() == DbBackend::Postgres {
                let sql = format!(
                    "{PATIENCE} LOCK TABLE deployment IN ACCESS EXCLUSIVE MODE; {COPY};
                    ALTER TABLE deployment DROP COLUMN template_revision"
                );
                db.execute_unprepared(&sql).await?;
            }
        }
        for (table, column, _) in COLUMNS {
            if manager.has_column(table, column).await? {
                alter(manager, table, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// Requests and visits go on meanwhile.
async fn index(manager: &SchemaManager<'_>, name: &str, which: &str) -> Result<(), DbErr> {
    // One that was broken off is there and not used.
    drop(manager, name).await?;
    let how = concurrently(manager);
    let sql =
        format!("CREATE INDEX {how} \"{name}\" ON \"deployment\" (\"instance_id\", \"id\"){which}");
    let db = manager.get_connection();
    db.execute_unprepared(&sql).await.map(|_| ())
}

async fn drop(manager: &SchemaManager<'_>, index: &str) -> Result<(), DbErr> {
    let how = concurrently(manager);
    let sql = format!("DROP INDEX {how} IF EXISTS {index}");
    let db = manager.get_connection();
    db.execute_unprepared(&sql).await.map(|_| ())
}

fn concurrently(manager: &SchemaManager<'_>) -> &'static str {
    match manager.get_connection().get_database_backend() {
        DbBackend::Postgres => "CONCURRENTLY",
        _ => "",
    }
}

/// The migration does not wait for a session that holds the table for long, because all others would wait behind it: it
/// ends with an error and is run again.
async fn alter(manager: &SchemaManager<'_>, table: &str, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let patience = match db.get_database_backend() {
        DbBackend::Postgres => PATIENCE,
        _ => "",
    };
    let sql = format!("{patience} ALTER TABLE {table} {how}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
