//! Lines of cron against what they say, minute by minute where clocks change.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    text.parse().expect(text)
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect(name)
}

fn fires(line: &str, name: &str, after: &str, count: usize) -> Vec<String> {
    let line = Line::parse(line).expect(line);
    let found = line.fires(zone(name), at(after), count);
    found
        .iter()
        .map(|at| at.format("%Y-%m-%dT%H:%MZ").to_string())
        .collect()
}

#[test]
fn lines_fire_by_vixies_rules() {
    for (line, after, wanted) in [
        (
            "weekly",
            "2026-11-28T12:00:00Z",
            ["2026-11-30T02:00Z", "2026-12-07T02:00Z"],
        ),
        // After, not at.
        (
            "0 2 * * mon",
            "2026-11-30T02:00:00Z",
            ["2026-12-07T02:00Z", "2026-12-14T02:00Z"],
        ),
        (
            "0 2 * * MON",
            "2026-11-30T01:59:59Z",
            ["2026-11-30T02:00Z", "2026-12-07T02:00Z"],
        ),
        // Both given: either fires.
        (
            "0 0 13 * 5",
            "2026-11-12T00:00:00Z",
            ["2026-11-13T00:00Z", "2026-11-20T00:00Z"],
        ),
        (
            "0 0 14 * fri",
            "2026-11-12T00:00:00Z",
            ["2026-11-13T00:00Z", "2026-11-14T00:00Z"],
        ),
        // A field that starts with a star is not given: both must fit.
        (
            "0 0 */2 * mon",
            "2026-11-01T00:00:00Z",
            ["2026-11-09T00:00Z", "2026-11-23T00:00Z"],
        ),
        (
            "30 6 1 jan,jul *",
            "2026-11-01T00:00:00Z",
            ["2027-01-01T06:30Z", "2027-07-01T06:30Z"],
        ),
        (
            "0 0 29 2 *",
            "2026-11-01T00:00:00Z",
            ["2028-02-29T00:00Z", "2032-02-29T00:00Z"],
        ),
        (
            "0 0 29 2 */7",
            "2026-11-01T00:00:00Z",
            ["2032-02-29T00:00Z", "2060-02-29T00:00Z"],
        ),
        (
            "0 0 * * 0",
            "2026-11-28T00:00:00Z",
            ["2026-11-29T00:00Z", "2026-12-06T00:00Z"],
        ),
        (
            "0 0 * * sat-7",
            "2026-11-28T00:00:00Z",
            ["2026-11-29T00:00Z", "2026-12-05T00:00Z"],
        ),
        (
            "10-20/5,50 3 * * *",
            "2026-11-28T03:11:00Z",
            ["2026-11-28T03:15Z", "2026-11-28T03:20Z"],
        ),
        (
            "*/40 * * * *",
            "2026-11-28T03:40:00Z",
            ["2026-11-28T04:00Z", "2026-11-28T04:40Z"],
        ),
    ] {
        assert_eq!(fires(line, "UTC", after, 2), wanted, "{line}");
    }
}

#[test]
fn a_gap_fires_once_at_its_end_and_a_minute_that_comes_twice_the_first_time() {
    // New York: 02:00 to 03:00 is missing on 8 March 2026, and 01:00 to 02:00 comes twice on 1 November.
    let new_york = |line, after, count| fires(line, "America/New_York", after, count);
    let spring = "2026-03-08T06:50:00Z";
    assert_eq!(
        new_york("30 2 * * *", spring, 2),
        ["2026-03-08T07:00Z", "2026-03-09T06:30Z"]
    );
    assert_eq!(
        new_york("*/20 * * * *", spring, 2),
        ["2026-03-08T07:00Z", "2026-03-08T07:20Z"]
    );
    assert_eq!(
        new_york("5 2 8 3 *", "2026-01-01T00:00:00Z", 1),
        ["2026-03-08T07:00Z"]
    );
    let autumn = "2026-11-01T05:20:00Z";
    assert_eq!(
        new_york("30 1 * * *", autumn, 2),
        ["2026-11-01T05:30Z", "2026-11-02T06:30Z"]
    );
    assert_eq!(
        new_york("30 1 * * *", "2026-11-01T05:30:00Z", 1),
        ["2026-11-02T06:30Z"]
    );
    assert_eq!(
        new_york("30 1 * * *", "2026-11-01T06:10:00Z", 1),
        ["2026-11-02T06:30Z"]
    );
    assert_eq!(
        new_york("*/30 * * * *", autumn, 2),
        ["2026-11-01T05:30Z", "2026-11-01T07:00Z"]
    );
    // Half an hour is missing: 02:00 to 02:30.
    assert_eq!(
        fires(
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T00:00:00Z",
            1
        ),
        ["2026-10-03T15:30Z"]
    );
    // A whole day is missing.
    assert_eq!(
        fires("0 12 30 12 *", "Pacific/Apia", "2011-06-01T00:00:00Z", 1),
        ["2011-12-30T10:00Z"]
    );
}

