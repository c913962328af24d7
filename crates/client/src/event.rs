//! Events: the one story of a deployment, an image or another subject, as log lines.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One line of a subject's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Position in the story, from 1 without gaps: the cursor for `after`.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Stable word, such as `deployment.ready`.
    pub kind: String,
    /// Such as `ami-creation`; shown in brackets.
    pub source: String,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// The sentence.
    pub message: String,
}

/// Which events to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// Only events after this `seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
