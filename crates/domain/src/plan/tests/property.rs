//! Random scenarios: the plan against the naive one, and what must hold of every plan.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeDelta};
use proptest::prelude::*;

use super::super::naive::{Line, Naive};
use super::super::random::{Dice, scenario};
use super::super::scenario::Scenario;
use super::super::*;
use crate::cases::cases;
use crate::want::Urgency;

fn line(build: &Build) -> Line {
    Line {
        id: build.id.clone(),
        urgency: build.urgency.as_str(),
        priority: i64::from(build.priority),
        state: build.state.as_str(),
        at: build.scheduled_for,
        deadline: build.deadline,
        purse: build.budget_source.map(Purse::as_str),
        late: build.late,
        window: build.window.map(WindowKind::as_str),
        others: build.coalesced.clone(),
    }
}

proptest! {
    #![proptest_config(cases(300))]
    #[test]
    fn a_plan_is_what_asking_every_instant_gives(seed: u64) {
        let scenario = scenario(seed);
        let plan = scenario.plan();
        let found: Vec<Line> = plan.builds.iter().map(line).collect();
        prop_assert_eq!(found, Naive::plan(&scenario), "{:#?}", scenario);
    }
}

proptest! {
    #![proptest_config(cases(1_000))]
    #[test]
    fn no_plan_breaks_a_rule(seed: u64) {
        let scenario = scenario(seed);
        let plan = scenario.plan();
        overspends_nothing(&scenario, &plan)?;
        keeps_windows_and_bounds(&scenario, &plan)?;
        takes_no_place_twice(&scenario, &plan)?;
        lets_no_critical_wait(&scenario, &plan)?;
    }

    #[test]
    fn the_order_of_requests_and_templates_does_not_matter(seed: u64, other: u64) {
        let mut scenario = scenario(seed);
        let plan = scenario.plan();
        let mut dice = Dice::new(other);
        dice.shuffle(&mut scenario.queue);
        dice.shuffle(&mut scenario.running);
        for waiting in &mut scenario.queue {
            dice.shuffle(&mut waiting.requests);
        }
        prop_assert_eq!(scenario.plan(), plan);
    }
}

fn placed(plan: &Plan) -> impl Iterator<Item = (&Build, crate::Instant, Purse)> {
    let builds = plan.builds.iter();
    builds.filter_map(|build| Some((build, build.scheduled_for?, build.budget_source?)))
}

fn of<'a>(scenario: &'a Scenario, build: &Build) -> &'a Waiting {
    let queue = scenario.queue.iter();
    let mut found = queue.filter(|waiting| waiting.target.name == build.template);
    found.next().expect("its target")
}

/// What is committed in a period is within its limit, or nothing was added to it; allowances apart.
fn overspends_nothing(scenario: &Scenario, plan: &Plan) -> Result<(), TestCaseError> {
    let policy = &scenario.policy;
    let date = |at| policy.timezone.local(at).date();
    let month = |at| (date(at).year(), date(at).month());
    let (mut days, mut months, mut urgent) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (build, at, purse) in placed(plan) {
        let cost = build.estimated_cost;
        match purse {
            Purse::Urgent => {
                let requests = &of(scenario, build).requests;
                let allowed = requests.iter().any(|request| request.approved);
                if !(build.urgency == Urgency::Critical && allowed) {
                    *urgent.entry(month(at)).or_insert(Money::ZERO) = urgent
                        .get(&month(at))
                        .copied()
                        .unwrap_or_default()
                        .plus(cost);
                }
            }
            Purse::Daily | Purse::Monthly => {
                let day: &mut Money = days.entry(date(at)).or_default();
                *day = day.plus(cost);
                let month: &mut Money = months.entry(month(at)).or_default();
                *month = month.plus(cost);
            }
        }
    }
    let (today, now) = (date(scenario.now), month(scenario.now));
    for (day, cost) in days {
        let before = if day == today {
            scenario.spent.daily
        } else {
            Money::ZERO
        };
        prop_assert!(before.plus(cost) <= policy.daily_budget);
    }
    for (month, cost) in months {
        let before = if month == now {
            scenario.spent.monthly
        } else {
            Money::ZERO
        };
        prop_assert!(before.plus(cost) <= policy.monthly_budget);
    }
    for (month, cost) in urgent {
        let before = if month == now {
            scenario.spent.urgent
        } else {
            Money::ZERO
        };
        prop_assert!(before.plus(cost) <= policy.emergency_budget);
    }
    Ok(())
}

