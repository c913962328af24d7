//! The relay's query: tasks that are due, or soon due, and that no worker was told of. Marking and reading are one
//! statement, so that replicas share the work instead of doubling it.

use chrono::TimeDelta;
use ingot_domain::Instant;
use sea_orm::{FromQueryResult, Statement};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::clock::now_plus;
use crate::store::engine::claims::{WAITING, skip_locked};

/// How long a bell is believed to have been heard. A lost bell (flushed Redis, killed relay) is rung again after it.
const HEARD: TimeDelta = TimeDelta::seconds(3);

/// A task to ring for.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct DueTask {
    /// Its id.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// When it is due; at most the horizon ahead.
    pub run_at: Instant,
}

impl Ledger {
    /// Marks and answers up to `limit` tasks of `queues` that are due within `horizon`. The mark divides the work among
    /// replicas: the one that marked a task sees to it that a worker claims it.
    pub async fn take_due(
        &self,
        queues: &[&str],
        horizon: TimeDelta,
        limit: usize,
    ) -> Result<Vec<DueTask>, LedgerError> {
        let backend = self.db.get_database_backend();
        let (now, soon, heard) = (
            now_plus(backend, TimeDelta::zero()),
            now_plus(backend, horizon),
            now_plus(backend, -HEARD),
        );
        let skip = skip_locked(backend);
        // The words are ours: queues are a closed list.
        let queues: Vec<String> = queues.iter().map(|queue| format!("'{queue}'")).collect();
        let sql = format!(
            "UPDATE task SET rung_at = {now} WHERE id IN (
                SELECT id FROM task
                WHERE queue IN ({queues}) AND state IN ({WAITING}) AND run_at <= {soon}
                  AND (rung_at IS NULL OR rung_at < {heard})
                LIMIT {limit} {skip})
             RETURNING id, queue, run_at",
            queues = queues.join(", "),
        );
        let due = DueTask::find_by_statement(Statement::from_string(backend, sql));
        Ok(due.all(&self.db).await?)
    }

    /// Takes back the marks of bells that could not be rung.
    pub async fn unring(&self, ids: &[String]) -> Result<(), LedgerError> {
        use crate::task;
        use sea_orm::sea_query::Expr;
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        task::Entity::update_many()
            .col_expr(task::Column::RungAt, Expr::value(Option::<Instant>::None))
            .filter(task::Column::Id.is_in(ids))
            .exec(&self.db)
            .await?;
        Ok(())
    }
}
