//! The invariant scan against ledgers that are sound, and against each kind of damage: rows are broken by hand, because the
//! ledger's own transactions do not do it.

use chrono::TimeDelta;
use ingot_domain::decide::scan::Sighting;
use ingot_domain::ids::EffectId;
use ingot_domain::task::TaskKind;
use ingot_domain::wait::Wait;
use ingot_entity::store::{Change, EffectKind, Intention, Then};
use ingot_entity::{Ledger, effect};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;

use super::byhand::ByHand;
use super::on_both;
use super::rows::{claimed, create, enqueue};

on_both!(
    a_sound_ledger_shows_nothing,
    a_deployment_without_a_task_is_lost,
    a_missing_event_is_a_gap,
    what_is_over_must_not_keep_an_instance,
    a_run_that_launched_twice_is_told,
    tasks_that_contradict_themselves_are_told,
    work_that_no_worker_takes_is_late,
    what_aws_refuses_is_weather,
);

async fn seen(ledger: &Ledger) -> Vec<(&'static str, String)> {
    let told = |one: Sighting| (one.invariant, one.subject);
    let scan = ledger.scan().await.expect("a scan");
    scan.seen.into_iter().map(told).collect()
}

async fn run(ledger: &Ledger, sql: &str) {
    let done = ledger.database().execute_unprepared(sql).await;
    assert_eq!(done.expect("a change").rows_affected(), 1, "{sql}");
}

async fn a_sound_ledger_shows_nothing(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    create(ledger, false).await;
    let (_, claim) = claimed(ledger, "w").await;
    let later = Then::Wait {
        until: ledger.now() + TimeDelta::seconds(60),
        on: Wait::Image,
    };
    ledger
        .end(&claim, &Change::default(), &later)
        .await
        .expect("a commit");
    enqueue(ledger, TaskKind::Monitor, -10).await;
    assert_eq!(seen(ledger).await, []);
}

async fn a_deployment_without_a_task_is_lost(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    assert_eq!(seen(ledger).await, []);
    ledger
        .end(&claim, &Change::default(), &Then::Done)
        .await
        .expect("a commit");
    assert_eq!(seen(ledger).await, [("I3", row.id.clone())]);
    run(
        ledger,
        "UPDATE deployment SET status = 'success', ami_status = 'creating'",
    )
    .await;
    assert_eq!(seen(ledger).await, [("I3", row.id.clone())]);
    run(ledger, "UPDATE deployment SET ami_status = 'completed'").await;
    assert_eq!(seen(ledger).await, []);
}

async fn a_missing_event_is_a_gap(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, true).await;
    create(ledger, true).await;
    let sql = format!(
        "DELETE FROM event WHERE seq = 1 AND deployment_id = '{}'",
        row.id
    );
    run(ledger, &sql).await;
    assert_eq!(seen(ledger).await, [("I4", row.id)]);
}

async fn what_is_over_must_not_keep_an_instance(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, claim) = claimed(ledger, "w").await;
    run(
        ledger,
        "UPDATE deployment SET status = 'cancelled', instance_id = 'i-1'",
    )
    .await;
    assert_eq!(seen(ledger).await, [], "a task may be about to end it");
    ledger
        .end(&claim, &Change::default(), &Then::Done)
        .await
        .expect("a commit");
    assert_eq!(seen(ledger).await, [("I1", "i-1".to_owned())]);
    let found = ledger.scan().await.expect("a scan").seen;
    assert_eq!(found[0].deployment_id.as_deref(), Some(row.id.as_str()));
}

async fn a_run_that_launched_twice_is_told(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, mut claim) = claimed(ledger, "w").await;
    for generation in 1..=2 {
        assert_eq!(seen(ledger).await, []);
        let now = ledger.now();
        let intention = Intention {
            deployment_id: &row.id,
            run: 1,
            kind: EffectKind::Launch,
            generation,
            region: "us-east-1",
            params: serde_json::json!({}),
        };
        let id = EffectId::of(&row.id.parse().expect("an id"), 1, "launch", generation);
        let intended = effect::Model::intention(&id, intention, now);
        for change in [
            Change {
                intend: Some(intended.clone()),
                ..Change::default()
            },
            Change {
                outcome: Some(intended.done(&format!("i-{generation}"), now)),
                ..Change::default()
            },
        ] {
            let again = Then::Wait {
                until: now,
                on: Wait::Turn,
            };
            ledger.end(&claim, &change, &again).await.expect("a commit");
            let id = claim.task.id.clone();
            claim = ledger.claim(&id, "w").await.expect("a claim").expect("due");
        }
    }
    assert_eq!(seen(ledger).await, [("I2", row.id)]);
}

async fn tasks_that_contradict_themselves_are_told(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let one = enqueue(ledger, TaskKind::Monitor, 0).await;
    ledger
        .claim(&one, "w")
        .await
        .expect("a claim")
        .expect("due");
    run(ledger, "UPDATE task SET worker = NULL").await;
    assert_eq!(seen(ledger).await, [("I4", one.clone())]);
    run(ledger, "UPDATE task SET worker = 'w', crashes = 6").await;
    assert_eq!(seen(ledger).await, [("I6", one.clone())]);
    run(ledger, "UPDATE task SET crashes = 0, state = 'discarded'").await;
    assert_eq!(seen(ledger).await, [("I6", one.clone())]);
    run(ledger, "UPDATE task SET last_error = 'no luck'").await;
    assert_eq!(seen(ledger).await, []);
    run(ledger, "UPDATE task SET state = 'scheduled'").await;
    assert_eq!(seen(ledger).await, [("I4", one)], "it has a lease");
}

async fn work_that_no_worker_takes_is_late(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let one = enqueue(ledger, TaskKind::Monitor, -10).await;
    assert_eq!(seen(ledger).await, []);
    enqueue(ledger, TaskKind::Monitor, -40).await;
    assert_eq!(seen(ledger).await, [("I12", "queue:monitor".to_owned())]);
    let said = ledger.scan().await.expect("a scan").seen.remove(0).what;
    assert!(
        said.starts_with("1 task due in queue monitor, the oldest for 4"),
        "{said}"
    );
    ledger
        .claim(&one, "gone")
        .await
        .expect("a claim")
        .expect("due");
    let past = ledger.now() - TimeDelta::seconds(90);
    super::rows::set(ledger, &one, ingot_entity::task::Column::LeaseUntil, past).await;
    assert!(
        seen(ledger)
            .await
            .contains(&("I10", "worker:gone".to_owned()))
    );
}

async fn what_aws_refuses_is_weather(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (_, claim) = claimed(ledger, "w").await;
    let code = "RequestLimitExceeded".to_owned();
    let on = Wait::Rate { code };
    let why = on.to_string();
    let later = Then::Wait {
        until: ledger.now() + TimeDelta::seconds(60),
        on,
    };
    ledger
        .end(&claim, &Change::default(), &later)
        .await
        .expect("a commit");
    assert_eq!(seen(ledger).await, [("cloud", format!("us-east-1: {why}"))]);
}
