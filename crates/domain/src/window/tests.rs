//! Windows against their definition, asked every minute of whole years.

use super::*;
use crate::cases::{cases, wanted};
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    text.parse().expect(text)
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect(name)
}

fn windows(text: &str) -> Windows {
    Windows::parse(text).expect(text)
}

#[test]
fn windows_are_read_and_written_back() {
    for (text, back) in [
        ("02:00-06:00", "02:00-06:00"),
        ("22:00-04:00", "22:00-04:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("20:00-00:00", "20:00-00:00"),
        (
            "mon-fri 01:00-05:00, sat 00:00-24:00",
            "mon-fri 01:00-05:00, sat 00:00-24:00",
        ),
        (
            "fri-mon 01:00-05:00,wed 10:30-11:00",
            "fri-mon 01:00-05:00, wed 10:30-11:00",
        ),
        ("Sun 01:00-05:00", "sun 01:00-05:00"),
        ("tue-mon 01:00-05:00", "01:00-05:00"),
        ("sat-sat 01:00-05:00", "sat 01:00-05:00"),
    ] {
        let read = windows(text);
        assert_eq!(read.to_string(), back);
        assert_eq!(windows(back), read);
    }
    let json = serde_json::to_string(&windows("fri-mon 22:00-04:00")).expect("JSON");
    assert_eq!(
        json,
        r#"[{"days":["mon","fri","sat","sun"],"start":"22:00","end":"04:00"}]"#
    );
}

#[test]
fn what_is_no_window_is_refused_with_the_way_out() {
    for (text, said) in [
        ("25:00-26:00", "`25:00` is no time of day"),
        ("02:00-25:00", "`25:00` is no time of day"),
        ("02:00-24:01", "no time of day"),
        ("24:00-06:00", "starts before 24:00"),
        ("02:00-02:00", "`00:00-24:00` for always"),
        ("00:00-00:00", "`00:00-24:00` for always"),
        ("2:00-6:00", "`2:00` is no time of day"),
        ("02:60-03:00", "no time of day"),
        ("02-06", "no time of day"),
        ("02:00", "no span of times"),
        ("", "an empty item"),
        ("02:00-06:00,", "an empty item"),
        ("mon,tue 01:00-05:00", "no span of times"),
        ("mon tue 01:00-05:00", "more than days and times"),
        ("monday 01:00-05:00", "did you mean `mon`?"),
        ("mon-xyz 01:00-05:00", "`xyz` is no day"),
        ("01:00 - 05:00", "more than days and times"),
    ] {
        let wrong = Windows::parse(text).expect_err(text);
        assert!(wrong.contains(said), "{text}: {wrong}");
    }
}

#[test]
fn nights_on_which_clocks_change() {
    let told = |text: &str, name: &str, from: &str, to: &str| -> Vec<String> {
        let openings = windows(text).openings(zone(name), at(from), at(to));
        let short = |at: Instant| at.format("%d %H:%M").to_string();
        openings
            .iter()
            .map(|one| format!("{} to {}", short(one.opens), short(one.closes)))
            .collect()
    };
    let spring = ("2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
    let autumn = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    let new_york = |text, (from, to)| told(text, "America/New_York", from, to);
    // Wholly inside the gap: it does not open that day.
    assert!(new_york("02:00-03:00", spring).is_empty());
    assert!(new_york("sun 02:15-02:45", spring).is_empty());
    // It begins inside, and opens at the gap's end.
    assert_eq!(new_york("02:30-04:00", spring), ["08 07:00 to 08 08:00"]);
    // It ends inside.
    assert_eq!(new_york("01:00-02:30", spring), ["08 06:00 to 08 07:00"]);
    assert_eq!(new_york("01:00-04:00", spring), ["08 06:00 to 08 08:00"]);
    // Autumn: twice, or longer by the overlap.
    assert_eq!(
        new_york("01:15-01:45", autumn),
        ["01 05:15 to 01 05:45", "01 06:15 to 01 06:45"]
    );
    assert_eq!(new_york("00:30-03:00", autumn), ["01 04:30 to 01 08:00"]);
    assert_eq!(
        new_york("01:30-02:30", autumn),
        ["01 05:30 to 01 06:00", "01 06:30 to 01 07:30"]
    );
    // Half an hour at Lord Howe: 02:00 to 02:30 is missing.
    let lord = ("2026-10-03T12:00:00Z", "2026-10-04T12:00:00Z");
    assert!(told("02:00-02:30", "Australia/Lord_Howe", lord.0, lord.1).is_empty());
    assert_eq!(
        told("02:10-03:00", "Australia/Lord_Howe", lord.0, lord.1),
        ["03 15:30 to 03 16:00"]
    );
    // Apia had no Friday, 30 December 2011; what a Friday night leaves for Saturday is open.
    let apia = ("2011-12-29T00:00:00Z", "2012-01-01T00:00:00Z");
    assert_eq!(
        told("fri 22:00-02:00", "Pacific/Apia", apia.0, apia.1),
        ["30 10:00 to 30 12:00"]
    );
    // Adjacent items are one opening, which is clipped.
    assert_eq!(
        told(
            "00:00-12:00, 12:00-24:00",
            "UTC",
            "2026-11-27T01:02:03Z",
            "2026-11-29T00:00:00Z"
        ),
        ["27 01:02 to 29 00:00"]
    );
    assert!(
        told(
            "00:00-24:00",
            "UTC",
            "2026-11-27T00:00:00Z",
            "2026-11-27T00:00:00Z"
        )
        .is_empty()
    );
}

const ZONES: [&str; 12] = [
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "Europe/Dublin",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kathmandu",
];

fn any_windows() -> impl Strategy<Value = String> {
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    // Quarter hours meet the ends of gaps, other minutes do not.
    let time = prop_oneof![(0..96u32).prop_map(|quarter| quarter * 15), 0..1_440u32];
    let end = prop_oneof![time.clone(), (1u32..180), Just(1_440)];
    let day = 0..7usize;
    let item =
        (time, end, prop::option::of((day.clone(), day))).prop_map(move |(start, end, days)| {
            let end = if end == start { 1_440 } else { end };
            let days = days.map(|(first, last)| format!("{}-{} ", DAYS[first].0, DAYS[last].0));
            format!(
                "{}{}-{}",
                days.unwrap_or_default(),
                clock(start),
                clock(end)
            )
        });
    prop::collection::vec(item, 1..4).prop_map(|items| items.join(", "))
}

fn second(second: i64) -> Instant {
    chrono::DateTime::from_timestamp(second, 0).expect("in range")
}

/// The openings of `[from, to)` by asking at every step, which must divide all changes.
fn brute(windows: &Windows, zone: Zone, from: Instant, to: Instant, step: i64) -> Vec<Opening> {
    let (mut at, mut openings) = (from, Vec::<Opening>::new());
    while at < to {
        let next = (at + TimeDelta::seconds(step)).min(to);
        if windows.contains(zone, at) {
            match openings.last_mut() {
                Some(last) if last.closes == at => last.closes = next,
                _ => openings.push(Opening {
                    opens: at,
                    closes: next,
                }),
            }
        }
        at = next;
    }
    openings
}

/// Seconds of 2009 to 2029, half of them near a change of some zone's clocks.
fn any_second() -> impl Strategy<Value = i64> {
    prop_oneof![
        1_230_000_000i64..1_880_000_000,
        // Around Apia's skipped day, a night of St. John's, of New York, Lord Howe and Havana.
        (0..5usize, -200_000i64..200_000).prop_map(|(at, off)| {
            [
                1_325_239_200i64,
                1_289_097_060,
                1_772_953_200,
                1_775_314_800,
                1_773_032_400,
            ][at]
                + off
        }),
    ]
}

proptest! {
    #![proptest_config(cases(2_000))]
    #[test]
    fn the_next_opening_is_the_first_instant_inside(
        text in any_windows(), name in 0..ZONES.len(), from in any_second(),
    ) {
        let (windows, zone, from) = (windows(&text), zone(ZONES[name]), second(from));
        let open = windows.next_open(zone, from).expect("every window opens");
        prop_assert!(open >= from && windows.contains(zone, open));
        prop_assert!(open == from || !windows.contains(zone, open - TimeDelta::seconds(1)));
        // Nothing between is inside: all changes lie at whole minutes.
        let mut at = from;
        while at < open {
            prop_assert!(!windows.contains(zone, at), "{} {} at {}", text, zone, at);
            at = second((at.timestamp() / 60 + 1) * 60);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(wanted().map_or(60, |many| many.div_ceil(100))))]
    // Asking every minute of days costs a hundred times as much as a case of the others.
    #[test]
    fn openings_are_what_asking_every_minute_gives(
        text in any_windows(), name in 0..ZONES.len(), from in any_second(), days in 1i64..12,
    ) {
        let (windows, zone) = (windows(&text), zone(ZONES[name]));
        let from = second(from / 60 * 60);
        let to = from + TimeDelta::days(days);
        prop_assert_eq!(windows.openings(zone, from, to), brute(&windows, zone, from, to, 60));
    }
}

/// A whole year minute by minute, of every zone: of the years that have the oddest nights, and of 200 years in all where
/// many cases are wanted.
#[test]
fn whole_years_minute_by_minute() {
    let odd = [
        ("Pacific/Apia", 2011),
        ("Australia/Lord_Howe", 2026),
        ("America/Sao_Paulo", 2018),
    ];
    let years: Vec<(&str, i32)> = match wanted() {
        None => odd.to_vec(),
        Some(_) => (0..200)
            .map(|n| (ZONES[n % 12], 2008 + (n as i32) / 12))
            .collect(),
    };
    let windows = windows("mon-fri 23:30-02:15, sun 02:00-03:00, wed 00:00-24:00");
    for (name, year) in years {
        let start =
            |year| zone(name).first_of(NaiveDate::from_ymd_opt(year, 1, 1).expect("a date"));
        let (from, to) = (start(year), start(year + 1));
        let found = windows.openings(zone(name), from, to);
        assert_eq!(
            found,
            brute(&windows, zone(name), from, to, 60),
            "{name} {year}"
        );
        assert!(found.len() > 250, "{name} {year}");
    }
}
