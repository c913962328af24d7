//! Queues as people handle them: pauses and how many visits at once. A pause lives here and nowhere else: the claim itself
//! asks for it (`engine/claims.rs`), so no statement that begins after it takes anything from the queue, whatever a worker
//! remembers, and with or without Redis.

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::task::Queue;
use ingot_domain::wait::Wait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, TransactionTrait};

use super::decisions::{Decided, Decision};
use super::rows::{Column, Row, record};
use super::subject::{Subject, Write, move_all};
use super::waiting::Waiting;
use super::{Ledger, LedgerError};
use crate::{queue, task};

/// How often a row is read again that another person moved meanwhile.
const TRIES: usize = 5;

/// The names of paused queues, as a set for `IN`.
pub(super) const PAUSED: &str = "(SELECT q.name FROM queue AS q WHERE q.paused_at IS NOT NULL)";

record! {
    /// What a person changes of a queue.
    CHANGED, changed of queue::Model {
        paused_at: "timestamptz", paused_by: "text", paused_reason: "text", concurrency: "integer",
    }
}

impl Subject for queue::Model {
    const TABLE: &'static str = "queue";
    const KEY: &'static str = "name";
    const CHANGED: &'static [Column] = CHANGED;

    fn id(&self) -> &str {
        &self.name
    }

    fn story(&self) -> String {
        story_of(&self.name)
    }

    fn row_version(&self) -> i64 {
        self.row_version
    }

    fn event_seq(&self) -> i64 {
        self.event_seq
    }

    fn changed(&self) -> Row {
        changed(self)
    }

