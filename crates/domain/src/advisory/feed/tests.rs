//! Tests of [`super`]: how feeds stand, which loads may replace which, which pages are refused, and that records survive
//! being written down.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;

use super::*;
use crate::advisory::record::{Advisory, Cve, Exploited, Fix, Kind, Likelihood, Reach, Signals};
use crate::arch::Arch;

fn day(number: i64) -> Instant {
    DateTime::from_timestamp(1_719_792_000, 0).expect("2024-07-01") + TimeDelta::days(number)
}

fn advisory(id: &str) -> Advisory {
    Advisory {
        os: Os::Ubuntu,
        id: id.to_owned(),
        release: "22.04".to_owned(),
        kind: Kind::Security,
        published: day(0),
        modified: None,
        withdrawn: None,
        first_seen: None,
        severity: None,
        titled: Vec::new(),
        cves: vec![Cve {
            id: "CVE-2024-6387".to_owned(),
            ..Cve::default()
        }],
        fixes: Vec::new(),
    }
}

#[test]
fn names_read_back_and_differ() {
    for feed in Feed::ALL {
        assert_eq!(Feed::parse(feed.name()), Some(feed));
    }
    assert_eq!(Feed::parse("suse"), None);
}

#[test]
fn a_feed_says_why_it_cannot_be_relied_on() {
    let ubuntu = Feed::Vendor(Os::Ubuntu);
    let fresh = Facts {
        fetched: Some(day(10)),
        newest: Some(day(9)),
        ..Facts::default()
    };
    let now = day(10) + TimeDelta::hours(3);
    assert_eq!(ubuntu.standing(fresh, now, now), (Standing::Ok, vec![]));
    assert_eq!(
        ubuntu.standing(Facts::default(), now, now).0,
        Standing::Empty,
        "nothing loaded"
    );
    let (standing, why) = ubuntu.standing(fresh, day(12), day(12));
    assert_eq!(
        (standing, why.join("; ")),
        (
            Standing::Stale,
            "it was last loaded 48 hours ago".to_owned()
        )
    );
    let silent = Facts {
        newest: Some(day(-40)),
        ..fresh
    };
    let (standing, why) = ubuntu.standing(silent, now, now);
    assert_eq!(standing, Standing::Stale);
    assert!(
        why[0].starts_with("its newest record is 50 days old"),
        "{why:?}"
    );
    let simulated = ubuntu.standing(silent, now, day(-39));
    assert_eq!(
        simulated.0,
        Standing::Ok,
        "on the day that the calendar shows"
    );
    let cut = Facts {
        refused: Some("only 3 of 100 records came"),
        ..fresh
    };
    assert_eq!(ubuntu.standing(cut, now, now).0, Standing::Stale);
    let failed = Facts {
        failed: Some("no answer"),
        ..fresh
    };
    assert_eq!(
        ubuntu.standing(failed, now, now),
        (Standing::Failing, vec!["no answer".to_owned()])
    );
}

#[test]
fn a_load_that_was_cut_replaces_nothing() {
    let table = [
        (0, 0, true),
        (0, 5, true),
        (100, 80, true),
        (100, 79, false),
        (5, 4, true),
        (1, 0, false),
        (u64::MAX, 1, false),
    ];
    for (before, records, wanted) in table {
        assert_eq!(may_replace(before, records), wanted, "{before} {records}");
    }
}

