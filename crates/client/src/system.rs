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
}

/// The installation's numbers for the front page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// Its queues.
    pub queues: Vec<Queue>,
}
