//! One look at everything that a plan is made of. A start moves a build and reserves its money in one commit: a reader of the queue
//! before it and of the purses after it would plan with money that the build still waits for.

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::plan::Spent;
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    IsolationLevel, QueryFilter, QueryOrder, TransactionTrait,
};

use super::queue::{BuildQueue, Queued, history};
use super::{Asking, asking};
use crate::store::policies::in_force;
use crate::store::purses::spent_of;
use crate::store::{ActivePolicy, Ledger, LedgerError};
use crate::{build, template_off};

/// What was there at one moment.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The calendar's instant that is planned at, in whole seconds.
    pub at: Instant,
    /// The policy in force.
    pub active: ActivePolicy,
    /// What waits and what runs.
    pub queue: BuildQueue,
    /// What is spent in the periods of the instant.
    pub spent: Spent,
    /// Templates that are switched off.
    pub off: Vec<template_off::Model>,
}

impl Sheet {
    /// Takes out the builds whose template is switched off; they do not start.
    pub fn hold(&mut self) -> Vec<Queued> {
        self.queue.hold(&self.off)
    }
}

impl Ledger {
    /// Everything that a plan at an instant of the calendar is made of, as it was at one moment. Levels of requests follow the
    /// judgements that stand by now.
    pub async fn plan_sheet(&self, at: Instant) -> Result<Sheet, LedgerError> {
        let still = self.still().await?;
        let active = in_force(&still).await?;
        let sheet = Sheet {
            at,
            queue: queue(&still).await?,
            spent: spent_of(&still, &active.policy, at).await?,
            off: template_off::Entity::find().all(&still).await?,
            active,
        };
        still.commit().await?;
        Ok(sheet)
    }

    /// What waits and what runs.
    pub async fn build_queue(&self) -> Result<BuildQueue, LedgerError> {
        let still = self.still().await?;
        let queue = queue(&still).await?;
        still.commit().await?;
        Ok(queue)
    }

    /// A look that sees what was committed before its first statement, and nothing after it. On SQLite each transaction is one.
    async fn still(&self) -> Result<DatabaseTransaction, LedgerError> {
        let begun = match self.reader.get_database_backend() {
            DbBackend::Sqlite => self.reader.begin().await?,
            _ => {
                let level = Some(IsolationLevel::RepeatableRead);
                let mode = Some(AccessMode::ReadOnly);
                self.reader.begin_with_config(level, mode).await?
            }
        };
        Ok(begun)
    }
}

async fn queue<C: ConnectionTrait>(db: &C) -> Result<BuildQueue, LedgerError> {
    use build::Column;
    let open = build::Entity::find()
        .filter(Column::Status.is_in([
            "queued",
            "awaiting_approval",
            "building",
            "testing",
            "publishing",
        ]))
        .order_by_asc(Column::CreatedAt)
        .all(db)
        .await?;
    let (waiting, running): (Vec<_>, Vec<_>) = open
        .into_iter()
        .partition(|row| matches!(row.status.as_str(), "queued" | "awaiting_approval"));
    let mut by_build: HashMap<String, Vec<Asking>> = HashMap::new();
    for (id, asking) in asking::of_waiting(db).await? {
        by_build.entry(id).or_default().push(asking);
    }
    let waiting = waiting.into_iter().map(|row| Queued {
        requests: by_build.remove(&row.id).unwrap_or_default(),
        row,
    });
    Ok(BuildQueue {
        waiting: waiting.collect(),
        running,
        history: history(db).await?,
    })
}
