//! What a deployment or a task waits for, as the API shows it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is waited for, since when, and what ends it at the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wait {
    /// The kind in a word, such as `credentials`, `quota`, `capacity`, `image`, `probe`.
    pub on: String,
    /// AWS's error code, where AWS is what is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// AWS refuses, throttles or does not answer.
    pub refused: bool,
    /// What is waited for, in a sentence.
    pub sentence: String,
    /// Since when the same has been waited for.
    pub since: Option<DateTime<Utc>>,
    /// When the waiting ends at the latest; nothing where something else than the clock ends it.
    pub until: Option<DateTime<Utc>>,
    /// What ends it at the latest, in words.
    pub ends: String,
    /// When it looks again.
    pub next_look_at: DateTime<Utc>,
    /// What a person can do meanwhile.
    pub way_out: String,
}
