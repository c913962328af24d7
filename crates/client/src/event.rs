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
    /// Who caused it; none in lines of before that was written down.
    #[serde(default)]
    pub actor: Option<Actor>,
}

impl Event {
    /// The name of the person who caused it, unless the sentence names them already.
    pub fn unnamed_person(&self) -> Option<&str> {
        let name = self.actor.as_ref()?.name.as_deref()?;
        let apart = |letter: char| !(letter.is_alphanumeric() || "-_.".contains(letter));
        let named = self.message.match_indices(name).any(|(at, _)| {
            let (before, after) = (&self.message[..at], &self.message[at + name.len()..]);
            let mut after = after.chars();
            // A full stop or colon may follow a name.
            let ends = match after.next() {
                Some('.') => after.next().is_none_or(apart),
                next => next.is_none_or(apart),
            };
            ends && before.chars().next_back().is_none_or(apart)
        });
        (!named).then_some(name)
    }
}

/// Who causes a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// `token`: a person or their program. Parts of Ingot: `worker`, `scheduler`, and `rule` for what a rule wants anew.
    pub kind: String,
    /// The token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The token's name at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `api`, `cli` or `console`, as the client says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// The request, as in the header `X-Request-Id` of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
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
    /// Only what this actor caused: a token's id or name, or `worker`, `scheduler`, `rule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}
