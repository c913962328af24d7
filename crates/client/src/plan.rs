//! The plan of what waits: which build starts when, which purse pays, and what each waits for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::build::BuildWhy;

/// One build of the plan. The keys are those of `ingot plan --scenario`, and more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedBuild {
    /// The oldest request (`bre_…`).
    pub id: String,
    /// The build (`bld_…`); null of one that is only supposed.
    pub build_id: Option<String>,
    /// The template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Where.
    pub region: String,
    /// The trigger of the request that ranks first.
    pub trigger: String,
    /// How much it presses.
    pub urgency: String,
    /// Its priority at that instant.
    pub priority: u32,
    /// `start`, `scheduled`, `awaiting_approval` or `blocked`.
    pub state: String,
    /// Its start.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// When it is expected to be over.
    pub expected_end: Option<DateTime<Utc>>,
    /// The deadline less the expected duration.
    pub latest_start: Option<DateTime<Utc>>,
    /// When the image must be available.
    pub deadline: Option<DateTime<Utc>>,
    /// What pays.
    pub budget_source: Option<String>,
    /// What it reserves, in US dollars; null where no price is known.
    pub estimated_cost: Option<String>,
    /// Whether its start is after the latest.
    pub late: bool,
    /// The window it keeps to: `build` or `urgent`.
    pub window: Option<String>,
    /// The other requests of the same build.
    pub coalesced: Vec<String>,
    /// What moved its start.
    pub why: Vec<BuildWhy>,
    /// It, or a request of it, is only supposed (`if`).
    pub supposed: bool,
}

/// A build that runs, as the plan counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunningBuild {
    /// The build.
    pub build_id: String,
    /// Its template.
    pub template: String,
    /// Where.
    pub region: String,
    /// Since when.
    pub started_at: Option<DateTime<Utc>>,
    /// Until when it is expected to hold its place.
    pub until: Option<DateTime<Utc>>,
}

/// A window, while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenWindow {
    /// `build` or `urgent`.
    pub window: String,
    /// Its first instant.
    pub opens: DateTime<Utc>,
    /// The first instant after it.
    pub closes: DateTime<Utc>,
}

/// The plan of the ledger's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanSeen {
    /// At which instant of the calendar.
    pub at: DateTime<Utc>,
    /// The revision of the policy; 0 for the defaults.
    pub policy_revision: u32,
    /// The policy's time zone.
    pub timezone: String,
    /// In rank order; those without a price come last.
    pub builds: Vec<PlannedBuild>,
    /// What runs.
    pub running: Vec<RunningBuild>,
    /// The windows of the week that begins at that instant.
    pub windows: Vec<OpenWindow>,
}

/// Which plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlanFilter {
    /// Today's queue at this instant of the calendar; its now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// `base=NAME:BUILD`: as if the base image had moved to that build.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    #[param(rename = "if")]
    pub supposing: Option<String>,
}
