//! How an image stands by its own list of packages, with where each statement comes from and how old that is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A fix that an image lacks, or lacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldItem {
    /// The CVE; null for an advisory that names none.
    pub cve: Option<String>,
    /// The advisory.
    pub advisory: String,
    /// `critical`, `high`, `medium`, `low` or `unknown`
    pub security_level: String,
    /// The vendor's word.
    pub vendor_severity: Option<String>,
    /// The package.
    pub package: String,
    /// The installed version.
    pub installed: Option<String>,
    /// The version with the fix.
    pub fixed: Option<String>,
    /// Only a subscription brings the fix.
    pub subscription: bool,
    /// Since when it is known to be exploited.
    pub exploited_since: Option<DateTime<Utc>>,
    /// When the advisory was published.
    pub published: Option<DateTime<Utc>>,
    /// Where to read on.
    pub link: Option<String>,
}

/// How an image stands by its own list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageByList {
    /// When its install listed its packages; null where there is no list.
    pub taken_at: Option<DateTime<Utc>>,
    /// The deployment whose install that was.
    pub taken_by: Option<String>,
    /// How many packages it names.
    pub packages: u64,
    /// Why there is no list that could be judged.
    pub absent: Option<String>,
    /// What would bring one.
    pub remedy: Option<String>,
    /// The system it is of, such as `ubuntu-22.04`.
    pub system: Option<String>,
    /// The feed whose advisories it is held against.
    pub feed: Option<String>,
    /// When that feed was fetched last; null where it was never loaded.
    pub feed_fetched_at: Option<DateTime<Utc>>,
    /// Its newest publication.
    pub feed_newest: Option<DateTime<Utc>>,
    /// What may be missing from it.
    pub doubts: Vec<String>,
    /// The image of the same template before it.
    pub predecessor: Option<String>,
    /// When that one's list was taken; null where it has none.
    pub predecessor_taken_at: Option<DateTime<Utc>>,
    /// Fixes that it has and its predecessor lacks, with the predecessor's versions, the gravest first.
    pub fixed: Vec<HeldItem>,
    /// Fixes that it lacks and its predecessor did not.
    pub new: Vec<HeldItem>,
    /// Fixes that it lacks, the gravest first.
    pub open: Vec<HeldItem>,
    /// What cannot be said, because the versions cannot be compared.
    pub unknown: Vec<HeldItem>,
    /// Rows that are left off: of each list the gravest are told.
    pub left_off: u64,
}
