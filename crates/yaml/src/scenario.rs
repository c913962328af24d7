//! Scenarios of the plan from YAML or JSON (AUTO-AMI 6, "Scenario files"). What the values mean is
//! [`ingot_domain::plan::scenario`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::advisory::level::Level;
use ingot_domain::field::shown;
use ingot_domain::money::Money;
use ingot_domain::nearest::nearest;
use ingot_domain::plan::scenario::Scenario;
use ingot_domain::plan::{Running, Spent, Waiting};
use ingot_domain::policy::Policy;
use ingot_domain::policy::dates::{date, instant};
use ingot_domain::want::{Cause, Request, Target, Trigger};

use crate::error::YamlError;
use crate::fields::{Asker, Item, outline};
use crate::outline::Kind;
use crate::policy::{ROOT, named, policy, word};

const SCENARIO: Kind = Kind {
    noun: "scenario",
    first: "now",
    see: "docs/plan.md",
    most: 500_000,
};
/// Largest text of a scenario, in bytes: a thousand templates with twenty requests each have room.
const LARGEST: usize = 16 * 1024 * 1024;
/// The longest build, in minutes: a year.
const LONGEST: u32 = 525_600;

const KEYS: [&str; 6] = ["now", "policy", "templates", "requests", "spent", "running"];
const REQUEST: [&str; 9] = [
    "id",
    "template",
    "trigger",
    "security_level",
    "urgent",
    "campaign",
    "max_cost",
    "approved",
    "requested_at",
];
const TRIGGERS: [&str; 5] = [
    "popularity",
    "security",
    "scheduled",
    "manual",
    "dependency",
];
const LEVELS: [&str; 5] = ["critical", "high", "medium", "low", "unknown"];

/// Reads one scenario. Everything wrong with keys, types and values is reported together.
pub fn parse_scenario(text: &str) -> Result<Scenario, YamlError> {
    let outline = outline(text, SCENARIO, LARGEST)?;
    let (mut asker, whole) = Asker::of(&outline);
    let scenario = whole.and_then(|whole| scenario(&mut asker, &whole));
    asker.end(scenario)
}

fn scenario<'a>(asker: &mut Asker<'a>, whole: &Item<'a>) -> Option<Scenario> {
    asker.keys(whole, &KEYS);
    let now = asker
        .need(whole, "now")
        .and_then(|item| asker.text(item, instant));
    let rules = match whole.given("policy") {
        // The key that a policy's file starts with may stand around it.
        Some(item) if item.get(ROOT).is_some() => {
            asker.keys(item, &[ROOT]);
            item.get(ROOT).and_then(|item| policy(asker, item))
        }
        Some(item) => policy(asker, item),
        None => Some(Policy::default()),
    };
    let targets = templates(asker, whole);
    let names: BTreeSet<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    let mut queues: BTreeMap<String, Vec<Request>> = BTreeMap::new();
    for (name, request) in requests(asker, whole, &names) {
        queues.entry(name).or_default().push(request);
    }
    let running = running(asker, whole, &names);
    let spent = spent(asker, whole);
    let waiting = targets.into_iter().filter_map(|target| {
        let requests = queues.remove(&target.name)?;
        Some(Waiting {
            target,
            requests,
            not_before: None,
        })
    });
    Some(Scenario {
        queue: waiting.collect(),
        now: now?,
        policy: rules?,
        spent,
        running,
    })
}

fn templates<'a>(asker: &mut Asker<'a>, whole: &Item<'a>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut seen: BTreeMap<String, &'a str> = BTreeMap::new();
    let list = asker
        .need(whole, "templates")
        .map_or(&[][..], |item| asker.list(item));
    for item in list {
        asker.keys(item, &["name", "region", "build_minutes", "cost"]);
        let mut text = |key| {
            asker
                .need(item, key)
                .and_then(|item| asker.text(item, named))
        };
        let (name, region) = (text("name"), text("region"));
        let minutes = asker
            .need(item, "build_minutes")
            .and_then(|item| asker.count(item, LONGEST));
        let cost = asker
            .need(item, "cost")
            .and_then(|item| asker.spelled(item, cost));
        let Some(name) = name else { continue };
        if let Some(first) = seen.insert(name.clone(), item.path()) {
            twice(asker, item, "name", &name, first);
            continue;
        }
        targets.push(Target {
            name,
            // What is told above is never planned with.
            region: region.unwrap_or_default(),
            expected: TimeDelta::minutes(i64::from(minutes.unwrap_or(1))),
            cost: cost.unwrap_or_default(),
        });
    }
    targets
}

/// A reservation, which is more than nothing.
fn cost(text: &str) -> Result<Money, String> {
    Money::of_number(text).and_then(|money| match money {
        Money::ZERO => Err("a build reserves more than nothing; write a cost above 0".to_owned()),
        money => Ok(money),
    })
}

fn twice<'a>(asker: &mut Asker<'a>, item: &Item<'a>, key: &str, text: &str, first: &str) {
    let message = format!(
        "the {key} `{}` stands at {first} already; write another",
        shown(text)
    );
    if let Some(item) = item.get(key) {
        asker.wrong(item, message);
    }
}

