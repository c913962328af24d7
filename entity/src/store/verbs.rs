//! What people do to tasks, many at a time: each task and its subject change in one transaction, as the table of kinds and verbs
//! says (`ingot_domain::verb`). What another transaction changes meanwhile is looked at again by itself.

mod plan;
mod write;

use std::collections::HashSet;

use ingot_domain::Instant;
use ingot_domain::task::Queue;
use ingot_domain::verb::Verb;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, SqlErr, TransactionTrait};

use super::decisions::Decision;
use super::{Ledger, LedgerError, NewTask};
use crate::task;

use plan::Facts;
use write::Batch;

/// Tasks of one transaction.
pub const AT_ONCE: usize = 1_000;
/// How often one task is looked at again that others change meanwhile.
const TRIES: usize = 4;

/// What is to be done to tasks.
#[derive(Debug, Clone)]
pub struct TaskOrder {
    /// What.
    pub verb: Verb,
    /// Due when, for [`Verb::Reschedule`]; now for all others.
    pub at: Option<Instant>,
    /// Who says so, and why.
    pub decision: Decision,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Acted {
    /// Tasks to which it was done.
    pub done: Vec<String>,
    /// Those to which it was not, and why.
    pub refused: Vec<(String, String)>,
    /// What is due at once because of it.
    pub due: Vec<(Queue, String)>,
}

impl Acted {
    fn join(&mut self, other: Self) {
        self.done.extend(other.done);
        self.refused.extend(other.refused);
        self.due.extend(other.due);
    }
}

impl Ledger {
    /// Does it to up to [`AT_ONCE`] tasks, in one transaction unless others change the same things at that moment.
    pub async fn act_on_tasks(
        &self,
        ids: &[String],
        order: &TaskOrder,
    ) -> Result<Acted, LedgerError> {
        let mut acted = Acted::default();
        let rows = task::Entity::find()
            .filter(task::Column::Id.is_in(ids))
            .all(&self.db)
            .await?;
        let found: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let missing = ids.iter().filter(|id| !found.contains(id.as_str()));
        acted.refused.extend(missing.map(|id| {
            let why = "there is no such task".to_owned();
            (id.clone(), why)
        }));
        // A deployment changes once per transaction: what else concerns it comes after that.
        let mut seen = HashSet::new();
        let (first, later): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| {
            let of = row.deployment_id.clone();
            of.is_none_or(|deployment| seen.insert(deployment))
        });
        match self.act_together(&first, order).await? {
            Some(done) => acted.join(done),
            None => {
                for row in &first {
                    acted.join(self.act_alone(&row.id, order).await?);
                }
            }
        }
        for row in &later {
            acted.join(self.act_alone(&row.id, order).await?);
        }
        Ok(acted)
    }

    async fn act_alone(&self, id: &str, order: &TaskOrder) -> Result<Acted, LedgerError> {
        for _ in 0..TRIES {
            let row = task::Entity::find_by_id(id).one(&self.db).await?;
            let Some(row) = row else { break };
            if let Some(acted) = self.act_together(std::slice::from_ref(&row), order).await? {
                return Ok(acted);
            }
        }
        let why = "others change it at this moment, or another task of the same purpose is alive; try again";
        Ok(Acted {
            refused: vec![(id.to_owned(), why.to_owned())],
            ..Acted::default()
        })
    }

    /// One transaction; none when another changed something of it first, and then nothing is written.
    async fn act_together(
        &self,
        rows: &[task::Model],
        order: &TaskOrder,
    ) -> Result<Option<Acted>, LedgerError> {
        let facts = Facts::read(&self.db, rows).await?;
        let mut batch = Batch::new(self.now(), order);
        let mut refused = Vec::new();
        for row in rows {
            if let Err(why) = batch.plan(row, &facts)? {
                refused.push((row.id.clone(), why));
            }
        }
        let mut acted = Acted {
            refused,
            ..Acted::default()
        };
        if batch.is_empty() {
            return Ok(Some(acted));
        }
        let tx = self.db.begin().await?;
        match batch.write(&tx, self.stories()).await {
            Ok(true) => tx.commit().await?,
            Ok(false) => {
                tx.rollback().await?;
                return Ok(None);
            }
            // The task of the same purpose that lives is the one that counts.
            Err(LedgerError::Database(error))
                if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                tx.rollback().await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        (acted.done, acted.due) = batch.outcome();
        Ok(Some(acted))
    }
}

/// Tasks as what is to be rung for.
fn due(tasks: &[NewTask], now: Instant) -> impl Iterator<Item = (Queue, String)> {
    let due = tasks.iter().filter(move |task| task.run_at <= now);
    due.map(|task| (task.kind.queue(), task.id.to_string()))
}
