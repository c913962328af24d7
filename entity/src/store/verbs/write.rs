//! What becomes of a batch of tasks and their subjects, and how it is written: one statement per kind of change.

use std::collections::BTreeMap;

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::task::Queue;
use ingot_domain::verb::Verb;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::TaskOrder;
use crate::store::engine::tasks;
use crate::store::subject::{Stories, Write, move_all};
use crate::store::{LedgerError, NewTask, deliveries, images};
use crate::{delivery, deployment, image, queue, task};

/// Ids that one line of a queue's story names.
const NAMED: usize = 5;
/// The states of what waits.
const WAITING: [&str; 3] = ["available", "scheduled", "retryable"];

/// A deployment's move.
pub(super) struct Told {
    before: deployment::Model,
    after: deployment::Model,
    lines: Vec<Line>,
}

impl Told {
    pub(super) fn new(
        before: &deployment::Model,
        after: deployment::Model,
        lines: Vec<Line>,
    ) -> Self {
        // Of a build's builder people are not told: they are told of the build itself.
        let quiet = before.build_id.is_some();
        let lines = lines.into_iter().map(|line| match quiet {
            true => line.telling(None),
            false => line,
        });
        Self {
            before: before.clone(),
            after,
            lines: lines.collect(),
        }
    }
}

/// What one transaction writes.
pub(super) struct Batch<'a> {
    pub(super) order: &'a TaskOrder,
    pub(super) now: Instant,
    /// When what waits is due.
    pub(super) at: Instant,
    /// Tasks that wait and are due at another instant.
    pub(super) due: Vec<String>,
    /// Tasks that were given up and are due again.
    pub(super) revived: Vec<String>,
    /// Tasks that were given up and whose subject is retried by others.
    pub(super) settled: Vec<String>,
    /// Tasks that end.
    pub(super) over: Vec<String>,
    /// Deployments whose waiting tasks end, because they begin anew.
    pub(super) freed: Vec<String>,
    pub(super) deployments: Vec<Told>,
    pub(super) images: Vec<image::Model>,
    pub(super) delivered: Vec<delivery::Model>,
    /// Tasks that it causes.
    pub(super) tasks: Vec<NewTask>,
    /// Tasks that are told by the story of their queue.
    pub(super) queues: BTreeMap<Queue, Vec<String>>,
    pub(super) rings: Vec<(Queue, String)>,
    pub(super) done: Vec<String>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(now: Instant, order: &'a TaskOrder) -> Self {
        Self {
            order,
            now,
            at: order
                .at
                .filter(|_| order.verb == Verb::Reschedule)
                .unwrap_or(now),
            due: Vec::new(),
            revived: Vec::new(),
            settled: Vec::new(),
            over: Vec::new(),
            freed: Vec::new(),
            deployments: Vec::new(),
            images: Vec::new(),
            delivered: Vec::new(),
            tasks: Vec::new(),
            queues: BTreeMap::new(),
            rings: Vec::new(),
            done: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// The tasks to which it was done, and what to ring for.
    pub(super) fn outcome(self) -> (Vec<String>, Vec<(Queue, String)>) {
        let mut rings = self.rings;
        rings.extend(super::due(&self.tasks, self.now));
        (self.done, rings)
    }

    /// Writes all of it; false when something of it was changed meanwhile.
    pub(super) async fn write<C: ConnectionTrait>(
        &self,
        tx: &C,
        mut stories: Stories,
    ) -> Result<bool, LedgerError> {
        let writes: Vec<Write<'_, deployment::Model>> = self
            .deployments
            .iter()
            .map(|one| Write {
                before: &one.before,
                after: &one.after,
                lines: &one.lines,
            })
            .collect();
        let images: Vec<&image::Model> = self.images.iter().collect();
        if !move_all(tx, &writes, &mut stories).await?
            || !images::move_on(tx, &images, &mut stories).await?
            || !self.tell_queues(tx, &mut stories).await?
            || !self.write_tasks(tx).await?
        {
            return Ok(false);
        }
        let delivered: Vec<&delivery::Model> = self.delivered.iter().collect();
        deliveries::write(tx, &delivered).await?;
        tasks::cancel_waiting_of(tx, &self.freed, self.now).await?;
        tasks::insert(tx, &self.tasks, self.now, true).await?;
        stories.append(tx).await?;
        Ok(true)
    }

    async fn write_tasks<C: ConnectionTrait>(&self, tx: &C) -> Result<bool, LedgerError> {
        use task::Column;
        let none = || Expr::value(Option::<Instant>::None);
        let begun = match self.at <= self.now {
            true => "available",
            false => "scheduled",
        };
        let of = |ids: &[String], states: &[&str]| {
            task::Entity::update_many()
                .filter(Column::Id.is_in(ids))
                .filter(Column::State.is_in(states.iter().copied()))
        };
        let due = of(&self.due, &WAITING)
            .col_expr(Column::State, Expr::value(begun))
            .col_expr(Column::RunAt, Expr::value(self.at))
            .col_expr(Column::RungAt, none());
        // Numbers of attempts go on, so that each keeps its row.
        let most = Expr::col(Column::Attempt).add(Expr::col(Column::MaxAttempts));
        let revived = of(&self.revived, &["discarded"])
            .col_expr(Column::State, Expr::value("available"))
            .col_expr(Column::RunAt, Expr::value(self.now))
            .col_expr(Column::RungAt, none())
            .col_expr(Column::FinishedAt, none())
            .col_expr(Column::Crashes, Expr::value(0))
            .col_expr(Column::MaxAttempts, most);
        let settled =
            of(&self.settled, &["discarded"]).col_expr(Column::State, Expr::value("cancelled"));
        let state = match self.order.verb {
            Verb::Cancel => "cancelled",
            _ => "discarded",
        };
        let decision = &self.order.decision;
        let why = format!(
            "{} by {}: {}",
            self.order.verb, decision.by, decision.reason
        );
        // The epoch fences a visit under way: its end is not written any more.
        let over = of(
            &self.over,
            &["available", "scheduled", "retryable", "running"],
        )
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
        .col_expr(Column::FinishedAt, Expr::value(self.now))
        .col_expr(Column::LeaseUntil, none())
        .col_expr(Column::LastError, Expr::value(why));
        let all = [
            (&self.due, due),
            (&self.revived, revived),
            (&self.settled, settled),
            (&self.over, over),
        ];
        for (ids, update) in all {
            let wanted = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if wanted > 0 && update.exec(tx).await?.rows_affected != wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells in the story of each queue what was done to tasks that have no other story.
    async fn tell_queues<C: ConnectionTrait>(
        &self,
        tx: &C,
        stories: &mut Stories,
    ) -> Result<bool, LedgerError> {
        for (queue, ids) in &self.queues {
            let new = queue::ActiveModel {
                name: Set(queue.to_string()),
                row_version: Set(0),
                event_seq: Set(0),
                ..Default::default()
            };
            queue::Entity::insert(new)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(tx)
                .await?;
            let Some(row) = queue::Entity::find_by_id(queue.as_str()).one(tx).await? else {
                return Ok(false);
            };
            let mut named = ids
                .iter()
                .take(NAMED)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            if ids.len() > NAMED {
                named.push_str(&format!(" and {} more", ids.len() - NAMED));
            }
            let decision = &self.order.decision;
            let said = format!(
                "{} by {} of {named}: {}",
                self.order.verb, decision.by, decision.reason
            );
            let write = Write {
                before: &row,
                after: &row,
                lines: &[Line::info("task.handled", Source::Request, said)],
            };
            if !move_all(tx, &[write], stories).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
