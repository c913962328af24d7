//! Operations: what people do to all tasks that a filter finds. A step takes the next thousand of them, the newest first, and
//! writes how far it came; tasks that came after the operation's beginning are not its own.

use ingot_domain::actor::{Actor, Person, Way};
use ingot_domain::event::{Line, Source};
use ingot_domain::ids::OperationId;
use ingot_domain::task::{Queue, TaskKind, TaskState};
use ingot_domain::verb::Verb;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Statement, TransactionTrait,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decisions::{Decided, Decision};
use super::engine::claims::place;
use super::engine::tasks;
use super::retention::first_id;
use super::rows::record;
use super::subject::{Write, any_step, move_all, subject};
use super::task_list::TaskQuery;
use super::verbs::{AT_ONCE, Acted, TaskOrder};
use super::{Ledger, LedgerError, NewTask};
use crate::{operation, task};

record! {
    /// What a step or a person changes of an operation.
    CHANGED, changed of operation::Model {
        state: "text", done: "bigint", refused: "bigint", last_refusal: "text", cursor: "text", finished_at: "timestamptz",
    }
}

// What follows what is decided where it is written.
subject!(operation::Model, "operation", CHANGED, changed, any_step);

/// Which tasks an operation is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationFilter {
    /// Only this queue.
    pub queue: Option<Queue>,
    /// Only this state.
    pub state: Option<TaskState>,
    /// Only this deployment's.
    pub deployment_id: Option<String>,
}

impl OperationFilter {
    fn query(&self, before: Option<String>) -> TaskQuery {
        TaskQuery {
            queue: self.queue,
            state: self.state,
            deployment_id: self.deployment_id.clone(),
            work_only: false,
            before,
        }
    }
}

/// What came of a step.
#[derive(Debug)]
pub struct Stepped {
    /// The operation as it is now.
    pub row: operation::Model,
    /// What its tasks came to.
    pub acted: Acted,
}

impl operation::Model {
    fn filter(&self) -> Result<OperationFilter, LedgerError> {
        serde_json::from_value(self.filter.clone()).map_err(|source| LedgerError::Json {
            what: "operation's filter",
            source,
        })
    }

    /// Who asked for it.
    fn actor(&self) -> Option<Actor> {
        Some(Actor::Person(Person {
            token: self.token.clone()?,
            name: self.created_by.clone(),
            way: Way::parse(self.way.as_deref()?)?,
            request: self.request_id.clone(),
        }))
    }
}

impl Ledger {
    /// How many tasks a filter finds, and the newest of them.
    pub async fn matching(
        &self,
        filter: &OperationFilter,
        sample: u64,
    ) -> Result<(u64, Vec<task::Model>), LedgerError> {
        #[derive(FromQueryResult)]
        struct Count {
            n: i64,
        }
        let backend = self.reader.get_database_backend();
        // The words are ours, of closed lists: a partial index is taken only for words that the planner sees.
        let queue = filter.queue.map(|queue| format!("queue = '{queue}'"));
        let state = filter.state.map(|state| format!("state = '{state}'"));
        let of = filter.deployment_id.as_ref();
        let of = of.map(|_| format!("deployment_id = {}", place(backend, 1)));
        let mut conditions: Vec<String> = [queue, state, of].into_iter().flatten().collect();
        if conditions.is_empty() {
            conditions.push("1 = 1".to_owned());
        }
        let sql = format!(
            "SELECT COUNT(*) AS n FROM task WHERE {}",
            conditions.join(" AND ")
        );
        let values = filter.deployment_id.iter().map(Into::into);
        let count = Statement::from_sql_and_values(backend, sql, values);
        let count = Count::find_by_statement(count).one(&self.reader).await?;
        let count = count.and_then(|row| u64::try_from(row.n).ok());
        let sample = self.list_tasks(&filter.query(None), sample).await?;
        Ok((count.unwrap_or_default(), sample))
    }

    /// Begins an operation over what a filter finds now; answers it with the task that steps it on.
    pub async fn begin_operation(
        &self,
        filter: &OperationFilter,
        order: &TaskOrder,
        expected: u64,
        matching: u64,
    ) -> Result<(operation::Model, NewTask), LedgerError> {
        let now = self.now();
        let person = self.actor.as_deref().and_then(Actor::person);
        let id = new_id().to_string();
        let decision = &order.decision;
        let said = format!(
            "{} asked for {} of {matching} tasks: {}",
            decision.by, order.verb, decision.reason
        );
        let mut stories = self.stories();
        let lines = [Line::info("operation.asked", Source::Request, said)];
        let filter = serde_json::to_value(filter).map_err(|source| LedgerError::Json {
            what: "operation's filter",
            source,
        })?;
        let row = operation::Model {
            event_seq: stories.say(&id, 0, &lines),
            id,
            verb: order.verb.to_string(),
            filter,
            due_at: order.at,
            state: "running".to_owned(),
            expected: i64::try_from(expected).unwrap_or(i64::MAX),
            matching: i64::try_from(matching).unwrap_or(i64::MAX),
            done: 0,
            refused: 0,
            last_refusal: None,
            // Ids sort by the time inside them: what comes after this instant is not meant.
            cursor: first_id("tsk", now + chrono::TimeDelta::milliseconds(1)),
            reason: decision.reason.clone(),
            created_by: decision.by.clone(),
            token: person.map(|person| person.token.clone()),
            way: person.map(|person| person.way.to_string()),
            request_id: person.and_then(|person| person.request.clone()),
            created_at: now,
            finished_at: None,
            row_version: 0,
        };
        let key = format!("{}:{}", TaskKind::Operation, row.id);
        let step = NewTask::about(TaskKind::Operation, &row.id, key, now);
        let tx = self.db.begin().await?;
        operation::Entity::insert(row.clone().into_active_model())
            .exec_without_returning(&tx)
            .await?;
        stories.append(&tx).await?;
        tasks::insert(&tx, std::slice::from_ref(&step), now, true).await?;
        tx.commit().await?;
        Ok((row, step))
    }

