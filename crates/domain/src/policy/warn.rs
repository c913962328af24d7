//! What is right in a policy and yet worth a word (AUTO-AMI 3 and 4).

use chrono::{NaiveDateTime, TimeDelta};

use crate::Instant;
use crate::window::Windows;
use crate::zone::Zone;

use super::Policy;
use super::season::CampaignDate;

/// How far ahead clocks are looked at: two springs.
const AHEAD: TimeDelta = TimeDelta::days(732);

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Path of the field under `auto_ami_policy`, such as `build_window`.
    pub field: &'static str,
    /// What follows from it, and what to do.
    pub message: String,
}

impl Policy {
    /// What is worth a word at this time.
    pub fn warnings(&self, now: Instant) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let windows = [
            ("build_window", &self.build_window),
            ("urgent_window", &self.urgent_window),
        ];
        for (field, window) in windows {
            // What is the same window is told once.
            if field == "urgent_window" && self.urgent_window == self.build_window {
                continue;
            }
            let closed = swallowed(window, self.timezone, now);
            warnings.extend(closed.into_iter().map(|message| Warning { field, message }));
        }
        if self.monthly_budget < self.daily_budget {
            let (month, day) = (self.monthly_budget, self.daily_budget);
            let message = format!(
                "a month of {month} dollars is less than a day's {day}, so no day can spend what is its own; write at least {day}, or less for `daily_budget`"
            );
            let field = "monthly_budget";
            warnings.push(Warning { field, message });
        }
        warnings.extend(self.of_campaign(now));
        warnings
    }

    fn of_campaign(&self, now: Instant) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |field, message: String| warnings.push(Warning { field, message });
        let Some(campaign) = self
            .seasonal_precompilation
            .as_ref()
            .filter(|one| one.enabled)
        else {
            return warnings;
        };
        let today = self.timezone.local(now).date();
        match campaign.schedule.map(|schedule| schedule.date) {
            None => warn(
                "seasonal_precompilation",
                "without `schedule` the campaign never starts; add one such as `2 weeks before semester start`".to_owned(),
            ),
            Some(CampaignDate::SemesterStart) => {
                let semesters = &self.academic_calendar.semesters;
                if !semesters.iter().any(|semester| semester.start >= today) {
                    warn(
                        "seasonal_precompilation.schedule",
                        "no semester is to come, so the campaign sleeps; add one under `academic_calendar.semesters`, such as `- {name: Spring 2027, start: 2027-01-18, end: 2027-05-07}`".to_owned(),
                    );
                }
            }
            Some(CampaignDate::On(date)) if date < today => warn(
                "seasonal_precompilation.schedule",
                format!("{date} is past, so the campaign sleeps; write a date to come"),
            ),
            Some(CampaignDate::On(_)) => {}
        }
        if campaign.templates.is_empty() {
            warn(
                "seasonal_precompilation",
                "without `templates` the campaign builds nothing; list them".to_owned(),
            );
        }
        warnings
    }
}

/// A sentence for each item that lies wholly inside a spring gap, and for the first such day.
fn swallowed(windows: &Windows, zone: Zone, now: Instant) -> Vec<String> {
    let gaps = gaps(zone, now);
    let mut told = Vec::new();
    for window in windows.items() {
        let closed = gaps.iter().find_map(|(from, to)| {
            // What starts on the day before may reach into the gap, and does not lie wholly in it.
            let days = from
                .date()
                .iter_days()
                .take_while(|date| *date <= to.date());
            days.filter_map(|date| window.on(date).map(|span| (date, span)))
                .find(|(_, (start, end))| from <= start && end <= to)
                .map(|(date, _)| (date, *from, *to))
        });
        if let Some((date, from, to)) = closed {
            let (from, to) = (from.format("%H:%M"), to.format("%H:%M"));
            told.push(format!(
                "`{window}` does not open on {date}: in {zone} clocks jump from {from} to {to} then; choose times outside of it"
            ));
        }
    }
    told
}