/// The requests with the names of their templates.
fn requests<'a>(
    asker: &mut Asker<'a>,
    whole: &Item<'a>,
    names: &BTreeSet<&str>,
) -> Vec<(String, Request)> {
    let mut requests = Vec::new();
    let mut seen: BTreeMap<String, &'a str> = BTreeMap::new();
    let list = asker
        .need(whole, "requests")
        .map_or(&[][..], |item| asker.list(item));
    for item in list {
        asker.keys(item, &REQUEST);
        let id = asker
            .need(item, "id")
            .and_then(|item| asker.text(item, named));
        let name = asker
            .need(item, "template")
            .and_then(|item| template(asker, item, names));
        let cause = cause(asker, item);
        let max_cost = item
            .given("max_cost")
            .and_then(|item| asker.spelled(item, Money::of_number));
        let approved = item.given("approved").and_then(|item| asker.flag(item));
        let requested = asker
            .need(item, "requested_at")
            .and_then(|item| asker.text(item, instant));
        if let Some(id) = &id
            && let Some(first) = seen.insert(id.clone(), item.path())
        {
            twice(asker, item, "id", id, first);
            continue;
        }
        let (Some(id), Some(name), Some(cause), Some(requested)) = (id, name, cause, requested)
        else {
            continue;
        };
        let request = Request {
            id,
            cause,
            max_cost,
            approved: approved.unwrap_or(false),
            requested,
            term: None,
        };
        requests.push((name, request));
    }
    requests
}

/// The name of a template that the scenario has.
fn template<'a>(asker: &mut Asker<'a>, item: &Item<'a>, names: &BTreeSet<&str>) -> Option<String> {
    asker.text(item, |text| match names.contains(text) {
        true => Ok(text.to_owned()),
        false => {
            let known: Vec<&str> = names.iter().copied().collect();
            let meant = match nearest(text, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add it under `templates`".to_owned(),
            };
            Err(format!("no such template; {meant}"))
        }
    })
}

/// The trigger with what only it has.
fn cause<'a>(asker: &mut Asker<'a>, item: &Item<'a>) -> Option<Cause> {
    let trigger = asker.need(item, "trigger")?;
    let trigger = asker.text(trigger, |text| word(text, Trigger::parse, &TRIGGERS))?;
    for (key, of) in [
        ("security_level", Trigger::Security),
        ("urgent", Trigger::Manual),
        ("campaign", Trigger::Scheduled),
    ] {
        if let Some(item) = item.given(key).filter(|_| trigger != of) {
            asker.wrong(
                item,
                format!("`{key}` stands only with `trigger: {of}`; remove it"),
            );
        }
    }
    let cause = match trigger {
        Trigger::Popularity => Cause::Popularity,
        Trigger::Dependency => Cause::Dependency,
        Trigger::Security => {
            let level = asker.need(item, "security_level")?;
            let level = asker.text(level, |text| word(text, level_of, &LEVELS))?;
            Cause::Security { level }
        }
        Trigger::Manual => {
            let urgent = item.given("urgent").map(|item| asker.flag(item));
            Cause::Manual {
                urgent: urgent.unwrap_or(Some(false))?,
            }
        }
        Trigger::Scheduled => {
            let campaign = item.given("campaign");
            Cause::Scheduled {
                campaign: campaign.and_then(|item| asker.text(item, date)),
            }
        }
    };
    Some(cause)
}

/// A level of the assessment; `unknown` is none.
fn level_of(text: &str) -> Option<Option<Level>> {
    Some(match text {
        "critical" => Some(Level::Critical),
        "high" => Some(Level::High),
        "medium" => Some(Level::Medium),
        "low" => Some(Level::Low),
        "unknown" => None,
        _ => return None,
    })
}

fn running<'a>(asker: &mut Asker<'a>, whole: &Item<'a>, names: &BTreeSet<&str>) -> Vec<Running> {
    let list = whole
        .given("running")
        .map_or(&[][..], |item| asker.list(item));
    let mut running = Vec::new();
    for item in list {
        asker.keys(item, &["region", "until", "template"]);
        let region = asker
            .need(item, "region")
            .and_then(|item| asker.text(item, named));
        let until: Option<Instant> = asker
            .need(item, "until")
            .and_then(|item| asker.text(item, instant));
        let target = item
            .given("template")
            .and_then(|item| template(asker, item, names));
        if let (Some(region), Some(until)) = (region, until) {
            running.push(Running {
                region,
                until,
                target,
            });
        }
    }
    running
}

fn spent<'a>(asker: &mut Asker<'a>, whole: &Item<'a>) -> Spent {
    let Some(item) = whole.given("spent") else {
        return Spent::default();
    };
    asker.keys(item, &["daily", "monthly", "urgent"]);
    let mut money = |key| {
        item.given(key)
            .and_then(|item| asker.spelled(item, Money::of_number))
    };
    // A month that spent less than its day is no refusal of the specification: each budget counts what stands for it.
    Spent {
        daily: money("daily").unwrap_or_default(),
        monthly: money("monthly").unwrap_or_default(),
        urgent: money("urgent").unwrap_or_default(),
        ..Spent::default()
    }
}
