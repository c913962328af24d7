//! The calendar's tables and properties.

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Instant {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

fn pace(factor: f64) -> Pace {
    Pace::new(factor).expect("a pace")
}

fn summer(factor: f64) -> Calendar {
    let (origin, since) = (read("2024-06-30T12:00:00Z"), read("2026-11-28T09:00:00Z"));
    Calendar::beginning(origin, since, pace(factor))
}

#[test]
fn without_stretches_it_is_the_real_one() {
    let (calendar, now) = (Calendar::default(), read("2026-11-28T09:00:00Z"));
    assert!(calendar.is_real() && calendar.began().is_none());
    assert_eq!(calendar.at(now), now);
    assert_eq!(calendar.due(now), now);
    let day = TimeDelta::days(1);
    assert_eq!(calendar.after(now, day), now + day);
    assert!(calendar.is_at(Pace::default()));
    // A simulated region at the real pace, begun now, tells the same time.
    assert!(Calendar::beginning(now, now, Pace::default()).is_real());
    assert!(!Calendar::beginning(now, now, pace(2.0)).is_real());
    assert!(!summer(1.0).is_real());
}

#[test]
fn a_simulated_one_runs_from_its_origin_at_its_pace() {
    let calendar = summer(600.0);
    for (real, shown) in [
        ("2026-11-28T09:00:00Z", "2024-06-30T12:00:00Z"),
        ("2026-11-28T09:00:01Z", "2024-06-30T12:10:00Z"),
        ("2026-11-28T09:02:24Z", "2024-07-01T12:00:00Z"),
        ("2026-11-28T10:00:00Z", "2024-07-25T12:00:00Z"),
        // Rows of before it began have their place, too.
        ("2026-11-28T08:59:59Z", "2024-06-30T11:50:00Z"),
    ] {
        assert_eq!(calendar.at(read(real)), read(shown), "{real}");
        assert_eq!(calendar.due(read(shown)), read(real), "{shown}");
    }
    let (from, to) = (read("2026-11-28T09:00:00Z"), read("2026-11-28T09:02:24Z"));
    assert_eq!(calendar.between(from, to), TimeDelta::days(1));
    assert_eq!(calendar.after(from, TimeDelta::days(1)), to);
}

#[test]
fn another_pace_goes_on_from_where_it_stands() {
    let change = read("2026-11-28T09:02:24Z");
    let calendar = summer(600.0).paced(pace(60.0), change);
    for (real, shown) in [
        ("2026-11-28T09:00:00Z", "2024-06-30T12:00:00Z"),
        ("2026-11-28T09:01:12Z", "2024-07-01T00:00:00Z"),
        ("2026-11-28T09:02:24Z", "2024-07-01T12:00:00Z"),
        ("2026-11-28T09:03:24Z", "2024-07-01T13:00:00Z"),
    ] {
        assert_eq!(calendar.at(read(real)), read(shown), "{real}");
        assert_eq!(calendar.due(read(shown)), read(real), "{shown}");
    }
    assert_eq!(calendar.began(), summer(600.0).began());
    assert!(calendar.is_at(pace(60.0)) && !calendar.is_at(pace(600.0)));
    // The clock was set back meanwhile: the calendar goes on from where it stood, not from before.
    let back = calendar
        .clone()
        .paced(pace(600.0), change - TimeDelta::hours(1));
    assert_eq!(back.at(change), read("2024-07-01T12:00:00Z"));
    // The real one may be made faster, as when a ledger's first simulated region has another pace.
    let real = Calendar::default().paced(pace(2.0), change);
    assert_eq!(real.at(change), change);
}

#[test]
fn at_the_ends_of_time_it_stands_still() {
    let calendar = summer(100_000.0);
    let late = read("9999-01-01T00:00:00Z");
    assert_eq!(calendar.at(late), instant(LAST));
    assert_eq!(calendar.at(read("1900-01-01T00:00:00Z")), instant(FIRST));
    assert_eq!(calendar.at(DateTime::<chrono::Utc>::MAX_UTC), instant(LAST));
    assert_eq!(
        calendar.at(DateTime::<chrono::Utc>::MIN_UTC),
        instant(FIRST)
    );
    assert!(calendar.due(DateTime::<chrono::Utc>::MAX_UTC) <= instant(LAST));
    assert_eq!(calendar.after(late, TimeDelta::MAX), instant(LAST));
    assert_eq!(
        instant(LAST).to_rfc3339(),
        "9999-12-31T23:59:59.999999+00:00"
    );
}

#[test]
fn it_is_stored_as_text_and_read_back() {
    let calendar = summer(600.0).paced(pace(1.5), read("2026-11-28T09:02:24Z"));
    let text = serde_json::to_string(&calendar).expect("text");
    assert_eq!(
        serde_json::from_str::<Calendar>(&text).expect("read"),
        calendar
    );
}

/// Real instants of this century, to microseconds.
fn instants() -> impl Strategy<Value = Instant> {
    (946_684_800_000_000_i64..4_102_444_800_000_000)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).expect("a time"))
}

