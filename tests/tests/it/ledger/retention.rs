//! Retention: what was over long enough goes in batches, whatever is younger, alive or a deployment's own story stays.

use std::time::Instant as Moment;

use chrono::TimeDelta;
use ingot_domain::decide::scan::gap;
use ingot_domain::retention::Retention;
use ingot_domain::task::TaskKind;
use ingot_entity::Ledger;
use ingot_entity::store::{Change, FindingQuery, TaskQuery, Then};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::on_both;
use super::rows::{claimed, enqueue, task_now};

on_both!(
    the_setting_is_what_was_said_last,
    old_tasks_go_in_batches_and_stories_stay,
    cleared_findings_go_and_open_ones_stay,
    many_finished_tasks_cost_little,
);

async fn the_setting_is_what_was_said_last(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    assert_eq!(
        ledger.retention().await.expect("a setting"),
        Retention::default()
    );
    for days in [3, 14] {
        let wanted = Retention {
            finished_tasks_days: days,
            ..Retention::default()
        };
        ledger.set_retention(wanted).await.expect("set");
        assert_eq!(ledger.retention().await.expect("a setting"), wanted);
    }
}

/// Moves a task and its attempts 40 days back, its id too.
async fn age(ledger: &Ledger, id: &str) -> String {
    let then = ledger.now() - TimeDelta::days(40);
    let old = format!("tsk_{:012x}{}", then.timestamp_millis(), &id[16..]);
    for sql in [
        format!("UPDATE attempt SET task_id = '{old}' WHERE task_id = '{id}'"),
        format!("UPDATE task SET id = '{old}' WHERE id = '{id}'"),
    ] {
        ledger
            .database()
            .execute_unprepared(&sql)
            .await
            .expect("a change");
    }
    super::rows::set(ledger, &old, ingot_entity::task::Column::CreatedAt, then).await;
    old
}

/// A task that failed once, which leaves an attempt's row, and then was done.
async fn finish(ledger: &Ledger, id: &str) {
    let claim = ledger.claim(id, "w").await.expect("a claim").expect("due");
    let (at, error) = (ledger.now(), "not yet".to_owned());
    let retry = Then::Retry { at, error };
    let failed = ledger.end(&claim, &Change::default(), &retry).await;
    failed.expect("a commit");
    let claim = ledger.claim(id, "w").await.expect("a claim").expect("due");
    let done = ledger.end(&claim, &Change::default(), &Then::Done).await;
    done.expect("a commit");
}

async fn old_tasks_go_in_batches_and_stories_stay(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    let done = ledger.end(&claim, &Change::default(), &Then::Done).await;
    done.expect("a commit");
    let mut old = vec![age(ledger, &claim.task.id).await];
    for _ in 0..4 {
        let id = enqueue(ledger, TaskKind::Monitor, 0).await;
        finish(ledger, &id).await;
        old.push(age(ledger, &id).await);
    }
    for id in &old {
        let then = ledger.now() - TimeDelta::days(35);
        super::rows::set(ledger, id, ingot_entity::task::Column::FinishedAt, then).await;
    }
    // Old and still waiting, old and finished today, young and finished.
    let waiting = age(ledger, &enqueue(ledger, TaskKind::Monitor, 60).await).await;
    let late = enqueue(ledger, TaskKind::Monitor, 0).await;
    finish(ledger, &late).await;
    let late = age(ledger, &late).await;
    let young = enqueue(ledger, TaskKind::Monitor, 0).await;
    finish(ledger, &young).await;
    let before = ledger.now() - TimeDelta::days(30);
    let mut pruned = Vec::new();
    for _ in 0..4 {
        pruned.push(ledger.prune_tasks(before, 2).await.expect("a batch"));
    }
    assert_eq!(pruned, [2, 2, 1, 0]);
    let left = ledger
        .list_tasks(&TaskQuery::default(), 100)
        .await
        .expect("a list");
    assert_eq!(left.len(), 3, "{left:#?}");
    for kept in [&waiting, &late, &young] {
        task_now(ledger, kept).await;
    }
    let attempts = "SELECT count(*) AS n FROM attempt";
    assert_eq!(
        count(ledger, attempts).await,
        2,
        "of the late and the young one"
    );
    let events = ledger.events(&row.id, 0, 100).await.expect("events");
    assert_eq!(i64::try_from(events.len()).expect("few"), row.event_seq);
    assert!(ledger.deployment(&row.id).await.expect("a look").is_some());
}

async fn count(ledger: &Ledger, sql: &str) -> i64 {
    let db = ledger.database();
    let statement =
        ingot_migration::sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let row = db
        .query_one_raw(statement)
        .await
        .expect("a row")
        .expect("a row");
    row.try_get("", "n").expect("a number")
}

async fn cleared_findings_go_and_open_ones_stay(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let far = ledger.now() + TimeDelta::days(1);
    let both = [gap("dep_a", 5, 4), gap("dep_b", 5, 4)];
    ledger.sight("ledger", &both, far).await.expect("a look");
    ledger
        .sight("ledger", &both[..1], far)
        .await
        .expect("a look");
    assert_eq!(
        ledger
            .prune_findings(ledger.now() - TimeDelta::days(1), 10)
            .await
            .expect("a batch"),
        0
    );
    assert_eq!(ledger.prune_findings(far, 10).await.expect("a batch"), 1);
    let left = ledger
        .list_findings(&FindingQuery::default(), 10)
        .await
        .expect("a list");
    assert_eq!((left.len(), left[0].subject.as_str()), (1, "dep_a"));
}

/// 60,000 finished tasks beside a handful of live ones: the scan and the prune look at the handful. The bound is generous,
/// because the machine may be busy; without the indexes the looks take many times longer on the million.
async fn many_finished_tasks_cost_little(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    enqueue(ledger, TaskKind::Monitor, 0).await;
    let filler = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
        INSERT INTO task (id, queue, kind, state, attempt, max_attempts, crashes, visits, epoch, run_at, created_at, finished_at) \
        SELECT 'tsk_f' || (1000000 + i), 'launch', 'launch', 'completed', 1, 20, 0, 1, 1, t.run_at, t.created_at, t.created_at \
        FROM n, (SELECT run_at, created_at FROM task LIMIT 1) t";
    ledger
        .database()
        .execute_unprepared(filler)
        .await
        .expect("rows");
    let began = Moment::now();
    assert_eq!(ledger.scan().await.expect("a scan").seen, []);
    let before = ledger.now() - TimeDelta::days(30);
    assert_eq!(ledger.prune_tasks(before, 1_000).await.expect("a batch"), 0);
    ledger.prune(before, before).await.expect("a prune");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
