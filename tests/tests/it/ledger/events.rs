//! A deployment's story has no gaps, however many write it at once.

use ingot_domain::event::{Line, Source};
use ingot_tests::Ledgers;

use super::rows::{create, now};
use super::{on_both, race};

on_both!(
    a_story_written_by_twenty_has_no_gap,
    a_story_is_read_in_pages,
);

async fn a_story_written_by_twenty_has_no_gap(ledgers: Ledgers) {
    let (row, _) = create(ledgers.ledger(), false).await;
    let id = row.id.clone();
    race(&ledgers, 20, |number, ledger| {
        let row = row.clone();
        async move {
            let line = |part| {
                let text = format!("{number} {part}");
                Line::info("test.line", Source::Monitor, text)
            };
            // A writer that was overtaken looks again, as a visit does.
            loop {
                let before = now(&ledger, &row).await;
                let mut after = before.clone();
                after.checks += 1;
                let lines = [line(1), line(2)];
                if ledger
                    .amend(&before, &after, &lines)
                    .await
                    .expect("an answer")
                {
                    return;
                }
            }
        }
    })
    .await;
    let after = now(ledgers.ledger(), &row).await;
    assert_eq!(after.checks, 20);
    let events = ledgers.ledger().events(&id, 0, 200).await.expect("events");
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    let all: Vec<i64> = (1..=after.event_seq).collect();
    assert_eq!(seqs, all);
    assert_eq!(after.event_seq, row.event_seq + 40);
    for pair in events[usize::try_from(row.event_seq).expect("small")..].chunks(2) {
        let number = |at: usize| {
            pair[at]
                .message
                .split(' ')
                .next()
                .expect("a number")
                .to_owned()
        };
        assert_eq!(
            number(0),
            number(1),
            "the lines of one change stay together"
        );
    }
}

async fn a_story_is_read_in_pages(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, false).await;
    ledger.start(&row.id, "me").await.expect("it starts");
    let first = ledger.events(&row.id, 0, 1).await.expect("events");
    assert_eq!(first[0].kind, "deployment.requested");
    let second = ledger.events(&row.id, 1, 10).await.expect("events");
    assert_eq!(second[0].kind, "deployment.queued");
    assert_eq!(second.len(), 1);
    assert!(
        ledger
            .events(&row.id, 2, 10)
            .await
            .expect("events")
            .is_empty()
    );
}
