//! Where the automatic builds stand: by template, and what happened lately.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::build::Planned;

/// Whether a template's builds are switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutoAmiSwitch {
    /// The template.
    pub template: String,
    /// Whether its images are built anew; else its requests are recorded as skipped.
    pub enabled: bool,
    /// Since when it is off.
    pub off_since: Option<DateTime<Utc>>,
    /// Who switched it off.
    pub off_by: Option<String>,
    /// Why.
    pub off_reason: Option<String>,
    /// After three failures of its own; a new revision switches it on again.
    pub by_itself: bool,
    /// Launches within 7 days that make it popular, where it has a word of its own; else the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popularity_threshold: Option<u32>,
}

/// Switches a template's builds on, with what they keep to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutoAmiEnable {
    /// Why, in 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// Launches within 7 days that make it popular; 0 takes the policy's word again. As it was when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1000000)]
    pub popularity_threshold: Option<u32>,
}

/// Where a template stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutoAmiTemplate {
    /// Whether its builds are switched on.
    #[serde(flatten)]
    pub switch: AutoAmiSwitch,
    /// Successful launches within 7 days.
    pub launches: u32,
    /// Whether those are as many as make it popular.
    pub popular: bool,
    /// Its newest image that can be launched from.
    pub image_id: Option<String>,
    /// When that was made.
    pub compiled_at: Option<DateTime<Utc>>,
    /// Whether that was made by the newest revision's recipe.
    pub current: Option<bool>,
    /// The gravest level of the updates its newest image lacks; null when it lacks none.
    pub lacks: Option<String>,
    /// Its builds that wait or run, the newest first.
    pub builds: Vec<Planned>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutoAmiEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// In a sentence.
    pub said: String,
    /// The update (`upd_…`) or build (`bld_…`) it is about.
    pub about: String,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AutoAmiStatus {
    /// As of when, by the installation's calendar.
    pub at: DateTime<Utc>,
    /// Templates that were launched, have an image or are being built, those launched most first.
    pub templates: Vec<AutoAmiTemplate>,
    /// Templates of the catalogue of which there is nothing yet.
    pub unused: Vec<String>,
    /// What happened lately, the newest first.
    pub recent: Vec<AutoAmiEvent>,
    /// Builds that run.
    pub running: u64,
    /// Builds that wait and have a start.
    pub scheduled: u64,
    /// Builds that a person must approve.
    pub awaiting_approval: u64,
    /// Builds that nothing but a change lets start.
    pub blocked: u64,
    /// When everything that runs or has a start is expected to be over.
    pub completion: Option<DateTime<Utc>>,
}
