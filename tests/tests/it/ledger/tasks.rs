//! Claiming tasks and ending visits: one holder at a time, snoozes free, attempts counted.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Change, Committed, NewTask, Outcome, Then};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::rows::{enqueue, outcomes, task_now};
use super::{on_both, race};

on_both!(
    one_of_twenty_claimers_gets_it,
    a_backlog_is_shared_in_batches,
    a_claim_before_its_time_is_refused,
    a_snooze_burns_no_attempt,
    retries_are_counted_and_end_in_discarded,
    a_release_is_due_at_once,
    a_unique_key_has_one_live_task,
);

fn retry(ledgers: &Ledgers) -> Then {
    Then::Retry {
        at: ledgers.ledger().now(),
        error: "it broke".to_owned(),
    }
}

fn snooze(ledgers: &Ledgers, seconds: i64) -> Then {
    Then::Wait {
        until: ledgers.ledger().now() + TimeDelta::seconds(seconds),
        on: Wait::Image,
    }
}

async fn one_of_twenty_claimers_gets_it(ledgers: Ledgers) {
    for _ in 0..5 {
        let id = enqueue(ledgers.ledger(), TaskKind::Monitor, 0).await;
        let answers = race(&ledgers, 20, |number, ledger| {
            let id = id.clone();
            async move {
                ledger
                    .claim(&id, &format!("w{number}"))
                    .await
                    .expect("a claim")
            }
        })
        .await;
        let won: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let row = task_now(ledgers.ledger(), &id).await;
        assert_eq!(row.worker.as_deref(), Some(&*won[0].task.worker));
        assert_eq!((row.attempt, row.epoch, row.crashes), (1, 1, 0));
        assert_eq!(row.epoch, won[0].task.epoch);
    }
}

async fn a_claim_before_its_time_is_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 60).await;
    assert!(ledger.claim(&id, "w").await.expect("an answer").is_none());
    assert!(
        ledger
            .claim("tsk_unknown", "w")
            .await
            .expect("an answer")
            .is_none()
    );
    let row = task_now(ledger, &id).await;
    assert_eq!(
        (row.state.as_str(), row.attempt, row.visits),
        ("scheduled", 0, 0)
    );
}

async fn a_snooze_burns_no_attempt(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    for visit in 1..=10 {
        let claim = ledger
            .claim(&id, "w")
            .await
            .expect("an answer")
            .expect("due");
        assert_eq!((claim.task.attempt, claim.task.visits), (1, visit));
        let then = snooze(&ledgers, 0);
        let ended = ledger.end(&claim, &Change::default(), &then).await;
        assert_eq!(ended.expect("a commit"), Committed::Yes);
        let row = task_now(ledger, &id).await;
        assert_eq!((row.state.as_str(), row.attempt), ("scheduled", 0));
        assert_eq!(row.waiting_for.as_deref(), Some("waiting for the AMI"));
        assert_eq!((row.lease_until, row.rung_at), (None, None));
    }
    assert!(outcomes(ledger, &id).await.is_empty());
    let claim = ledger
        .claim(&id, "w")
        .await
        .expect("an answer")
        .expect("due");
    assert_eq!(task_now(ledger, &claim.task.id).await.waiting_for, None);
    let then = snooze(&ledgers, 60);
    ledger
        .end(&claim, &Change::default(), &then)
        .await
        .expect("a commit");
    assert!(ledger.claim(&id, "w").await.expect("an answer").is_none());
}