/// A placed build starts inside its window unless its deadline made the window give way, within 62 days, after it was asked for.
fn keeps_windows_and_bounds(scenario: &Scenario, plan: &Plan) -> Result<(), TestCaseError> {
    let policy = &scenario.policy;
    for build in &plan.builds {
        let reasons: Vec<_> = build.why.iter().map(|why| why.on).collect();
        prop_assert!(reasons.is_sorted(), "{:?}", reasons);
        let placed = build.scheduled_for.is_some();
        prop_assert_eq!(
            placed,
            matches!(build.state, State::Start | State::Scheduled)
        );
        prop_assert_eq!(
            reasons.is_empty(),
            build.state == State::Start,
            "{:?}",
            build
        );
        prop_assert_eq!(placed, build.budget_source.is_some());
    }
    for (build, at, _) in placed(plan) {
        prop_assert!(at >= scenario.now && at <= scenario.now + HORIZON);
        prop_assert_eq!(build.state == State::Start, at == scenario.now);
        let requests = &of(scenario, build).requests;
        prop_assert!(requests.iter().any(|request| request.requested <= at));
        let window = match build.window {
            None => continue,
            Some(WindowKind::Build) => &policy.build_window,
            Some(WindowKind::Urgent) => &policy.urgent_window,
        };
        let campaign = matches!(build.cause, Cause::Scheduled { campaign: Some(_) });
        let local = policy.timezone.local(at).date();
        let prep = policy.semester_prep_window.as_ref();
        let inside = window.contains(policy.timezone, at)
            || campaign && prep.is_some_and(|prep| prep.contains(local));
        prop_assert!(inside || build.latest_start.is_some(), "{:?}", build);
    }
    Ok(())
}

/// No instant has more builds of a region than the policy allows, but for those that ran before.
fn takes_no_place_twice(scenario: &Scenario, plan: &Plan) -> Result<(), TestCaseError> {
    let most = scenario.policy.max_parallel_builds as usize;
    let mut busy: Vec<(&str, crate::Instant, crate::Instant)> = Vec::new();
    for one in &scenario.running {
        let late = one.until < scenario.now;
        let until = if late {
            scenario.now + TimeDelta::minutes(5)
        } else {
            one.until
        };
        busy.push((&one.region, scenario.now, until));
    }
    for (build, at, _) in placed(plan) {
        let target = &of(scenario, build).target;
        busy.push((&target.region, at, at + target.expected));
    }
    for (build, at, _) in placed(plan) {
        let target = &of(scenario, build).target;
        let starts = busy.iter().map(|(_, from, _)| *from);
        let within = starts.filter(|from| (at..at + target.expected).contains(from));
        for instant in within {
            let there = busy.iter().filter(|(region, from, to)| {
                *region == target.region && (*from..*to).contains(&instant)
            });
            prop_assert!(there.count() <= most, "{:?}", build);
        }
    }
    Ok(())
}

/// A critical build has no window, and waits for nothing but money, a place or a person who allows the money.
fn lets_no_critical_wait(scenario: &Scenario, plan: &Plan) -> Result<(), TestCaseError> {
    // The oldest of those that count gives the id.
    let ahead = |build: &Build| {
        let mut requests = of(scenario, build).requests.iter();
        requests.any(|one| one.id == build.id && one.requested > scenario.now)
    };
    for build in plan
        .builds
        .iter()
        .filter(|build| build.urgency == Urgency::Critical)
    {
        prop_assert_eq!(build.window, None);
        for why in &build.why {
            let money = matches!(
                why.on,
                why::On::Purse | why::On::Capacity | why::On::Approval | why::On::MaxCost
            );
            prop_assert!(
                money || why.on == why::On::Notice && ahead(build),
                "{:?}",
                build
            );
        }
    }
    Ok(())
}
