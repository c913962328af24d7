//! How an installation is: which part is down, since when, and what waits because of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::CalendarSeen;
use crate::doubt::Doubt;
use crate::system::Queue;

/// The answer of `/v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemStatus {
    /// Every part is up.
    pub ok: bool,
    /// When this was seen.
    pub at: DateTime<Utc>,
    /// The parts, as this API process sees them.
    pub parts: Vec<Part>,
    /// What waits.
    pub waiting: Waiting,
    /// Workers of the last hour, the last heard of first.
    pub workers: Vec<WorkerSeen>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The installation's id, the value of the tag `ingot:install` on all it makes; absent before its first process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    /// The calendar by which windows, periods, deadlines and ages are judged; absent when it is the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarSeen>,
    /// Instances of failed deployments that run on, the newest first, 100 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running_on: Vec<RunsOn>,
    /// What was last found out of each AWS account and region, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<AwsCheckSeen>,
    /// What is watched outside and cannot be relied on: feeds of advisories, base images. Everything works on without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
}

/// An instance that runs on after its deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunsOn {
    /// `dep_…`
    pub deployment_id: String,
    /// `failed` or `readiness_timeout`.
    pub status: String,
    /// `i-…`
    pub instance_id: String,
    /// Its region.
    pub region: String,
    /// Since when its deployment is over.
    pub since: Option<DateTime<Utc>>,
    /// When it is terminated by itself; null when it runs until it is destroyed.
    pub ends_at: Option<DateTime<Utc>>,
    /// What it costs, in one sentence.
    pub cost: String,
    /// The same in hundredths of a USD per day; null when the type has no price here.
    pub usd_cents_per_day: Option<u64>,
}

/// The last verdict on an AWS account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AwsCheckSeen {
    /// `chk_…`
    pub id: String,
    /// The region.
    pub region: String,
    /// The account, if the check came so far.
    pub account: Option<String>,
    /// When it was found.
    pub at: DateTime<Utc>,
    /// How many permissions are denied.
    pub denied: u64,
    /// The verdict in one line.
    pub verdict: String,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// `database`, `redis`, `workers`, `queues`, `cloud`, …
    pub name: String,
    /// `up`, `down`, `troubled`: it works, but not as it should; or `paused`, by a person.
    pub state: String,
    /// Since when it is not up.
    pub since: Option<DateTime<Utc>>,
    /// What was seen, and what waits because of it, in one sentence.
    pub detail: String,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    /// Deployments that are not finished.
    pub deployments: u64,
    /// Deployments whose AMI is not finished.
    pub images: u64,
    /// Tasks that are due.
    pub tasks: u64,
    /// The oldest due task's due time.
    pub oldest_due: Option<DateTime<Utc>>,
}

/// A worker as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerSeen {
    /// `host-pid-random`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `alive`, `silent` (no heartbeat for 30 s) or `stopped` (it ended orderly).
    pub state: String,
    /// Started.
    pub started_at: DateTime<Utc>,
    /// Last heard of.
    pub heartbeat_at: DateTime<Utc>,
    /// Tasks it holds.
    pub holds: u64,
}

impl AwsCheckSeen {
    /// What is denied, in one line; nothing when nothing is.
    pub fn trouble(&self) -> Option<String> {
        if self.denied == 0 {
            return None;
        }
        let account = self.account.as_deref().unwrap_or("the account");
        let at = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        let (region, verdict) = (&self.region, &self.verdict);
        Some(format!(
            "AWS account {account} in {region}, checked {at}: {verdict}; `ingot aws policy` prints what is needed"
        ))
    }
}

impl Part {
    /// What is wrong with it, in one line; nothing when it is up.
    pub fn trouble(&self) -> Option<String> {
        if self.state == "up" {
            return None;
        }
        let since = self.since.map_or(String::new(), |at| {
            format!(" since {}", at.format("%Y-%m-%d %H:%M:%S UTC"))
        });
        let (name, state) = (&self.name, &self.state);
        Some(format!("{name}: {state}{since}: {}", self.detail))
    }
}
