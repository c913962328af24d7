//! A policy with some keys changed, as the text of its next revision: what people say key by key (`ingot templates auto-ami
//! configure`) goes through the reader that files go through.

use std::collections::BTreeMap;
use std::fmt::Write;

use ingot_domain::field::{FieldError, shown};
use ingot_domain::nearest::suggestion;
use ingot_domain::policy::Policy;
use ingot_domain::policy::given::Given;

use crate::error::{Problem, YamlError};
use crate::policy::{ROOT, parse_policy};

/// Keys with one value each, which can be changed by themselves; a list or a mapping needs a file.
pub const CHANGEABLE: [&str; 23] = [
    "timezone",
    "build_window",
    "urgent_window",
    "prefer_off_peak",
    "daily_budget",
    "monthly_budget",
    "emergency_budget",
    "approve_emergency_builds",
    "budget_tracking",
    "popularity_threshold",
    "max_age",
    "max_parallel_builds",
    "security_updates.critical_window",
    "security_updates.high_window",
    "security_updates.medium_window",
    "security_updates.low_window",
    "security_updates.low",
    "security_updates.unknown_as",
    "security_updates.notify_instructors",
    "security_updates.notify_students",
    "preserve_running_instances",
    "notify_before_rebuild",
    "notify_lead",
];

