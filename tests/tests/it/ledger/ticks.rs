//! Ticks of periodic jobs: exactly once, however many replicas look at the clock.

use chrono::TimeDelta;
use ingot_domain::task::Queue;
use ingot_entity::store::{Change, TaskQuery, Then};
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::{on_both, race};

on_both!(
    ten_replicas_fire_each_tick_once,
    old_ticks_and_keys_are_pruned,
);

async fn ten_replicas_fire_each_tick_once(ledgers: Ledgers) {
    let first = ledgers.ledger().now();
    let answers = race(&ledgers, 10, |_, ledger| async move {
        let mut fired = 0;
        for second in 0..10 {
            let due = first + TimeDelta::seconds(second);
            let made = ledger.fire("reconcile", due).await.expect("an answer");
            fired += usize::from(made.is_some());
        }
        fired
    })
    .await;
    assert_eq!(answers.iter().sum::<usize>(), 10, "{answers:?}");
    let ledger = ledgers.ledger();
    let ticks = ledger.ticks("reconcile").await.expect("ticks");
    assert_eq!(ticks.len(), 10);
    let query = TaskQuery {
        queue: Some(Queue::Scheduler),
        ..TaskQuery::default()
    };
    let tasks = ledger.list_tasks(&query, 100).await.expect("tasks");
    assert_eq!(tasks.len(), 10);
    for tick in &ticks {
        assert!(tasks.iter().any(|task| task.id == tick.task_id));
    }
    let other = ledger.fire("prune", first).await.expect("an answer");
    assert!(other.is_some(), "another job has ticks of its own");
}

async fn old_ticks_and_keys_are_pruned(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let now = ledger.now();
    let old = ledger
        .fire("job", now - TimeDelta::hours(2))
        .await
        .expect("an answer");
    ledger
        .fire("job", now)
        .await
        .expect("an answer")
        .expect("fired");
    let task = old.expect("fired").id.to_string();
    let claim = ledger
        .claim(&task, "w")
        .await
        .expect("an answer")
        .expect("due");
    ledger
        .end(&claim, &Change::default(), &Then::Done)
        .await
        .expect("a commit");
    let hour = now - TimeDelta::hours(1);
    let pruned = ledger.prune(hour, hour).await.expect("a number");
    assert_eq!(pruned, 1, "the old tick; its task has only just ended");
    assert_eq!(ledger.ticks("job").await.expect("ticks").len(), 1);
    let later = ledger.now() + TimeDelta::seconds(1);
    assert_eq!(ledger.prune(later, hour).await.expect("a number"), 0);
    assert_eq!(ledger.prune(hour, later).await.expect("a number"), 2);
    assert!(ledger.task(&task).await.expect("a look").is_none());
}
