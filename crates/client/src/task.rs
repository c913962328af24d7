//! Tasks as the API shows them: the durable units of work behind everything.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::wait::Wait;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// `tsk_…`
    pub id: String,
    /// `launch`, `readiness`, `ami`, `monitor`, `scheduler` or `notify`.
    pub queue: String,
    /// `launch`, `destroy`, `readiness`, `ami`, `monitor` or `scheduler`.
    pub kind: String,
    /// `available`, `scheduled`, `running`, `retryable`, `completed`, `cancelled` or `discarded`.
    pub state: String,
    /// The deployment it works for.
    pub deployment_id: Option<String>,
    /// Failed attempts and the current one; a snooze is not an attempt.
    pub attempt: u32,
    /// Attempts before it is given up.
    pub max_attempts: u32,
    /// Claims that ended without an outcome.
    pub crashes: u32,
    /// Visits so far, snoozes included.
    pub visits: u32,
    /// When it is due.
    pub run_at: DateTime<Utc>,
    /// Why it waits.
    pub waiting_for: Option<String>,
    /// The same with since when and until when.
    #[serde(default)]
    pub waiting: Option<Wait>,
    /// Who holds it.
    pub worker: Option<String>,
    /// Until when.
    pub lease_until: Option<DateTime<Utc>>,
    /// The last failure.
    pub last_error: Option<String>,
    /// Created.
    pub created_at: DateTime<Utc>,
    /// Over.
    pub finished_at: Option<DateTime<Utc>>,
    /// Attempts with an outcome, oldest first; only in the answer for one task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

/// One attempt of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its number.
    pub attempt: u32,
    /// `completed`, `failed`, `crashed`, `discarded` or `cancelled`.
    pub outcome: String,
    /// Who tried.
    pub worker: String,
    /// What went wrong.
    pub error: Option<String>,
    /// Claimed.
    pub started_at: DateTime<Utc>,
    /// Over.
    pub finished_at: DateTime<Utc>,
}

/// Which tasks to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TaskFilter {
    /// Only this queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Only this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only this deployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// `false` leaves out the clockwork's tasks (`monitor` and `scheduler`), which no deployment asked for; they are there
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub housekeeping: Option<bool>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
