//! Five schedulers at the same tick (FAULTS F21), two of them dying in the fire: exactly one task per tick.

use std::collections::BTreeMap;
use std::time::Duration;

use ingot_client::TaskFilter;
use ingot_tests::until;

use super::drill::Drill;
use super::proof;

#[tokio::test]
async fn five_schedulers_of_which_some_die_in_the_fire_make_one_task_per_tick() {
    let mut drill = Drill::start(5, "tick.before_fire=abort*1;tick.after_fire=abort*2").await;
    // At this pace a tick each five seconds; what died is back for the later ones.
    let filter = TaskFilter {
        queue: Some("scheduler".to_owned()),
        limit: Some(200),
        ..TaskFilter::default()
    };
    let ticks = until(
        "four ticks and three deaths",
        Duration::from_secs(90),
        async || {
            let tasks = drill.stack.client.tasks(&filter).await?.items;
            let done = tasks
                .iter()
                .filter(|task| task.finished_at.is_some())
                .count();
            Ok((done >= 6 && drill.deaths() == 3).then_some(()))
        },
    );
    ticks.await.unwrap();
    drill.check();
    let ledger = ingot_entity::Ledger::connect(&drill.stack.database.as_ref().unwrap().url, 2);
    let ledger = ledger.await.unwrap();
    // Read first: a tick that fires at this moment is one more tick, not a task without one.
    let tasks = drill.stack.client.tasks(&filter).await.unwrap().items;
    let mut of_ticks = BTreeMap::new();
    let jobs = [
        "assess",
        "feeds",
        "plan",
        "tracks",
        "reconcile",
        "prune",
        "scan",
        "ends",
    ];
    for job in jobs {
        for tick in ledger.ticks(job).await.unwrap() {
            let owner = of_ticks.insert(tick.task_id.clone(), (job, tick.due_at));
            assert_eq!(owner, None, "a task of two ticks");
        }
    }
    for task in &tasks {
        assert!(
            of_ticks.contains_key(&task.id),
            "a task without a tick: {task:#?}"
        );
    }
    let known: Vec<_> = tasks.iter().map(|task| task.id.clone()).collect();
    let lost: Vec<_> = of_ticks.keys().filter(|id| !known.contains(id)).collect();
    // A tick fired after the list was read is no tick without a task.
    for id in lost {
        assert!(drill.stack.client.task(id).await.is_ok(), "{id} is lost");
    }
    // What the dying schedulers fired was not rung by them, and was done all the same.
    let first = tasks.last().unwrap().id.clone();
    let done = until("the first tick", Duration::from_secs(30), async || {
        Ok(drill.stack.client.task(&first).await?.finished_at)
    });
    done.await.unwrap();
    proof::no_orphan(&drill.stack).await;
    drill.end().await;
}
