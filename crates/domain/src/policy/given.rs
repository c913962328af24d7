//! What a policy's text gives, and what the rest of it is then (AUTO-AMI 3, the column of defaults).

use crate::money::Money;
use crate::window::Windows;
use crate::zone::Zone;

use super::dates::AcademicCalendar;
use super::length::Length;
use super::season::{Campaign, Prep};
use super::{Low, Policy, SecurityUpdates, UnknownAs};

/// The keys that are given; see [`Policy`] for what each means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the policy's, which says what each means"
)]
pub struct Given {
    pub timezone: Option<Zone>,
    pub build_window: Option<Windows>,
    pub urgent_window: Option<Windows>,
    pub prefer_off_peak: Option<bool>,
    pub daily_budget: Option<Money>,
    pub monthly_budget: Option<Money>,
    pub emergency_budget: Option<Money>,
    pub approve_emergency_builds: Option<bool>,
    pub budget_tracking: Option<bool>,
    pub popularity_threshold: Option<u32>,
    pub max_age: Option<Length>,
    pub max_parallel_builds: Option<u32>,
    pub region_priority: Option<Vec<String>>,
    pub critical_window: Option<Length>,
    pub high_window: Option<Length>,
    pub medium_window: Option<Length>,
    pub low_window: Option<Length>,
    pub low: Option<Low>,
    pub unknown_as: Option<UnknownAs>,
    pub notify_instructors: Option<bool>,
    pub notify_students: Option<bool>,
    pub preserve_running_instances: Option<bool>,
    pub notify_before_rebuild: Option<bool>,
    pub notify_lead: Option<Length>,
    pub seasonal_precompilation: Option<Campaign>,
    pub semester_prep_window: Option<Prep>,
    pub academic_calendar: AcademicCalendar,
}

impl From<Given> for Policy {
    fn from(given: Given) -> Self {
        let window = given.build_window.unwrap_or_else(Windows::night);
        let daily = given.daily_budget.unwrap_or(Money::dollars(25));
        Policy {
            timezone: given.timezone.unwrap_or(Zone::UTC),
            urgent_window: given.urgent_window.unwrap_or_else(|| window.clone()),
            build_window: window,
            prefer_off_peak: given.prefer_off_peak.unwrap_or(false),
            daily_budget: daily,
            monthly_budget: given.monthly_budget.unwrap_or(daily.times(20)),
            emergency_budget: given.emergency_budget.unwrap_or(daily.times(4)),
            approve_emergency_builds: given.approve_emergency_builds.unwrap_or(true),
            budget_tracking: given.budget_tracking.unwrap_or(false),
            popularity_threshold: given.popularity_threshold.unwrap_or(5),
            max_age: given.max_age.unwrap_or(Length::days(7)),
            max_parallel_builds: given.max_parallel_builds.unwrap_or(2),
            region_priority: given.region_priority,
            security_updates: SecurityUpdates {
                critical_window: given.critical_window.unwrap_or(Length::hours(4)),
                high_window: given.high_window.unwrap_or(Length::hours(24)),
                medium_window: given.medium_window.unwrap_or(Length::days(7)),
                low_window: given.low_window.unwrap_or(Length::days(30)),
                low: given.low.unwrap_or(Low::Approval),
                unknown_as: given.unknown_as.unwrap_or(UnknownAs::High),
                notify_instructors: given.notify_instructors.unwrap_or(true),
                notify_students: given.notify_students.unwrap_or(false),
            },
            preserve_running_instances: given.preserve_running_instances.unwrap_or(true),
            notify_before_rebuild: given.notify_before_rebuild.unwrap_or(false),
            notify_lead: given.notify_lead.unwrap_or(Length::minutes(30)),
            seasonal_precompilation: given.seasonal_precompilation,
            semester_prep_window: given.semester_prep_window,
            academic_calendar: given.academic_calendar,
        }
    }
}
