//! Tasks: inserting, claiming, keeping and ending them. A claim is a compare-and-swap on the task's epoch in the database's
//! time; whoever holds an older epoch is fenced (FAULTS decision 6).

use ingot_domain::Instant;
use ingot_domain::ids::TaskId;
use ingot_domain::task::{LEASE, MAX_CRASHES, TaskKind, TaskState};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    TransactionTrait,
};
use uuid::Uuid;

use super::clock::{delta, now_plus};
use super::{Ledger, LedgerError};
use crate::{attempt, task};

/// How early a bell may ring: clocks differ by less, and a visit that came 50 ms early is on time.
const EARLY: chrono::TimeDelta = chrono::TimeDelta::milliseconds(50);

/// A task to be inserted.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Its id, made by the caller so that it can ring without reading back.
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// For which deployment.
    pub deployment_id: Option<String>,
    /// What else it is about: a region, a periodic job, an instance.
    pub scope: Option<String>,
    /// At most one live task has this key; a second insert is silently dropped.
    pub unique_key: Option<String>,
    /// When it is due.
    pub run_at: Instant,
}

impl NewTask {
    /// A task of one deployment's run.
    pub fn of_deployment(kind: TaskKind, deployment_id: &str, run: i32, run_at: Instant) -> Self {
        Self {
            id: new_id(),
            kind,
            deployment_id: Some(deployment_id.to_owned()),
            scope: None,
            unique_key: Some(format!("{kind}:{deployment_id}:{run}")),
            run_at,
        }
    }

    /// A task about something else.
    pub fn about(kind: TaskKind, scope: &str, unique_key: String, run_at: Instant) -> Self {
        Self {
            id: new_id(),
            kind,
            deployment_id: None,
            scope: Some(scope.to_owned()),
            unique_key: Some(unique_key),
            run_at,
        }
    }
}

/// A fresh task id; ids are the only chance in this room.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
fn new_id() -> TaskId {
    TaskId::new(Uuid::now_v7())
}

/// A claimed task: what its holder may do to it is bound to this epoch.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The row as claimed.
    pub task: task::Model,
    /// The task had been claimed before and that claim ended without an outcome.
    pub after_crash: bool,
    /// Too many claims ended without an outcome: give it up.
    pub poisoned: bool,
}