    /// An operation.
    pub async fn operation(&self, id: &str) -> Result<Option<operation::Model>, LedgerError> {
        Ok(operation::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// Operations, the newest first.
    pub async fn operations(
        &self,
        before: Option<&str>,
        limit: u64,
    ) -> Result<Vec<operation::Model>, LedgerError> {
        let mut select = operation::Entity::find();
        if let Some(before) = before {
            select = select.filter(operation::Column::Id.lt(before));
        }
        Ok(select
            .order_by_desc(operation::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// Stops an operation that runs: no further step is made.
    pub async fn stop_operation(
        &self,
        id: &str,
        decision: &Decision,
    ) -> Result<Decided<operation::Model>, LedgerError> {
        for _ in 0..5 {
            let Some(before) = self.operation(id).await? else {
                return Ok(Decided::Unknown);
            };
            if before.state != "running" {
                let state = &before.state;
                return Ok(Decided::Refused(format!("{id} is `{state}` already")));
            }
            let said = format!(
                "{} stopped it after {} of {} tasks: {}",
                decision.by,
                before.done + before.refused,
                before.matching,
                decision.reason
            );
            let after = operation::Model {
                state: "stopped".to_owned(),
                finished_at: Some(self.now()),
                ..before.clone()
            };
            let line = Line::info("operation.stopped", Source::Request, said);
            if self.move_operation(&before, &after, &[line]).await? {
                let now = self.operation(id).await?;
                return Ok(Decided::Done(Box::new(now.unwrap_or(after))));
            }
        }
        Ok(Decided::Refused(format!("{id} is at work; try again")))
    }

    /// Makes an operation's next step; nothing when it does not run (any more). A step that dies after its tasks and before its
    /// count is made again, and finds those tasks changed: then the count lacks them.
    pub async fn step_operation(&self, id: &str) -> Result<Option<Stepped>, LedgerError> {
        let Some(before) = self.operation(id).await? else {
            return Ok(None);
        };
        if before.state != "running" {
            return Ok(None);
        }
        let verb = Verb::parse(&before.verb).ok_or_else(|| LedgerError::Unknown {
            what: "operation.verb",
            value: before.verb.clone(),
        })?;
        let order = TaskOrder {
            verb,
            at: before.due_at,
            decision: Decision {
                by: before.created_by.clone(),
                reason: before.reason.clone(),
            },
        };
        let query = before.filter()?.query(Some(before.cursor.clone()));
        let limit = u64::try_from(AT_ONCE).unwrap_or(u64::MAX);
        let rows = self.list_tasks(&query, limit).await?;
        // Its own task is not what it is about.
        let ids: Vec<String> = rows
            .iter()
            .filter(|row| row.kind != TaskKind::Operation.as_str())
            .map(|row| row.id.clone())
            .collect();
        let theirs = match before.actor() {
            Some(actor) => self.as_actor(actor),
            None => self.clone(),
        };
        let acted = theirs.act_on_tasks(&ids, &order).await?;
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut after = operation::Model {
            done: before.done + count(acted.done.len()),
            refused: before.refused + count(acted.refused.len()),
            ..before.clone()
        };
        if let Some((id, why)) = acted.refused.last() {
            after.last_refusal = Some(format!("{id}: {why}"));
        }
        let mut lines = Vec::new();
        match rows.last() {
            Some(last) if rows.len() == AT_ONCE => after.cursor = last.id.clone(),
            _ => {
                after.state = "done".to_owned();
                after.finished_at = Some(self.now());
                let said = format!("{} of {} tasks: done", after.verb, after.done);
                let said = match after.refused {
                    0 => said,
                    refused => format!("{said}, {refused} refused"),
                };
                lines.push(Line::info("operation.done", Source::Deploy, said));
            }
        }
        // Who stops it meanwhile has the last word; what this step did is counted all the same.
        if !self.move_operation(&before, &after, &lines).await? {
            let Some(now) = self.operation(id).await? else {
                return Ok(None);
            };
            let counted = operation::Model {
                done: after.done,
                refused: after.refused,
                last_refusal: after.last_refusal.clone(),
                ..now.clone()
            };
            self.move_operation(&now, &counted, &[]).await?;
            after = counted;
        }
        Ok(Some(Stepped { row: after, acted }))
    }

    /// An operation whose steps were given up.
    pub async fn fail_operation(&self, id: &str, why: &str) -> Result<(), LedgerError> {
        let Some(before) = self.operation(id).await? else {
            return Ok(());
        };
        if before.state == "running" {
            let after = operation::Model {
                state: "failed".to_owned(),
                finished_at: Some(self.now()),
                ..before.clone()
            };
            let line = Line::info("operation.failed", Source::Deploy, why.to_owned()).error();
            self.move_operation(&before, &after, &[line]).await?;
        }
        Ok(())
    }

    async fn move_operation(
        &self,
        before: &operation::Model,
        after: &operation::Model,
        lines: &[Line],
    ) -> Result<bool, LedgerError> {
        let tx = self.db.begin().await?;
        let write = Write {
            before,
            after,
            lines,
        };
        let mut stories = self.stories();
        if !move_all(&tx, &[write], &mut stories).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A fresh id; ids are the only chance in this room.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of ids of this room"
)]
fn new_id() -> OperationId {
    OperationId::new(Uuid::now_v7())
}
