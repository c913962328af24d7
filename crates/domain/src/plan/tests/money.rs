//! The sentences about purses and budgets (AUTO-AMI 6.2, "Budgets" and "critical").

use super::*;
use crate::zone::Zone;

#[test]
fn an_estimate_larger_than_a_budget_has_no_start_and_an_approved_critical_one_has() {
    let given = Given {
        daily_budget: Some(dollars("5")),
        ..Given::default()
    };
    let of = |cause, cost| {
        one(
            given.clone(),
            target("a", 30, cost),
            vec![request("r1", cause, NOON)],
        )
    };
    let manual = Cause::Manual { urgent: false };
    assert_eq!(told(&of(manual, "5")), ["r1 start 11-27T12:00:00 daily"]);
    let large = of(manual, "5.000001");
    assert_eq!(told(&large), ["r1 blocked - -"]);
    let why = &large.plan().builds[0].why;
    assert_eq!(
        (why[0].on, why[0].until, why[0].lacks),
        (why::On::Purse, None, Some(dollars("0.000001")))
    );
    // The emergency budget is 20, and daily can not hold it.
    let mut critical = of(security(Level::Critical), "20.01");
    assert_eq!(told(&critical), ["r1 awaiting_approval - -"]);
    let on: Vec<why::On> = critical.plan().builds[0]
        .why
        .iter()
        .map(|why| why.on)
        .collect();
    assert_eq!(on, [why::On::Purse, why::On::Approval]);
    // What moves the place that a person's approval would give is told beside the money.
    let mut moved = critical.clone();
    moved.policy.max_parallel_builds = 1;
    moved.running.push(Running {
        region: "us-east-1".to_owned(),
        until: at("2026-11-27T13:00:00Z"),
        target: None,
    });
    moved.queue[0].requests[0].requested = at("2026-11-27T12:30:00Z");
    let why = moved.plan().builds.remove(0).why;
    let on: Vec<(why::On, Option<crate::Instant>)> =
        why.iter().map(|why| (why.on, why.until)).collect();
    let until = |text| Some(at(text));
    assert_eq!(
        on,
        [
            (why::On::Notice, until("2026-11-27T12:30:00Z")),
            (why::On::Purse, None),
            (why::On::Capacity, until("2026-11-27T13:00:00Z")),
            (why::On::Approval, None),
        ]
    );
    critical.queue[0].requests[0].approved = true;
    assert_eq!(told(&critical), ["r1 start 11-27T12:00:00 urgent"]);
}

#[test]
fn an_allowance_uses_the_purse_up_and_daily_pays_for_the_next() {
    let mut approved = request("r1", security(Level::Critical), NOON);
    approved.approved = true;
    let mut scenario = scene(
        Given {
            emergency_budget: Some(dollars("10")),
            ..Given::default()
        },
        vec![
            waiting(target("a", 30, "15"), vec![approved]),
            waiting(
                target("b", 30, "2"),
                vec![request("r2", security(Level::Critical), NOON)],
            ),
        ],
    );
    assert_eq!(
        told(&scenario),
        [
            "r1 start 11-27T12:00:00 urgent",
            "r2 start 11-27T12:00:00 daily"
        ]
    );
    // Without leave to use the urgent purse an approved one still does, and another tries daily alone.
    scenario.policy.approve_emergency_builds = false;
    assert_eq!(
        told(&scenario),
        [
            "r1 start 11-27T12:00:00 urgent",
            "r2 start 11-27T12:00:00 daily"
        ]
    );
    scenario.spent.daily = dollars("24");
    assert_eq!(
        told(&scenario),
        ["r1 start 11-27T12:00:00 urgent", "r2 awaiting_approval - -"]
    );
}

