//! What a task waits for: since when, and never at once for ever.

use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Change, Committed, Then};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::on_both;
use super::rows::{enqueue, task_now};

on_both!(
    a_wait_that_goes_on_keeps_its_beginning,
    nothing_comes_back_at_once_for_ever,
);

async fn nothing_comes_back_at_once_for_ever(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    for visit in 1..=12 {
        let claim = ledger.claim(&id, "w").await.expect("an answer");
        let claim = claim.expect("due");
        // A visit that asks for more, and one whose commit was overtaken.
        if visit % 2 == 0 {
            ledger.release(&claim).await.expect("given back");
        } else {
            let (until, on) = (ledger.now(), Wait::Next);
            let then = Then::Wait { until, on };
            let ended = ledger.end(&claim, &Change::default(), &then).await;
            assert_eq!(ended.expect("a commit"), Committed::Yes);
        }
        assert_eq!(task_now(ledger, &id).await.again, visit);
    }
    let claim = ledger.claim(&id, "w").await.expect("an answer");
    ledger.release(&claim.expect("due")).await.expect("back");
    let row = task_now(ledger, &id).await;
    assert!(row.run_at > ledger.now(), "it pauses: {row:?}");
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let claim = ledger.claim(&id, "w").await.expect("an answer");
    let claim = claim.expect("due");
    let (until, on) = (ledger.now(), Wait::Image);
    let then = Then::Wait { until, on };
    let ended = ledger.end(&claim, &Change::default(), &then).await;
    assert_eq!(ended.expect("a commit"), Committed::Yes);
    assert_eq!(
        task_now(ledger, &id).await.again,
        0,
        "something else happened"
    );
}

async fn a_wait_that_goes_on_keeps_its_beginning(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    let quota = |code: &str| Wait::Quota {
        code: code.to_owned(),
    };
    let mut beginnings = Vec::new();
    for on in [
        quota("VcpuLimitExceeded"),
        quota("InstanceLimitExceeded"),
        Wait::Turn,
        Wait::Overtaken,
        quota("VcpuLimitExceeded"),
        Wait::Image,
        quota("VcpuLimitExceeded"),
    ] {
        let claim = ledger.claim(&id, "w").await.expect("an answer");
        let claim = claim.expect("due");
        let until = ledger.now();
        let sentence = on.to_string();
        let then = Then::Wait { until, on };
        let ended = ledger.end(&claim, &Change::default(), &then).await;
        assert_eq!(ended.expect("a commit"), Committed::Yes);
        let row = task_now(ledger, &id).await;
        assert_eq!(row.waiting_for, Some(sentence));
        beginnings.push(row.wait_since.expect("a beginning"));
    }
    let first = beginnings[0];
    assert_eq!(beginnings[..5], [first; 5], "{beginnings:?}");
    assert!(beginnings[5] > first && beginnings[6] > beginnings[5]);
    let claim = ledger.claim(&id, "w").await.expect("an answer");
    let claim = claim.expect("due");
    assert_eq!(claim.task.waits_since(&quota("")), Some(beginnings[6]));
    assert_eq!(claim.task.waits_since(&Wait::Image), None);
    let ended = ledger.end(&claim, &Change::default(), &Then::Done).await;
    assert_eq!(ended.expect("a commit"), Committed::Yes);
    let row = task_now(ledger, &id).await;
    assert_eq!(
        (row.waiting_for, row.wait, row.wait_since),
        (None, None, None)
    );
}
