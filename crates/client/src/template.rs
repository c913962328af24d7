//! Templates as the API shows them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Whose recipe it goes on from: `NAME@REVISION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// Which revision each of its parts is from, when it goes on from another and is looked at by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// One sentence.
    pub description: String,
    /// It comes with Ingot.
    pub builtin: bool,
    /// Counts up with each change.
    pub revision: u32,
    /// `golden_image` or `docker`.
    pub kind: String,
    /// Where a fresh install starts from.
    pub base_image: String,
    /// Architecture.
    pub architecture: String,
    /// Modes; the first is the default.
    pub modes: Vec<String>,
    /// Instance types; the first is the default.
    pub instance_types: Vec<String>,
    /// Root volume in GB.
    pub volume_size_gb: u32,
    /// What is asked to see whether it is ready, as a URL pattern.
    pub probe: String,
    /// What a deployment may give, under `parameters`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The recipe's fingerprint.
    pub fingerprint: String,
    /// Who makes its AMIs: `deployment`, `build` or `never`.
    pub images: String,
    /// Its line of cron: when its images are made anew, in the policy's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<String>,
    /// When that fires next, by the calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_rebuild: Option<DateTime<Utc>>,
    /// The code of the grant that its builds' costs are recorded against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Time-to-ready of the last deployments, both paths (F53).
    pub launch_times: LaunchTimes,
}

/// A part of a template that goes on from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Its key, such as `steps`.
    pub field: String,
    /// `NAME@REVISION`, the root's first; several where lists or keys are put together.
    pub from: Vec<String>,
}

/// A word of a template that a deployment may give a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value when a deployment gives none; one without must be given.
    pub default: Option<String>,
    /// One sentence.
    pub description: String,
    /// Its only values; any when empty.
    pub choices: Vec<String>,
    /// What its whole value looks like, as a regular expression.
    pub pattern: Option<String>,
}

/// Median time-to-ready in seconds over the last 50 ready deployments of each path (F53).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaunchTimes {
    /// Installed on the base image.
    pub fresh_seconds: Option<u64>,
    /// Launched from a finished image.
    pub cached_seconds: Option<u64>,
    /// How many deployments the two medians rest on.
    pub samples: u64,
}

/// One revision of a template; revisions never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateRevision {
    /// Counts up with each change.
    pub revision: u32,
    /// The recipe's fingerprint: images of another one are not taken for this revision's.
    pub fingerprint: String,
    /// When it was applied.
    pub created_at: DateTime<Utc>,
}

/// Which revisions of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RevisionsFilter {
    /// Items per page, 1 to 200; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What a template is applied over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApplyFilter {
    /// The revision it was written on, 0 for a new template: with another one as the newest it is refused. Any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u32>,
}

/// Which revision of a template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RevisionFilter {
    /// This revision; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// As YAML: with all that it inherits, as it is installed, in place of its own text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
}
