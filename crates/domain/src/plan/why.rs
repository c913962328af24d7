//! Why a build does not start now (AUTO-AMI 6, "Why not now").

use std::collections::BTreeMap;
use std::fmt;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::deployment::words;
use crate::money::Money;

words! {
    /// What moved a start, in the order in which it is told.
    On {
        /// It was asked for ahead of now, or is announced before it starts.
        Notice = "notice",
        /// Its window is closed.
        Window = "window",
        /// Its purse has not enough left.
        Purse = "purse",
        /// All places of the region are taken, or a build of the same target runs.
        Capacity = "capacity",
        /// A person must approve it.
        Approval = "approval",
        /// Its template is switched off.
        Off = "off",
        /// It costs more than it may.
        MaxCost = "max_cost",
    }
}

words! {
    /// A budget of the policy.
    Budget {
        /// The local day's.
        Daily = "daily_budget",
        /// The local month's.
        Monthly = "monthly_budget",
        /// The local month's for critical builds.
        Emergency = "emergency_budget",
    }
}

/// One thing that moved a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// What it is.
    pub on: On,
    /// The last instant to which it moved the start; none: there is no end of it within 62 days, or a person is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// How much is missing, of a purse in the last period that had too little, of `max_cost` for the estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Money>,
    /// Which budget lacks it.
    #[serde(skip)]
    pub budget: Option<Budget>,
    /// The builds that hold the places.
    #[serde(skip)]
    pub builds: Vec<String>,
}

impl Why {
    /// This alone.
    pub(super) fn new(on: On, until: Option<Instant>) -> Self {
        Self {
            on,
            until,
            lacks: None,
            budget: None,
            builds: Vec::new(),
        }
    }
}

/// In words, such as `daily_budget lacks 3.50 USD until 2026-11-28T00:00:00Z`.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |until: Instant| until.to_rfc3339_opts(SecondsFormat::Secs, true);
        let end = match self.until {
            Some(until) => format!("until {}", at(until)),
            None => "for all of the next 62 days".to_owned(),
        };
        let lacks = self.lacks.unwrap_or_default();
        match self.on {
            On::Notice => match self.until {
                Some(until) => write!(f, "asked for or announced for {}", at(until)),
                None => f.write_str("asked for ahead"),
            },
            On::Window => write!(f, "its window is closed {end}"),
            On::Purse => match self.budget {
                Some(budget) => write!(f, "{budget} lacks {lacks} USD {end}"),
                None => write!(f, "its purse lacks {lacks} USD {end}"),
            },
            On::Capacity => match self.builds.is_empty() {
                true => write!(f, "all places of its region are taken {end}"),
                false => write!(f, "places are held by {} {end}", self.builds.join(", ")),
            },
            On::Approval => f.write_str("a person must approve it"),
            On::Off => f.write_str("its template is switched off"),
            On::MaxCost => write!(f, "it costs {lacks} USD more than its max_cost"),
        }
    }
}

/// What moved one start: of each kind the last.
#[derive(Debug, Clone, Default)]
pub(super) struct Reasons(BTreeMap<On, Why>);

impl Reasons {
    /// Adds one, in place of an earlier one of its kind.
    pub(super) fn add(&mut self, why: Why) {
        self.0.insert(why.on, why);
    }

    /// Adds what another start lacks of this kind, if it does.
    pub(super) fn add_of(&mut self, on: On, other: Option<Self>) {
        self.0
            .extend(other.and_then(|mut other| other.0.remove_entry(&on)));
    }

    /// In the order in which they are told.
    pub(super) fn told(self) -> Vec<Why> {
        self.0.into_values().collect()
    }
}
