//! Builds: decisions to make a template's image anew, what asks for them, what they cost, and why one does not start now.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One thing that moved a build's start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuildWhy {
    /// `notice`, `window`, `purse`, `capacity`, `approval`, `off`, `max_cost` or `price`.
    pub on: String,
    /// The last instant to which it moved the start; null when there is no end of it, or a person is waited for.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// How many US dollars are missing.
    #[serde(default)]
    pub lacks: Option<String>,
    /// In a sentence.
    pub said: String,
}

/// What asks for a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuildRequest {
    /// `bre_…`
    pub id: String,
    /// `popularity`, `security`, `scheduled`, `manual` or `dependency`.
    pub trigger: String,
    /// Of a matter of security: `critical`, `high`, `medium`, `low` or `unknown`.
    pub security_level: Option<String>,
    /// Whether a person asked for it as urgent.
    pub urgent: bool,
    /// The campaign's date.
    pub campaign: Option<String>,
    /// The update (`upd_…`) or image (`img_…`) it is about.
    pub about: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// The person who asked; null: Ingot itself.
    pub requested_by: Option<String>,
    /// What it may cost at most, in US dollars.
    pub max_cost: Option<String>,
    /// Whether a person approved it.
    pub approved: bool,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
}

/// The copy of a build's image in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuildCopy {
    /// Where.
    pub region: String,
    /// `wanted` before it is begun, then `claimed`, `pending`, `available`, `failed`, `deleted` or `missing`.
    pub status: String,
    /// Its image, `img_…`.
    pub image_id: Option<String>,
    /// Its AMI, once EC2 told.
    pub ami_id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A build. Its instants are those of the installation's calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Build {
    /// `bld_…`
    pub id: String,
    /// What is built: the template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Its mode.
    pub mode: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Where.
    pub region: String,
    /// `queued`, `awaiting_approval`, `building`, `testing`, `publishing`, `completed`, `failed`, `cancelled`, `rejected` or
    /// `skipped`.
    pub status: String,
    /// While it waits, what the last plan says: `start`, `scheduled`, `awaiting_approval` or `blocked`; null before a first plan.
    pub state: Option<String>,
    /// The trigger of the request that ranks first.
    pub trigger: Option<String>,
    /// The gravest security level among its requests.
    pub security_level: Option<String>,
    /// `critical`, `high`, `normal` or `low`.
    pub urgency: Option<String>,
    /// Higher goes first.
    pub priority: i32,
    /// When it was asked for first.
    pub requested_at: DateTime<Utc>,
    /// Its start by the last plan, or when it started.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// The deadline less the expected duration.
    pub latest_start: Option<DateTime<Utc>>,
    /// When the image must be available.
    pub deadline: Option<DateTime<Utc>>,
    /// Whether its start is after the latest.
    pub late: bool,
    /// Why it does not start now.
    pub why: Vec<BuildWhy>,
    /// Why not now, and when, in one sentence; null when it does not wait.
    pub why_not_now: Option<String>,
    /// What pays: `urgent`, `daily` or `monthly`.
    pub budget_source: Option<String>,
    /// What it may cost, in US dollars: what it reserves when it starts.
    pub estimated_cost: Option<String>,
    /// What is reserved for it now.
    pub reserved_cost: Option<String>,
    /// What it cost, once it is over.
    pub actual_cost: Option<String>,
    /// The smallest `max_cost` of its requests.
    pub max_cost: Option<String>,
    /// The policy's revision that it was planned by last.
    pub policy_revision: Option<u32>,
    /// The template's revision that it is made by.
    pub template_revision: Option<u32>,
    /// How often it was started.
    pub run: u32,
    /// The deployment that is its builder.
    pub deployment_id: Option<String>,
    /// Where its builder is: `installing: step 2 of 4: …`; null when it does not run.
    pub progress: Option<String>,
    /// The image that came of it.
    pub image_id: Option<String>,
    /// That image's AMI (`ami-…`).
    pub ami_id: Option<String>,
    /// The regions that its image is copied to, in this order, with the newest copy in each.
    #[serde(default)]
    pub copies: Vec<BuildCopy>,
    /// When it started last.
    pub started_at: Option<DateTime<Utc>>,
    /// When it is expected to be over.
    pub expected_end: Option<DateTime<Utc>>,
    /// When its builder ends at the latest.
    pub bound_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whose cause the last failure was: `own`, `capacity`, `cloud` or `bound`.
    pub failure_class: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
    /// A person has asked for its end, and its builder is being terminated.
    pub cancelling: bool,
    /// The person who approved, rejected or cancelled it.
    pub decided_by: Option<String>,
    /// Why.
    pub decided_reason: Option<String>,
    /// What asks for it, oldest first.
    pub requests: Vec<BuildRequest>,
    /// Where its story is.
    pub story: String,
    /// The calendar's time of this answer.
    pub at: DateTime<Utc>,
}

