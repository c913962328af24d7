//! A policy read back from its normal form, as the ledger keeps it beside the text of each revision. A key that a form of before
//! does not have gets its default.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::money::Money;
use crate::window::Windows;
use crate::zone::Zone;

use super::dates::{AcademicCalendar, Season, Semester};
use super::given::Given;
use super::length::Length;
use super::season::{Campaign, Prep};
use super::{Low, Policy, UnknownAs};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stored {
    timezone: Option<Zone>,
    build_window: Option<Windows>,
    urgent_window: Option<Windows>,
    prefer_off_peak: Option<bool>,
    daily_budget: Option<Money>,
    monthly_budget: Option<Money>,
    emergency_budget: Option<Money>,
    approve_emergency_builds: Option<bool>,
    budget_tracking: Option<bool>,
    popularity_threshold: Option<u32>,
    max_age: Option<Length>,
    max_parallel_builds: Option<u32>,
    region_priority: Option<Vec<String>>,
    security_updates: Updates,
    preserve_running_instances: Option<bool>,
    notify_before_rebuild: Option<bool>,
    notify_lead: Option<Length>,
    seasonal_precompilation: Option<Campaign>,
    semester_prep_window: Option<String>,
    academic_calendar: Academic,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Updates {
    critical_window: Option<Length>,
    high_window: Option<Length>,
    medium_window: Option<Length>,
    low_window: Option<Length>,
    low: Option<Low>,
    unknown_as: Option<UnknownAs>,
    notify_instructors: Option<bool>,
    notify_students: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Academic {
    semesters: Vec<Semester>,
    seasons: BTreeMap<String, Season>,
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let mut academic_calendar = AcademicCalendar {
            semesters: stored.academic_calendar.semesters,
            ..AcademicCalendar::default()
        };
        let seasons = stored.academic_calendar.seasons;
        academic_calendar.seasons.extend(seasons);
        let prep = stored.semester_prep_window;
        let prep = prep.map(|text| Prep::parse(&text, &academic_calendar));
        let updates = stored.security_updates;
        Ok(Policy::from(Given {
            timezone: stored.timezone,
            build_window: stored.build_window,
            urgent_window: stored.urgent_window,
            prefer_off_peak: stored.prefer_off_peak,
            daily_budget: stored.daily_budget,
            monthly_budget: stored.monthly_budget,
            emergency_budget: stored.emergency_budget,
            approve_emergency_builds: stored.approve_emergency_builds,
            budget_tracking: stored.budget_tracking,
            popularity_threshold: stored.popularity_threshold,
            max_age: stored.max_age,
            max_parallel_builds: stored.max_parallel_builds,
            region_priority: stored.region_priority,
            critical_window: updates.critical_window,
            high_window: updates.high_window,
            medium_window: updates.medium_window,
            low_window: updates.low_window,
            low: updates.low,
            unknown_as: updates.unknown_as,
            notify_instructors: updates.notify_instructors,
            notify_students: updates.notify_students,
            preserve_running_instances: stored.preserve_running_instances,
            notify_before_rebuild: stored.notify_before_rebuild,
            notify_lead: stored.notify_lead,
            seasonal_precompilation: stored.seasonal_precompilation,
            semester_prep_window: prep.transpose().map_err(D::Error::custom)?,
            academic_calendar,
        }))
    }
}

/// Reads a value back from the text that its `Display` writes.
macro_rules! from_text {
    ($($kind:ty: $read:expr),+ $(,)?) => {
        $(impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $read(&text).map_err(D::Error::custom)
            }
        })+
    };
}

from_text!(
    Money: Money::parse,
    Zone: Zone::parse,
    Season: Season::parse,
    super::season::Schedule: super::season::Schedule::parse,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::season::Schedule;

    #[test]
    fn a_policy_is_read_back_as_it_was_written() {
        let mut given = Given {
            timezone: Zone::parse("America/New_York").ok(),
            build_window: Windows::parse("fri-mon 22:00-04:00, wed 00:00-24:00").ok(),
            daily_budget: Money::parse("8.505").ok(),
            critical_window: Length::parse("immediate").ok(),
            region_priority: Some(vec!["us-west-2".to_owned()]),
            low: Some(Low::Auto),
            seasonal_precompilation: Some(Campaign {
                enabled: false,
                schedule: Schedule::parse("2 weeks before semester start").ok(),
                templates: vec!["r-stats".to_owned()],
            }),
            ..Given::default()
        };
        let seasons = &mut given.academic_calendar.seasons;
        seasons.insert(
            "winter".to_owned(),
            Season::parse("12-20..01-06").expect("dates"),
        );
        given.semester_prep_window = Prep::parse("winter", &given.academic_calendar).ok();
        given.academic_calendar.semesters.push(Semester {
            name: "Spring 2027".to_owned(),
            start: "2027-01-18".parse().expect("a date"),
            end: "2027-05-07".parse().expect("a date"),
        });
        for policy in [Policy::default(), Policy::from(given)] {
            let json = serde_json::to_value(&policy).expect("JSON");
            let back: Policy = serde_json::from_value(json).expect("a policy");
            assert_eq!(back, policy);
        }
        let none: Policy = serde_json::from_str("{}").expect("a policy");
        assert_eq!(none, Policy::default());
    }
}
