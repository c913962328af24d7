//! A policy as lines of key and text, every default filled in, in the words that its YAML takes; and what differs between two.

use crate::money::Money;

use super::Policy;
use super::dates::Semester;

/// A key under `auto_ami_policy` and its value as text; `-` stands where nothing is the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Such as `security_updates.critical_window`.
    pub key: String,
    /// Such as `4 hours`.
    pub text: String,
}

/// A key whose value is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// Such as `security_updates.critical_window`.
    pub key: String,
    /// What it said; `-` when it said nothing.
    pub before: String,
    /// What it says.
    pub after: String,
}

/// What stands for nothing.
const NOTHING: &str = "-";

impl Policy {
    /// Every key, in the order of the document's table.
    pub fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        let mut say = |key: &str, text: String| {
            said.push(Said {
                key: key.to_owned(),
                text,
            });
        };
        let usd = |money: Money| format!("{money} USD");
        say("timezone", self.timezone.to_string());
        say("build_window", self.build_window.to_string());
        say("urgent_window", self.urgent_window.to_string());
        say("prefer_off_peak", self.prefer_off_peak.to_string());
        say("daily_budget", usd(self.daily_budget));
        say("monthly_budget", usd(self.monthly_budget));
        say("emergency_budget", usd(self.emergency_budget));
        say(
            "approve_emergency_builds",
            self.approve_emergency_builds.to_string(),
        );
        say("budget_tracking", self.budget_tracking.to_string());
        say(
            "popularity_threshold",
            self.popularity_threshold.to_string(),
        );
        say("max_age", self.max_age.to_string());
        say("max_parallel_builds", self.max_parallel_builds.to_string());
        let regions = self.region_priority.as_deref().unwrap_or_default();
        say("region_priority", list(regions));
        let updates = &self.security_updates;
        for (key, window) in [
            ("critical_window", updates.critical_window),
            ("high_window", updates.high_window),
            ("medium_window", updates.medium_window),
            ("low_window", updates.low_window),
        ] {
            say(&format!("security_updates.{key}"), window.to_string());
        }
        for (key, text) in [
            ("low", updates.low.to_string()),
            ("unknown_as", updates.unknown_as.to_string()),
            ("notify_instructors", updates.notify_instructors.to_string()),
            ("notify_students", updates.notify_students.to_string()),
        ] {
            say(&format!("security_updates.{key}"), text);
        }
        say(
            "preserve_running_instances",
            self.preserve_running_instances.to_string(),
        );
        say(
            "notify_before_rebuild",
            self.notify_before_rebuild.to_string(),
        );
        say("notify_lead", self.notify_lead.to_string());
        match &self.seasonal_precompilation {
            None => say("seasonal_precompilation", NOTHING.to_owned()),
            Some(campaign) => {
                let under = |key| format!("seasonal_precompilation.{key}");
                say(&under("enabled"), campaign.enabled.to_string());
                let schedule = campaign.schedule.map(|schedule| schedule.to_string());
                say(
                    &under("schedule"),
                    schedule.unwrap_or_else(|| NOTHING.to_owned()),
                );
                say(&under("templates"), list(&campaign.templates));
            }
        }
        let prep = self.semester_prep_window.as_ref().map(ToString::to_string);
        say(
            "semester_prep_window",
            prep.unwrap_or_else(|| NOTHING.to_owned()),
        );
        let semesters = &self.academic_calendar.semesters;
        let semesters: Vec<String> = semesters.iter().map(semester).collect();
        say("academic_calendar.semesters", list(&semesters));
        for (name, season) in &self.academic_calendar.seasons {
            say(
                &format!("academic_calendar.seasons.{name}"),
                season.to_string(),
            );
        }
        said
    }

    /// What the other says otherwise, in the order of the table; what only this one says last.
    pub fn differs(&self, other: &Policy) -> Vec<Differs> {
        let (before, after) = (self.said(), other.said());
        let of = |said: &[Said], key: &str| {
            let one = said.iter().find(|one| one.key == key);
            one.map_or_else(|| NOTHING.to_owned(), |one| one.text.clone())
        };
        let gone = before
            .iter()
            .filter(|one| !after.iter().any(|two| two.key == one.key));
        let keys = after.iter().chain(gone).map(|one| one.key.clone());
        let differs = keys.map(|key| Differs {
            before: of(&before, &key),
            after: of(&after, &key),
            key,
        });
        differs.filter(|one| one.before != one.after).collect()
    }
}

fn list(texts: &[String]) -> String {
    match texts.is_empty() {
        true => NOTHING.to_owned(),
        false => texts.join(", "),
    }
}

fn semester(one: &Semester) -> String {
    format!("{} {}..{}", one.name, one.start, one.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::given::Given;
    use crate::policy::length::Length;
    use crate::policy::season::Campaign;

    #[test]
    fn every_key_is_said_and_only_what_differs_differs() {
        let (plain, mut given) = (Policy::default(), Given::default());
        let keys: Vec<String> = plain.said().into_iter().map(|one| one.key).collect();
        assert_eq!(keys.len(), 28, "{keys:?}");
        assert_eq!(plain.differs(&plain), []);
        given.daily_budget = Some(Money::dollars(40));
        given.critical_window = Some(Length::hours(1));
        given.seasonal_precompilation = Some(Campaign {
            enabled: true,
            schedule: None,
            templates: vec!["a".to_owned(), "b".to_owned()],
        });
        let differs = plain.differs(&Policy::from(given));
        let told: Vec<_> = differs
            .iter()
            .map(|one| (one.key.as_str(), one.before.as_str(), one.after.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("daily_budget", "25.00 USD", "40.00 USD"),
                ("monthly_budget", "500.00 USD", "800.00 USD"),
                ("emergency_budget", "100.00 USD", "160.00 USD"),
                ("security_updates.critical_window", "4 hours", "1 hour"),
                ("seasonal_precompilation.enabled", "-", "true"),
                ("seasonal_precompilation.templates", "-", "a, b"),
            ]
        );
    }
}