    // Whether it may be is decided before it is written.
    fn check(_: &Self, _: &Self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// Under what a queue's story lies.
fn story_of(name: &str) -> String {
    format!("que_{name}")
}

impl queue::Model {
    /// Under what its story lies.
    pub fn story_id(&self) -> String {
        story_of(&self.name)
    }

    /// As it is before a person touches it.
    fn untouched(queue: Queue) -> Self {
        Self {
            name: queue.to_string(),
            paused_at: None,
            paused_by: None,
            paused_reason: None,
            concurrency: None,
            row_version: 0,
            event_seq: 0,
        }
    }

    /// Its pause as what is waited for; nothing while it is not paused.
    pub fn pause(&self) -> Option<Wait> {
        Some(Wait::Paused {
            since: self.paused_at?,
            by: self.paused_by.clone().unwrap_or_default(),
            reason: self.paused_reason.clone().unwrap_or_default(),
        })
    }
}

/// The queues that are paused at a moment.
#[derive(Debug, Clone, Default)]
pub struct Pauses(HashMap<String, (Instant, Wait)>);

impl Pauses {
    /// The pauses among some rows.
    fn of(rows: &[queue::Model]) -> Self {
        let paused = |row: &queue::Model| Some((row.name.clone(), (row.paused_at?, row.pause()?)));
        Self(rows.iter().filter_map(paused).collect())
    }

    /// Nothing is paused.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of paused queues.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Since when a queue is paused, and the sentence that says so.
    pub fn get(&self, queue: &str) -> Option<(Instant, String)> {
        let (since, wait) = self.0.get(queue)?;
        Some((*since, wait.to_string()))
    }

    /// What a task waits for: the pause of its queue, else what it says itself.
    pub fn waiting(&self, row: &task::Model) -> Option<Waiting> {
        let waits = matches!(row.state.as_str(), "available" | "scheduled" | "retryable");
        let Some((since, on)) = self.0.get(&row.queue).filter(|_| waits) else {
            return row.waiting();
        };
        Some(Waiting {
            task_id: row.id.clone(),
            kind: row.kind.clone(),
            deployment_id: row.deployment_id.clone(),
            on: on.clone(),
            since: Some(*since),
            next: row.run_at,
        })
    }
}

impl Ledger {
    /// The queues that a person has touched.
    pub async fn queue_rows(&self) -> Result<Vec<queue::Model>, LedgerError> {
        Ok(queue::Entity::find().all(&self.db).await?)
    }

    /// The queues that are paused.
    pub async fn pauses(&self) -> Result<Pauses, LedgerError> {
        Ok(Pauses::of(&self.queue_rows().await?))
    }

    /// One queue, as it is untouched where no person has.
    pub async fn queue_row(&self, queue: Queue) -> Result<queue::Model, LedgerError> {
        let found = queue::Entity::find_by_id(queue.as_str())
            .one(&self.db)
            .await?;
        Ok(found.unwrap_or_else(|| queue::Model::untouched(queue)))
    }

    /// Pauses a queue: no claim that begins after this takes from it. One that ends instances is paused only when the caller says
    /// `even_cleanup`.
    pub async fn pause_queue(
        &self,
        queue: Queue,
        even_cleanup: bool,
        decision: &Decision,
    ) -> Result<Decided<queue::Model>, LedgerError> {
        let Decision { by, reason } = decision;
        let now = self.now();
        self.order_queue(queue, |before| {
            if let Some(pause) = before.pause() {
                return Err(format!("queue `{queue}` is {pause}"));
            }
            if queue.cleans_up() && !even_cleanup {
                return Err(format!(
                    "queue `{queue}` ends instances: while it is paused they run on and cost money; \
                     say `even_cleanup` (`--even-cleanup`) if that is meant"
                ));
            }
            let after = queue::Model {
                paused_at: Some(now),
                paused_by: Some(by.clone()),
                paused_reason: Some(reason.clone()),
                ..before.clone()
            };
            let also = if queue.cleans_up() {
                ", clean-up included"
            } else {
                ""
            };
            let said = format!("{by} paused it{also}: {reason}");
            Ok((after, Line::info("queue.paused", Source::Request, said).warn()))
        })
        .await
    }

    /// Lets a paused queue go on; what waits in it is due as it was.
    pub async fn resume_queue(
        &self,
        queue: Queue,
        decision: &Decision,
    ) -> Result<Decided<queue::Model>, LedgerError> {
        let Decision { by, reason } = decision;
        self.order_queue(queue, |before| {
            if before.paused_at.is_none() {
                return Err(format!("queue `{queue}` is not paused"));
            }
            let after = queue::Model {
                paused_at: None,
                paused_by: None,
                paused_reason: None,
                ..before.clone()
            };
            let said = format!("{by} resumed it: {reason}");
            Ok((after, Line::info("queue.resumed", Source::Request, said)))
        })
        .await
    }

    /// Says how many visits of a queue each worker pays at once; as each was started where nothing is said.
    pub async fn set_concurrency(
        &self,
        queue: Queue,
        concurrency: Option<u32>,
        decision: &Decision,
    ) -> Result<Decided<queue::Model>, LedgerError> {
        let Decision { by, reason } = decision;
        let wanted = concurrency.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
        let word = |number: Option<i32>| match number {
            Some(number) => number.to_string(),
            None => "as each worker was started".to_owned(),
        };
        self.order_queue(queue, |before| {
            let after = queue::Model {
                concurrency: wanted,
                ..before.clone()
            };
            let (was, is) = (word(before.concurrency), word(wanted));
            let said =
                format!("{by} set its visits at once in each worker: {was} → {is}: {reason}");
            Ok((
                after,
                Line::info("queue.concurrency", Source::Request, said),
            ))
        })
        .await
    }

    /// Writes what a person orders, with its line; the order is judged by the row that is written over.
    async fn order_queue(
        &self,
        queue: Queue,
        order: impl Fn(&queue::Model) -> Result<(queue::Model, Line), String>,
    ) -> Result<Decided<queue::Model>, LedgerError> {
        for _ in 0..TRIES {
            let tx = self.db.begin().await?;
            let new = queue::ActiveModel {
                name: Set(queue.to_string()),
                row_version: Set(0),
                event_seq: Set(0),
                ..Default::default()
            };
            queue::Entity::insert(new)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&tx)
                .await?;
            let before = queue::Entity::find_by_id(queue.as_str()).one(&tx).await?;
            let before = before.unwrap_or_else(|| queue::Model::untouched(queue));
            let (after, line) = match order(&before) {
                Ok(order) => order,
                Err(why) => {
                    tx.rollback().await?;
                    return Ok(Decided::Refused(why));
                }
            };
            let write = Write {
                before: &before,
                after: &after,
                lines: &[line],
            };
            let mut stories = self.stories();
            if move_all(&tx, &[write], &mut stories).await? {
                stories.append(&tx).await?;
                tx.commit().await?;
                return Ok(Decided::Done(Box::new(self.queue_row(queue).await?)));
            }
            tx.rollback().await?;
        }
        Ok(Decided::Refused(format!(
            "queue `{queue}` is being changed by another; try again"
        )))
    }
}
