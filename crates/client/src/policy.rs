//! The installation's policy and its revisions, as the API shows and takes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A key of a policy and what it says, every default filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyLine {
    /// Such as `security_updates.critical_window`.
    pub key: String,
    /// As a policy writes it, such as `4 hours`; `-` when there is none.
    pub text: String,
}

/// A key that two policies fill otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyChange {
    /// Such as `daily_budget`.
    pub key: String,
    /// What it said; `-` when nothing.
    pub before: String,
    /// What it says; `-` when nothing.
    pub after: String,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstallationPolicy {
    /// 0 while none was imported: then every key has its default.
    pub revision: i32,
    /// Whether this revision is in force.
    pub active: bool,
    /// Since when, if it is.
    pub active_since: Option<DateTime<Utc>>,
    /// The normal form: durations in seconds, money as text, every default filled in.
    #[schema(value_type = Object)]
    pub auto_ami_policy: serde_json::Value,
    /// The same as text, in the order of the document's table.
    pub says: Vec<PolicyLine>,
    /// What is right and yet worth a word.
    pub warnings: Vec<String>,
    /// The text as it was imported; none of revision 0.
    pub yaml: Option<String>,
    /// Who imported it.
    pub created_by: Option<String>,
    /// Why.
    pub created_reason: Option<String>,
    /// When.
    pub created_at: Option<DateTime<Utc>>,
}

/// A revision in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRevision {
    /// From 1 on.
    pub revision: i32,
    /// Whether it is in force.
    pub active: bool,
    /// Who imported it.
    pub created_by: String,
    /// Why.
    pub created_reason: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What it says otherwise than the revision before it; the first, than the defaults.
    pub changes: Vec<PolicyChange>,
}

/// What differs between two revisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDiff {
    /// The one; 0 stands for the defaults.
    pub from: i32,
    /// The other.
    pub to: i32,
    /// In the order of the document's table.
    pub changes: Vec<PolicyChange>,
}

/// Which revision of the policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PolicyFilter {
    /// This revision; the one in force when absent.
    #[param(minimum = 0, maximum = 2147483647)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
}

/// Which two revisions of the policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PolicyDiffFilter {
    /// The one; the revision before `to` when absent. 0 stands for the defaults.
    #[param(minimum = 0, maximum = 2147483647)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i32>,
    /// The other; the one in force when absent.
    #[param(minimum = 0, maximum = 2147483647)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
}

/// How a policy is imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PolicyImport {
    /// Why, in 1 to 500 characters.
    #[param(min_length = 1, max_length = 500)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Only while this revision is in force; 0 stands for the defaults.
    #[param(minimum = 0, maximum = 2147483647)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<i32>,
}

/// Keys of the policy in force that shall say something else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyEdit {
    /// By key as a diff names it, such as `security_updates.critical_window`, what it shall say, as a file writes it: `2 hours`.
    pub changes: BTreeMap<String, String>,
    /// Why, in 1 to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
    /// Only while this revision is in force; 0 stands for the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2147483647)]
    pub expected_revision: Option<i32>,
}

/// Which revision shall be in force, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyActivation {
    /// The revision.
    #[schema(minimum = 1, maximum = 2147483647)]
    pub revision: i32,
    /// In 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}
