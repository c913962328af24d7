//! What becomes of visited tasks: the end of each task of a batch, in one statement.

use std::collections::HashMap;

use ingot_domain::Instant;
use ingot_domain::task::TaskState;
use ingot_domain::wait::Wait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use crate::store::LedgerError;
use crate::store::clock::delta;
use crate::store::engine::claims::place;
use crate::store::engine::commit::Then;
use crate::store::engine::held::Held;
use crate::store::rows::{Column, Row, Rows};

/// What a task must still be for its end to be written.
const HELD: &[Column] = &[
    ("key", "text"),
    ("epoch", "bigint"),
    ("held", "text"),
    ("holder", "text"),
];

/// What it becomes.
const BECOMES: &[Column] = &[
    ("state", "text"),
    ("run_at", "timestamptz"),
    ("waiting_for", "text"),
    ("wait", "text"),
    ("wait_since", "timestamptz"),
    ("again", "integer"),
    ("attempt", "integer"),
    ("crashes", "integer"),
    ("error", "text"),
    ("finished_at", "timestamptz"),
];

const SET: &str =
    "state = v.state, run_at = COALESCE(v.run_at, task.run_at), waiting_for = v.waiting_for,
    wait = v.wait, wait_since = v.wait_since, again = v.again, attempt = v.attempt, crashes = v.crashes, last_error = COALESCE(v.error, task.last_error),
    finished_at = v.finished_at, lease_until = NULL, rung_at = NULL";

const ATTEMPT: &[Column] = &[
    ("task_id", "text"),
    ("number", "integer"),
    ("outcome", "text"),
    ("worker", "text"),
    ("error", "text"),
    ("started_at", "timestamptz"),
    ("finished_at", "timestamptz"),
];

/// Tasks that were ended, and the epochs they were held in: a worker that lost a task and claimed it again may have two ends
/// of it in one batch, of which one holds.
#[derive(Debug)]
pub(in crate::store) struct Ended(HashMap<String, i64>);

impl Ended {
    /// Whether this claim's end was written.
    pub(in crate::store) fn has(&self, held: &Held) -> bool {
        self.0.get(&held.id) == Some(&held.epoch)
    }
}

/// What an attempt that is over leads to: the task's state and the attempt's outcome.
fn state_after(held: &Held, then: &Then) -> (TaskState, Option<&'static str>) {
    match then {
        Then::Wait { .. } => (TaskState::Scheduled, None),
        Then::Retry { .. } if held.attempt >= held.max_attempts => {
            (TaskState::Discarded, Some("discarded"))
        }
        Then::Retry { .. } => (TaskState::Retryable, Some("failed")),
        // A completed task's row says all that its last attempt's would: `Ledger::task` reads it from there.
        Then::Done => (TaskState::Completed, None),
        Then::Discard { .. } => (TaskState::Discarded, Some("discarded")),
    }
}

/// Whether this end of a task is one row's change and nothing else.
pub(in crate::store) fn is_single_row(held: &Held, then: &Then) -> bool {
    state_after(held, then).1.is_none()
}

/// Ends tasks that are still held by their worker in the epoch they were claimed in; answers those that were. The others are
/// fenced: nothing is written for them.
pub(in crate::store) async fn end_tasks<C: ConnectionTrait>(
    db: &C,
    ended: &[(&Held, &Then)],
    now: Instant,
) -> Result<Ended, LedgerError> {
    if ended.iter().all(|(_, then)| **then == Then::Done) {
        return complete(db, ended, now).await;
    }
    let mut rows = Rows::of(&[HELD, BECOMES]);
    for (held, then) in ended {
        rows.push(&becomes(as_held(held), held, then, now));
    }
    let done = end(db, &rows, SET, []).await?;
    let mut attempts = Rows::of(&[ATTEMPT]);
    for (held, then) in ended.iter().filter(|(held, _)| done.has(held)) {
        if let (_, Some(outcome)) = state_after(held, then) {
            attempts.push(&attempt(held, outcome, then, now));
        }
    }
    if !attempts.is_empty() {
        let rest = "ON CONFLICT DO NOTHING";
        attempts.insert(db, "attempt", rest).await?;
    }
    Ok(done)
}

/// The same for tasks that are all completed, as most are: what is written differs in nothing, and only what is held travels.
async fn complete<C: ConnectionTrait>(
    db: &C,
    ended: &[(&Held, &Then)],
    now: Instant,
) -> Result<Ended, LedgerError> {
    let backend = db.get_database_backend();
    let completed = |at| {
        let at = place(backend, at);
        format!(
            "state = 'completed', finished_at = {at}, waiting_for = NULL, wait = NULL, wait_since = NULL, crashes = 0,
             lease_until = NULL, rung_at = NULL"
        )
    };
    let holder = ended.first().map(|(held, _)| &held.worker);
    if backend == DbBackend::Postgres && ended.iter().all(|(held, _)| Some(&held.worker) == holder)
    {
        let sql = format!("UPDATE task SET {} FROM {LISTED}", completed(4));
        let all = |of: fn(&Held) -> String| -> Vec<String> {
            ended.iter().map(|(held, _)| of(held)).collect()
        };
        let (keys, epochs) = (
            all(|held| held.id.clone()),
            all(|held| held.epoch.to_string()),
        );
        let holder = holder.map(|holder| &**holder);
        let values = [
            keys.join(",").into(),
            epochs.join(",").into(),
            holder.into(),
            now.into(),
        ];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        return those(&db.query_all_raw(statement).await?);
    }
    let mut rows = Rows::of(&[HELD]);
    for (held, _) in ended {
        rows.push(&as_held(held));
    }
    end(db, &rows, &completed(2), [now.into()]).await
}

