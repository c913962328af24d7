//! The end of a visit: everything it found out and decided, in one transaction, or nothing of it.

use ingot_domain::Instant;
use ingot_domain::event::Line;
use ingot_domain::task::TaskState;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait,
};

use super::tasks::{Claim, NewTask};
use super::{Ledger, LedgerError, change, effects, images, tasks};
use crate::{attempt, deployment, effect, image, task};

/// What a visit changes besides its own task.
#[derive(Debug, Default)]
pub struct Change {
    /// The deployment before and after.
    pub deployment: Option<(deployment::Model, deployment::Model)>,
    /// Lines for the deployment's story; they need `deployment`.
    pub lines: Vec<Line>,
    /// An effect to be intended.
    pub intend: Option<effect::Model>,
    /// An effect's outcome: the row as it shall be.
    pub outcome: Option<effect::Model>,
    /// A new image row that claims its key.
    pub claim: Option<image::Model>,
    /// An image row as it shall be.
    pub image: Option<image::Model>,
    /// Tasks this visit causes.
    pub tasks: Vec<NewTask>,
}

/// What becomes of the visit's task.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Come back at this instant; no attempt is burnt.
    Snooze {
        /// When.
        at: Instant,
        /// What it waits for, in a few words.
        why: String,
    },
    /// The attempt failed; try again at this instant, unless attempts are used up.
    Retry {
        /// When.
        at: Instant,
        /// What went wrong.
        error: String,
    },
    /// Over.
    Done,
    /// Given up.
    Discard {
        /// Why.
        error: String,
    },
}

/// Whether a visit's end was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Yes.
    Yes,
    /// Somebody else holds the task by now: touch nothing, stop.
    Fenced,
    /// Somebody changed the deployment meanwhile: look again.
    Overtaken,
    /// `Change::claim` lost: its key or its name is taken.
    Taken,
}

impl Ledger {
    /// Writes the end of a visit.
    pub async fn commit(
        &self,
        claim: &Claim,
        change: &Change,
        then: &Then,
    ) -> Result<Committed, LedgerError> {
        let now = self.now();
        let tx = self.db.begin().await?;
        if !end_task(&tx, &claim.task, then, now).await? {
            tx.rollback().await?;
            return Ok(Committed::Fenced);
        }
        if let Some((before, after)) = &change.deployment
            && !change::write(&tx, before, after, &change.lines, now).await?
        {
            tx.rollback().await?;
            return Ok(Committed::Overtaken);
        }
        if let Some(row) = &change.claim
            && !images::insert_claim(&tx, row).await?
        {
            tx.rollback().await?;
            return Ok(Committed::Taken);
        }
        if let Some(effect) = &change.intend {
            effects::intend(&tx, effect).await?;
        }
        if let Some(effect) = &change.outcome {
            effects::settle(&tx, effect).await?;
        }
        if let Some(image) = &change.image {
            images::write(&tx, image).await?;
        }
        tasks::insert(&tx, &change.tasks, now, false).await?;
        tx.commit().await?;
        Ok(Committed::Yes)
    }

    /// Gives a claimed task back, due at once: its visit learnt nothing.
    pub async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        let then = Then::Snooze {
            at: self.now(),
            why: "looking again".to_owned(),
        };
        end_task(&self.db, &claim.task, &then, self.now()).await?;
        Ok(())
    }
}

async fn end_task<C: ConnectionTrait>(
    tx: &C,
    held: &task::Model,
    then: &Then,
    now: Instant,
) -> Result<bool, LedgerError> {
    let exhausted = held.attempt >= held.max_attempts;
    let (state, attempt_outcome, error) = match then {
        Then::Snooze { .. } => (TaskState::Scheduled, None, None),
        Then::Retry { error, .. } if exhausted => {
            (TaskState::Discarded, Some("discarded"), Some(error))
        }
        Then::Retry { error, .. } => (TaskState::Retryable, Some("failed"), Some(error)),
        Then::Done => (TaskState::Completed, Some("completed"), None),
        Then::Discard { error } => (TaskState::Discarded, Some("discarded"), Some(error)),
    };
    let mut row = task::ActiveModel {
        state: Set(state.as_str().to_owned()),
        lease_until: Set(None),
        rung_at: Set(None),
        ..Default::default()
    };
    if state != TaskState::Discarded {
        // An outcome ends a row of crashes: only a task that kills every worker it meets is poison.
        row.crashes = Set(0);
    }
    match then {
        Then::Snooze { at, why } => {
            row.run_at = Set(*at);
            row.waiting_for = Set(Some(why.clone()));
            row.attempt = Set(held.attempt - 1);
        }
        Then::Retry { at, .. } => row.run_at = Set(*at),
        Then::Done | Then::Discard { .. } => {}
    }
    if state.is_final() {
        row.finished_at = Set(Some(now));
    }
    if let Some(error) = error {
        row.last_error = Set(Some(error.clone()));
    }
    let ended = task::Entity::update_many()
        .set(row)
        .filter(task::Column::Id.eq(&held.id))
        .filter(task::Column::Epoch.eq(held.epoch))
        .filter(task::Column::State.eq("running"))
        .exec(tx)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(false);
    }
    if let Some(outcome) = attempt_outcome {
        let row = attempt::ActiveModel {
            task_id: Set(held.id.clone()),
            number: Set(held.attempt),
            outcome: Set(outcome.to_owned()),
            worker: Set(held.worker.clone().unwrap_or_default()),
            error: Set(error.cloned()),
            started_at: Set(held.claimed_at.unwrap_or(held.created_at)),
            finished_at: Set(now),
        };
        attempt::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(true)
}
