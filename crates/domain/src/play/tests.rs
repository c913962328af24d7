//! A policy played over days that were.

use super::*;
use crate::advisory::level::Level;
use crate::arch::Arch;
use crate::build::wants::UpdateKind;
use crate::policy::given::Given;
use crate::policy::length::Length;

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn aim() -> Aim {
    Aim {
        template: "web".to_owned(),
        version: "v1".to_owned(),
        mode: "full".to_owned(),
        arch: Arch::X86_64,
        region: "us-east-1".to_owned(),
    }
}

fn update(id: &str, detected: &str, level: Level) -> Lacked {
    Lacked {
        id: id.to_owned(),
        detected: at(detected),
        kind: UpdateKind::Security(Some(level)),
        said: id.to_owned(),
    }
}

fn played(updates: Vec<Lacked>) -> Played {
    Played {
        aim: aim(),
        versions: Vec::new(),
        expected: TimeDelta::minutes(30),
        reserved: Money::dollars(10),
        cost: Money::dollars(4),
        images: vec![Made {
            id: "img_1".to_owned(),
            at: at("2026-10-30T00:00:00Z"),
            lacks: updates.iter().map(|one| one.id.clone()).collect(),
        }],
        updates,
        launches: Vec::new(),
        imaged: true,
        built: false,
        threshold: None,
        rebuild: None,
    }
}

/// November 2026.
fn days(aims: Vec<Played>) -> Days {
    Days {
        from: at("2026-11-01T00:00:00Z"),
        to: at("2026-12-01T00:00:00Z"),
        aims,
        launches: BTreeMap::new(),
        asked: Vec::new(),
        refused: Vec::new(),
    }
}

fn starts(outcome: &Outcome) -> Vec<(String, &'static str)> {
    let builds = outcome.builds.iter();
    let start = |one: &Ran| one.started.format("%d %H:%M").to_string();
    builds
        .map(|one| (start(one), one.trigger.as_str()))
        .collect()
}

#[test]
fn a_critical_update_is_built_at_once_and_a_medium_one_at_night() {
    let updates = vec![
        update("upd_1", "2026-11-03T12:00:00Z", Level::Critical),
        update("upd_2", "2026-11-05T12:00:00Z", Level::Medium),
    ];
    let outcome = play(&days(vec![played(updates)]), &Policy::default());
    let security = "security";
    assert_eq!(
        starts(&outcome),
        [
            ("03 12:00".to_owned(), security),
            ("06 02:00".to_owned(), security)
        ]
    );
    let first = &outcome.builds[0];
    assert_eq!(first.purse, Purse::Urgent);
    assert_eq!(first.deadline, Some(at("2026-11-03T16:00:00Z")));
    assert!(!first.missed());
    assert_eq!(
        (first.reserved, first.cost),
        (Money::dollars(10), Money::dollars(4))
    );
    assert!(outcome.left.is_empty(), "{:?}", outcome.left);
}

#[test]
fn a_build_that_takes_longer_than_its_deadline_leaves_misses_it() {
    let given = Given {
        critical_window: Length::parse("10 minutes").ok(),
        ..Given::default()
    };
    let updates = vec![update("upd_1", "2026-11-03T12:00:00Z", Level::Critical)];
    let outcome = play(&days(vec![played(updates)]), &given.into());
    assert_eq!(outcome.builds.len(), 1);
    assert!(outcome.builds[0].missed());
}

#[test]
fn without_money_it_waits_and_what_passes_meanwhile_is_missed() {
    let given = Given {
        daily_budget: Some(Money::dollars(5)),
        ..Given::default()
    };
    let updates = vec![update("upd_1", "2026-11-03T12:00:00Z", Level::Medium)];
    let outcome = play(&days(vec![played(updates)]), &given.into());
    assert_eq!(starts(&outcome), []);
    let left = &outcome.left[0];
    assert_eq!((left.state, left.missed), (State::Blocked, true));
    assert!(
        left.why
            .iter()
            .any(|why| why.to_string().contains("budget lacks")),
        "{:?}",
        left.why
    );
}

#[test]
fn a_low_update_waits_for_a_person_whom_the_play_does_not_have() {
    let given = Given {
        max_age: Some(Length::days(300)),
        ..Given::default()
    };
    let updates = vec![update("upd_1", "2026-11-03T12:00:00Z", Level::Low)];
    let low = days(vec![played(updates)]);
    let outcome = play(&low, &given.into());
    assert_eq!(outcome.left[0].state, State::AwaitingApproval);
    // Age needs no approval, and its build brings the update, too.
    let outcome = play(&low, &Policy::default());
    assert_eq!(starts(&outcome), [("06 00:00".to_owned(), "scheduled")]);
}