/// What one worker holds, as two lists of words without commas; an eighth of the whole statement is saved against rows in JSON.
/// `IS TRUE` keeps Postgres from the partial index of leases, see [`end`].
const LISTED: &str = "unnest(string_to_array($1, ','), CAST(string_to_array($2, ',') AS bigint[])) AS v(key, epoch)
    WHERE task.id = v.key AND task.epoch = v.epoch AND task.worker = $3 AND (task.state = 'running') IS TRUE
    RETURNING task.id, task.epoch";

/// Updates the tasks of the rows that their holders still hold; answers which. `more` are the parameters of `set`.
async fn end<C: ConnectionTrait>(
    db: &C,
    rows: &Rows,
    set: &str,
    more: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Ended, LedgerError> {
    // `running` travels with the rows: as a word or a parameter of the statement it makes Postgres read every running task
    // through the partial index of leases instead of these few by their ids (three times the work, measured).
    let rest = "WHERE task.id = v.key AND task.epoch = v.epoch AND task.state = v.held AND task.worker = v.holder
        RETURNING task.id, task.epoch";
    those(&rows.update(db, "task", set, rest, more).await?)
}

fn those(done: &[QueryResult]) -> Result<Ended, LedgerError> {
    let pair = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    let pairs = done.iter().map(pair).collect::<Result<_, DbErr>>();
    Ok(Ended(pairs?))
}

fn as_held(held: &Held) -> Row {
    Row::new()
        .with("key", &held.id)
        .with("epoch", &held.epoch)
        .with("held", TaskState::Running.as_str())
        .with("holder", &*held.worker)
}

fn becomes(row: Row, held: &Held, then: &Then, now: Instant) -> Row {
    let (state, _) = state_after(held, then);
    let again = match then {
        Then::Wait { on, .. } if on.is_at_once() => held.again.saturating_add(1),
        Then::Wait { on: Wait::Turn, .. } => held.again,
        _ => 0,
    };
    // Nothing that is given back comes back without a pause for ever.
    let pause = ingot_domain::retry::again(again);
    let soonest = |until: Instant| match pause.is_zero() {
        true => until,
        false => until.max(now + delta(pause)),
    };
    let (run_at, waiting_for) = match then {
        Then::Wait { until, on } => (Some(soonest(*until)), Some(on.to_string())),
        Then::Retry { at, .. } => (Some(*at), None),
        Then::Done | Then::Discard { .. } => (None, None),
    };
    let (wait, wait_since) = waits(held, then, now);
    let attempt = held.attempt - i32::from(matches!(then, Then::Wait { .. }));
    // An outcome ends a row of crashes: only a task that kills every worker it meets is poison.
    let crashes = if state == TaskState::Discarded {
        held.crashes
    } else {
        0
    };
    row.with("state", state.as_str())
        .with("run_at", &run_at)
        .with("waiting_for", &waiting_for)
        .with("wait", &wait)
        .with("wait_since", &wait_since)
        .with("again", &again)
        .with("attempt", &attempt)
        .with("crashes", &crashes)
        .with("error", &error(then))
        .with("finished_at", &state.is_final().then_some(now))
}

/// What the task waits for from now on, and since when: a wait that goes on keeps its beginning, over visits that only took
/// their turn and over attempts that failed meanwhile.
fn waits(held: &Held, then: &Then, now: Instant) -> (Option<String>, Option<Instant>) {
    match then {
        Then::Wait { on, .. } if !on.is_passing() => {
            let since = held.waits_since(on).unwrap_or(now);
            (serde_json::to_string(on).ok(), Some(since))
        }
        Then::Wait { .. } | Then::Retry { .. } => (held.wait.clone(), held.attended_since()),
        Then::Done | Then::Discard { .. } => (None, None),
    }
}

fn attempt(held: &Held, outcome: &str, then: &Then, now: Instant) -> Row {
    Row::new()
        .with("task_id", &held.id)
        .with("number", &held.attempt)
        .with("outcome", outcome)
        .with("worker", &*held.worker)
        .with("error", &error(then))
        .with("started_at", &held.claimed_at)
        .with("finished_at", &now)
}

fn error(then: &Then) -> Option<String> {
    match then {
        Then::Retry { error, .. } | Then::Discard { error } => Some(error.clone()),
        Then::Wait { .. } | Then::Done => None,
    }
}
