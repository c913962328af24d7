//! What a large and busy ledger needs: indexes for lists of what is over, where a filter that matches little, far away or
//! never must not read the ledger through; and JSON that is stored as it came.
//!
//! A finished task is written into `task_over` once, when it ends; claims, snoozes and retries never touch it. The list of
//! a deployment's columns never changes but for its status, which is indexed anyway, so that `deployment_list` adds one
//! entry to a change of status and nothing to any other.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The condition is a chain of ORs, not an IN: SQLite takes a query for one of the words as covered by it, and by no IN.
const INDEXES: [(&str, &str); 3] = [
    (
        "task_over",
        "task (queue, state, id) WHERE state = 'completed' OR state = 'cancelled' OR state = 'discarded'",
    ),
    // By id, with everything a list can ask for beside it: rows that do not match are passed over inside the index, whatever
    // the filters are and however rarely they match together.
    (
        "deployment_list",
        "deployment (id, status, template, version, region)",
    ),
    (
        "deployment_ready",
        "deployment (template, launch_path, id) WHERE time_to_ready_ms IS NOT NULL",
    ),
];

/// Compressing a deployment's order and recipe was a quarter of what Postgres spent on a request, and saves two KB of disk.
const AS_IT_CAME: [&str; 2] = ["\"order\"", "recipe"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself: in one transaction they would hold the locks of two tables, in whose order requests and visits
    /// do not agree. Every step may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = db.get_database_backend() == DbBackend::Postgres;
        for (name, of) in INDEXES {
            // One that was broken off is there and not used.
            drop(manager, name).await?;
            // Requests and visits go on meanwhile.
            let how = if postgres { "CONCURRENTLY" } else { "" };
            let sql = format!("CREATE INDEX {how} {name} ON {of}");
            db.execute_unprepared(&sql).await?;
        }
        store(manager, "EXTERNAL").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            drop(manager, name).await?;
        }
        store(manager, "EXTENDED").await
    }
}

async fn drop(manager: &SchemaManager<'_>, index: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let how = match db.get_database_backend() {
        DbBackend::Postgres => "CONCURRENTLY",
        _ => "",
    };
    let sql = format!("DROP INDEX {how} IF EXISTS {index}");
    db.execute_unprepared(&sql).await.map(|_| ())
}

/// Only new values are stored so; no row is written. The migration does not wait for a session that holds the table for
/// long, because all others would wait behind it: it ends with an error and is run again.
async fn store(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let alter = AS_IT_CAME.map(|column| format!("ALTER COLUMN {column} SET STORAGE {how}"));
    let alter = alter.join(", ");
    // Sent as one, they are one transaction.
    let sql = format!("SET LOCAL lock_timeout = '5s'; ALTER TABLE deployment {alter}");
    db.execute_unprepared(&sql).await.map(|_| ())
}