/// The policy with these keys changed, and its text. Keys that say what follows from the others are left out, so that they
/// follow: a monthly budget of 20 times the daily one grows with it. What is wrong names the key.
pub fn policy_with(
    policy: &Policy,
    changes: &BTreeMap<String, String>,
) -> Result<(String, Policy), Vec<FieldError>> {
    let mut wrong = Vec::new();
    for (key, value) in changes {
        if !CHANGEABLE.contains(&key.as_str()) {
            let message = format!(
                "no key that can be changed by itself: {}; the others are changed by a file (`ingot policy import`)",
                suggestion(key, &CHANGEABLE)
            );
            wrong.push(FieldError::new(key, shown(value), message));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let text = written(policy, changes);
    let read = parse_policy(&text).map_err(|error| named(&error, changes))?;
    Ok((text, read))
}

/// Without the places, which are those of a text that no person wrote.
fn named(error: &YamlError, changes: &BTreeMap<String, String>) -> Vec<FieldError> {
    let told = error.problems().map(|problem: &Problem| {
        let key = problem.field.strip_prefix(ROOT).unwrap_or(&problem.field);
        let key = key.strip_prefix('.').unwrap_or(key);
        let value = changes
            .get(key)
            .map(|value| shown(value))
            .unwrap_or_default();
        FieldError::new(key, value, problem.message.clone())
    });
    told.collect()
}

fn written(policy: &Policy, changes: &BTreeMap<String, String>) -> String {
    let plain = Policy::from(Given {
        build_window: Some(policy.build_window.clone()),
        daily_budget: Some(policy.daily_budget),
        ..Given::default()
    });
    let (usual, derived) = (Policy::default().said(), plain.said());
    // Budgets of the day and the build window give others their defaults.
    let gives = |key: &str| matches!(key, "daily_budget" | "build_window");
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for one in policy.said() {
        let Some(key) = CHANGEABLE.iter().find(|key| **key == one.key) else {
            continue;
        };
        let defaults = if gives(key) { &usual } else { &derived };
        let is_default = defaults
            .iter()
            .any(|other| other.key == one.key && other.text == one.text);
        if !is_default {
            let text = one.text.strip_suffix(" USD").unwrap_or(&one.text);
            lines.insert(key, scalar(text));
        }
    }
    for (key, value) in changes {
        if let Some(key) = CHANGEABLE.iter().find(|known| *known == key) {
            lines.insert(key, scalar(value.trim()));
        }
    }
    let mut text = format!("{ROOT}:\n");
    let mut under = String::new();
    for key in CHANGEABLE {
        let Some(value) = lines.get(key) else {
            continue;
        };
        match key.split_once('.') {
            Some((_, key)) => put(&mut under, format_args!("    {key}: {value}")),
            None => put(&mut text, format_args!("  {key}: {value}")),
        }
    }
    if !under.is_empty() {
        put(
            &mut text,
            format_args!("  security_updates:\n{}", under.trim_end()),
        );
    }
    rest(policy, &mut text);
    if text.trim_end().ends_with(':') {
        // A policy that says nothing is an empty mapping.
        return format!("{ROOT}: {{}}\n");
    }
    text
}

/// Lists and mappings, which stay as they are.
fn rest(policy: &Policy, text: &mut String) {
    if let Some(regions) = &policy.region_priority {
        put(text, format_args!("  region_priority: {}", list(regions)));
    }
    if let Some(campaign) = &policy.seasonal_precompilation {
        let enabled = campaign.enabled;
        put(
            text,
            format_args!("  seasonal_precompilation:\n    enabled: {enabled}"),
        );
        if let Some(schedule) = campaign.schedule {
            put(
                text,
                format_args!("    schedule: {}", quoted(&schedule.to_string())),
            );
        }
        put(
            text,
            format_args!("    templates: {}", list(&campaign.templates)),
        );
    }
    if let Some(prep) = &policy.semester_prep_window {
        put(
            text,
            format_args!("  semester_prep_window: {}", quoted(&prep.to_string())),
        );
    }
    let calendar = &policy.academic_calendar;
    put(text, format_args!("  academic_calendar:\n    seasons:"));
    for (name, season) in &calendar.seasons {
        put(
            text,
            format_args!("      {}: {}", quoted(name), quoted(&season.to_string())),
        );
    }
    if !calendar.semesters.is_empty() {
        put(text, format_args!("    semesters:"));
    }
    for one in &calendar.semesters {
        let name = quoted(&one.name);
        let (start, end) = (one.start, one.end);
        put(
            text,
            format_args!(
                "      - name: {name}\n        start: \"{start}\"\n        end: \"{end}\""
            ),
        );
    }
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "{line}");
}

/// As YAML: a flag or a number stays one, all else is text.
fn scalar(value: &str) -> String {
    let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match number || matches!(value, "true" | "false") {
        true => value.to_owned(),
        false => quoted(value),
    }
}

/// A text in double quotes; what JSON takes for one, YAML does, too.
fn quoted(value: &str) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "\"\"".to_owned())
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(policy: &Policy, pairs: &[(&str, &str)]) -> Result<Policy, Vec<FieldError>> {
        let changes = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        policy_with(policy, &changes.collect()).map(|(_, policy)| policy)
    }

    #[test]
    fn what_is_not_changed_stays_and_what_follows_follows() {
        let plain = Policy::default();
        assert_eq!(with(&plain, &[]).as_ref(), Ok(&plain));
        let more = with(
            &plain,
            &[("daily_budget", "40"), ("popularity_threshold", "3")],
        )
        .expect("a policy");
        assert_eq!(more.monthly_budget.to_string(), "800.00");
        assert_eq!(more.popularity_threshold, 3);
        let month = with(&more, &[("monthly_budget", "12.5")]).expect("a policy");
        let day = with(&month, &[("daily_budget", "30")]).expect("a policy");
        assert_eq!(day.monthly_budget.to_string(), "12.50");
        assert_eq!(day.emergency_budget.to_string(), "120.00");
        assert_eq!(day.popularity_threshold, 3);
    }

    #[test]
    fn a_policy_with_everything_is_the_same_after_a_change_and_its_opposite() {
        let text = "auto_ami_policy:\n  timezone: America/New_York\n  build_window: \"mon-fri 01:00-05:00, sat 00:00-24:00\"\n  \
            region_priority: [us-west-2, us-east-1]\n  prefer_off_peak: true\n  security_updates:\n    critical_window: immediate\n    \
            low: auto\n    unknown_as: medium\n  notify_before_rebuild: true\n  notify_lead: 2 hours\n  seasonal_precompilation:\n    \
            schedule: 2 weeks before semester start\n    templates: [web, r-stats]\n  semester_prep_window: winter\n  academic_calendar:\n    \
            seasons: { winter: 12-20..01-06 }\n    semesters:\n      - { name: Spring 2027, start: 2027-01-18, end: 2027-05-07 }\n";
        let policy = parse_policy(text).expect("a policy");
        assert_eq!(with(&policy, &[]).as_ref(), Ok(&policy));
        let other =
            with(&policy, &[("security_updates.critical_window", "1 hour")]).expect("a policy");
        assert_ne!(other, policy);
        let back = with(&other, &[("security_updates.critical_window", "immediate")]);
        assert_eq!(back.as_ref(), Ok(&policy));
    }

    #[test]
    fn what_is_wrong_names_the_key_and_the_value() {
        let plain = Policy::default();
        for (key, value, part) in [
            ("daily_budget", "-1", "daily_budget"),
            ("popularity_threshold", "0", "popularity_threshold"),
            ("build_window", "25:00-26:00", "build_window"),
            ("timezone", "Mars/Base", "timezone"),
            ("prefer_off_peak", "no", "prefer_off_peak"),
            (
                "security_updates.high_window",
                "soon",
                "security_updates.high_window",
            ),
            ("region_priority", "us-east-1", "region_priority"),
            ("dayly_budget", "1", "dayly_budget"),
        ] {
            let wrong = with(&plain, &[(key, value)]).expect_err(key);
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert_eq!(wrong[0].field, part);
            assert_eq!(wrong[0].value, value);
        }
    }
}
