//! Feeds: loads page by page, of which readers see all or nothing; what was cut replaces nothing; records read back exactly.

use chrono::{DateTime, TimeDelta};
use ingot_domain::Instant;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::{Feed, Page};
use ingot_domain::advisory::record::{Advisory, Cve, Exploited, Fix, Kind, Reach};
use ingot_domain::arch::Arch;
use ingot_entity::Ledger;
use ingot_entity::store::{Loaded, Paged};
use ingot_tests::Ledgers;

use super::{on_both, race};

on_both!(
    a_load_is_read_whole_or_not_at_all,
    a_load_that_was_cut_keeps_the_old_records,
    the_first_sight_of_a_record_survives_loads,
    a_record_told_on_two_pages_is_one,
    pages_that_come_again_or_too_early_change_nothing,
    the_load_that_began_last_goes_on,
    pages_raced_by_replicas_are_written_once,
);

pub(super) const UBUNTU: Feed = Feed::Vendor(Os::Ubuntu);

pub(super) fn day(number: i64) -> Instant {
    DateTime::from_timestamp(1_719_792_000, 123_456_789).expect("2024-07-01")
        + TimeDelta::days(number)
}

pub(super) fn advisory(id: &str) -> Advisory {
    Advisory {
        os: Os::Ubuntu,
        id: id.to_owned(),
        release: "22.04".to_owned(),
        kind: Kind::Security,
        published: day(0),
        modified: Some(day(1)),
        withdrawn: None,
        first_seen: None,
        severity: Some("hîgh \u{1b}[31m <b> \" \\ \u{0}".to_owned()),
        titled: vec!["openssh".to_owned()],
        cves: vec![Cve {
            id: "CVE-2024-6387".to_owned(),
            severity: None,
            vectors: vec!["CVSS:3.1/AV:N".to_owned()],
            exploited: true,
        }],
        fixes: vec![Fix {
            package: "openssh-server".to_owned(),
            source: Some("openssh".to_owned()),
            fixed: Some("1:8.9p1-3ubuntu0.10".to_owned()),
            reach: Reach::Subscription,
            arch: Some(Arch::Arm64),
        }],
    }
}

pub(super) fn page(advisories: impl IntoIterator<Item = Advisory>) -> Page {
    Page {
        advisories: advisories.into_iter().collect(),
        ..Page::default()
    }
}

/// A page of advisories with these numbers.
pub(super) fn numbered(numbers: std::ops::Range<u32>) -> Page {
    page(numbers.map(|number| advisory(&format!("USN-{number}-1"))))
}

/// Loads pages as a feed's whole contents.
pub(super) async fn load(ledger: &Ledger, feed: Feed, pages: &[Page]) -> Loaded {
    let generation = ledger.begin_load(feed).await.expect("begun");
    for (number, page) in (0..).zip(pages) {
        let paged = ledger.add_page(feed, generation, number, page).await;
        assert_eq!(paged.expect("written"), Paged::Done);
    }
    let end = ledger.finish_load(feed, generation, "the test", None, &[], false);
    end.await.expect("an end")
}

pub(super) async fn known(ledger: &Ledger) -> Vec<Advisory> {
    let told = ledger.known_for(Os::Ubuntu, "22.04", day(99)).await;
    told.expect("an answer").advisories
}

async fn a_load_is_read_whole_or_not_at_all(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    assert!(ledger.feeds().await.expect("feeds").is_empty());
    let told = ledger.known_for(Os::Ubuntu, "22.04", day(99)).await;
    assert_eq!(
        told.expect("an answer").feed,
        None,
        "no feed, not an empty one"
    );

    let first = load(ledger, UBUNTU, &[page([advisory("USN-6859-1")])]).await;
    let Loaded::Done(row) = first else {
        panic!("{first:?}")
    };
    assert_eq!((row.records, row.state.as_str()), (1, "ok"));
    assert_eq!(
        row.newest.map(|at| at.timestamp()),
        Some(day(1).timestamp())
    );
    assert_eq!(
        known(ledger).await,
        [advisory("USN-6859-1")],
        "to the last sign"
    );

    let generation = ledger.begin_load(UBUNTU).await.expect("begun");
    let more = numbered(1..9);
    let paged = ledger.add_page(UBUNTU, generation, 0, &more).await;
    assert_eq!(paged.expect("written"), Paged::Done);
    assert_eq!(known(ledger).await.len(), 1, "half a load is not read");
    for _ in 0..2 {
        // The answer of the first end may have been lost.
        let unread = ["part 3".to_owned()];
        let end = ledger.finish_load(UBUNTU, generation, "x", Some("e"), &unread, false);
        assert!(matches!(end.await.expect("an end"), Loaded::Done(_)));
    }
    assert_eq!(known(ledger).await.len(), 8);
    let told = ledger
        .known_for(Os::Ubuntu, "22.04", day(99))
        .await
        .expect("an answer");
    assert_eq!(told.feed.expect("a feed").damaged, ["part 3"]);
    assert_eq!(told.generations["ubuntu"], generation);
    let seen = ledger.feed_unchanged(UBUNTU, "e").await.expect("noted");
    assert!(seen.is_some_and(|row| row.generation == generation));
    assert_eq!(
        ledger.feed_unchanged(UBUNTU, "f").await.expect("noted"),
        None
    );
}

