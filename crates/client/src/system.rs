//! Health and queues.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer of `/readyz` (F117): 200 when every check that is needed is ok, else 503.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    /// It can do what it is there for.
    pub ready: bool,
    /// Names of the checks that failed: it is ready in spite of them when it can do without.
    #[serde(default)]
    pub impaired: Vec<String>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// One check of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `database`, `redis`, `consumer` or `relay`.
    pub name: String,
    /// Passed.
    pub ok: bool,
    /// Without it, it is not ready.
    #[serde(default)]
    pub needed: bool,
    /// What was seen, without internals.
    pub detail: String,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Due now.
    pub available: u64,
    /// Due later.
    pub scheduled: u64,
    /// Being worked on.
    pub running: u64,
    /// Waiting for another attempt.
    pub retryable: u64,
    /// Given up.
    pub discarded: u64,
    /// The oldest due task's due time.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Its pause; nothing while its tasks are taken.
    #[serde(default)]
    pub paused: Option<QueuePause>,
    /// Visits at once in each worker; as each worker was started where there is none.
    #[serde(default)]
    pub concurrency: Option<u32>,
}

/// A queue's pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuePause {
    /// Since when no worker takes anything from it.
    pub since: DateTime<Utc>,
    /// Who paused it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What pausing a queue needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseQueue {
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// Needed for a queue that ends instances (`launch`, `scheduler`, `builds`): while it is paused they run on and cost money.
    #[serde(default)]
    pub even_cleanup: bool,
}

/// What resuming a queue needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeQueue {
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// How many visits of a queue each worker shall pay at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueConcurrency {
    /// 1 to 1024; null for what each worker was started with.
    pub concurrency: Option<u32>,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// The installation's numbers for the front page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// Its queues.
    pub queues: Vec<Queue>,
}
