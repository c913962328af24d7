//! Steps of a feed's sync: each is written once, over the row that was read, with its pages and its line; and its end.

use ingot_domain::event::{Line, Source};
use ingot_entity::feed;
use ingot_entity::store::{Change, Synced, Then};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::feeds::{UBUNTU, known, load, numbered};
use super::on_both;

on_both!(
    a_step_is_written_once_with_its_pages_and_its_line,
    a_sync_that_was_cut_keeps_the_old_records_and_a_load_by_hand_ends_it,
    one_task_fetches_a_feed_however_often_it_is_asked_for,
    a_sync_that_is_asked_for_while_a_worker_ends_one_is_not_lost,
);

fn line() -> Line {
    Line::info("feed.test", Source::Monitor, "a step")
}

/// The row with a load begun.
fn begun(row: &feed::Model) -> feed::Model {
    let generation = row.last_generation + 1;
    feed::Model {
        last_generation: generation,
        loading: Some(generation),
        loading_pages: 0,
        loading_newest: None,
        cursor: Some("{}".to_owned()),
        ..row.clone()
    }
}

async fn a_step_is_written_once_with_its_pages_and_its_line(ledgers: Ledgers) {
    let (ledger, other) = (ledgers.ledger(), ledgers.ledger());
    let row = ledger.feed_row(UBUNTU).await.expect("a row");
    let pages = [numbered(0..5), numbered(5..9)];
    let step = ledger.sync_step(&row, begun(&row), &pages, &[line()]).await;
    let first = step.expect("an answer").expect("written");
    let late = other
        .sync_step(&row, begun(&row), &[numbered(20..30)], &[line()])
        .await;
    assert_eq!(late.expect("an answer"), None, "over an old row");
    assert!(known(ledger).await.is_empty(), "half a sync is not read");
    let read = ledger.feed_row(UBUNTU).await.expect("a row");
    assert_eq!(
        (read.row_version, read.event_seq, read.loading_pages),
        (first.row_version, 1, 2)
    );
    let after = feed::Model {
        cursor: None,
        source: "https://example.org/usn".to_owned(),
        ..first.clone()
    };
    let ended = ledger
        .end_sync(&first, after.clone(), &["a part".to_owned()], 1)
        .await;
    let Synced::Done(done) = ended.expect("an end") else {
        panic!("not done")
    };
    assert_eq!((done.records, done.state.as_str()), (9, "ok"));
    assert_eq!((done.unread().len(), done.loading), (1, None));
    assert_eq!(known(ledger).await.len(), 9, "none lost, none twice");
    let again = ledger.end_sync(&first, after, &[], 0).await;
    assert_eq!(again.expect("an answer"), Synced::Overtaken);
    let story = ledger.events("feed_ubuntu", 0, 10).await.expect("a story");
    let kinds: Vec<&str> = story.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["feed.test", "feed.synced"]);
}

async fn a_sync_that_was_cut_keeps_the_old_records_and_a_load_by_hand_ends_it(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    load(ledger, UBUNTU, &[numbered(0..10)]).await;
    let row = ledger.feed_row(UBUNTU).await.expect("a row");
    let step = ledger
        .sync_step(&row, begun(&row), &[numbered(0..7)], &[])
        .await;
    let cut = step.expect("an answer").expect("written");
    let after = feed::Model {
        cursor: None,
        ..cut.clone()
    };
    let ended = ledger.end_sync(&cut, after, &[], 0).await.expect("an end");
    let Synced::Refused(why) = ended else {
        panic!("{ended:?}")
    };
    assert!(why.contains("7 records where there were 10"), "{why}");
    let row = ledger.feed_row(UBUNTU).await.expect("a row");
    assert_eq!((row.state.as_str(), row.sync_error), ("stale", Some(why)));
    assert_eq!(known(ledger).await.len(), 10);

    let row = ledger.feed_row(UBUNTU).await.expect("a row");
    let step = ledger
        .sync_step(&row, begun(&row), &[numbered(0..30)], &[])
        .await;
    let under_way = step.expect("an answer").expect("written");
    load(ledger, UBUNTU, &[numbered(0..11)]).await;
    let more = ledger
        .sync_step(&under_way, under_way.clone(), &[numbered(30..40)], &[])
        .await;
    assert_eq!(more.expect("an answer"), None);
    assert_eq!(known(ledger).await.len(), 11, "the load by hand");
}

async fn one_task_fetches_a_feed_however_often_it_is_asked_for(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut asked = Vec::new();
    for _ in 0..3 {
        let (row, task) = ledger.ask_sync(UBUNTU).await.expect("asked");
        assert!(row.asked_at.is_some() && row.next_sync_at == row.asked_at);
        asked.push(ledger.task(task.id.as_str()).await.expect("a look"));
    }
    assert_eq!(asked.iter().filter(|task| task.is_some()).count(), 1);
    let urls = Some(vec!["https://mirror.example.com/usn.json".to_owned()]);
    let set = ledger.set_feed(UBUNTU, Some(false), urls, "ann").await;
    let row = set.expect("set");
    assert_eq!(row.sources(), ["https://mirror.example.com/usn.json"]);
    assert!(!row.enabled && row.next_sync_at.is_none());
    let own = ledger.set_feed(UBUNTU, None, Some(Vec::new()), "ann").await;
    let own = own.expect("set").sources();
    assert!(own[0].contains("ubuntu.com"), "{own:?}");
    let story = ledger.events("feed_ubuntu", 0, 10).await.expect("a story");
    assert_eq!(story.len(), 2);
}

async fn a_sync_that_is_asked_for_while_a_worker_ends_one_is_not_lost(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (_, first) = ledger.ask_sync(UBUNTU).await.expect("asked");
    let claim = ledger.claim(first.id.as_str(), "w").await;
    let claim = claim.expect("an answer").expect("due");
    assert!(!claim.task.is_again());
    // The worker has looked, and has not said so yet.
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let (_, again) = ledger.ask_sync(UBUNTU).await.expect("asked");
        let task = ledger.task(again.id.as_str()).await.expect("a look");
        asked.extend(task.map(|(task, _)| task.id));
    }
    let end = ledger.end(&claim, &Change::default(), &Then::Done).await;
    end.expect("a commit");
    let beside: Vec<String> = asked.into_iter().collect();
    let [id] = beside.as_slice() else {
        panic!("one more task is made beside the one that runs: {beside:?}");
    };
    let claim = ledger.claim(id, "w").await.expect("an answer");
    assert!(claim.is_some(), "it is due");
}
