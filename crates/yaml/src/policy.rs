//! Policies from YAML (AUTO-AMI 3). What the values mean is [`ingot_domain::policy`].

use ingot_domain::Instant;
use ingot_domain::field::shown;
use ingot_domain::money::Money;
use ingot_domain::nearest::suggestion;
use ingot_domain::policy::dates::{Season, Semester, date};
use ingot_domain::policy::given::Given;
use ingot_domain::policy::length::Length;
use ingot_domain::policy::season::{Campaign, Prep, Schedule};
use ingot_domain::policy::{Low, Policy, UnknownAs};
use ingot_domain::window::Windows;
use ingot_domain::zone::Zone;

use crate::error::{Problem, YamlError};
use crate::fields::{Asker, Item, outline};
use crate::outline::{Kind, Outline};
use crate::parse::LARGEST;

const POLICY: Kind = Kind {
    noun: "policy",
    first: ROOT,
    see: "docs/plan.md",
    most: 5_000,
};
/// The key under which all others are.
pub(crate) const ROOT: &str = "auto_ami_policy";

const KEYS: [&str; 20] = [
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
    "region_priority",
    "security_updates",
    "preserve_running_instances",
    "notify_before_rebuild",
    "notify_lead",
    "seasonal_precompilation",
    "semester_prep_window",
    "academic_calendar",
];
const SECURITY: [&str; 8] = [
    "critical_window",
    "high_window",
    "medium_window",
    "low_window",
    "low",
    "unknown_as",
    "notify_instructors",
    "notify_students",
];

/// Reads one policy. Everything wrong with keys, types and values is reported together.
pub fn parse_policy(yaml: &str) -> Result<Policy, YamlError> {
    let outline = outline(yaml, POLICY, LARGEST)?;
    let (mut asker, whole) = Asker::of(&outline);
    let policy = whole.and_then(|whole| {
        asker.keys(&whole, &[ROOT]);
        let root = asker.need(&whole, ROOT)?;
        policy(&mut asker, root)
    });
    asker.end(policy)
}

/// What is worth a word about a text that [`parse_policy`] has read as this policy, at this time.
pub fn policy_warnings(yaml: &str, policy: &Policy, now: Instant) -> Vec<Problem> {
    let outline: Outline = outline(yaml, POLICY, LARGEST).unwrap_or_default();
    let told = policy.warnings(now).into_iter().map(|warning| {
        let field = format!("{ROOT}.{}", warning.field);
        Problem::at(outline.place(&field), field, warning.message)
    });
    let mut told: Vec<Problem> = told.collect();
    told.sort_by_key(|problem| (problem.line, problem.column));
    told
}

/// The policy that a mapping of its keys means. A value that is wrong is told, and left out.
pub(crate) fn policy<'a>(asker: &mut Asker<'a>, root: &Item<'a>) -> Option<Policy> {
    asker.keys(root, &KEYS);
    let mut given = Given::default();
    calendar(asker, root, &mut given);
    let of = |key| root.get(key);
    let asked = &mut *asker;
    given.timezone = of("timezone").and_then(|item| asked.text(item, Zone::parse));
    given.build_window = of("build_window").and_then(|item| asked.text(item, Windows::parse));
    given.urgent_window = of("urgent_window").and_then(|item| asked.text(item, Windows::parse));
    given.prefer_off_peak = of("prefer_off_peak").and_then(|item| asked.flag(item));
    given.daily_budget = of("daily_budget").and_then(|item| asked.spelled(item, Money::of_number));
    given.monthly_budget =
        of("monthly_budget").and_then(|item| asked.spelled(item, Money::of_number));
    given.emergency_budget =
        of("emergency_budget").and_then(|item| asked.spelled(item, Money::of_number));
    given.approve_emergency_builds =
        of("approve_emergency_builds").and_then(|item| asked.flag(item));
    given.budget_tracking = of("budget_tracking").and_then(|item| asked.flag(item));
    given.popularity_threshold =
        of("popularity_threshold").and_then(|item| asked.count(item, u32::MAX));
    given.max_age = of("max_age").and_then(|item| asked.text(item, Length::parse));
    given.max_parallel_builds =
        of("max_parallel_builds").and_then(|item| asked.count(item, u32::MAX));
    given.region_priority = of("region_priority").map(|item| texts(asked, item, "region"));
    given.preserve_running_instances =
        of("preserve_running_instances").and_then(|item| asked.flag(item));
    given.notify_before_rebuild = of("notify_before_rebuild").and_then(|item| asked.flag(item));
    given.notify_lead = of("notify_lead").and_then(|item| asked.text(item, Length::parse));
    given.seasonal_precompilation = of("seasonal_precompilation").map(|item| campaign(asked, item));
    let calendar = &given.academic_calendar;
    given.semester_prep_window = of("semester_prep_window")
        .and_then(|item| asked.text(item, |text| Prep::parse(text, calendar)));
    if let Some(item) = of("security_updates") {
        security(asked, item, &mut given);
    }
    Some(given.into())
}

