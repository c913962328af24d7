//! Properties and tables of the whole judgement.

use chrono::{TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;
use crate::advisory::base::{Base, Build, Os};
use crate::advisory::packages::BaseSet;
use crate::advisory::record::{Cve, Exploited, Fix, Reach, Span};

fn at(day: u32, hour: u32) -> Instant {
    Utc.with_ymd_and_hms(2024, 7, day, hour, 0, 0)
        .single()
        .expect("a time")
}

fn images() -> Images {
    let base = Base::parse("ubuntu-22.04").expect("base");
    let set = BaseSet::of(&base);
    Images {
        base,
        old: Build::parse("20240701").expect("build"),
        new: Build::parse("20240710").expect("build"),
        created: at(10, 16),
        old_list: None,
        new_list: None,
        set,
        repositories: None,
    }
}

fn advisory(number: u32, published: Instant, source: &str, word: &str) -> Advisory {
    let cve = Cve {
        id: format!("CVE-2024-{number:04}"),
        severity: (!word.is_empty()).then(|| word.to_owned()),
        ..Cve::default()
    };
    Advisory {
        os: Os::Ubuntu,
        id: format!("USN-{number}-1"),
        release: "22.04".to_owned(),
        kind: Kind::Security,
        published,
        modified: None,
        withdrawn: None,
        first_seen: None,
        severity: None,
        titled: Vec::new(),
        cves: vec![cve],
        fixes: vec![Fix {
            package: source.to_owned(),
            source: Some(source.to_owned()),
            fixed: Some("1.0-2".to_owned()),
            reach: Reach::Plain,
            arch: None,
        }],
    }
}

fn span(day: u32) -> Span {
    Span {
        oldest: Some(at(day, 0)),
        newest: Some(at(30, 0)),
        records: 9,
    }
}

fn fresh() -> FeedState {
    FeedState {
        newest: Some(at(30, 0)),
        records: 9,
        releases: [("22.04".to_owned(), span(1))].into(),
        ..FeedState::default()
    }
}

fn judged(
    images: &Images,
    advisories: &[Advisory],
    signals: &Signals,
    feed: Option<&FeedState>,
    when: Instant,
) -> Assessment {
    let known = Known {
        images,
        advisories,
        listed: None,
        signals,
        feed,
        earlier: None,
    };
    assess(&known, when)
}

/// What a level asks of its reader: what is not known asks more than low.
fn weight(level: SecurityLevel) -> u8 {
    match level {
        SecurityLevel::None => 0,
        SecurityLevel::Low => 1,
        SecurityLevel::Unknown => 2,
        SecurityLevel::Medium => 3,
        SecurityLevel::High => 4,
        SecurityLevel::Critical => 5,
    }
}

#[test]
fn an_update_is_what_its_window_and_its_packages_say() {
    let (signals, feed) = (Signals::default(), fresh());
    let table = [
        (
            at(5, 9),
            "sudo",
            "high",
            UpdateType::Security,
            SecurityLevel::High,
        ),
        (
            at(5, 9),
            "sudo",
            "low",
            UpdateType::Security,
            SecurityLevel::Low,
        ),
        (
            at(5, 9),
            "sudo",
            "severe",
            UpdateType::Security,
            SecurityLevel::Unknown,
        ),
        (
            at(5, 9),
            "chromium",
            "critical",
            UpdateType::Maintenance,
            SecurityLevel::None,
        ),
        (
            at(5, 9),
            "linux-azure",
            "high",
            UpdateType::Maintenance,
            SecurityLevel::None,
        ),
        (
            at(5, 9),
            "linux-aws",
            "high",
            UpdateType::Security,
            SecurityLevel::High,
        ),
        // Published two days after the build: it may be in it.
        (
            at(12, 9),
            "sudo",
            "high",
            UpdateType::Unknown,
            SecurityLevel::Unknown,
        ),
        (
            at(20, 9),
            "sudo",
            "high",
            UpdateType::Maintenance,
            SecurityLevel::None,
        ),
    ];
    for (published, source, word, kind, level) in table {
        let one = [advisory(1, published, source, word)];
        let said = judged(&images(), &one, &signals, Some(&feed), at(25, 0));
        assert_eq!(
            (said.update_type, said.security_level),
            (kind, level),
            "{source} {word} {published}"
        );
    }
}

#[test]
fn what_may_be_missing_is_said_and_never_low() {
    let signals = Signals::default();
    let stale = FeedState {
        newest: Some(at(2, 0)),
        ..fresh()
    };
    let damaged = FeedState {
        damaged: vec!["line 3 of usn.jsonl: no id".to_owned()],
        ..fresh()
    };
    let low = [advisory(1, at(5, 9), "sudo", "low")];
    for feed in [None, Some(&stale), Some(&damaged)] {
        for advisories in [&[][..], &low[..]] {
            let said = judged(&images(), advisories, &signals, feed, at(25, 0));
            assert_eq!(said.security_level, SecurityLevel::Unknown);
            assert!(said.confidence <= Confidence::Low && !said.reasons.is_empty());
        }
    }
}

#[test]
fn withdrawn_and_future_records_are_judged_as_of_the_time() {
    let (signals, feed) = (Signals::default(), fresh());
    let mut one = [advisory(1, at(5, 9), "sudo", "high")];
    let level =
        |one: &[Advisory], when| judged(&images(), one, &signals, Some(&feed), when).security_level;
    one[0].withdrawn = Some(at(20, 0));
    assert_eq!(level(&one, at(19, 0)), SecurityLevel::High);
    assert_eq!(level(&one, at(20, 0)), SecurityLevel::None);
    one[0].withdrawn = None;
    assert_eq!(level(&one, at(5, 8)), SecurityLevel::None);
}

#[test]
fn what_makes_the_level_stands_before_what_has_none() {
    let (signals, feed) = (Signals::default(), fresh());
    let two = [
        advisory(1, at(5, 9), "sudo", "severe"),
        advisory(2, at(4, 9), "bash", "medium"),
    ];
    let said = judged(&images(), &two, &signals, Some(&feed), at(25, 0));
    assert_eq!(said.security_level, SecurityLevel::Medium);
    let head = said.headline.and_then(|row| row.advisory);
    assert_eq!(head.as_deref(), Some("USN-2-1"));
}

fn random() -> impl Strategy<Value = Vec<Advisory>> {
    let one = (1u32..40, 1u32..20, 0usize..4, 0usize..5).prop_map(|(number, day, source, word)| {
        let source = ["sudo", "openssh", "chromium", "linux-aws"][source];
        let word = ["low", "medium", "high", "critical", "new"][word];
        advisory(number, at(day, 9), source, word)
    });
    prop::collection::vec(one, 0..12)
}

proptest! {
    #[test]
    fn the_order_of_reading_plays_no_part(advisories in random()) {
        let (signals, feed) = (Signals::default(), fresh());
        let said = judged(&images(), &advisories, &signals, Some(&feed), at(25, 0));
        let turned: Vec<Advisory> = advisories.iter().rev().cloned().collect();
        let mut twice = turned.clone();
        twice.extend(advisories);
        prop_assert_eq!(&said, &judged(&images(), &turned, &signals, Some(&feed), at(25, 0)));
        prop_assert_eq!(&said, &judged(&images(), &twice, &signals, Some(&feed), at(25, 0)));
    }

    #[test]
    fn more_evidence_never_lowers(advisories in random(), more in random(), exploited in 1u32..40) {
        let feed = fresh();
        let mut signals = Signals::default();
        let said = |advisories: &[Advisory], signals: &Signals, feed| judged(&images(), advisories, signals, feed, at(25, 0));
        let level = |advisories: &[Advisory], signals: &Signals, feed| weight(said(advisories, signals, feed).security_level);
        let before = level(&advisories, &signals, Some(&feed));
        let without = level(&advisories, &signals, None);
        prop_assert!(without >= weight(SecurityLevel::Unknown));
        let mut all = advisories.clone();
        all.extend(more);
        // An item that surely counts settles what was unknown for a possible one; how bad it might be does not sink.
        let (one, other) = (said(&advisories, &signals, Some(&feed)), said(&all, &signals, Some(&feed)));
        prop_assert!(weight(other.upper_bound) >= weight(one.upper_bound));
        prop_assert!(one.security_level == SecurityLevel::Unknown || weight(other.security_level) >= before);
        let id = format!("CVE-2024-{exploited:04}");
        signals.exploited.insert(id, Exploited { since: at(24, 0), ransomware: false });
        prop_assert!(level(&advisories, &signals, Some(&feed)) >= before);
        for signal in signals.exploited.values_mut() {
            signal.since = at(26, 0);
        }
        prop_assert_eq!(level(&advisories, &signals, Some(&feed)), before);
    }
}

mod lists;
