//! Ticks of periodic jobs: exactly one replica inserts the row, and the same transaction makes its task.

use ingot_domain::Instant;
use ingot_domain::task::{Queue, TaskKind};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    TransactionTrait,
};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::engine::tasks;
use crate::store::engine::tasks::NewTask;
use crate::store::retention::first_id;
use crate::{attempt, idempotency, task, tick, worker};

impl Ledger {
    /// Fires the tick of `job` that starts at `due_at`; `None` when another replica did.
    pub async fn fire(&self, job: &str, due_at: Instant) -> Result<Option<NewTask>, LedgerError> {
        let now = self.now();
        let new = NewTask::about(
            TaskKind::Scheduler,
            job,
            format!("tick:{job}:{}", due_at.timestamp_millis()),
            now,
        );
        let row = tick::ActiveModel {
            job: Set(job.to_owned()),
            due_at: Set(due_at),
            task_id: Set(new.id.to_string()),
            created_at: Set(now),
        };
        let tx = self.db.begin().await?;
        let inserted = tick::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        if inserted == 0 {
            tx.rollback().await?;
            return Ok(None);
        }
        tasks::insert(&tx, std::slice::from_ref(&new), now, true).await?;
        tx.commit().await?;
        Ok(Some(new))
    }

    /// The newest tick of `job` before the one at `due_at`, of any replica; none before its first, or when ticks of
    /// that age are pruned.
    pub async fn tick_before(
        &self,
        job: &str,
        due_at: Instant,
    ) -> Result<Option<Instant>, LedgerError> {
        use sea_orm::QueryOrder;
        let before = tick::Entity::find()
            .filter(tick::Column::Job.eq(job))
            .filter(tick::Column::DueAt.lt(due_at))
            .order_by_desc(tick::Column::DueAt)
            .one(&self.db)
            .await?;
        Ok(before.map(|tick| tick.due_at))
    }

    /// Inserts tasks that belong to no deployment's change.
    pub async fn enqueue(&self, new: &[NewTask]) -> Result<(), LedgerError> {
        let tx = self.db.begin().await?;
        tasks::insert(&tx, new, self.now(), false).await?;
        Ok(tx.commit().await?)
    }

    /// Every tick of a job, newest last; for tests and the cron page to come.
    pub async fn ticks(&self, job: &str) -> Result<Vec<tick::Model>, LedgerError> {
        use sea_orm::QueryOrder;
        Ok(tick::Entity::find()
            .filter(tick::Column::Job.eq(job))
            .order_by_asc(tick::Column::DueAt)
            .all(&self.db)
            .await?)
    }

    /// Deletes what no request asks for any more: idempotency records and finished periodic tasks older than their
    /// keeping time.
    pub async fn prune(
        &self,
        idempotency_before: Instant,
        ticks_before: Instant,
    ) -> Result<u64, LedgerError> {
        let keys = idempotency::Entity::delete_many()
            .filter(idempotency::Column::CreatedAt.lt(idempotency_before))
            .exec(&self.db)
            .await?;
        let ticks = tick::Entity::delete_many()
            .filter(tick::Column::DueAt.lt(ticks_before))
            .exec(&self.db)
            .await?;
        // By the time inside their ids, two days of them: a million finished tasks of deployments stand beside these few, and
        // whatever is older goes with those (`retention`).
        let periodic = sea_orm::Condition::all()
            .add(task::Column::Id.gte(first_id("tsk", ticks_before - chrono::TimeDelta::hours(48))))
            .add(task::Column::Id.lt(first_id("tsk", ticks_before)))
            .add(task::Column::Queue.is_in([Queue::Scheduler.as_str(), Queue::Monitor.as_str()]))
            .add(task::Column::State.is_in(["completed", "cancelled", "discarded"]));
        let old = task::Entity::find()
            .select_only()
            .column(task::Column::Id)
            .filter(periodic.clone())
            .filter(task::Column::FinishedAt.lt(ticks_before))
            .into_query();
        attempt::Entity::delete_many()
            .filter(attempt::Column::TaskId.in_subquery(old))
            .exec(&self.db)
            .await?;
        worker::Entity::delete_many()
            .filter(worker::Column::HeartbeatAt.lt(ticks_before))
            .exec(&self.db)
            .await?;
        let tasks = task::Entity::delete_many()
            .filter(periodic.clone())
            .filter(task::Column::FinishedAt.lt(ticks_before))
            .exec(&self.db)
            .await?;
        Ok(keys.rows_affected + ticks.rows_affected + tasks.rows_affected)
    }
}
