//! The plan: which build starts when, and which purse pays (AUTO-AMI 6). A pure function of the time, the policy, the purses, the
//! running builds and the requests; nothing else decides.
//!
//! `group` makes one of the requests of one target and ranks them, `find` finds a start for one, `decide` tries windows and
//! purses in their order. [`scenario`] is what `ingot plan --scenario` plans.

mod decide;
mod find;
mod group;
mod places;
mod purses;
pub mod scenario;
pub mod why;

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::deployment::words;
use crate::money::Money;
use crate::policy::Policy;
use crate::want::{Cause, Purse, Request, Target, Trigger, Urgency};
use crate::window::WindowKind;
use why::Why;

/// How far ahead a start is looked for; its last instant counts.
pub const HORIZON: TimeDelta = TimeDelta::seconds(62 * 86_400);
/// When a running build ends whose time is over.
const OVERDUE: TimeDelta = TimeDelta::minutes(5);

words! {
    /// What the plan says about a build.
    State {
        /// It starts now.
        Start = "start",
        /// It has a start ahead.
        Scheduled = "scheduled",
        /// A person must approve it.
        AwaitingApproval = "awaiting_approval",
        /// It has no start within 62 days, or costs more than it may.
        Blocked = "blocked",
    }
}

/// The requests of one target that wait, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is asked for.
    pub target: Target,
    /// In any order.
    pub requests: Vec<Request>,
    /// A build that failed pauses until then before it is tried again (AUTO-AMI 2); scenarios have none.
    pub not_before: Option<Instant>,
}

/// A build that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Where.
    pub region: String,
    /// Until when it is expected to run; one that is overdue is taken to end 5 minutes from now.
    pub until: Instant,
    /// The name of its target, if it is known.
    pub target: Option<String>,
}

/// What is spent, with what running builds have reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// In the local day of now.
    pub daily: Money,
    /// In the local month of now, with the day's.
    pub monthly: Money,
    /// From the month's emergency budget.
    pub urgent: Money,
    /// What people allowed beside the policy's limits.
    pub more: More,
}

/// What people allowed beside the limits of the policy, in the local day and month of now (`ingot budget allow`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct More {
    /// In the day.
    pub daily: Money,
    /// In the month.
    pub monthly: Money,
    /// To the month's emergency budget.
    pub urgent: Money,
}

/// What becomes of the requests of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The oldest request's.
    pub id: String,
    /// The target's name.
    pub template: String,
    /// Of the request that ranks first.
    pub trigger: Trigger,
    /// The trigger with its particulars.
    #[serde(skip)]
    pub cause: Cause,
    /// Whether that request is approved.
    #[serde(skip)]
    pub approved: bool,
    /// How much it presses.
    pub urgency: Urgency,
    /// Its priority now.
    pub priority: u32,
    /// What becomes of it.
    pub state: State,
    /// Its start, if it has one.
    pub scheduled_for: Option<Instant>,
    /// The deadline less the expected duration.
    pub latest_start: Option<Instant>,
    /// When the image must be available.
    pub deadline: Option<Instant>,
    /// What pays, if it has a start.
    pub budget_source: Option<Purse>,
    /// What it reserves.
    pub estimated_cost: Money,
    /// Whether its start is after the latest.
    pub late: bool,
    /// The window it keeps to unless its deadline says otherwise; none: it may start at any time.
    pub window: Option<WindowKind>,
    /// The other requests of the target, oldest first.
    pub coalesced: Vec<String>,
    /// What moved its start, in the order of [`why::On`].
    pub why: Vec<Why>,
}

impl Build {
    /// When its start is announced, if it has one and the policy announces builds: the lead before it. A critical one is not.
    pub fn announced_at(&self, policy: &Policy) -> Option<Instant> {
        let told = policy.notify_before_rebuild && self.urgency != Urgency::Critical;
        let start = self.scheduled_for.filter(|_| told)?;
        Some(start - policy.notify_lead.delta())
    }
}

/// What becomes of everything that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// In rank order.
    pub builds: Vec<Build>,
}

/// Plans (AUTO-AMI 6). Each target is in the queue once; `now` is a whole second.
pub fn plan(
    now: Instant,
    policy: &Policy,
    spent: &Spent,
    running: &[Running],
    queue: &[Waiting],
) -> Plan {
    let groups = group::ranked(now, policy, queue);
    let mut finder = find::Finder::new(now, policy, spent, running);
    let builds = groups.iter().map(|group| decide::build(&mut finder, group));
    Plan {
        builds: builds.collect(),
    }
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
