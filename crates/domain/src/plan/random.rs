//! Random scenarios for the tests of the plan, all of them from one number.

use chrono::{DateTime, TimeDelta};

use super::scenario::Scenario;
use super::{Running, Spent, Waiting};
use crate::Instant;
use crate::advisory::level::Level;
use crate::money::Money;
use crate::policy::given::Given;
use crate::policy::length::Length;
use crate::policy::season::Prep;
use crate::policy::{Low, Policy, UnknownAs};
use crate::want::{Cause, Request, Target};
use crate::window::Windows;
use crate::zone::Zone;

const ZONES: [&str; 8] = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Europe/Dublin",
    "Africa/Cairo",
    "America/Havana",
];
const WINDOWS: [&str; 10] = [
    "02:00-06:00",
    "22:00-04:00",
    "00:00-24:00",
    "mon-fri 01:00-05:00, sat 00:00-24:00",
    "sun 02:00-03:00",
    "fri-mon 23:30-00:15",
    "02:00-03:00",
    "12:15-12:45, 00:00-00:45",
    "wed 12:00-11:45",
    "00:45-02:15",
];
/// Around clocks that change, months that end, and a leap day, in seconds.
const NIGHTS: [i64; 9] = [
    1_772_953_200, // 2026-03-08, New York
    1_793_509_200, // 2026-11-01, New York
    1_775_314_800, // 2026-04-04, Lord Howe
    1_791_041_400, // 2026-10-03, Lord Howe
    1_788_667_200, // 2026-09-06, Santiago
    1_775_358_000, // 2026-04-05, Santiago
    1_835_395_200, // 2028-02-29
    1_798_761_600, // 2027-01-01
    1_777_593_600, // 2026-05-01
];
/// Every instant of a scenario's windows and dates lies on a multiple of it, in seconds.
pub(super) const QUARTER: i64 = 900;

/// Numbers from a seed (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` up to `most`, both included.
    fn from(&mut self, least: i64, most: i64) -> i64 {
        let count = u64::try_from(most - least + 1).expect("a range");
        least + i64::try_from(self.roll() % count).expect("small")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let last = i64::try_from(of.len()).expect("small") - 1;
        of[usize::try_from(self.from(0, last)).expect("an index")]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: i64) -> bool {
        self.from(1, times) == 1
    }

    fn cents(&mut self, least: i64, most: i64) -> Money {
        let cents = self.from(least, most);
        Money::from_micros(u64::try_from(cents).expect("no debt") * 10_000)
    }

    /// The same in another order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.from(0, i64::try_from(at).expect("small"));
            items.swap(at, usize::try_from(other).expect("an index"));
        }
    }
}

/// A scenario with a few templates and up to ten requests, tight in money and places.
pub(super) fn scenario(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let policy = policy(&mut dice);
    let start = match dice.once_in(2) {
        true => dice.one(&NIGHTS) + dice.from(-100_000, 100_000),
        false => dice.from(1_767_225_600, 1_893_456_000),
    };
    // Whole quarters make equal instants likelier.
    let start = if dice.once_in(2) {
        start / QUARTER * QUARTER
    } else {
        start
    };
    let now = DateTime::from_timestamp(start, 0).expect("in range");
    let count = dice.from(1, 4);
    let mut queue: Vec<Waiting> = (0..count)
        .map(|at| Waiting {
            target: Target {
                name: format!("t{at}"),
                region: dice
                    .one(&["us-east-1", "us-east-1", "eu-west-1"])
                    .to_owned(),
                expected: TimeDelta::minutes(dice.one(&[1, 15, 40, 60, 90, 300, 1_500])),
                cost: dice.cents(1, 1_200),
            },
            requests: Vec::new(),
            not_before: None,
        })
        .collect();
    for at in 0..dice.from(1, 10) {
        let request = request(&mut dice, now, at);
        let target = usize::try_from(dice.from(0, count - 1)).expect("an index");
        queue[target].requests.push(request);
    }
    queue.retain(|waiting| !waiting.requests.is_empty());
    let running = (0..dice.from(0, 3)).map(|_| Running {
        region: dice.one(&["us-east-1", "eu-west-1"]).to_owned(),
        until: now + TimeDelta::seconds(dice.one(&[-600, -1, 0, 1, 60, 3_600, 50_000, 900_000])),
        target: dice.one(&[None, Some("t0"), Some("t1")]).map(str::to_owned),
    });
    let running = running.collect();
    let daily = dice.cents(0, 1_500);
    let spent = Spent {
        daily,
        monthly: daily.plus(dice.cents(0, 5_000)),
        urgent: dice.cents(0, 1_500),
        ..Spent::default()
    };
    Scenario {
        now,
        policy,
        queue,
        spent,
        running,
    }
}

