//! A claimed task as its holder knows it. A claim reads what a visit needs and nothing else: reading all columns, by their
//! names, took a worker as long as visiting a task that does nothing.

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::wait::{self, Wait};
use sea_orm::{DbErr, QueryResult};

/// What a visit needs of its task's row, and what the claim itself wrote there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table's columns")]
pub struct Held {
    pub id: String,
    pub queue: String,
    pub kind: String,
    pub deployment_id: Option<String>,
    pub scope: Option<String>,
    /// This one counted.
    pub attempt: i32,
    pub max_attempts: i32,
    pub crashes: i32,
    /// This one counted.
    pub visits: i32,
    pub epoch: i64,
    pub run_at: Instant,
    pub last_error: Option<String>,
    pub created_at: Instant,
    /// What it waited for last, as JSON: see [`Held::waits_since`].
    pub wait: Option<String>,
    pub wait_since: Option<Instant>,
    /// How often in a row it came back at once.
    pub again: i32,
    /// Of which there is one task at a time.
    pub unique_key: Option<String>,
    /// Who holds it.
    pub worker: Arc<str>,
    pub claimed_at: Instant,
}

/// The columns a claim reads, in the order of [`Held::read`].
pub(in crate::store) const COLUMNS: &str = "id, kind, deployment_id, scope, attempt, max_attempts, crashes, visits, epoch, run_at, last_error, created_at, wait, wait_since, again, unique_key";

impl Held {
    /// Reads a row whose first columns are [`COLUMNS`].
    pub(in crate::store) fn read(
        row: &QueryResult,
        queue: &str,
        worker: &Arc<str>,
        claimed_at: Instant,
    ) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            queue: queue.to_owned(),
            kind: row.try_get_by_index(1)?,
            deployment_id: row.try_get_by_index(2)?,
            scope: row.try_get_by_index(3)?,
            attempt: row.try_get_by_index(4)?,
            max_attempts: row.try_get_by_index(5)?,
            crashes: row.try_get_by_index(6)?,
            visits: row.try_get_by_index(7)?,
            epoch: row.try_get_by_index(8)?,
            run_at: row.try_get_by_index(9)?,
            last_error: row.try_get_by_index(10)?,
            created_at: row.try_get_by_index(11)?,
            wait: row.try_get_by_index(12)?,
            wait_since: row.try_get_by_index(13)?,
            again: row.try_get_by_index(14)?,
            unique_key: row.try_get_by_index(15)?,
            worker: Arc::clone(worker),
            claimed_at,
        })
    }

    /// Since when the task has waited for this without anything else in between, less what no worker looked after; nothing if
    /// it did not wait for it.
    pub fn waits_since(&self, on: &Wait) -> Option<Instant> {
        let last: Wait = serde_json::from_str(self.wait.as_deref()?).ok()?;
        self.attended_since().filter(|_| last.is_same(on))
    }

    /// The beginning of the last wait, whatever it was for.
    pub(in crate::store) fn attended_since(&self) -> Option<Instant> {
        let since = self.wait_since?;
        Some(wait::attended_since(since, self.run_at, self.claimed_at))
    }
}
