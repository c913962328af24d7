//! The relay's query: what is due, or soon due, and nobody has been told of. Marking and reading are one statement, so
//! that replicas share the work instead of doubling it.

use chrono::TimeDelta;
use ingot_domain::Instant;
use sea_orm::{DbBackend, FromQueryResult, Statement};

use super::clock::now_plus;
use super::{Ledger, LedgerError};

/// How long a bell is believed to have been heard. A lost bell (flushed Redis, killed relay) is rung again after it.
const HEARD: TimeDelta = TimeDelta::seconds(10);

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
    /// Marks and answers up to `limit` tasks of `queue` that are due within `horizon` or whose holder's lease ran out.
    pub async fn take_due(
        &self,
        queue: &str,
        horizon: TimeDelta,
        limit: u64,
    ) -> Result<Vec<DueTask>, LedgerError> {
        let backend = self.db.get_database_backend();
        let (now, soon, heard) = (
            now_plus(backend, TimeDelta::zero()),
            now_plus(backend, horizon),
            now_plus(backend, -HEARD),
        );
        let (p, skip) = match backend {
            DbBackend::Sqlite => ("?", ""),
            _ => ("$1", "FOR UPDATE SKIP LOCKED"),
        };
        // Two selects, each with its own partial index; an OR over both would read the table.
        let sql = format!(
            "UPDATE task SET rung_at = {now} WHERE id IN (
                SELECT id FROM (SELECT id FROM task
                    WHERE state IN ('available', 'scheduled', 'retryable') AND run_at <= {soon}
                      AND queue = {p} AND (rung_at IS NULL OR rung_at < {heard})
                    ORDER BY run_at LIMIT {limit} {skip}) AS due
                UNION ALL
                SELECT id FROM (SELECT id FROM task
                    WHERE state = 'running' AND lease_until < {now}
                      AND queue = {p2} AND (rung_at IS NULL OR rung_at < {heard})
                    ORDER BY lease_until LIMIT {limit} {skip}) AS lapsed)
             RETURNING id, queue, run_at",
            p2 = if backend == DbBackend::Sqlite {
                "?"
            } else {
                "$1"
            },
        );
        let values: Vec<sea_orm::Value> = match backend {
            DbBackend::Sqlite => vec![queue.into(), queue.into()],
            _ => vec![queue.into()],
        };
        let rows = DueTask::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
            .all(&self.db)
            .await?;
        Ok(rows)
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