impl Build {
    /// Whether it waits for its start.
    pub fn waits(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "awaiting_approval")
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        matches!(
            self.status.as_str(),
            "completed" | "failed" | "cancelled" | "rejected" | "skipped"
        )
    }

    /// `web v1.2.0 in us-east-1`
    pub fn what(&self) -> String {
        format!("{} {} in {}", self.template, self.version, self.region)
    }

    /// What triggered it with its level: `security critical`.
    pub fn cause(&self) -> String {
        let first = self.requests.first();
        let trigger = self
            .trigger
            .as_deref()
            .or(first.map(|one| one.trigger.as_str()));
        match (trigger, &self.security_level) {
            (Some("security"), Some(level)) => format!("security {level}"),
            (Some("manual"), _) if self.requests.iter().any(|one| one.urgent) => {
                "manual urgent".to_owned()
            }
            (trigger, _) => trigger.unwrap_or("-").to_owned(),
        }
    }

    /// The command that asks for the same target again, whole.
    pub fn ask_again(&self) -> String {
        format!(
            "ingot templates auto-ami build {} --version {} --mode {} --architecture {} --region {}",
            self.template, self.version, self.mode, self.architecture, self.region
        )
    }

    /// The commands that lift the `max_cost` that blocks it; none when that does not block it.
    ///
    /// The limit is that of the request that ranks first, which stays the first when the same is asked for again: a larger
    /// limit needs a build of its own.
    pub fn lift_max_cost(&self) -> Option<[String; 2]> {
        let blocked = self.waits() && self.why.iter().any(|why| why.on == "max_cost");
        blocked.then(|| {
            let urgent = match self.requests.iter().any(|one| one.urgent) {
                true => " --urgent --reason TEXT",
                false => "",
            };
            let cost = self.estimated_cost.as_deref().unwrap_or("USD");
            [
                format!("ingot builds reject {} --reason TEXT", self.id),
                format!("{}{urgent} --max-cost {cost}", self.ask_again()),
            ]
        })
    }
}

/// Which builds to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BuildFilter {
    /// Only in this status; `open` for all that wait or run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only of this template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Only in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

/// A request to build a template again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBuild {
    /// The template.
    pub template: String,
    /// Its version; without one that of its newest image, else the one it was launched in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its mode; the template's first one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `x86_64` or `arm64`; that of the template's first instance type when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Where; without one the region of its newest image, else of its last launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// At once, from the urgent purse; needs a reason.
    #[serde(default)]
    pub urgent: bool,
    /// Why; 1 to 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: Option<String>,
    /// What it may cost at most, in US dollars such as `8.50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<String>,
}

/// Why a build is approved, rejected or cancelled, or a template's builds are switched off or on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildDecision {
    /// 1 to 500 characters; kept and shown.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// What is planned for a template, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Planned {
    /// The build.
    pub build_id: String,
    /// Its status.
    pub status: String,
    /// Its start by the last plan; null when there is none.
    pub scheduled_for: Option<DateTime<Utc>>,
    /// When it is expected to be over, while it runs.
    pub expected_end: Option<DateTime<Utc>>,
    /// Why not now, and when; null when it runs.
    pub why_not_now: Option<String>,
}