#[test]
fn a_critical_one_takes_the_first_purse_that_is_in_time_for_place_or_latest_start() {
    // Emergency money comes with December; the deadline is 4 hours away.
    let mut scenario = one(
        Given::default(),
        target("a", 60, "10"),
        vec![request(
            "r1",
            security(Level::Critical),
            "2026-11-30T20:30:00Z",
        )],
    );
    scenario.now = at("2026-11-30T21:30:00Z");
    scenario.spent.urgent = dollars("95");
    assert_eq!(told(&scenario), ["r1 start 11-30T21:30:00 daily"]);
    // Latest start is 23:30: midnight is too late for both purses.
    scenario.spent.daily = dollars("20");
    scenario.spent.monthly = dollars("20");
    assert_eq!(told(&scenario), ["r1 awaiting_approval - -"]);
    // Asked for half an hour later, midnight is just in time, and the urgent purse comes first.
    scenario.queue[0].requests[0].requested = at("2026-11-30T21:00:00Z");
    assert_eq!(told(&scenario), ["r1 scheduled 12-01T00:00:00 urgent"]);
    // The place comes after the latest start: money by then is in time, and late.
    scenario.queue[0].requests[0].requested = at("2026-11-30T18:00:00Z");
    scenario.policy.max_parallel_builds = 1;
    scenario.running = vec![running("2026-12-01T03:00:00Z", None)];
    assert_eq!(told(&scenario), ["r1 scheduled 12-01T03:00:00 urgent"]);
    assert!(scenario.plan().builds[0].late);
}

#[test]
fn days_and_months_of_money_are_local() {
    let given = Given {
        timezone: Zone::parse("America/New_York").ok(),
        daily_budget: Some(dollars("10")),
        monthly_budget: Some(dollars("20")),
        ..Given::default()
    };
    let manual = |id: &str| {
        waiting(
            target(id, 1, "6"),
            vec![request(id, Cause::Manual { urgent: false }, NOON)],
        )
    };
    let mut scenario = scene(given, ["a", "b", "c", "d", "e"].map(manual).to_vec());
    // Today, tomorrow, the day after: 18 of the month's 20; then December, at local midnight.
    assert_eq!(
        told(&scenario),
        [
            "a start 11-27T12:00:00 daily",
            "b scheduled 11-28T05:00:00 daily",
            "c scheduled 11-29T05:00:00 daily",
            "d scheduled 12-01T05:00:00 daily",
            "e scheduled 12-02T05:00:00 daily",
        ]
    );
    let why = scenario.plan().builds[3].why.remove(0);
    assert_eq!(
        (why.budget, why.lacks),
        (Some(why::Budget::Monthly), Some(dollars("4")))
    );
    // What is spent counts in the day and the month of now.
    scenario.spent = Spent {
        daily: dollars("4.000001"),
        monthly: dollars("14"),
        urgent: Money::ZERO,
        ..Spent::default()
    };
    assert_eq!(
        told(&scenario)[..2],
        [
            "a scheduled 11-28T05:00:00 daily",
            "b scheduled 12-01T05:00:00 daily"
        ]
    );
}

#[test]
fn what_people_allowed_counts_in_the_day_and_the_month_of_now() {
    let given = Given {
        daily_budget: Some(dollars("10")),
        monthly_budget: Some(dollars("10")),
        build_window: crate::window::Windows::parse("00:00-24:00").ok(),
        ..Given::default()
    };
    let build = |id: &str| {
        let request = request(id, Cause::Popularity, "2026-11-27T11:00:00Z");
        waiting(target(id, 30, "8"), vec![request])
    };
    let mut scenario = scene(given, vec![build("a"), build("b")]);
    let starts = |scenario: &scenario::Scenario| -> Vec<Option<Instant>> {
        let builds = scenario.plan().builds;
        builds.iter().map(|build| build.scheduled_for).collect()
    };
    let (now, next) = (Some(at(NOON)), Some(at("2026-12-01T00:00:00Z")));
    assert_eq!(starts(&scenario), [now, next], "the month has 10 only");
    scenario.spent.more.monthly = dollars("6");
    let tomorrow = Some(at("2026-11-28T00:00:00Z"));
    assert_eq!(starts(&scenario), [now, tomorrow], "the day has 10 only");
    scenario.spent.more.daily = dollars("6");
    assert_eq!(starts(&scenario), [now, now]);
}
