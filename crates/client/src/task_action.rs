//! What people do to tasks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most tasks that one request lists.
pub const MOST_LISTED: usize = 10_000;

/// Why something is done to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDecision {
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// When it is due from now on: for `reschedule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// Something that is done to listed tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskAction {
    /// `retry`, `cancel`, `run-now`, `reschedule` or `discard`.
    pub action: String,
    /// Which, 10,000 at most.
    pub ids: Vec<String>,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// When they are due from now on: for `reschedule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TasksActed {
    /// Tasks to which it was done.
    pub done: Vec<String>,
    /// Tasks to which it was not.
    pub refused: Vec<TaskRefused>,
}

/// A task to which something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskRefused {
    /// Which.
    pub id: String,
    /// Why.
    pub why: String,
}
