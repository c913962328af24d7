//! The list of tasks, newest first, among millions that are over. What is over is listed by the index `task_over`, which
//! has one ordered run per queue and state: a page is merged from the newest of each run that is asked for, so that words
//! which match little, or nothing, cost what words cost that match everything. What lives is read whole, for it is little:
//! its indexes are ordered by time, and one more for lists would be written by every claim.

use ingot_domain::task::{Queue, TaskState};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::engine::claims::{WAITING, place};
use super::{Ledger, LedgerError};
use crate::task;

/// Which tasks.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is an equality, `before` is the cursor")]
pub struct TaskQuery {
    pub queue: Option<Queue>,
    pub state: Option<TaskState>,
    pub deployment_id: Option<String>,
    /// Without the clockwork's, unless a queue or a deployment is named.
    pub work_only: bool,
    pub before: Option<String>,
}

impl Ledger {
    /// Tasks, newest first.
    pub async fn list_tasks(
        &self,
        query: &TaskQuery,
        limit: u64,
    ) -> Result<Vec<task::Model>, LedgerError> {
        let backend = self.db.get_database_backend();
        let cursor = query.before.as_ref();
        let before =
            cursor.map_or_else(String::new, |_| format!(" AND id < {}", place(backend, 1)));
        let work = query.work_only && query.queue.is_none();
        let (few, runs) = match (&query.deployment_id, query.queue, query.state) {
            (None, None, None) if !work => return self.newest_tasks(cursor, limit).await,
            (None, queue, state) => {
                let queues: Vec<Queue> = Queue::ALL
                    .iter()
                    .copied()
                    .filter(|one| queue.is_none_or(|queue| queue == *one))
                    .filter(|one| !(work && one.is_housekeeping()))
                    .collect();
                (
                    live(queue, state, work),
                    runs(&queues, state, &before, limit),
                )
            }
            (Some(_), queue, state) => {
                let number = if cursor.is_some() { 2 } else { 1 };
                let of = format!("deployment_id = {}", place(backend, number));
                (vec![of + &words(queue, state)], Vec::new())
            }
        };
        // Materialized, or a planner whose statistics are old would walk down the primary key instead, towards matches that
        // are not there.
        let few: Vec<String> = few
            .iter()
            .map(|condition| format!("SELECT id FROM task WHERE {condition}{before}"))
            .collect();
        let (with, few) = match few.is_empty() {
            true => (String::new(), None),
            false => (
                format!("WITH few AS MATERIALIZED ({})", few.join(" UNION ALL ")),
                Some("SELECT id FROM few".to_owned()),
            ),
        };
        let parts: Vec<String> = runs.into_iter().chain(few).collect();
        let sql = format!(
            "{with} SELECT * FROM task WHERE id IN (
                SELECT id FROM ({parts}) AS page ORDER BY id DESC LIMIT {limit})
             ORDER BY id DESC",
            parts = parts.join(" UNION ALL "),
        );
        let values = cursor.into_iter().chain(&query.deployment_id);
        let list = Statement::from_sql_and_values(backend, sql, values.map(Into::into));
        Ok(task::Model::find_by_statement(list)
            .all(&self.reader)
            .await?)
    }

    async fn newest_tasks(
        &self,
        before: Option<&String>,
        limit: u64,
    ) -> Result<Vec<task::Model>, LedgerError> {
        let mut select = task::Entity::find();
        if let Some(before) = before {
            select = select.filter(task::Column::Id.lt(before));
        }
        Ok(select
            .order_by_desc(task::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }
}

/// ` AND …` for the words asked for. They are ours, of closed lists, and stand in the statement itself: the planner takes a
/// partial index only for words it sees.
fn words(queue: Option<Queue>, state: Option<TaskState>) -> String {
    let queue = queue.map(|queue| format!(" AND queue = '{queue}'"));
    let state = state.map(|state| format!(" AND state = '{state}'"));
    [queue, state].into_iter().flatten().collect()
}

/// The conditions of the tasks that live, one per partial index, each as the index has it; none for a state that is over.
fn live(queue: Option<Queue>, state: Option<TaskState>, work: bool) -> Vec<String> {
    let waiting = format!("state IN ({WAITING})");
    let running = format!("state = '{}'", TaskState::Running);
    let conditions = match state {
        None => vec![waiting, running],
        Some(TaskState::Running) => vec![running],
        Some(state) if state.is_final() => Vec::new(),
        Some(_) => vec![waiting],
    };
    let mut words = words(queue, state);
    for one in Queue::ALL
        .iter()
        .filter(|one| work && one.is_housekeeping())
    {
        words.push_str(&format!(" AND queue <> '{one}'"));
    }
    conditions
        .into_iter()
        .map(|condition| condition + &words)
        .collect()
}

/// The newest of each run of `task_over` that is asked for; none for a state that lives.
fn runs(queues: &[Queue], state: Option<TaskState>, before: &str, limit: u64) -> Vec<String> {
    let mut runs = Vec::new();
    for queue in queues {
        let states = TaskState::ALL.iter().filter(|one| one.is_final());
        for over in states.filter(|one| state.is_none_or(|state| state == **one)) {
            // SQLite takes ORDER BY and LIMIT inside a UNION only like this.
            runs.push(format!(
                "SELECT id FROM (SELECT id FROM task WHERE queue = '{queue}' AND state = '{over}'{before}
                 ORDER BY id DESC LIMIT {limit}) AS run"
            ));
        }
    }
    runs
}
