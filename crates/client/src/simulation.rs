//! A policy played over days that were, as the API tells it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::build::BuildWhy;

/// Which policy, over how many days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SimulationFilter {
    /// This revision; the one in force when absent. 0 stands for the defaults.
    #[param(minimum = 0, maximum = 2147483647)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// The last so many days of the calendar, 1 to 366; 30 when absent.
    #[param(minimum = 1, maximum = 366)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// How many days, for a policy that is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SimulationDays {
    /// The last so many days of the calendar, 1 to 366; 30 when absent.
    #[param(minimum = 1, maximum = 366)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// A build that would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimulatedBuild {
    /// The template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Its mode.
    pub mode: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Where.
    pub region: String,
    /// Why.
    pub trigger: String,
    /// `critical`, `high`, `normal` or `low`.
    pub urgency: String,
    /// In a sentence.
    pub reason: String,
    /// How many requests it answers.
    pub requests: u64,
    /// When the first of them was made.
    pub requested_at: DateTime<Utc>,
    /// When it starts; null of one that still waits without a start.
    pub started_at: Option<DateTime<Utc>>,
    /// When its image is there; null of one that still waits.
    pub ended_at: Option<DateTime<Utc>>,
    /// What pays.
    pub budget_source: Option<String>,
    /// What it reserves, in US dollars.
    pub reserved_cost: Option<String>,
    /// What it costs when it takes as long as is expected.
    pub cost: Option<String>,
    /// When its image must be there.
    pub deadline: Option<DateTime<Utc>>,
    /// The deadline passed without it.
    pub deadline_missed: bool,
    /// `completed`; of one that still waits what the plan says of it: `scheduled`, `awaiting_approval` or `blocked`.
    pub state: String,
    /// What moved the start of one that still waits.
    pub why: Vec<BuildWhy>,
}

/// What is left out of the play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimulationGap {
    /// The template.
    pub template: String,
    /// Where.
    pub region: String,
    /// Why it cannot be built, with the way out.
    pub why: String,
}

/// A policy played over days that were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicySimulation {
    /// The revision that was played; null of a policy that was given.
    pub policy_revision: Option<i32>,
    /// The policy's time zone.
    pub timezone: String,
    /// The first instant of the days.
    pub from: DateTime<Utc>,
    /// The first instant after them; earlier than asked for if too much happened to play all of it.
    pub to: DateTime<Utc>,
    /// Launches that the days and the week before had.
    pub launches: u64,
    /// Updates of base images that were judged in them.
    pub updates: u64,
    /// In the order of their starts.
    pub builds: Vec<SimulatedBuild>,
    /// What still waited at the end, in rank order.
    pub waiting: Vec<SimulatedBuild>,
    /// What all builds cost together.
    pub cost: String,
    /// By purse: `daily`, `monthly`, `urgent`.
    pub cost_by_budget: std::collections::BTreeMap<String, String>,
    /// How many deadlines were missed.
    pub deadlines_missed: u64,
    /// What could not be played.
    pub gaps: Vec<SimulationGap>,
}