/// Calendars that stay far from the ends of time within a year of their beginning.
fn calendars() -> impl Strategy<Value = Calendar> {
    let stretch = (1.0..2000.0f64, 0..31_536_000i64);
    (instants(), instants(), prop::collection::vec(stretch, 1..4)).prop_map(
        |(origin, since, stretches)| {
            let mut at = since;
            let mut calendar = Calendar::default();
            for (number, (factor, later)) in stretches.into_iter().enumerate() {
                let pace = pace(factor);
                calendar = match number {
                    0 => Calendar::beginning(origin, at, pace),
                    _ => calendar.paced(pace, at),
                };
                at += TimeDelta::seconds(later);
            }
            calendar
        },
    )
}

/// A real instant within two years of a calendar's beginning.
fn near(calendar: &Calendar, micros: i64) -> Instant {
    calendar.began().expect("a beginning").since + TimeDelta::microseconds(micros)
}

const YEAR: i64 = 31_536_000_000_000;

proptest! {
    #[test]
    fn later_is_never_earlier(calendar in calendars(), a in -YEAR/100..YEAR, b in -YEAR/100..YEAR) {
        let (a, b) = (near(&calendar, a.min(b)), near(&calendar, a.max(b)));
        prop_assert!(calendar.at(a) <= calendar.at(b));
        if a < b {
            prop_assert!(calendar.at(a) < calendar.at(b), "no pace is slower than real time");
        }
        prop_assert!(calendar.due(calendar.at(a)) <= calendar.due(calendar.at(b)));
    }

    #[test]
    fn a_real_instant_goes_there_and_back(calendar in calendars(), micros in -YEAR/100..YEAR) {
        let real = near(&calendar, micros);
        prop_assert_eq!(calendar.due(calendar.at(real)), real);
    }

    #[test]
    fn what_is_due_is_due_at_the_first_instant(calendar in calendars(), micros in 0..YEAR) {
        let wanted = near(&calendar, 0) + TimeDelta::microseconds(micros);
        let wanted = calendar.at(wanted) + TimeDelta::microseconds(micros % 1000);
        let due = calendar.due(wanted);
        prop_assert!(calendar.at(due) >= wanted);
        prop_assert!(calendar.at(due - TimeDelta::microseconds(1)) < wanted);
    }

    #[test]
    fn another_pace_moves_nothing_that_was(calendar in calendars(), factor in 1.0..2000.0f64, micros in 0..YEAR, ago in 0..YEAR) {
        let change = near(&calendar, YEAR * 3 + micros);
        let before = change - TimeDelta::microseconds(ago);
        let changed = calendar.clone().paced(pace(factor), change);
        prop_assert_eq!(changed.at(before), calendar.at(before));
        prop_assert_eq!(changed.at(change), calendar.at(change));
    }
}
