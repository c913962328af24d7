//! A policy played over days that were (AUTO-AMI 3 and 6, `policy simulate`): what the ledger tells of them asks by the same wants,
//! and is placed by the same plan, as the scheduler's looks would have done; each build takes as long as is expected and succeeds.

mod happen;
mod money;
mod refused;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::Instant;
use crate::build::wants::{Aim, Lacked};
use crate::cron5::Line;
use crate::money::Money;
use crate::plan::State;
use crate::plan::why::Why;
use crate::policy::Policy;
use crate::want::{Purse, Trigger, Urgency};

/// Days that a policy can be played over, at most.
pub const MOST_DAYS: u32 = 366;
/// And unless it is said.
pub const USUAL_DAYS: u32 = 30;

/// An image that came without a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Instant,
    /// The ids of the updates it does not have, those after it included.
    pub lacks: BTreeSet<String>,
}

/// What there was of one aim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// What would be built, in the newest version of all.
    pub aim: Aim,
    /// The versions that were built and launched, each since when it was the newest, oldest first.
    pub versions: Vec<(Instant, String)>,
    /// How long a build of it is expected to take.
    pub expected: TimeDelta,
    /// What it reserves.
    pub reserved: Money,
    /// What it costs when it takes so long.
    pub cost: Money,
    /// The judged updates of its track, oldest first.
    pub updates: Vec<Lacked>,
    /// Images that came without a build, oldest first; of those before the first day the last one counts.
    pub images: Vec<Made>,
    /// When it was launched in its mode, architecture and region.
    pub launches: Vec<Instant>,
    /// Its template leaves images at all.
    pub imaged: bool,
    /// Builds alone make them.
    pub built: bool,
    /// Its template's own count of launches that make it popular.
    pub threshold: Option<u32>,
    /// Its template's own line of cron.
    pub rebuild: Option<Line>,
}

impl Played {
    /// What would have been built then: in the version that was the newest one.
    pub fn aim_at(&self, at: Instant) -> Aim {
        let mut before = self.versions.iter().rev().filter(|(since, _)| *since <= at);
        let version = before.next().or(self.versions.first());
        Aim {
            version: version.map_or_else(|| self.aim.version.clone(), |(_, name)| name.clone()),
            ..self.aim.clone()
        }
    }
}

/// A build that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What for.
    pub aim: Aim,
    /// When.
    pub at: Instant,
    /// With `--urgent`.
    pub urgent: bool,
    /// What it may cost at most.
    pub max_cost: Option<Money>,
    /// Why.
    pub said: String,
}

/// A request that a person refused while it waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What it was for.
    pub aim: Aim,
    /// The update or image it was about.
    pub about: Option<String>,
    /// Its sentence.
    pub said: String,
    /// When it was made.
    pub requested: Instant,
    /// When it was refused.
    pub at: Instant,
}

/// The days, and what happened in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// Their first instant.
    pub from: Instant,
    /// The first instant after them.
    pub to: Instant,
    /// What is built; each once.
    pub aims: Vec<Played>,
    /// By template, when it was launched, wherever; from a week before the first day.
    pub launches: BTreeMap<String, Vec<Instant>>,
    /// What people asked for.
    pub asked: Vec<Asked>,
    /// And what they refused.
    pub refused: Vec<Refused>,
}

/// A build that would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What was built.
    pub aim: Aim,
    /// Why.
    pub trigger: Trigger,
    /// How much it pressed.
    pub urgency: Urgency,
    /// The request's sentence.
    pub said: String,
    /// How many requests it answered.
    pub requests: usize,
    /// When the first of them was made.
    pub requested: Instant,
    /// When it started.
    pub started: Instant,
    /// When its image was there; may lie after the days.
    pub ended: Instant,
    /// What paid.
    pub purse: Purse,
    /// What it reserved.
    pub reserved: Money,
    /// What it cost.
    pub cost: Money,
    /// When its image had to be there.
    pub deadline: Option<Instant>,
}

impl Ran {
    /// Its image came too late.
    pub fn missed(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.ended > deadline)
    }
}

/// What still waited at the end of the days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What was to be built.
    pub aim: Aim,
    /// Why.
    pub trigger: Trigger,
    /// How much it pressed.
    pub urgency: Urgency,
    /// The request's sentence.
    pub said: String,
    /// When the first request was made.
    pub requested: Instant,
    /// What the plan said of it last.
    pub state: State,
    /// Its start, if it had one.
    pub scheduled_for: Option<Instant>,
    /// When its image had to be there.
    pub deadline: Option<Instant>,
    /// The deadline passed within the days.
    pub missed: bool,
    /// What moved its start.
    pub why: Vec<Why>,
}

/// What became of the days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In the order of their starts.
    pub builds: Vec<Ran>,
    /// In rank order.
    pub left: Vec<Left>,
    /// It was played until then: the end, unless so much happened that it was cut short.
    pub until: Instant,
}

/// Plays a policy. Purses are empty at the first day, nothing runs, and no person approves anything.
pub fn play(days: &Days, policy: &Policy) -> Outcome {
    table::Table::new(days, policy).play()
}

#[cfg(test)]
mod tests;
