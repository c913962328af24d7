//! The calendar is one row: whichever process writes it first, all agree on every instant it shows.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use ingot_domain::calendar::Calendar;
use ingot_domain::pace::Pace;
use ingot_tests::Ledgers;

use super::{on_both, race};

on_both!(
    without_a_row_it_is_the_databases_clock,
    the_first_calendar_stays,
    another_pace_goes_on_from_where_it_stands_once,
);

fn pace(factor: u32) -> Pace {
    Pace::new(factor.into()).expect("a pace")
}

async fn without_a_row_it_is_the_databases_clock(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let calendar = ledger.read_calendar().await.expect("a calendar");
    assert!(calendar.is_real());
    let (before, shown, after) = (ledger.now(), ledger.calendar_now(), ledger.now());
    assert!(before <= shown && shown <= after);
    assert_eq!(ledger.setting("calendar").await.expect("read"), None);
}

async fn the_first_calendar_stays(ledgers: Ledgers) {
    let answers = race(&ledgers, 10, |number, ledger| async move {
        let origin = DateTime::from_timestamp(1_719_748_800, 0).expect("a time");
        let origin = origin + TimeDelta::hours(i64::try_from(number).expect("small"));
        let wished = Calendar::beginning(origin, ledger.now(), pace(600));
        let (kept, ours) = ledger.begin_calendar(&wished).await.expect("a calendar");
        assert_eq!(ours, *kept == wished);
        (kept, ours)
    })
    .await;
    assert_eq!(answers.iter().filter(|(_, ours)| *ours).count(), 1);
    let kept = &answers[0].0;
    assert!(answers.iter().all(|(calendar, _)| calendar == kept));
    // A process that only reads it has the same.
    let ledger = ledgers.ledger();
    assert_eq!(ledger.read_calendar().await.expect("a calendar"), *kept);
    assert!((ledger.calendar_now() - kept.at(ledger.now())).abs() < TimeDelta::hours(1));
}

async fn another_pace_goes_on_from_where_it_stands_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let begun = ledger.now();
    let origin = DateTime::from_timestamp(1_719_748_800, 0).expect("a time");
    let wished = Calendar::beginning(origin, begun, pace(600));
    ledger.begin_calendar(&wished).await.expect("a calendar");
    let answers = race(&ledgers, 10, |_, ledger| async move {
        ledger.pace_calendar(pace(60)).await.expect("a calendar")
    })
    .await;
    let texts: BTreeSet<String> = answers.iter().map(|one| format!("{one:?}")).collect();
    assert_eq!(texts.len(), 1, "the pace changed once: {texts:#?}");
    let changed = ledger.read_calendar().await.expect("a calendar");
    let runs = changed.runs().expect("a stretch");
    assert_eq!(runs.pace, 60.0);
    assert_eq!(runs.origin, wished.at(runs.since), "it does not jump");
    assert_eq!(changed.at(begun), origin, "what was keeps its place");
}
