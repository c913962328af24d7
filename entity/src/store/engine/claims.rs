//! Claiming tasks in batches, keeping them and giving them back. A claim raises the task's epoch in the database's time;
//! a worker that holds an older epoch is fenced (FAULTS decision 6).

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::task::{LEASE, MAX_CRASHES};
use ingot_domain::wait::Wait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryResult, Statement, TransactionTrait,
};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::clock::{delta, now_plus};
use crate::store::engine::commit::Then;
use crate::store::engine::finish;
use crate::store::engine::held::{COLUMNS, Held};
use crate::store::queues::PAUSED;
use crate::{attempt, task};

/// How early a bell may ring: clocks differ by less, and a visit that came 50 ms early is on time.
const EARLY: Duration = Duration::from_millis(50);

/// A claimed task: what its holder may do to it is bound to this epoch.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The task as claimed.
    pub task: Arc<Held>,
    /// The task had been claimed before and that claim ended without an outcome.
    pub after_crash: bool,
    /// Too many claims ended without an outcome: give it up.
    pub poisoned: bool,
}

/// Claimed tasks as they came from the database. Reading them takes as long as visiting a short one, and the taker that
/// claimed them has the next claim to make.
#[derive(Debug)]
pub struct Claimed {
    rows: Vec<QueryResult>,
    queue: String,
    worker: Arc<str>,
    at: Instant,
}

impl Claimed {
    /// How many were claimed.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Nothing was due.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Reads them, the longest due first.
    pub fn read(self) -> Result<Vec<Claim>, LedgerError> {
        let held = |row| Held::read(row, &self.queue, &self.worker, self.at);
        let mut tasks = self.rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
        tasks.sort_by_key(|task| task.run_at);
        Ok(tasks
            .into_iter()
            .map(|task| Claim::of(task, false))
            .collect())
    }
}

/// The state words of tasks that wait, as an SQL list; the partial index `task_waiting` is over the same.
pub(in crate::store) const WAITING: &str = "'available', 'scheduled', 'retryable'";

impl Ledger {
    /// Claims due tasks as [`Ledger::claim_rows`] does, and reads them.
    pub async fn claim_due(
        &self,
        queue: &str,
        worker: &str,
        limit: usize,
    ) -> Result<Vec<Claim>, LedgerError> {
        self.claim_rows(queue, worker, limit).await?.read()
    }

    /// Claims up to `limit` due tasks of a queue, the longest due first, in one statement. Tasks another worker is claiming at
    /// this moment are passed over, so that workers share a backlog without waiting for each other. From a paused queue nothing is
    /// claimed: the statement itself looks, once, before it reads any task.
    pub async fn claim_rows(
        &self,
        queue: &str,
        worker: &str,
        limit: usize,
    ) -> Result<Claimed, LedgerError> {
        let backend = self.db.get_database_backend();
        let due = |row| {
            format!(
                "SELECT {row} FROM task WHERE queue = {queue} AND state IN ({WAITING}) AND run_at <= {early} AND {open}
                ORDER BY run_at LIMIT {limit} {skip}",
                queue = place(backend, 1),
                early = now_plus(backend, delta(EARLY)),
                skip = skip_locked(backend),
                open = not_paused(backend, 1),
            )
        };
        // Where the rows lie: they are locked, so they stay there, and are not looked up again by their ids. One that was
        // changed after this statement began and is still due is locked as it is now and not seen by the update: it is left
        // for the next claim.
        let which = match backend {
            DbBackend::Sqlite => format!("id IN ({})", due("id")),
            _ => format!("ctid = ANY(ARRAY({}))", due("ctid")),
        };
        let sql = format!(
            "UPDATE task SET state = 'running', epoch = epoch + 1, attempt = attempt + 1, visits = visits + 1,
                worker = {worker}, claimed_at = {now}, waiting_for = NULL, lease_until = {lease}
             WHERE {which} RETURNING {COLUMNS}",
            worker = place(backend, 2),
            now = place(backend, 3),
            lease = now_plus(backend, delta(LEASE)),
        );
        let at = self.now();
        let values = [queue.into(), worker.into(), at.into()];
        let claim = Statement::from_sql_and_values(backend, sql, values);
        Ok(Claimed {
            rows: self.hasty.query_all_raw(claim).await?,
            queue: queue.to_owned(),
            worker: worker.into(),
            at,
        })
    }

    /// Whether a task's holder let its lease run out, in any queue that is not paused; the queues of such tasks.
    pub async fn lapsed(&self) -> Result<Vec<String>, LedgerError> {
        let backend = self.db.get_database_backend();
        let now = now_plus(backend, chrono::TimeDelta::zero());
        let sql = format!(
            "SELECT DISTINCT queue FROM task WHERE state = 'running' AND lease_until < {now} AND queue NOT IN {PAUSED}"
        );
        let rows = self
            .db
            .query_all_raw(Statement::from_string(backend, sql))
            .await?;
        rows.iter()
            .map(|row| Ok(row.try_get("", "queue")?))
            .collect()
    }