async fn retries_are_counted_and_end_in_discarded(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    let most = i32::try_from(TaskKind::Monitor.max_attempts()).expect("small");
    for attempt in 1..=most {
        let claim = ledger
            .claim(&id, "w")
            .await
            .expect("an answer")
            .expect("due");
        assert_eq!(claim.task.attempt, attempt);
        let ended = ledger
            .end(&claim, &Change::default(), &retry(&ledgers))
            .await;
        assert_eq!(ended.expect("a commit"), Committed::Yes);
        let row = task_now(ledger, &id).await;
        let state = if attempt < most {
            "retryable"
        } else {
            "discarded"
        };
        assert_eq!((row.state.as_str(), row.attempt), (state, attempt));
        assert_eq!(row.last_error.as_deref(), Some("it broke"));
        assert_eq!(row.finished_at.is_some(), attempt == most);
    }
    let said = outcomes(ledger, &id).await;
    assert_eq!(said, ["failed", "failed", "failed", "failed", "discarded"]);
    assert!(ledger.claim(&id, "w").await.expect("an answer").is_none());
}

async fn a_release_is_due_at_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    let claim = ledger
        .claim(&id, "w1")
        .await
        .expect("an answer")
        .expect("due");
    ledger.release(&claim).await.expect("a release");
    let again = ledger
        .claim(&id, "w2")
        .await
        .expect("an answer")
        .expect("due");
    assert!(!again.after_crash);
    assert_eq!((again.task.attempt, again.task.visits), (1, 2));
    // The first holder's release comes late and must not take the second's claim away.
    ledger.release(&claim).await.expect("a release");
    assert_eq!(task_now(ledger, &id).await.worker.as_deref(), Some("w2"));
    assert_eq!(task_now(ledger, &id).await.state, "running");
}

async fn a_unique_key_has_one_live_task(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let new = || NewTask::about(TaskKind::Monitor, "s", "the key".to_owned(), ledger.now());
    let (first, second, third) = (new(), new(), new());
    ledger
        .enqueue(&[first.clone(), second.clone()])
        .await
        .expect("tasks");
    assert!(
        ledger
            .task(second.id.as_str())
            .await
            .expect("a look")
            .is_none()
    );
    let claim = ledger
        .claim(first.id.as_str(), "w")
        .await
        .expect("an answer")
        .expect("due");
    ledger
        .enqueue(std::slice::from_ref(&third))
        .await
        .expect("tasks");
    assert!(
        ledger
            .task(third.id.as_str())
            .await
            .expect("a look")
            .is_none()
    );
    ledger
        .end(&claim, &Change::default(), &Then::Done)
        .await
        .expect("a commit");
    ledger
        .enqueue(std::slice::from_ref(&third))
        .await
        .expect("tasks");
    assert!(
        ledger
            .task(third.id.as_str())
            .await
            .expect("a look")
            .is_some()
    );
}

async fn a_backlog_is_shared_in_batches(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut ids = BTreeSet::new();
    for _ in 0..200 {
        ids.insert(enqueue(ledger, TaskKind::Monitor, 0).await);
    }
    enqueue(ledger, TaskKind::Monitor, 60).await;
    enqueue(ledger, TaskKind::Scheduler, 0).await;
    let taken = race(&ledgers, 10, |number, ledger| async move {
        let worker = format!("w{number}");
        let mut taken = Vec::new();
        loop {
            let claims = ledger
                .claim_due("monitor", &worker, 16)
                .await
                .expect("claims");
            if claims.is_empty() {
                return taken;
            }
            assert!(claims.len() <= 16 && claims.is_sorted_by_key(|claim| claim.task.run_at));
            let ended = claims.into_iter().map(|claim| {
                let (ledger, outcome) = (
                    ledger.clone(),
                    Outcome::of(&claim, Change::default(), Then::Done),
                );
                async move {
                    (
                        claim.task.id.clone(),
                        ledger.commit(&outcome).await.expect("a commit"),
                    )
                }
            });
            taken.extend(futures::future::join_all(ended).await);
        }
    })
    .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    assert!(
        taken
            .iter()
            .all(|(_, committed)| *committed == Committed::Yes)
    );
    let each: BTreeSet<String> = taken.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(
        (taken.len(), each),
        (200, ids),
        "each by one, and only what is due"
    );
}