async fn a_load_that_was_cut_keeps_the_old_records(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    load(ledger, UBUNTU, &[numbered(0..10)]).await;
    let cut = load(ledger, UBUNTU, &[numbered(0..7)]).await;
    let Loaded::Refused(why) = cut else {
        panic!("{cut:?}")
    };
    assert!(why.contains("7 records where there were 10"), "{why}");
    assert_eq!(known(ledger).await.len(), 10);
    let row = ledger.feed(UBUNTU).await.expect("a look").expect("a feed");
    assert_eq!(
        (row.state.as_str(), row.error.as_deref()),
        ("stale", Some(&*why))
    );
    assert!(row.facts().refused.is_some());
    assert!(matches!(
        load(ledger, UBUNTU, &[numbered(0..8)]).await,
        Loaded::Done(_)
    ));
    assert_eq!(known(ledger).await.len(), 8);

    ledger
        .feed_failed(UBUNTU, "no answer")
        .await
        .expect("noted");
    let row = ledger.feed(UBUNTU).await.expect("a look").expect("a feed");
    assert_eq!((row.facts().failed, row.records), (Some("no answer"), 8));
    let generation = ledger.begin_load(UBUNTU).await.expect("begun");
    let fewer = ledger
        .finish_load(UBUNTU, generation, "x", None, &[], true)
        .await;
    assert!(
        matches!(fewer.expect("an end"), Loaded::Done(_)),
        "as a person allowed"
    );
}

async fn the_first_sight_of_a_record_survives_loads(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    load(ledger, UBUNTU, &[numbered(0..1)]).await;
    load(ledger, UBUNTU, &[numbered(0..2)]).await;
    let second = known(ledger).await;
    assert_eq!(second[0].first_seen, None, "there when watching began");
    let seen = second[1].first_seen.expect("it came while watching");
    assert!((ledger.now() - seen).abs() < TimeDelta::minutes(1));
    load(ledger, UBUNTU, &[numbered(1..2), numbered(0..1)]).await;
    assert_eq!(known(ledger).await, second);
}

async fn a_record_told_on_two_pages_is_one(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut other = advisory("USN-6859-1");
    other.modified = Some(day(2));
    other.fixes[0].package = "openssh-client".to_owned();
    let mut pages = [page([advisory("USN-6859-1")]), page([other])];
    let exploited = |number, ransomware| Exploited {
        since: day(number),
        ransomware,
    };
    let cve = || "CVE-2024-6387".to_owned();
    pages[0].signals.exploited.insert(cve(), exploited(4, true));
    pages[1]
        .signals
        .exploited
        .insert(cve(), exploited(3, false));
    load(ledger, UBUNTU, &pages).await;
    let known = known(ledger).await;
    assert_eq!((known.len(), known[0].modified), (1, Some(day(2))));
    assert_eq!(known[0].fixes.len(), 2);
    let signals = ledger.signals_of(&[cve()]).await.expect("signals");
    let told = signals.exploited[&cve()];
    assert_eq!(
        (told.since.timestamp(), told.ransomware),
        (day(3).timestamp(), true)
    );
}

async fn pages_that_come_again_or_too_early_change_nothing(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let generation = ledger.begin_load(UBUNTU).await.expect("begun");
    let add = async |number, page: Page| {
        let paged = ledger.add_page(UBUNTU, generation, number, &page).await;
        paged.expect("an answer")
    };
    assert_eq!(add(1, numbered(0..5)).await, Paged::Gap(0));
    assert_eq!(add(0, numbered(0..5)).await, Paged::Done);
    assert_eq!(add(0, numbered(5..9)).await, Paged::Done, "had before");
    assert_eq!(add(3, numbered(0..5)).await, Paged::Gap(1));
    ledger
        .finish_load(UBUNTU, generation, "x", None, &[], false)
        .await
        .expect("an end");
    assert_eq!(add(1, numbered(5..9)).await, Paged::Overtaken, "it is over");
    assert_eq!(known(ledger).await.len(), 5);
}

async fn the_load_that_began_last_goes_on(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let first = ledger.begin_load(UBUNTU).await.expect("begun");
    let second = ledger.begin_load(UBUNTU).await.expect("begun");
    assert!(first < second);
    let late = ledger.add_page(UBUNTU, first, 0, &numbered(0..1)).await;
    assert_eq!(late.expect("an answer"), Paged::Overtaken);
    let end = ledger
        .finish_load(UBUNTU, first, "x", None, &[], false)
        .await;
    assert_eq!(end.expect("an answer"), Loaded::Overtaken);
    let end = ledger
        .finish_load(UBUNTU, second, "x", None, &[], false)
        .await;
    assert!(matches!(end.expect("an answer"), Loaded::Done(_)));
}

async fn pages_raced_by_replicas_are_written_once(ledgers: Ledgers) {
    let generation = ledgers.ledger().begin_load(UBUNTU).await.expect("begun");
    let answers = race(&ledgers, 8, |_, ledger| async move {
        let page = numbered(0..50);
        ledger
            .add_page(UBUNTU, generation, 0, &page)
            .await
            .expect("an answer")
    })
    .await;
    assert!(
        answers.iter().all(|answer| *answer == Paged::Done),
        "{answers:?}"
    );
    let ledger = ledgers.ledger();
    let end = ledger
        .finish_load(UBUNTU, generation, "x", None, &[], false)
        .await;
    assert!(matches!(end.expect("an end"), Loaded::Done(row) if row.records == 50));
}