    /// Takes over up to `limit` tasks of a queue whose holder's lease ran out, and records its attempt as crashed.
    pub async fn claim_lapsed(
        &self,
        queue: &str,
        worker: &str,
        limit: usize,
    ) -> Result<Vec<Claim>, LedgerError> {
        let (backend, now) = (self.db.get_database_backend(), self.now());
        let skip = skip_locked(backend);
        let sql = format!(
            "SELECT {COLUMNS}, worker, claimed_at FROM task WHERE queue = {queue} AND state = 'running' AND lease_until < {now} AND {open}
             ORDER BY lease_until LIMIT {limit} {skip}",
            queue = place(backend, 1),
            now = now_plus(backend, chrono::TimeDelta::zero()),
            open = not_paused(backend, 1),
        );
        let tx = self.db.begin().await?;
        let select = Statement::from_sql_and_values(backend, sql, [queue.into()]);
        let rows = tx.query_all_raw(select).await?;
        if rows.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let worker: Arc<str> = worker.into();
        let held = |row| Held::read(row, queue, &worker, now);
        let lapsed = rows.iter().map(held).collect::<Result<Vec<_>, _>>()?;
        let crashed = rows.iter().zip(&lapsed).map(|(row, old)| {
            let claimed_at: Option<Instant> = row.try_get("", "claimed_at")?;
            Ok(attempt::ActiveModel {
                task_id: Set(old.id.clone()),
                number: Set(old.attempt),
                outcome: Set("crashed".to_owned()),
                worker: Set(row
                    .try_get::<Option<String>>("", "worker")?
                    .unwrap_or_default()),
                error: Set(Some(
                    "the worker's lease ran out before it recorded an outcome".to_owned(),
                )),
                started_at: Set(claimed_at.unwrap_or(old.created_at)),
                finished_at: Set(now),
            })
        });
        let crashed = crashed.collect::<Result<Vec<_>, DbErr>>()?;
        attempt::Entity::insert_many(crashed)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        // The rows are locked until the end of this transaction: what we saw is what we change.
        task::Entity::update_many()
            .col_expr(task::Column::Epoch, Expr::col(task::Column::Epoch).add(1))
            .col_expr(
                task::Column::Attempt,
                Expr::col(task::Column::Attempt).add(1),
            )
            .col_expr(task::Column::Visits, Expr::col(task::Column::Visits).add(1))
            .col_expr(
                task::Column::Crashes,
                Expr::col(task::Column::Crashes).add(1),
            )
            .col_expr(task::Column::Worker, Expr::value(&*worker))
            .col_expr(task::Column::ClaimedAt, Expr::value(now))
            .col_expr(
                task::Column::LeaseUntil,
                Expr::cust(now_plus(backend, delta(LEASE))),
            )
            .filter(task::Column::Id.is_in(lapsed.iter().map(|old| old.id.as_str())))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        let taken = lapsed.into_iter().map(|old| Held {
            epoch: old.epoch + 1,
            attempt: old.attempt + 1,
            visits: old.visits + 1,
            crashes: old.crashes + 1,
            ..old
        });
        Ok(taken.map(|task| Claim::of(task, true)).collect())
    }

    /// Prolongs the leases of the tasks this worker is visiting right now. What it holds and does not visit any more (an
    /// outcome that could not be recorded) must lapse, or no worker would ever take it over.
    pub async fn heartbeat(&self, worker: &str, visiting: &[String]) -> Result<u64, LedgerError> {
        if visiting.is_empty() {
            return Ok(0);
        }
        let backend = self.db.get_database_backend();
        let ids = serde_json::Value::from(visiting).to_string();
        // A row that is locked is being finished at this moment: passing it over, two statements over the same rows
        // can not wait for each other in a circle.
        let (ids_of, skip) = match backend {
            DbBackend::Sqlite => ("SELECT value FROM json_each(?2)", ""),
            _ => (
                "SELECT json_array_elements_text(CAST($2 AS json))",
                "FOR UPDATE SKIP LOCKED",
            ),
        };
        let (worker_is, lease) = (place(backend, 1), now_plus(backend, delta(LEASE)));
        let sql = format!(
            "UPDATE task SET lease_until = {lease} WHERE id IN (
                SELECT id FROM task WHERE worker = {worker_is} AND state = 'running' AND id IN ({ids_of}) {skip})"
        );
        let values = [worker.into(), ids.into()];
        let kept = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.db.execute_raw(kept).await?.rows_affected())
    }

    /// Gives a claimed task back, due at once: its visit learnt nothing.
    pub async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        let then = Then::Wait {
            until: self.now(),
            on: Wait::Overtaken,
        };
        finish::end_tasks(&self.db, &[(&*claim.task, &then)], self.now()).await?;
        Ok(())
    }
}

impl Claim {
    fn of(task: Held, after_crash: bool) -> Self {
        let poisoned = after_crash && u32::try_from(task.crashes).unwrap_or(0) >= MAX_CRASHES;
        Self {
            task: Arc::new(task),
            after_crash,
            poisoned,
        }
    }
}

/// The `number`th parameter.
pub(in crate::store) fn place(backend: DbBackend, number: usize) -> String {
    match backend {
        DbBackend::Sqlite => format!("?{number}"),
        _ => format!("${number}"),
    }
}

/// Whether the queue that a parameter names is not paused. It does not depend on the task, so a database asks it once per
/// statement, of a table with a row per queue, and reads no task when it does not hold.
fn not_paused(backend: DbBackend, number: usize) -> String {
    let queue = place(backend, number);
    format!(
        "NOT EXISTS (SELECT 1 FROM queue AS q WHERE q.name = {queue} AND q.paused_at IS NOT NULL)"
    )
}

/// SQLite has one writer at a time and needs no row locks.
pub(in crate::store) fn skip_locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    }
}
