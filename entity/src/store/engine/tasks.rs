//! Tasks: inserting, looking up and cancelling them. How they are claimed is in `claims`, how they end in `finish`.

use ingot_domain::Instant;
use ingot_domain::ids::TaskId;
use ingot_domain::task::{TaskKind, TaskState};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::engine::held::Held;
use crate::store::rows::{Rows, record};
use crate::{attempt, task};

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

/// How the key of a task ends that was asked for while a worker ran the one of that key.
const AGAIN: &str = "/again";

impl Held {
    /// Whether it was asked for beside one that ran, and so ends after its visit where that one comes back by itself.
    pub fn is_again(&self) -> bool {
        let key = self.unique_key.as_deref();
        key.is_some_and(|key| key.ends_with(AGAIN))
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

record! {
    /// A new task's row; the rest are defaults or nothing.
    INSERTED, inserted of task::Model {
        id: "text", queue: "text", kind: "text", state: "text", deployment_id: "text", scope: "text",
        unique_key: "text", max_attempts: "integer", run_at: "timestamptz", rung_at: "timestamptz",
        created_at: "timestamptz",
    }
}

/// Inserts tasks; `rung` says that the caller rings for those that are due. One whose unique key is taken is dropped.
pub(in crate::store) async fn insert<C: ConnectionTrait>(
    tx: &C,
    tasks: &[NewTask],
    now: Instant,
    rung: bool,
) -> Result<(), LedgerError> {
    if tasks.is_empty() {
        return Ok(());
    }
    let rows = rows(tasks, now, rung);
    rows.insert(tx, "task", "ON CONFLICT DO NOTHING").await?;
    Ok(())
}

/// Makes a task due now: one that waits is due at once, one that is not there is made. While a worker runs it, one more is
/// made beside it, for that visit may have looked already and would end without a look at what was asked. Answers what the
/// caller rings for.
pub(in crate::store) async fn ask<C: ConnectionTrait>(
    tx: &C,
    new: &NewTask,
    now: Instant,
) -> Result<NewTask, LedgerError> {
    let key = new.unique_key.clone().unwrap_or_default();
    task::Entity::update_many()
        .col_expr(task::Column::RunAt, Expr::value(now))
        .col_expr(task::Column::State, Expr::value("available"))
        .col_expr(task::Column::RungAt, Expr::value(Option::<Instant>::None))
        .filter(task::Column::UniqueKey.eq(&key))
        .filter(waiting())
        .exec(tx)
        .await?;
    insert(tx, std::slice::from_ref(new), now, true).await?;
    let live = task::Entity::find()
        .filter(task::Column::UniqueKey.eq(&key))
        .filter(waiting())
        .one(tx)
        .await?;
    if live.is_some() {
        return Ok(new.clone());
    }
    let again = NewTask {
        id: new_id(),
        unique_key: Some(format!("{key}{AGAIN}")),
        ..new.clone()
    };
    insert(tx, std::slice::from_ref(&again), now, true).await?;
    Ok(again)
}

/// New tasks as rows.
pub(in crate::store) fn rows<'a>(
    tasks: impl IntoIterator<Item = &'a NewTask>,
    now: Instant,
    rung: bool,
) -> Rows {
    let mut rows = Rows::of(&[INSERTED]);
    for new in tasks {
        rows.push(&inserted(&new.row(now, rung)));
    }
    rows
}

impl NewTask {
    fn row(&self, now: Instant, rung: bool) -> task::Model {
        let due = self.run_at <= now;
        let state = if due {
            TaskState::Available
        } else {
            TaskState::Scheduled
        };
        task::Model {
            id: self.id.to_string(),
            queue: self.kind.queue().as_str().to_owned(),
            kind: self.kind.as_str().to_owned(),
            state: state.as_str().to_owned(),
            deployment_id: self.deployment_id.clone(),
            scope: self.scope.clone(),
            unique_key: self.unique_key.clone(),
            attempt: 0,
            max_attempts: i32::try_from(self.kind.max_attempts()).unwrap_or(i32::MAX),
            crashes: 0,
            visits: 0,
            epoch: 0,
            run_at: self.run_at,
            rung_at: (rung && due).then_some(now),
            waiting_for: None,
            wait: None,
            wait_since: None,
            again: 0,
            worker: None,
            claimed_at: None,
            lease_until: None,
            last_error: None,
            created_at: now,
            finished_at: None,
        }
    }
}

fn waiting() -> Condition {
    Condition::all().add(task::Column::State.is_in(["available", "scheduled", "retryable"]))
}

impl Ledger {
    /// Whether a destroy task of a deployment lives: Ingot is ending it on purpose.
    pub async fn is_ending(&self, deployment_id: &str) -> Result<bool, LedgerError> {
        let live = task::Entity::find()
            .filter(task::Column::DeploymentId.eq(deployment_id))
            .filter(task::Column::Kind.eq(TaskKind::Destroy.as_str()))
            .filter(task::Column::State.is_in(["available", "scheduled", "running", "retryable"]))
            .one(&self.db)
            .await?;
        Ok(live.is_some())
    }

    /// A task with its attempts, oldest first. The attempt that completed it has no row of its own: the task says it all.
    pub async fn task(
        &self,
        id: &str,
    ) -> Result<Option<(task::Model, Vec<attempt::Model>)>, LedgerError> {
        let Some(row) = task::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(None);
        };
        let mut attempts = attempt::Entity::find()
            .filter(attempt::Column::TaskId.eq(id))
            .order_by_asc(attempt::Column::Number)
            .all(&self.db)
            .await?;
        if let (true, Some(finished_at)) = (row.state == "completed", row.finished_at) {
            attempts.push(attempt::Model {
                task_id: row.id.clone(),
                number: row.attempt,
                outcome: "completed".to_owned(),
                worker: row.worker.clone().unwrap_or_default(),
                error: None,
                started_at: row.claimed_at.unwrap_or(row.created_at),
                finished_at,
            });
        }
        Ok(Some((row, attempts)))
    }
}

/// Cancels every task of a deployment that no worker holds, but not those that clean up after earlier runs. A worker
/// that holds one finds the deployment changed at its commit.
pub(in crate::store) async fn cancel_waiting<C: ConnectionTrait>(
    tx: &C,
    deployment_id: &str,
    now: Instant,
) -> Result<(), LedgerError> {
    cancel_waiting_of(tx, &[deployment_id.to_owned()], now).await
}

/// The same of several deployments.
pub(in crate::store) async fn cancel_waiting_of<C: ConnectionTrait>(
    tx: &C,
    deployments: &[String],
    now: Instant,
) -> Result<(), LedgerError> {
    if deployments.is_empty() {
        return Ok(());
    }
    let cleans_up = Condition::any()
        .add(task::Column::Scope.starts_with("i-"))
        .add(task::Column::Scope.starts_with("eff_"));
    let other = Condition::any()
        .add(task::Column::Scope.is_null())
        .add(cleans_up.not());
    task::Entity::update_many()
        .col_expr(task::Column::State, Expr::value("cancelled"))
        .col_expr(task::Column::FinishedAt, Expr::value(now))
        .filter(task::Column::DeploymentId.is_in(deployments))
        .filter(other)
        .filter(waiting())
        .exec(tx)
        .await?;
    Ok(())
}
