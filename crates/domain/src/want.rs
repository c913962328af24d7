//! What is asked of the plan: requests to build a template again, and the row of the table that rules each (AUTO-AMI 1 and 5).

use std::fmt;

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::advisory::level::Level;
use crate::deployment::words;
use crate::money::Money;
use crate::policy::{Low, Policy, UnknownAs};
use crate::window::WindowKind;

words! {
    /// Why a build is asked for.
    Trigger {
        /// The template was launched often.
        Popularity = "popularity",
        /// An update that matters for security.
        Security = "security",
        /// Its age, its line of cron, or a campaign.
        Scheduled = "scheduled",
        /// A person asks.
        Manual = "manual",
        /// Its base or its parent moved without a matter of security.
        Dependency = "dependency",
    }
}

words! {
    /// How much a build presses; the first presses most.
    Urgency {
        /// At once.
        Critical = "critical",
        /// In the urgent window.
        High = "high",
        /// In the build window.
        Normal = "normal",
        /// When it fits.
        Low = "low",
    }
}

words! {
    /// What pays, the document's `budgetSource`.
    Purse {
        /// For critical builds; draws on the month's emergency budget alone.
        Urgent = "urgent",
        /// Draws on the day's and the month's budget.
        Daily = "daily",
        /// Draws on the day's and the month's budget, too.
        Monthly = "monthly",
    }
}

/// A trigger with what only it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// [`Trigger::Popularity`].
    Popularity,
    /// [`Trigger::Security`].
    Security {
        /// The assessment's level; none is `unknown`.
        level: Option<Level>,
    },
    /// [`Trigger::Scheduled`].
    Scheduled {
        /// The date of the campaign, if it is one's.
        campaign: Option<NaiveDate>,
    },
    /// [`Trigger::Manual`].
    Manual {
        /// Whether it was asked for with `--urgent`.
        urgent: bool,
    },
    /// [`Trigger::Dependency`].
    Dependency,
}

/// What is built: a template in its version, mode and architecture, by the first of its regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Where its builder runs.
    pub region: String,
    /// How long a build of it is expected to take, at least a second.
    pub expected: TimeDelta,
    /// What a build of it reserves, more than nothing.
    pub cost: Money,
}

/// "This template should be built again, because…"
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id, no other request's.
    pub id: String,
    /// Why.
    pub cause: Cause,
    /// What a build for it may cost at most.
    pub max_cost: Option<Money>,
    /// Whether a person approved it.
    pub approved: bool,
    /// When it was asked for; may lie ahead.
    pub requested: Instant,
    /// Since when the level's window counts, and the deadline it had before, if that was not `requested`; scenarios have none.
    pub term: Option<Term>,
}

/// The window of a request for security, where it does not simply count from `requested` (AUTO-AMI 2 and 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// When the update was detected, or the level was raised.
    pub since: Instant,
    /// A deadline from before the level was raised; the earlier counts.
    pub before: Option<Instant>,
}

/// The row of the table in AUTO-AMI 5 that rules a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// How much it presses.
    pub urgency: Urgency,
    /// Its priority before it ages.
    pub base: u32,
    /// The window in which it may start; none: at any time.
    pub window: Option<WindowKind>,
    /// Whether it may also start at any time of the dates of `semester_prep_window`.
    pub prep: bool,
    /// What pays; critical ones try the daily purse after the urgent one.
    pub purse: Purse,
}

/// What an `immediate` window leaves beside the expected duration.
const AT_ONCE: TimeDelta = TimeDelta::minutes(5);
/// After which one point of priority is added.
const DAY: i64 = 86_400;
/// Most points that age adds.
const MOST_AGE: i64 = 19;

impl Cause {
    /// Its trigger.
    pub fn trigger(self) -> Trigger {
        match self {
            Cause::Popularity => Trigger::Popularity,
            Cause::Security { .. } => Trigger::Security,
            Cause::Scheduled { .. } => Trigger::Scheduled,
            Cause::Manual { .. } => Trigger::Manual,
            Cause::Dependency => Trigger::Dependency,
        }
    }

    /// The row that rules it.
    pub fn row(self, policy: &Policy) -> Row {
        let row = |urgency, base, window, purse| Row {
            urgency,
            base,
            window,
            prep: false,
            purse,
        };
        let build = Some(WindowKind::Build);
        let off_peak = build.filter(|_| policy.prefer_off_peak);
        match self {
            Cause::Security { level } => match read(level, policy) {
                Level::Critical => row(Urgency::Critical, 100, None, Purse::Urgent),
                Level::High => row(Urgency::High, 80, Some(WindowKind::Urgent), Purse::Daily),
                Level::Medium => row(Urgency::Normal, 60, build, Purse::Daily),
                Level::Low => row(Urgency::Low, 40, off_peak, Purse::Monthly),
            },
            Cause::Manual { urgent: true } => row(Urgency::Critical, 100, None, Purse::Urgent),
            Cause::Manual { urgent: false } => row(Urgency::Normal, 70, None, Purse::Daily),
            Cause::Popularity => row(Urgency::Normal, 50, build, Purse::Daily),
            Cause::Scheduled { campaign: Some(_) } => Row {
                prep: true,
                ..row(Urgency::Normal, 50, build, Purse::Daily)
            },
            Cause::Scheduled { campaign: None } | Cause::Dependency => {
                row(Urgency::Low, 30, off_peak, Purse::Monthly)
            }
        }
    }
}

/// A level as the policy reads it.
fn read(level: Option<Level>, policy: &Policy) -> Level {
    level.unwrap_or(match policy.security_updates.unknown_as {
        UnknownAs::High => Level::High,
        UnknownAs::Medium => Level::Medium,
    })
}

impl Request {
    /// When the image must be available, if the request says so: after the level's window, counted from `requested`.
    pub fn deadline(&self, policy: &Policy, expected: TimeDelta) -> Option<Instant> {
        let updates = &policy.security_updates;
        let window = match self.cause {
            Cause::Security { level } => match read(level, policy) {
                Level::Critical => updates.critical_window,
                Level::High => updates.high_window,
                Level::Medium => updates.medium_window,
                Level::Low => updates.low_window,
            },
            Cause::Manual { urgent: true } => updates.critical_window,
            Cause::Scheduled { campaign } => {
                return campaign.map(|date| policy.timezone.first_of(date));
            }
            Cause::Manual { urgent: false } | Cause::Popularity | Cause::Dependency => return None,
        };
        let since = self.term.map_or(self.requested, |term| term.since);
        let deadline = match window.is_immediate() {
            true => since + expected + AT_ONCE,
            false => since + window.delta(),
        };
        let before = self.term.and_then(|term| term.before);
        Some(before.map_or(deadline, |before| before.min(deadline)))
    }

    /// Whether a person must approve it first: one of low level, where the policy says so.
    pub fn needs_approval(&self, policy: &Policy) -> bool {
        let low =
            matches!(self.cause, Cause::Security { level } if read(level, policy) == Level::Low);
        low && policy.security_updates.low == Low::Approval && !self.approved
    }
}

impl Row {
    /// Base priority and one point per whole day since then, at most 19; a request that lies ahead loses none.
    pub fn priority(&self, now: Instant, requested: Instant) -> u32 {
        let days = (now - requested).num_seconds().div_euclid(DAY);
        self.base + u32::try_from(days.clamp(0, MOST_AGE)).unwrap_or_default()
    }
}