#[test]
fn what_a_person_refused_does_not_wait_on() {
    let given = Given {
        max_age: Some(Length::days(300)),
        ..Given::default()
    };
    let updates = vec![update("upd_1", "2026-11-03T12:00:00Z", Level::Low)];
    let mut low = days(vec![played(updates)]);
    low.refused.push(Refused {
        aim: Aim {
            version: "v0".to_owned(),
            ..aim()
        },
        about: Some("upd_1".to_owned()),
        said: "another sentence".to_owned(),
        requested: at("2026-11-03T12:00:40Z"),
        at: at("2026-11-04T09:00:00Z"),
    });
    let outcome = play(&low, &given.clone().into());
    assert!(outcome.left.is_empty(), "{:?}", outcome.left);
    low.refused[0].about = Some("upd_2".to_owned());
    assert_eq!(play(&low, &given.into()).left.len(), 1);
}

#[test]
fn what_is_built_is_of_the_version_that_was_newest_then() {
    let updates = vec![
        update("upd_1", "2026-11-03T12:00:00Z", Level::Critical),
        update("upd_2", "2026-11-13T12:00:00Z", Level::Critical),
    ];
    let versions = [
        ("2026-10-30T00:00:00Z", "v0"),
        ("2026-11-09T00:00:00Z", "v1"),
    ];
    let of = Played {
        versions: versions
            .map(|(since, name)| (at(since), name.to_owned()))
            .into(),
        ..played(updates)
    };
    let outcome = play(&days(vec![of]), &Policy::default());
    let built = outcome.builds.iter().map(|one| one.aim.version.as_str());
    assert_eq!(built.collect::<Vec<_>>(), ["v0", "v1"]);
}

#[test]
fn launches_make_popular_once_a_week_until_there_is_an_image() {
    let noon = |day: u32| at(&format!("2026-11-{day:02}T12:00:00Z"));
    let used = Played {
        images: Vec::new(),
        launches: (2..=8).map(noon).collect(),
        ..played(Vec::new())
    };
    let mut days = days(vec![used.clone()]);
    days.launches
        .insert("web".to_owned(), used.launches.clone());
    let popular = "popularity";
    let outcome = play(&days, &Policy::default());
    assert_eq!(starts(&outcome), [("07 02:00".to_owned(), popular)]);
    assert_eq!(outcome.builds[0].said, "launched 5 times this week");
    days.aims[0].threshold = Some(3);
    assert_eq!(
        starts(&play(&days, &Policy::default())),
        [("05 02:00".to_owned(), popular)]
    );
    days.aims[0].threshold = Some(8);
    assert_eq!(starts(&play(&days, &Policy::default())), []);
}

#[test]
fn lines_of_cron_campaigns_and_people_ask_too() {
    let weekly = Played {
        rebuild: Line::parse("weekly").ok(),
        ..played(Vec::new())
    };
    let mut all = days(vec![weekly]);
    let outcome = play(&all, &Policy::default());
    let scheduled = |day: &str| (format!("{day} 02:00"), "scheduled");
    let mondays = ["02", "09", "16", "23", "30"].map(scheduled);
    assert_eq!(starts(&outcome), mondays);
    all.aims[0].rebuild = None;
    all.asked.push(Asked {
        aim: aim(),
        at: at("2026-11-10T15:20:00Z"),
        urgent: false,
        max_cost: None,
        said: "by hand".to_owned(),
    });
    let outcome = play(&all, &Policy::default());
    assert_eq!(starts(&outcome), [("10 15:20".to_owned(), "manual")]);
}

/// The budget of a day is shared by all that starts in it, and what a build did not use is free again.
#[test]
fn what_is_settled_makes_room_for_the_next() {
    let region = |region: &str| Played {
        aim: Aim {
            region: region.to_owned(),
            ..aim()
        },
        ..played(vec![update("upd_1", "2026-11-03T12:00:00Z", Level::Medium)])
    };
    let aims: Vec<Played> = ["a", "b", "c", "d"].map(region).into();
    let outcome = play(&days(aims), &Policy::default());
    let times: Vec<String> = starts(&outcome).into_iter().map(|(at, _)| at).collect();
    // Two of 10 dollars fit into 25 at once; when they are over, 8 are spent and there is room for one, then for the last.
    assert_eq!(times.len(), 4, "{times:?}");
    assert_eq!(&times[..3], ["04 02:00", "04 02:00", "04 02:30"]);
    let total: Money = outcome
        .builds
        .iter()
        .fold(Money::ZERO, |sum, one| sum.plus(one.cost));
    assert_eq!(total, Money::dollars(16));
}