pub(super) async fn insert<C: ConnectionTrait>(
    tx: &C,
    tasks: &[NewTask],
    now: Instant,
    rung: bool,
) -> Result<(), LedgerError> {
    for new in tasks {
        let state = if new.run_at <= now {
            TaskState::Available
        } else {
            TaskState::Scheduled
        };
        let row = task::ActiveModel {
            id: Set(new.id.to_string()),
            queue: Set(new.kind.queue().as_str().to_owned()),
            kind: Set(new.kind.as_str().to_owned()),
            state: Set(state.as_str().to_owned()),
            deployment_id: Set(new.deployment_id.clone()),
            scope: Set(new.scope.clone()),
            unique_key: Set(new.unique_key.clone()),
            attempt: Set(0),
            max_attempts: Set(i32::try_from(new.kind.max_attempts()).unwrap_or(i32::MAX)),
            crashes: Set(0),
            visits: Set(0),
            epoch: Set(0),
            run_at: Set(new.run_at),
            rung_at: Set((rung && new.run_at <= now).then_some(now)),
            waiting_for: Set(None),
            worker: Set(None),
            claimed_at: Set(None),
            lease_until: Set(None),
            last_error: Set(None),
            created_at: Set(now),
            finished_at: Set(None),
        };
        task::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

fn waiting() -> Condition {
    Condition::all().add(task::Column::State.is_in(["available", "scheduled", "retryable"]))
}

impl Ledger {
    /// Claims a task that is due, or whose holder's lease has run out. `None` when there is nothing to claim: a bell may ring
    /// twice, late, or for a task somebody cancelled.
    pub async fn claim(&self, id: &str, worker: &str) -> Result<Option<Claim>, LedgerError> {
        let Some(old) = task::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(None);
        };
        let backend = self.db.get_database_backend();
        let now = self.now();
        // The state we saw must still be the one: between our look and our write its holder may have ended its visit.
        let as_seen = task::Column::State.eq(&old.state);
        let ready = if old.state == TaskState::Running.as_str() {
            Expr::col(task::Column::LeaseUntil)
                .lt(Expr::cust(now_plus(backend, chrono::TimeDelta::zero())))
        } else {
            Expr::col(task::Column::RunAt).lte(Expr::cust(now_plus(backend, EARLY)))
        };
        if TaskState::parse(&old.state).is_none_or(TaskState::is_final) {
            return Ok(None);
        }
        let after_crash = old.state == TaskState::Running.as_str();
        let crashes = old.crashes + i32::from(after_crash);
        let tx = self.db.begin().await?;
        let claimed = task::Entity::update_many()
            .col_expr(task::Column::State, Expr::value("running"))
            .col_expr(task::Column::Epoch, Expr::value(old.epoch + 1))
            .col_expr(task::Column::Attempt, Expr::value(old.attempt + 1))
            .col_expr(task::Column::Visits, Expr::value(old.visits + 1))
            .col_expr(task::Column::Crashes, Expr::value(crashes))
            .col_expr(task::Column::Worker, Expr::value(worker))
            .col_expr(task::Column::ClaimedAt, Expr::value(now))
            .col_expr(
                task::Column::WaitingFor,
                Expr::value(Option::<String>::None),
            )
            .col_expr(
                task::Column::LeaseUntil,
                Expr::cust(now_plus(backend, delta(LEASE))),
            )
            .filter(task::Column::Id.eq(id))
            .filter(task::Column::Epoch.eq(old.epoch))
            .filter(as_seen)
            .filter(ready)
            .exec(&tx)
            .await?;
        if claimed.rows_affected == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        if after_crash {
            let row = attempt::ActiveModel {
                task_id: Set(old.id.clone()),
                number: Set(old.attempt),
                outcome: Set("crashed".to_owned()),
                worker: Set(old.worker.clone().unwrap_or_default()),
                error: Set(Some(
                    "the worker's lease ran out before it recorded an outcome".to_owned(),
                )),
                started_at: Set(old.claimed_at.unwrap_or(old.created_at)),
                finished_at: Set(now),
            };
            attempt::Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&tx)
                .await?;
        }
        tx.commit().await?;
        let poisoned = u32::try_from(crashes).unwrap_or(0) >= MAX_CRASHES;
        let task = task::Model {
            state: TaskState::Running.as_str().to_owned(),
            epoch: old.epoch + 1,
            attempt: old.attempt + 1,
            visits: old.visits + 1,
            crashes,
            worker: Some(worker.to_owned()),
            claimed_at: Some(now),
            waiting_for: None,
            ..old
        };
        Ok(Some(Claim {
            task,
            after_crash,
            poisoned,
        }))
    }

    /// Prolongs the leases of the tasks this worker is visiting right now. What it holds and does not visit any more (an
    /// outcome that could not be recorded) must lapse, or nobody would ever take it over.
    pub async fn heartbeat(&self, worker: &str, visiting: &[String]) -> Result<u64, LedgerError> {
        if visiting.is_empty() {
            return Ok(0);
        }
        let lease = now_plus(self.db.get_database_backend(), delta(LEASE));
        let kept = task::Entity::update_many()
            .col_expr(task::Column::LeaseUntil, Expr::cust(lease))
            .filter(task::Column::Worker.eq(worker))
            .filter(task::Column::State.eq("running"))
            .filter(task::Column::Id.is_in(visiting))
            .exec(&self.db)
            .await?;
        Ok(kept.rows_affected)
    }

    /// Whether a destroy task of a deployment lives: somebody is ending it on purpose.
    pub async fn is_ending(&self, deployment_id: &str) -> Result<bool, LedgerError> {
        let live = task::Entity::find()
            .filter(task::Column::DeploymentId.eq(deployment_id))
            .filter(task::Column::Kind.eq(TaskKind::Destroy.as_str()))
            .filter(task::Column::State.is_in(["available", "scheduled", "running", "retryable"]))
            .one(&self.db)
            .await?;
        Ok(live.is_some())
    }

    /// A task with its attempts, oldest first.
    pub async fn task(
        &self,
        id: &str,
    ) -> Result<Option<(task::Model, Vec<attempt::Model>)>, LedgerError> {
        use sea_orm::QueryOrder;
        let Some(row) = task::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(None);
        };
        let attempts = attempt::Entity::find()
            .filter(attempt::Column::TaskId.eq(id))
            .order_by_asc(attempt::Column::Number)
            .all(&self.db)
            .await?;
        Ok(Some((row, attempts)))
    }
}

/// Cancels every task of a deployment that nobody is working on, but not those that clean up after earlier runs. Whoever is
/// working on one finds the deployment changed at its commit.
pub(super) async fn cancel_waiting<C: ConnectionTrait>(
    tx: &C,
    deployment_id: &str,
    now: Instant,
) -> Result<(), LedgerError> {
    let cleans_up = Condition::any()
        .add(task::Column::Scope.starts_with("i-"))
        .add(task::Column::Scope.starts_with("eff_"));
    let other = Condition::any()
        .add(task::Column::Scope.is_null())
        .add(cleans_up.not());
    task::Entity::update_many()
        .col_expr(task::Column::State, Expr::value("cancelled"))
        .col_expr(task::Column::FinishedAt, Expr::value(now))
        .filter(task::Column::DeploymentId.eq(deployment_id))
        .filter(other)
        .filter(waiting())
        .exec(tx)
        .await?;
    Ok(())
}