fn security<'a>(asker: &mut Asker<'a>, item: &Item<'a>, given: &mut Given) {
    asker.keys(item, &SECURITY);
    let mut length = |key| {
        item.get(key)
            .and_then(|item| asker.text(item, Length::parse))
    };
    given.critical_window = length("critical_window");
    given.high_window = length("high_window");
    given.medium_window = length("medium_window");
    given.low_window = length("low_window");
    let low = |text: &str| word(text, Low::parse, &["approval", "auto"]);
    given.low = item.get("low").and_then(|item| asker.text(item, low));
    let level = |text: &str| word(text, UnknownAs::parse, &["high", "medium"]);
    given.unknown_as = item
        .get("unknown_as")
        .and_then(|item| asker.text(item, level));
    let mut flag = |key| item.get(key).and_then(|item| asker.flag(item));
    given.notify_instructors = flag("notify_instructors");
    given.notify_students = flag("notify_students");
}

fn campaign<'a>(asker: &mut Asker<'a>, item: &Item<'a>) -> Campaign {
    asker.keys(item, &["enabled", "schedule", "templates"]);
    let enabled = item.get("enabled").and_then(|item| asker.flag(item));
    let schedule = item
        .get("schedule")
        .and_then(|item| asker.text(item, Schedule::parse));
    let templates = item
        .get("templates")
        .map(|item| texts(asker, item, "template"));
    Campaign {
        enabled: enabled.unwrap_or(true),
        schedule,
        templates: templates.unwrap_or_default(),
    }
}

fn calendar<'a>(asker: &mut Asker<'a>, root: &Item<'a>, given: &mut Given) {
    let Some(item) = root.get("academic_calendar") else {
        return;
    };
    asker.keys(item, &["semesters", "seasons"]);
    if let Some(seasons) = item.get("seasons") {
        // Every name is one that may be given, so that only the shape can be wrong.
        let names: Vec<&str> = seasons.pairs().map(|(name, _)| name).collect();
        asker.keys(seasons, &names);
        for (name, item) in seasons.pairs() {
            if let Some(season) = asker.text(item, Season::parse) {
                given
                    .academic_calendar
                    .seasons
                    .insert(name.to_owned(), season);
            }
        }
    }
    let semesters = item
        .get("semesters")
        .map_or(&[][..], |item| asker.list(item));
    for item in semesters {
        let semester = semester(asker, item);
        given.academic_calendar.semesters.extend(semester);
    }
}

fn semester<'a>(asker: &mut Asker<'a>, item: &Item<'a>) -> Option<Semester> {
    asker.keys(item, &["name", "start", "end"]);
    let name = asker
        .need(item, "name")
        .and_then(|item| asker.text(item, named));
    let start = asker
        .need(item, "start")
        .and_then(|item| asker.text(item, date));
    let end = asker
        .need(item, "end")
        .and_then(|item| asker.text(item, date));
    let semester = Semester {
        name: name?,
        start: start?,
        end: end?,
    };
    if semester.end < semester.start {
        let start = semester.start;
        asker.wrong(
            item,
            format!("the end lies before the start; write an end from {start} on"),
        );
        return None;
    }
    Some(semester)
}

/// The texts of a list, each of which stands once.
fn texts<'a>(asker: &mut Asker<'a>, item: &Item<'a>, what: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for element in asker.list(item) {
        let Some(text) = asker.text(element, named) else {
            continue;
        };
        match texts.contains(&text) {
            true => asker.wrong(
                element,
                format!(
                    "the {what} `{}` stands here a second time; remove one",
                    shown(&text)
                ),
            ),
            false => texts.push(text),
        }
    }
    texts
}

/// A name, which is not empty.
pub(crate) fn named(text: &str) -> Result<String, String> {
    match text.trim().is_empty() {
        true => Err("a name has at least one character; write it".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// One of several words.
pub(crate) fn word<T>(
    text: &str,
    read: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T, String> {
    read(text).ok_or_else(|| format!("unknown value; {}", suggestion(text, known)))
}