fn policy(dice: &mut Dice) -> Policy {
    let windows = |dice: &mut Dice| Windows::parse(dice.one(&WINDOWS)).ok();
    let length = |dice: &mut Dice| {
        let text = dice.one(&[
            "immediate",
            "30m",
            "1 hour",
            "4 hours",
            "24 hours",
            "3d",
            "2w",
        ]);
        Length::parse(text).ok().filter(|_| !dice.once_in(3))
    };
    let mut given = Given {
        timezone: Zone::parse(dice.one(&ZONES)).ok(),
        build_window: windows(dice),
        urgent_window: windows(dice).filter(|_| dice.once_in(2)),
        prefer_off_peak: Some(dice.once_in(2)),
        daily_budget: Some(dice.cents(0, 3_000)),
        monthly_budget: Some(dice.cents(0, 9_000)).filter(|_| dice.once_in(2)),
        emergency_budget: Some(dice.cents(0, 4_000)).filter(|_| dice.once_in(2)),
        approve_emergency_builds: Some(!dice.once_in(4)),
        max_parallel_builds: Some(u32::try_from(dice.from(1, 3)).expect("small")),
        critical_window: length(dice),
        high_window: length(dice),
        medium_window: length(dice),
        low_window: length(dice),
        low: Some(dice.one(&[Low::Approval, Low::Auto])),
        unknown_as: Some(dice.one(&[UnknownAs::High, UnknownAs::Medium])),
        notify_before_rebuild: Some(dice.once_in(3)),
        notify_lead: length(dice),
        ..Given::default()
    };
    let prep = dice.one(&["", "summer", "12-20..01-06", "11-01..11-01", "01-01..12-31"]);
    given.semester_prep_window = Prep::parse(prep, &given.academic_calendar).ok();
    given.into()
}

fn request(dice: &mut Dice, now: Instant, at: i64) -> Request {
    let levels = [
        Some(Level::Critical),
        Some(Level::High),
        Some(Level::Medium),
        Some(Level::Low),
        None,
    ];
    let day = (now + TimeDelta::days(dice.from(-3, 70))).date_naive();
    let cause = match dice.from(0, 9) {
        0..=3 => Cause::Security {
            level: dice.one(&levels),
        },
        4 => Cause::Popularity,
        5 => Cause::Scheduled { campaign: None },
        6 | 7 => Cause::Scheduled {
            campaign: Some(day),
        },
        8 => Cause::Manual {
            urgent: dice.once_in(3),
        },
        _ => Cause::Dependency,
    };
    let age = match dice.from(0, 5) {
        0 => dice.from(0, 40 * 86_400),
        1 => dice.from(0, 45) * 86_400,
        2 => -dice.from(0, 2 * 86_400),
        3 => -dice.from(0, 70 * 86_400) / QUARTER * QUARTER,
        _ => dice.from(0, 86_400),
    };
    Request {
        // Bytes and numbers order these otherwise.
        id: format!("r{}", (at * 7) % 11),
        cause,
        max_cost: Some(dice.cents(0, 1_200)).filter(|_| dice.once_in(6)),
        approved: dice.once_in(4),
        requested: now - TimeDelta::seconds(age),
        term: None,
    }
}
