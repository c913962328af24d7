//! What a task waits for: since when, and never at once for ever.

use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Change, Committed, Then};
use ingot_entity::task;
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::on_both;
use super::rows::{enqueue, lapse, set, task_now};

on_both!(
    a_wait_that_goes_on_keeps_its_beginning,
    a_wait_does_not_age_while_no_worker_looks,
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

/// A worker dies holding it for an hour, then none runs for an hour: a wait of a minute is a minute old, and a few seconds more
/// for the machine.
async fn a_wait_does_not_age_while_no_worker_looks(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    let waits = async |after_crash: bool| {
        let claim = ledger.claim(&id, "w").await.expect("an answer");
        let claim = claim.expect("due");
        assert_eq!(claim.after_crash, after_crash);
        let (until, on) = (ledger.now(), Wait::Image);
        let since = claim.task.waits_since(&on);
        let then = Then::Wait { until, on };
        let ended = ledger.end(&claim, &Change::default(), &then).await;
        assert_eq!(ended.expect("a commit"), Committed::Yes);
        since
    };
    assert_eq!(waits(false).await, None);
    let minute = chrono::TimeDelta::minutes(1);
    let hour = chrono::TimeDelta::hours(1);
    for crash in [true, false] {
        if crash {
            let claim = ledger.claim(&id, "dead").await.expect("an answer");
            assert!(claim.is_some(), "due");
            lapse(ledger, &id).await;
        }
        let due = ledger.now() - hour;
        set(ledger, &id, task::Column::RunAt, due).await;
        set(ledger, &id, task::Column::WaitSince, due - minute).await;
        let since = waits(crash).await.expect("a beginning");
        let age = ledger.now() - since;
        assert!(age >= minute && age < minute * 2, "{crash}: {age}");
        let kept = task_now(ledger, &id).await.wait_since;
        assert_eq!(kept, Some(since), "the commit keeps it");
    }
}
