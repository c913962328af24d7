//! The relay's query: each due task is taken by one replica, once until its bell must have been lost.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use ingot_domain::task::TaskKind;
use ingot_entity::task;
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::rows::{create, enqueue, lapse, set};
use super::{on_both, race};

on_both!(
    due_tasks_are_shared_between_replicas,
    the_relay_rings_an_unheard_bell_again,
    what_was_not_rung_is_taken_again,
    only_what_is_due_within_the_horizon_is_taken,
    a_lapsed_lease_is_taken_over_once,
    the_relay_leaves_a_fresh_deployment_to_its_first_bell,
);

async fn take(ledgers: &Ledgers, horizon: i64) -> Vec<String> {
    let horizon = TimeDelta::seconds(horizon);
    let due = ledgers.ledger().take_due(&["monitor"], horizon, 1000).await;
    due.expect("due tasks")
        .into_iter()
        .map(|task| task.id)
        .collect()
}

async fn due_tasks_are_shared_between_replicas(ledgers: Ledgers) {
    let mut ids = BTreeSet::new();
    for _ in 0..100 {
        ids.insert(enqueue(ledgers.ledger(), TaskKind::Monitor, 0).await);
    }
    enqueue(ledgers.ledger(), TaskKind::Scheduler, 0).await;
    let answers = race(&ledgers, 20, |_, ledger| async move {
        let mut taken = Vec::new();
        for _ in 0..3 {
            let due = ledger.take_due(&["monitor"], TimeDelta::zero(), 10).await;
            taken.extend(due.expect("due tasks").into_iter().map(|task| task.id));
        }
        taken
    })
    .await;
    let mut all: Vec<String> = answers.into_iter().flatten().collect();
    all.extend(take(&ledgers, 0).await);
    let each: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), 100, "nothing is taken twice");
    assert_eq!(
        each, ids,
        "everything is taken, and nothing of another queue"
    );
}

async fn the_relay_rings_an_unheard_bell_again(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let id = enqueue(ledger, TaskKind::Monitor, 0).await;
    assert_eq!(take(&ledgers, 0).await, std::slice::from_ref(&id));
    assert!(take(&ledgers, 0).await.is_empty());
    let heard = |seconds| ledger.now() - TimeDelta::seconds(seconds);
    set(ledger, &id, task::Column::RungAt, heard(1)).await;
    assert!(take(&ledgers, 0).await.is_empty());
    set(ledger, &id, task::Column::RungAt, heard(4)).await;
    assert_eq!(take(&ledgers, 0).await, std::slice::from_ref(&id));
    ledger
        .claim(&id, "w")
        .await
        .expect("an answer")
        .expect("due");
    set(ledger, &id, task::Column::RungAt, heard(4)).await;
    assert!(take(&ledgers, 0).await.is_empty(), "a worker works on it");
}

async fn what_was_not_rung_is_taken_again(ledgers: Ledgers) {
    let id = enqueue(ledgers.ledger(), TaskKind::Monitor, 0).await;
    assert_eq!(take(&ledgers, 0).await, std::slice::from_ref(&id));
    ledgers
        .ledger()
        .unring(std::slice::from_ref(&id))
        .await
        .expect("taken back");
    assert_eq!(take(&ledgers, 0).await, [id]);
}

async fn only_what_is_due_within_the_horizon_is_taken(ledgers: Ledgers) {
    let soon = enqueue(ledgers.ledger(), TaskKind::Monitor, 5).await;
    let later = enqueue(ledgers.ledger(), TaskKind::Monitor, 60).await;
    assert!(take(&ledgers, 0).await.is_empty());
    assert_eq!(take(&ledgers, 10).await, [soon]);
    assert_eq!(take(&ledgers, 100).await, [later]);
}

async fn a_lapsed_lease_is_taken_over_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        ids.insert(enqueue(ledger, TaskKind::Monitor, 0).await);
    }
    let held = ledger.claim_due("monitor", "w", 100).await;
    assert_eq!(held.expect("claims").len(), 20);
    assert!(ledger.lapsed().await.expect("a look").is_empty());
    for id in &ids {
        lapse(ledger, id).await;
    }
    assert!(take(&ledgers, 0).await.is_empty(), "it waits for no bell");
    assert_eq!(ledger.lapsed().await.expect("a look"), ["monitor"]);
    let taken = race(&ledgers, 8, |number, ledger| async move {
        let worker = format!("w{number}");
        ledger
            .claim_lapsed("monitor", &worker, 5)
            .await
            .expect("claims")
    })
    .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    let each: BTreeSet<String> = taken.iter().map(|claim| claim.task.id.clone()).collect();
    assert_eq!((taken.len(), each), (20, ids), "each by one");
    for claim in &taken {
        assert!(claim.after_crash && !claim.poisoned);
        assert_eq!((claim.task.crashes, claim.task.epoch), (1, 2));
        let (_, attempts) = ledger
            .task(&claim.task.id)
            .await
            .expect("a look")
            .expect("a task");
        let outcomes: Vec<_> = attempts.iter().map(|one| one.outcome.as_str()).collect();
        assert_eq!(outcomes, ["crashed"]);
    }
}

async fn the_relay_leaves_a_fresh_deployment_to_its_first_bell(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (_, task) = create(ledger, true).await;
    let due = ledger.take_due(&["launch"], TimeDelta::zero(), 10).await;
    assert!(due.expect("due tasks").is_empty());
    let id = task.expect("a task").id.to_string();
    set(
        ledger,
        &id,
        task::Column::RungAt,
        ledger.now() - TimeDelta::seconds(4),
    )
    .await;
    let due = ledger.take_due(&["launch"], TimeDelta::zero(), 10).await;
    assert_eq!(due.expect("due tasks").len(), 1, "its bell was lost");
}
