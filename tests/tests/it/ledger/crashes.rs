//! Leases and crashes: what its worker keeps alive stays with it, what ran out is another's and counts as a crash, and
//! nothing else does.

use ingot_domain::task::{MAX_CRASHES, TaskKind};
use ingot_domain::wait::Wait;
use ingot_entity::store::{Change, Committed, Then};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::rows::{enqueue, lapse, outcomes, task_now};
use super::{on_both, race};

on_both!(
    a_lease_that_ran_out_is_a_crash_and_lets_another_claim,
    too_many_crashes_are_poison,
    a_task_that_comes_back_at_once_never_looks_crashed,
    a_heartbeat_keeps_what_its_worker_visits,
);

async fn a_lease_that_ran_out_is_a_crash_and_lets_another_claim(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    let first = ledger
        .claim(&id, "w1")
        .await
        .expect("an answer")
        .expect("due");
    assert!(!first.after_crash);
    assert!(ledger.claim(&id, "w2").await.expect("an answer").is_none());
    lapse(ledger, &id).await;
    let answers = race(&ledgers, 10, |number, ledger| {
        let id = id.clone();
        async move {
            ledger
                .claim(&id, &format!("w2-{number}"))
                .await
                .expect("a claim")
        }
    })
    .await;
    let mut won: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    let second = won.remove(0);
    assert!(second.after_crash && !second.poisoned);
    assert_eq!((second.task.crashes, second.task.attempt), (1, 2));
    let (_, attempts) = ledger.task(&id).await.expect("a look").expect("a task");
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (attempts[0].outcome.as_str(), attempts[0].number),
        ("crashed", 1)
    );
    assert_eq!(attempts[0].worker, "w1");
    let ended = ledger.end(&first, &Change::default(), &Then::Done).await;
    assert_eq!(ended.expect("an answer"), Committed::Fenced);
    let ended = ledger.end(&second, &Change::default(), &Then::Done).await;
    assert_eq!(ended.expect("an answer"), Committed::Yes);
    assert_eq!(outcomes(ledger, &id).await, ["crashed", "completed"]);
}

async fn too_many_crashes_are_poison(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Launch, 0).await;
    let mut claim = ledger
        .claim(&id, "w")
        .await
        .expect("an answer")
        .expect("due");
    for crash in 1..=MAX_CRASHES {
        assert!(!claim.poisoned, "after {} crashes", crash - 1);
        lapse(ledger, &id).await;
        claim = ledger
            .claim(&id, "w")
            .await
            .expect("an answer")
            .expect("lapsed");
    }
    assert!(claim.poisoned);
    let error = "too many crashes".to_owned();
    let ended = ledger
        .end(&claim, &Change::default(), &Then::Discard { error })
        .await;
    assert_eq!(ended.expect("a commit"), Committed::Yes);
    assert_eq!(task_now(ledger, &id).await.state, "discarded");
}

async fn a_task_that_comes_back_at_once_never_looks_crashed(ledgers: Ledgers) {
    let id = enqueue(ledgers.ledger(), TaskKind::Monitor, 0).await;
    let visits = race(&ledgers, 5, |number, ledger| {
        let (id, worker) = (id.clone(), format!("w{number}"));
        async move {
            let mut visits = 0;
            for _ in 0..100 {
                let Some(claim) = ledger.claim(&id, &worker).await.expect("an answer") else {
                    continue;
                };
                assert!(!claim.after_crash, "visit {visits} of {worker}");
                assert_eq!(claim.task.attempt, 1);
                visits += 1;
                let then = Then::Wait {
                    until: ledger.now(),
                    on: Wait::Turn,
                };
                let ended = ledger.end(&claim, &Change::default(), &then).await;
                assert_eq!(ended.expect("a commit"), Committed::Yes);
            }
            visits
        }
    })
    .await;
    let row = task_now(ledgers.ledger(), &id).await;
    assert_eq!((row.crashes, row.attempt), (0, 0));
    assert_eq!(row.visits, visits.iter().sum::<i32>());
}

async fn a_heartbeat_keeps_what_its_worker_visits(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut ids = Vec::new();
    for worker in ["mine", "mine", "mine", "theirs"] {
        let id = enqueue(ledger, TaskKind::Monitor, 0).await;
        ledger
            .claim(&id, worker)
            .await
            .expect("an answer")
            .expect("due");
        ids.push(id);
    }
    for id in &ids {
        lapse(ledger, id).await;
    }
    let waiting = enqueue(ledger, TaskKind::Monitor, 0).await;
    assert_eq!(ledger.heartbeat("mine", &[]).await.expect("a beat"), 0);
    // The third of mine is held and not visited any more; the others named are not mine to keep.
    let visiting = [&ids[0], &ids[1], &ids[3], &waiting].map(String::clone);
    assert_eq!(
        ledger.heartbeat("mine", &visiting).await.expect("a beat"),
        2
    );
    for (id, kept) in ids.iter().zip([true, true, false, false]) {
        let taken = ledger.claim(id, "other").await.expect("an answer");
        assert_eq!(taken.is_none(), kept);
    }
}