#[test]
fn pages_with_what_no_reader_makes_are_refused() {
    let ubuntu = Feed::Vendor(Os::Ubuntu);
    let page = |change: fn(&mut Advisory)| {
        let mut one = advisory("USN-6859-1");
        change(&mut one);
        Page {
            advisories: vec![one],
            ..Page::default()
        }
    };
    assert_eq!(page(|_| ()).check(ubuntu), Ok(()));
    type Bad = (fn(&mut Advisory), &'static str);
    let bad: [Bad; 4] = [
        (|one| one.os = Os::Debian, "no advisory of the feed"),
        (|one| one.id = "../../etc/passwd".to_owned(), "letters"),
        (|one| one.release = "22.04\u{1b}".to_owned(), "letters"),
        (|one| one.cves[0].id = "CVE-2024-<b>".to_owned(), "no CVE"),
    ];
    for (change, why) in bad {
        let refused = page(change).check(ubuntu).expect_err(why);
        assert!(refused.to_string().contains(why), "{refused}");
    }
    assert!(page(|_| ()).check(Feed::Kev).is_err());
    let mut scored = Page::default();
    let likelihood = Likelihood {
        since: day(0),
        value: 1.5,
    };
    let scores = &mut scored.signals.likelihood;
    scores.insert("CVE-2024-6387".to_owned(), likelihood);
    assert!(scored.check(Feed::Epss).is_err());
}

#[test]
fn a_date_in_the_future_makes_no_feed_fresh() {
    let mut page = Page {
        advisories: vec![advisory("USN-1-1")],
        ..Page::default()
    };
    page.advisories[0].modified = Some(day(9_000));
    assert_eq!(page.newest(day(1)), Some(day(0)));
    assert_eq!(page.check(Feed::Vendor(Os::Ubuntu)), Ok(()), "it is kept");
}

fn instants() -> impl Strategy<Value = Instant> {
    (0_i64..4_000_000_000, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| Utc.timestamp_opt(seconds, nanos).single().expect("a time"))
}

fn fixes() -> impl Strategy<Value = Fix> {
    let reach = prop_oneof![
        Just(Reach::Plain),
        Just(Reach::Subscription),
        Just(Reach::Unused)
    ];
    let arch = of(prop_oneof![Just(Arch::X86_64), Just(Arch::Arm64)]);
    (
        any::<String>(),
        of(any::<String>()),
        of(any::<String>()),
        reach,
        arch,
    )
        .prop_map(|(package, source, fixed, reach, arch)| Fix {
            package,
            source,
            fixed,
            reach,
            arch,
        })
}

fn cves() -> impl Strategy<Value = Cve> {
    (
        any::<String>(),
        of(any::<String>()),
        vec(any::<String>(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(id, severity, vectors, exploited)| Cve {
            id,
            severity,
            vectors,
            exploited,
        })
}

fn advisories() -> impl Strategy<Value = Advisory> {
    let kind = prop_oneof![
        Just(Kind::Security),
        Just(Kind::Bugfix),
        Just(Kind::Enhancement)
    ];
    let words = (any::<String>(), any::<String>(), of(any::<String>()));
    let times = (instants(), of(instants()), of(instants()), of(instants()));
    let lists = (
        vec(any::<String>(), 0..3),
        vec(cves(), 0..3),
        vec(fixes(), 0..3),
    );
    (0..Os::ALL.len(), kind, words, times, lists).prop_map(|(os, kind, words, times, lists)| {
        Advisory {
            os: Os::ALL[os],
            id: words.0,
            release: words.1,
            kind,
            published: times.0,
            modified: times.1,
            withdrawn: times.2,
            first_seen: times.3,
            severity: words.2,
            titled: lists.0,
            cves: lists.1,
            fixes: lists.2,
        }
    })
}

fn signals() -> impl Strategy<Value = Signals> {
    let name = || "CVE-20[0-9]{2}-[0-9]{4,7}";
    let exploited =
        (instants(), any::<bool>()).prop_map(|(since, ransomware)| Exploited { since, ransomware });
    let likelihood = (instants(), 0.0..=1.0).prop_map(|(since, value)| Likelihood { since, value });
    (
        btree_map(name(), exploited, 0..3),
        btree_map(name(), likelihood, 0..3),
        btree_map(name(), vec(any::<String>(), 1..3), 0..3),
        btree_map(
            name(),
            btree_map(any::<String>(), any::<String>(), 0..3),
            0..3,
        ),
    )
        .prop_map(|(exploited, likelihood, vectors, ubuntu)| Signals {
            exploited,
            likelihood,
            vectors,
            ubuntu,
            ..Signals::default()
        })
}

proptest! {
    #[test]
    fn an_advisory_that_is_written_down_reads_back_as_it_was(advisory in advisories()) {
        let text = serde_json::to_string(&advisory).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Advisory>(&text).expect("an advisory"), advisory);
    }

    /// Exact but for the last digit of a score, which no rule compares.
    #[test]
    fn signals_read_back_as_they_were(signals in signals()) {
        let text = serde_json::to_string(&signals).expect("JSON");
        let mut read: Signals = serde_json::from_str(&text).expect("signals");
        for (cve, told) in &mut read.likelihood {
            let was = signals.likelihood[cve].value;
            prop_assert!((told.value - was).abs() < 1e-12);
            told.value = was;
        }
        prop_assert_eq!(read, signals);
    }

    #[test]
    fn absorbing_twice_is_absorbing_once(one in signals(), other in signals()) {
        let mut once = one.clone();
        once.absorb(other.clone());
        let mut twice = once.clone();
        twice.absorb(other);
        prop_assert_eq!(once, twice);
    }
}

#[test]
fn a_feed_in_doubt_says_since_when() {
    let real = Calendar::default();
    let facts = Facts {
        fetched: Some(day(10)),
        newest: Some(day(9)),
        ..Facts::default()
    };
    let ubuntu = Feed::Vendor(Os::Ubuntu);
    let since = |facts, now| ubuntu.in_doubt_since(facts, &real, now);
    assert_eq!(since(facts, day(10)), None);
    assert_eq!(
        since(facts, day(12)),
        Some(day(11)),
        "a day after its last load"
    );
    let silent = Facts {
        newest: Some(day(-20)),
        ..facts
    };
    assert_eq!(
        since(silent, day(12)),
        Some(day(1)),
        "its publisher fell silent before"
    );
    let refused = Facts {
        refused: Some("cut"),
        ..facts
    };
    assert_eq!(
        since(refused, day(10)),
        Some(day(10)),
        "the last load that held"
    );
    assert_eq!(since(Facts::default(), day(12)), None);
    // Every feed that stands badly though it was loaded says since when.
    for facts in [facts, silent, refused] {
        for now in 10..60 {
            let bad = ubuntu.standing(facts, day(now), day(now)).0 != Standing::Ok;
            assert_eq!(since(facts, day(now)).is_some(), bad, "{facts:?} {now}");
        }
    }
}