/// Local times that are missing in the time ahead: from the first of them to the first that is there again.
fn gaps(zone: Zone, now: Instant) -> Vec<(NaiveDateTime, NaiveDateTime)> {
    let spells = zone.spells(now, now + AHEAD);
    let pairs = spells.iter().zip(spells.iter().skip(1));
    pairs
        .map(|(before, after)| (before.local_to(), after.local_from()))
        .filter(|(from, to)| from < to)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::dates::Semester;
    use super::super::given::Given;
    use super::super::season::{Campaign, Schedule};
    use super::*;

    fn warnings(given: Given) -> Vec<(&'static str, String)> {
        let now = "2026-11-28T12:00:00Z".parse().expect("time");
        let warnings = Policy::from(given).warnings(now);
        warnings
            .into_iter()
            .map(|one| (one.field, one.message))
            .collect()
    }

    fn campaign(schedule: &str) -> Option<Campaign> {
        Some(Campaign {
            enabled: true,
            schedule: Some(Schedule::parse(schedule).expect(schedule)),
            templates: vec!["r-stats".to_owned()],
        })
    }

    #[test]
    fn a_campaign_without_a_semester_to_come_sleeps_with_a_warning() {
        let mut given = Given {
            seasonal_precompilation: campaign("2 weeks before semester start"),
            ..Given::default()
        };
        let told = warnings(given.clone());
        assert_eq!(told.len(), 1);
        assert!(
            told[0].1.contains("academic_calendar.semesters"),
            "{told:?}"
        );
        let day = |text: &str| text.parse().expect("a date");
        let mut semester = Semester {
            name: "Fall 2026".to_owned(),
            start: day("2026-08-31"),
            end: day("2026-12-18"),
        };
        given.academic_calendar.semesters.push(semester.clone());
        assert_eq!(
            warnings(given.clone()).len(),
            1,
            "one that has begun is not to come"
        );
        semester.start = day("2026-11-28");
        given.academic_calendar.semesters.push(semester);
        assert_eq!(warnings(given.clone()), []);
        given.seasonal_precompilation = campaign("on 2026-11-27");
        assert!(warnings(given.clone())[0].1.contains("is past"));
        let sleeping = given.seasonal_precompilation.as_mut().expect("a campaign");
        sleeping.enabled = false;
        assert_eq!(warnings(given), []);
    }

    #[test]
    fn a_month_that_is_smaller_than_its_day_is_told() {
        let money = |text: &str| crate::money::Money::parse(text).ok();
        let given = |day: Option<&str>, month: &str| Given {
            daily_budget: day.and_then(money),
            monthly_budget: money(month),
            ..Given::default()
        };
        for fine in [given(Some("10"), "10"), given(None, "25"), Given::default()] {
            assert_eq!(warnings(fine), []);
        }
        for small in [given(Some("10"), "9.999999"), given(None, "24.99")] {
            let told = warnings(small);
            assert_eq!((told.len(), told[0].0), (1, "monthly_budget"), "{told:?}");
        }
    }

    #[test]
    fn a_window_wholly_inside_a_spring_gap_is_told_with_its_night() {
        let windows = |text| Some(Windows::parse(text).expect(text));
        let given = |build, urgent, zone| Given {
            timezone: Zone::parse(zone).ok(),
            build_window: windows(build),
            urgent_window: windows(urgent),
            ..Given::default()
        };
        let told = warnings(given("02:00-03:00", "02:00-06:00", "America/New_York"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "build_window");
        assert!(
            told[0].1.contains("does not open on 2027-03-14"),
            "{}",
            told[0].1
        );
        assert!(told[0].1.contains("from 02:00 to 03:00"), "{}", told[0].1);
        let told = warnings(given(
            "sun 02:10-02:20",
            "sun 02:10-02:20",
            "Australia/Lord_Howe",
        ));
        assert_eq!(told.len(), 1, "the same window is told once: {told:?}");
        for fine in [
            "02:30-03:01",
            "01:59-02:30",
            "sat 02:00-03:00",
            "22:00-02:30",
        ] {
            assert_eq!(
                warnings(given(fine, fine, "America/New_York")),
                [],
                "{fine}"
            );
        }
        assert_eq!(warnings(given("02:00-03:00", "02:00-03:00", "UTC")), []);
        // At Santiago midnight itself is missing.
        let told = warnings(given("00:00-01:00", "00:00-01:00", "America/Santiago"));
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
