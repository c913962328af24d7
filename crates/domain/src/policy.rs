//! A policy: when builds may start, what may be spent, how fast updates are met (AUTO-AMI 3). One document per installation; this is
//! its normal form, every default filled in. `crates/yaml` reads it from text.

pub mod dates;
pub mod given;
pub mod length;
pub mod season;
mod stored;
pub mod text;
pub mod warn;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;
use crate::money::Money;
use crate::window::Windows;
use crate::zone::Zone;
use dates::AcademicCalendar;
use length::Length;
use season::{Campaign, Prep};

words! {
    /// What becomes of updates of low level (`security_updates.low`).
    Low {
        /// A person approves each.
        Approval = "approval",
        /// They are built without asking.
        Auto = "auto",
    }
}

words! {
    /// The level that an unknown one is read as (`security_updates.unknown_as`).
    UnknownAs {
        /// As high.
        High = "high",
        /// As medium.
        Medium = "medium",
    }
}

/// A policy. Its serialized form has the keys of the YAML, under [`Document::auto_ami_policy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Whose local times windows, days and months are.
    pub timezone: Zone,
    /// The document's off-peak window.
    pub build_window: Windows,
    /// When security builds of high urgency may start.
    pub urgent_window: Windows,
    /// Whether builds of low urgency keep to `build_window`, too.
    pub prefer_off_peak: bool,
    /// What a local day may cost.
    pub daily_budget: Money,
    /// What a local month may cost.
    pub monthly_budget: Money,
    /// What critical builds may cost in a local month, beside the monthly budget.
    pub emergency_budget: Money,
    /// Whether the urgent purse may be used without asking.
    pub approve_emergency_builds: bool,
    /// Whether costs are recorded against a template's grant.
    pub budget_tracking: bool,
    /// Successful launches of a template within 7 days that make it popular, at least 1.
    pub popularity_threshold: u32,
    /// The age at which an image is built again if its base has moved on.
    pub max_age: Length,
    /// Builds of a region at the same time, at least 1.
    pub max_parallel_builds: u32,
    /// Regions in the order in which images are copied; none: the installation's.
    pub region_priority: Option<Vec<String>>,
    /// How security updates are met.
    pub security_updates: SecurityUpdates,
    /// Whether a rebuild never touches running deployments. It never does anyway.
    pub preserve_running_instances: bool,
    /// Whether builds are announced before they start, unless critical.
    pub notify_before_rebuild: bool,
    /// How long before.
    pub notify_lead: Length,
    /// The campaign before a semester.
    pub seasonal_precompilation: Option<Campaign>,
    /// Dates on which a campaign's builds may start at any time of day.
    pub semester_prep_window: Option<Prep>,
    /// Semesters and seasons.
    pub academic_calendar: AcademicCalendar,
}

/// How security updates are met (`security_updates`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecurityUpdates {
    /// From detection to an image in the template's first region, for critical ones; `immediate` is 0.
    pub critical_window: Length,
    /// The same for high ones.
    pub high_window: Length,
    /// The same for medium ones.
    pub medium_window: Length,
    /// The same for low ones.
    pub low_window: Length,
    /// What becomes of low ones.
    pub low: Low,
    /// What an unknown level is read as.
    pub unknown_as: UnknownAs,
    /// Whether instructors are told.
    pub notify_instructors: bool,
    /// Whether students are told.
    pub notify_students: bool,
}

/// The normal form as `ingot policy check --json` prints it, with the key that a file starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document<'a> {
    /// The policy.
    pub auto_ami_policy: &'a Policy,
}

impl Default for Policy {
    fn default() -> Self {
        given::Given::default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of AUTO-AMI 3, its column of defaults.
    #[test]
    fn a_policy_that_says_nothing_has_the_defaults() {
        let policy = Policy::default();
        let document = Document {
            auto_ami_policy: &policy,
        };
        let shown: serde_json::Value = serde_json::to_value(document).expect("JSON");
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let window = serde_json::json!([{"days": days, "start": "02:00", "end": "06:00"}]);
        assert_eq!(
            shown,
            serde_json::json!({"auto_ami_policy": {
                "timezone": "UTC",
                "build_window": window,
                "urgent_window": window,
                "prefer_off_peak": false,
                "daily_budget": "25.00",
                "monthly_budget": "500.00",
                "emergency_budget": "100.00",
                "approve_emergency_builds": true,
                "budget_tracking": false,
                "popularity_threshold": 5,
                "max_age": 604_800,
                "max_parallel_builds": 2,
                "region_priority": null,
                "security_updates": {
                    "critical_window": 14_400,
                    "high_window": 86_400,
                    "medium_window": 604_800,
                    "low_window": 2_592_000,
                    "low": "approval",
                    "unknown_as": "high",
                    "notify_instructors": true,
                    "notify_students": false,
                },
                "preserve_running_instances": true,
                "notify_before_rebuild": false,
                "notify_lead": 1_800,
                "seasonal_precompilation": null,
                "semester_prep_window": null,
                "academic_calendar": {
                    "semesters": [],
                    "seasons": {"summer": "06-01..08-31"},
                },
            }})
        );
    }
}
