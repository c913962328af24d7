//! Findings as the API shows them: what the invariant scanner and the monitor saw that must not be.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// `fnd_…`
    pub id: String,
    /// `I1` to `I12`; or, which breaks no invariant, `cloud` when AWS refuses or throttles calls, and `provenance` for what
    /// looks like ours and is not, or is back after another took its place, and `base` for what a base image shows that must
    /// not be.
    pub invariant: String,
    /// Who looked: `ledger` (the scan of each minute) or the region whose monitor did.
    pub scope: String,
    /// What it is about: an id of ours or of EC2, or a name such as `queue:ami`.
    pub subject: String,
    /// The deployment it concerns, when it is known.
    pub deployment_id: Option<String>,
    /// What was seen, in one sentence.
    pub what: String,
    /// What it means.
    pub meaning: String,
    /// What to do about it.
    pub advice: String,
    /// How often it was seen, at most once a minute.
    pub sightings: u32,
    /// Seen twice or more, and not cleared: the invariant counts as violated.
    pub violated: bool,
    /// First seen.
    pub first_seen_at: DateTime<Utc>,
    /// Last seen.
    pub last_seen_at: DateTime<Utc>,
    /// `gone`, `adopted` or `removed`; before it is cleared, what is being done.
    pub outcome: Option<String>,
    /// When it was seen no more.
    pub cleared_at: Option<DateTime<Utc>>,
    /// What a person decided: `keep` or `remove`.
    #[serde(default)]
    pub settled: Option<String>,
    /// Who decided.
    #[serde(default)]
    pub settled_by: Option<String>,
    /// The reason given.
    #[serde(default)]
    pub settled_reason: Option<String>,
    /// How it can be settled now: `keep`, `remove`; none when it clears by itself or is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<String>,
}

/// Which findings to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindingFilter {
    /// Only this invariant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariant: Option<String>,
    /// Only this deployment's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// `open`, `settled` (kept on request) or `cleared`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// One invariant and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvariantReport {
    /// `I1` to `I12`.
    pub id: String,
    /// What must hold.
    pub says: String,
    /// `scanned`, `monitored`, `not_applicable_yet` or `tested`.
    pub watch: String,
    /// Why it is not watched, when it is not.
    pub why: Option<String>,
    /// Open findings seen at least twice; 0 always.
    pub violations: u64,
    /// Open findings seen once.
    pub suspected: u64,
}