#[test]
fn lines_that_never_fire_and_lines_that_are_none_are_refused() {
    for (line, said) in [
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("0 0 31 feb */2", "never fires"),
        ("* * * *", "4 fields instead of five"),
        ("* * * * * *", "6 fields"),
        ("", "0 fields"),
        ("@weekly", "nickname"),
        ("60 * * * *", "minute: `60` is not within 0 to 59"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of week"),
        ("*/0 * * * *", "step `0`"),
        ("*/+5 * * * *", "step `+5`"),
        ("5/10 * * * *", "write `5-59/10`"),
        ("10-5 * * * *", "runs backwards"),
        ("* * * * fri-sun", "Sunday after other days is `7`"),
        ("* * * * mom", "did you mean `mon`?"),
        ("mon * * * *", "no number"),
        ("1,,2 * * * *", "no number"),
        ("? * * * *", "no number"),
        ("* * L * *", "no number"),
        ("* * * january *", "no such name"),
    ] {
        let wrong = Line::parse(line).expect_err(line);
        assert!(wrong.contains(said), "{line}: {wrong}");
    }
    // Given a day of the week, either fires.
    assert!(Line::parse("0 0 30 2 1").is_ok());
}

/// What fires in `(after, to]`, minute by minute: the rule's sentences, not the code's way.
fn brute(line: &Line, zone: Zone, after: Instant, to: Instant) -> Vec<Instant> {
    let second = TimeDelta::seconds(1);
    let minute = TimeDelta::minutes(1);
    let names = |local: NaiveDateTime| line.times(local, local + second).next().is_some();
    let mut shown = zone.local(after - BACK);
    let (mut at, mut fires) = (after - BACK, Vec::new());
    while at <= to {
        let local = zone.local(at);
        let mut fire = local >= shown && names(local);
        // What clocks jumped over.
        while shown < local {
            fire |= names(shown);
            shown += minute;
        }
        if fire && at > after {
            fires.push(at);
        }
        shown = shown.max(local + minute);
        at += minute;
    }
    fires
}

const ZONES: [&str; 8] = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "America/St_Johns",
];
const LINES: [&str; 8] = [
    "*/7 * * * *",
    "30 2 * * *",
    "0 0 * * *",
    "15 0,23 * * *",
    "45 1 * * sun",
    "5 2 */2 * *",
    "59 23 31 12 *",
    "0 */5 1,15 * fri",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 24 } else { 1_000 }))]
    #[test]
    fn fires_are_what_minute_by_minute_gives(
        minute in 20_900_000i64..31_000_000, line in 0..LINES.len(), name in 0..ZONES.len(),
    ) {
        let (line, zone) = (Line::parse(LINES[line]).expect("a line"), zone(ZONES[name]));
        let after = chrono::DateTime::from_timestamp(minute * 60, 0).expect("in range");
        let to = after + TimeDelta::days(9);
        let wanted = brute(&line, zone, after, to);
        let mut found = line.fires(zone, after, wanted.len() + 1);
        found.retain(|at| *at <= to);
        prop_assert_eq!(found, wanted);
    }
}
