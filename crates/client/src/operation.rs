//! What people do to all tasks that a filter finds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::task::Task;

/// Which tasks; one of the fields at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TasksMeant {
    /// Only this queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Only this state; `dead` is another word for `discarded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only this deployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
}

/// A new operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperation {
    /// `retry`, `cancel`, `run-now`, `reschedule` or `discard`.
    pub action: String,
    /// To which tasks.
    pub filter: TasksMeant,
    /// How many tasks are expected; refused when there are a tenth more or fewer. The preview tells how many there are.
    pub expected: u64,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// When they are due from now on: for `reschedule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// What a filter finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationPreview {
    /// How many tasks.
    pub matching: u64,
    /// The newest of them.
    pub sample: Vec<Task>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// `opr_…`
    pub id: String,
    /// `retry`, `cancel`, `run-now`, `reschedule` or `discard`.
    pub action: String,
    /// To which tasks.
    pub filter: TasksMeant,
    /// `running`, `done`, `stopped` or `failed`.
    pub state: String,
    /// How many tasks were expected.
    pub expected: u64,
    /// How many there were when it began.
    pub matching: u64,
    /// Tasks to which it was done.
    pub done: u64,
    /// Tasks to which it was not.
    pub refused: u64,
    /// The last of them, and why.
    pub last_refusal: Option<String>,
    /// Why it is done.
    pub reason: String,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Over.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What stopping an operation needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StopOperation {
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Which operations to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OperationFilter {
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
