//! What people may do to a deployment from each status: the whole table, written out.

use ingot_domain::deployment::Status;
use ingot_entity::store::{Ending, Intervention};
use ingot_entity::{Ledger, deployment};
use ingot_migration::sea_orm::sea_query::Expr;
use ingot_migration::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use ingot_tests::Ledgers;

use super::rows::{claimed, create, now, tasks_of};
use super::{on_both, race};

on_both!(
    every_word_from_every_status,
    a_retry_forgets_the_failed_run_and_drops_its_instance,
    a_cancelled_one_loses_its_waiting_tasks_and_its_instance,
    a_second_destroy_makes_no_second_task,
    one_of_ten_cancels_is_done,
    intervening_with_an_unknown_deployment_says_so,
);

/// `start`, `cancel`, `destroy`: the status it leads to, `=` for "it was so already", `-` for a refusal.
const TABLE: [(Status, [&str; 3]); 9] = [
    (Status::Pending, ["queued", "cancelled", "cancelled"]),
    (Status::Queued, ["-", "cancelled", "cancelled"]),
    (Status::Deploying, ["-", "cancelled", "cancelled"]),
    (Status::Running, ["-", "cancelled", "cancelled"]),
    (Status::Success, ["-", "-", "success"]),
    (Status::Failed, ["queued", "-", "failed"]),
    (
        Status::ReadinessTimeout,
        ["queued", "-", "readiness_timeout"],
    ),
    (Status::Cancelled, ["-", "=", "cancelled"]),
    (Status::Destroyed, ["-", "-", "="]),
];

async fn put(ledger: &Ledger, row: &deployment::Model, status: Status, instance: Option<&str>) {
    deployment::Entity::update_many()
        .col_expr(deployment::Column::Status, Expr::value(status.as_str()))
        .col_expr(deployment::Column::InstanceId, Expr::value(instance))
        .col_expr(deployment::Column::Run, Expr::value(1))
        .filter(deployment::Column::Id.eq(&row.id))
        .exec(ledger.database())
        .await
        .expect("an update");
}

async fn say(ledger: &Ledger, word: usize, id: &str) -> Intervention {
    let said = match word {
        0 => ledger.start(id, "me").await,
        1 => ledger.cancel(id, "me").await,
        _ => ledger.destroy(id, "me").await,
    };
    said.expect("an answer")
}

async fn every_word_from_every_status(ledgers: Ledgers) {
    assert_eq!(TABLE.len(), Status::ALL.len());
    let ledger = ledgers.ledger();
    for (status, wanted) in TABLE {
        for (word, wanted) in wanted.iter().enumerate() {
            let (row, _) = create(ledger, false).await;
            put(ledger, &row, status, None).await;
            let before = now(ledger, &row).await;
            let said = say(ledger, word, &row.id).await;
            let after = now(ledger, &row).await;
            let what = format!("word {word} from {status}");
            match said {
                Intervention::Done(told, rung) => {
                    assert_eq!(after.status, *wanted, "{what}");
                    assert_eq!(*told, after, "{what}: what is told is what is stored");
                    assert_eq!(rung.len(), tasks_of(ledger, &row.id).await.len(), "{what}");
                    assert!(
                        after.event_seq > before.event_seq,
                        "{what}: the story says so"
                    );
                    assert_eq!(word == 0, after.run > before.run, "{what}");
                }
                Intervention::Already(told) => {
                    assert_eq!((*wanted, &*told), ("=", &before), "{what}");
                    assert_eq!(after, before, "{what}");
                }
                Intervention::Refused(told) => {
                    assert_eq!((*wanted, told), ("-", status), "{what}");
                    assert_eq!(after, before, "{what}");
                    assert!(tasks_of(ledger, &row.id).await.is_empty(), "{what}");
                }
                Intervention::Unknown => panic!("{what}: it is there"),
            }
        }
    }
}

async fn a_retry_forgets_the_failed_run_and_drops_its_instance(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, false).await;
    put(ledger, &row, Status::Failed, Some("i-old")).await;
    let said = ledger.start(&row.id, "me").await.expect("an answer");
    let Intervention::Done(after, rung) = said else {
        panic!("{said:?}");
    };
    assert_eq!((after.run, after.instance_id.as_deref()), (2, None));
    let tasks = tasks_of(ledger, &row.id).await;
    let mut kinds: Vec<_> = tasks
        .iter()
        .map(|t| (t.kind.as_str(), t.scope.as_deref()))
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("destroy", Some("i-old")), ("launch", None)]);
    assert_eq!(rung.len(), 2);
}

async fn a_cancelled_one_loses_its_waiting_tasks_and_its_instance(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, true).await;
    ledger.cancel(&row.id, "me").await.expect("an answer");
    let tasks = tasks_of(ledger, &row.id).await;
    let launch = tasks
        .iter()
        .find(|task| task.kind == "launch")
        .expect("a launch");
    assert_eq!(launch.state, "cancelled");
    assert!(launch.finished_at.is_some());
    let destroy = tasks
        .iter()
        .find(|task| task.kind == "destroy")
        .expect("a destroy");
    assert_eq!(
        (destroy.state.as_str(), destroy.scope.as_deref()),
        (
            "available",
            Some(Ending::Cancel { run: 1 }.scope().as_str())
        )
    );
    let after = now(ledger, &row).await;
    assert_eq!(after.ami_status.as_deref(), Some("skipped"));
    assert_eq!(after.ami_skip_reason.as_deref(), Some("ended"));
    assert!(after.finished_at.is_some());

    // A worker that holds a task keeps it and learns of the end at its next commit.
    let (row, claim) = claimed(ledger, "w").await;
    ledger.cancel(&row.id, "me").await.expect("an answer");
    let (task, _) = ledger
        .task(&claim.task.id)
        .await
        .expect("a look")
        .expect("a task");
    assert_eq!(task.state, "running");
}

async fn a_second_destroy_makes_no_second_task(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, false).await;
    put(ledger, &row, Status::Success, Some("i-1")).await;
    for _ in 0..3 {
        ledger.destroy(&row.id, "me").await.expect("an answer");
    }
    let tasks = tasks_of(ledger, &row.id).await;
    assert_eq!(
        tasks.iter().filter(|task| task.kind == "destroy").count(),
        1
    );
}

async fn one_of_ten_cancels_is_done(ledgers: Ledgers) {
    let (row, _) = create(ledgers.ledger(), true).await;
    let answers = race(&ledgers, 10, |_, ledger| {
        let id = row.id.clone();
        async move { ledger.cancel(&id, "me").await.expect("an answer") }
    })
    .await;
    let done = answers
        .iter()
        .filter(|one| matches!(one, Intervention::Done(..)))
        .count();
    let already = answers
        .iter()
        .filter(|one| matches!(one, Intervention::Already(_)))
        .count();
    assert_eq!((done, already), (1, 9));
    let events = ledgers
        .ledger()
        .events(&row.id, 0, 100)
        .await
        .expect("events");
    let said = events
        .iter()
        .filter(|event| event.kind == "deployment.cancelled")
        .count();
    assert_eq!(said, 1);
}

async fn intervening_with_an_unknown_deployment_says_so(ledgers: Ledgers) {
    for word in 0..3 {
        let said = say(ledgers.ledger(), word, "dep_none").await;
        assert!(matches!(said, Intervention::Unknown), "{said:?}");
    }
}
