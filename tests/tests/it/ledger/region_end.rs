//! The end of a simulated region under a kept ledger: no row points into it, every story says so, nothing is left to do for
//! what was in it, and what had not begun goes on.

use ingot_domain::deployment::Status;
use ingot_domain::image::ImageStatus;
use ingot_domain::task::TaskKind;
use ingot_entity::store::{EffectKind, Intention, NewTask};
use ingot_entity::{Ledger, deployment, effect, image};
use ingot_migration::sea_orm::sea_query::Expr;
use ingot_migration::sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use ingot_tests::Ledgers;

use super::on_both;
use super::rows::{base, claimed, create, key, now, tasks_of};

on_both!(
    whatever_was_in_the_region_ends_and_says_so,
    a_deployment_that_waits_for_its_launch_goes_on,
    no_image_holds_its_key_and_no_effect_stays_open,
);

const HELD: [Status; 6] = [
    Status::Deploying,
    Status::Running,
    Status::Success,
    Status::Failed,
    Status::ReadinessTimeout,
    Status::Cancelled,
];

async fn put(ledger: &Ledger, id: &str, status: Status, ami: Option<&str>) {
    use deployment::Column;
    deployment::Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.as_str()))
        .col_expr(Column::AmiStatus, Expr::value(ami))
        .col_expr(Column::InstanceId, Expr::value("i-0123"))
        .col_expr(Column::SecurityGroupId, Expr::value("sg-0123"))
        .filter(Column::Id.eq(id))
        .exec(ledger.database())
        .await
        .expect("an update");
}

async fn whatever_was_in_the_region_ends_and_says_so(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut rows = Vec::new();
    for status in HELD {
        // Held by the process that was killed.
        let (row, claim) = claimed(ledger, "the last process").await;
        put(ledger, &row.id, status, None).await;
        rows.push((status, row, claim));
    }
    let (making, _) = create(ledger, true).await;
    put(ledger, &making.id, Status::Success, Some("creating")).await;
    let ended = ledger.end_region().await.expect("an end");
    assert_eq!(ended.deployments, 7);
    for (status, row, claim) in &rows {
        let after = now(ledger, row).await;
        assert_eq!(
            (&after.instance_id, &after.security_group_id),
            (&None, &None)
        );
        let wanted = match status {
            Status::Deploying | Status::Running => Status::Failed,
            Status::Success => Status::Destroyed,
            same => *same,
        };
        assert_eq!(after.status, wanted.as_str(), "{status}");
        let story = ledger.events(&row.id, 0, 100).await.expect("a story");
        let told = story
            .iter()
            .filter(|line| line.kind == "deployment.region_ended");
        let told: Vec<_> = told.map(|line| line.message.as_str()).collect();
        assert_eq!(told.len(), 1, "{status}: {told:?}");
        assert!(told[0].contains("i-0123"), "{told:?}");
        let task = super::rows::task_now(ledger, &claim.task.id).await;
        assert_eq!((task.state.as_str(), task.lease_until), ("cancelled", None));
    }
    let after = now(ledger, &making).await;
    assert_eq!(after.ami_status.as_deref(), Some("failed"));
    // The scan finds nothing to complain of, and a second end finds nothing to do.
    assert_eq!(ledger.scan().await.expect("a scan").seen, []);
    let again = ledger.end_region().await.expect("an end");
    assert_eq!((again.deployments, again.images), (0, 0));
    // What was under way can be retried.
    let retried = ledger.start(&rows[0].1.id, "me").await.expect("an answer");
    assert!(matches!(
        retried,
        ingot_entity::store::Intervention::Done(..)
    ));
}

async fn a_deployment_that_waits_for_its_launch_goes_on(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (pending, _) = create(ledger, false).await;
    let (queued, _) = create(ledger, true).await;
    // A retry keeps the group of the run before.
    let (retried, _) = create(ledger, true).await;
    deployment::Entity::update_many()
        .col_expr(deployment::Column::SecurityGroupId, Expr::value("sg-0123"))
        .filter(deployment::Column::Id.eq(&retried.id))
        .exec(ledger.database())
        .await
        .expect("an update");
    let look = NewTask::about(
        TaskKind::Monitor,
        "us-east-1",
        "monitor:us-east-1".to_owned(),
        ledger.now(),
    );
    let cleaning = NewTask {
        deployment_id: Some(queued.id.clone()),
        ..NewTask::about(TaskKind::Destroy, "i-0", "end".to_owned(), ledger.now())
    };
    ledger.enqueue(&[look, cleaning]).await.expect("tasks");
    ledger.end_region().await.expect("an end");
    assert_eq!(now(ledger, &pending).await, pending);
    assert_eq!(now(ledger, &queued).await, queued);
    let after = now(ledger, &retried).await;
    assert_eq!(
        (after.status.as_str(), after.security_group_id),
        ("queued", None)
    );
    for row in [&queued, &retried] {
        let live = tasks_of(ledger, &row.id).await;
        let live: Vec<_> = live
            .iter()
            .filter(|task| task.state != "cancelled")
            .map(|task| task.kind.as_str())
            .collect();
        assert_eq!(live, ["launch"]);
    }
    assert_eq!(ledger.scan().await.expect("a scan").seen, []);
}

async fn no_image_holds_its_key_and_no_effect_stays_open(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(ledger, true).await;
    put(ledger, &row.id, Status::Success, Some("completed")).await;
    let mut ids = Vec::new();
    for (number, &status) in ImageStatus::ALL.iter().enumerate() {
        let key = key(&format!("v1.0.{number}"));
        let base = base("noble-1", "ami-base");
        let name = format!("image-{number}");
        let claim = image::Model::claim(&key, &base, 1, name, &row.id, "i-0123", ledger.now());
        let stored = image::Model {
            status: status.as_str().to_owned(),
            ami_id: Some(format!("ami-{number}")),
            ..claim
        };
        ids.push(stored.id.clone());
        image::Entity::insert(stored.into_active_model())
            .exec_without_returning(ledger.database())
            .await
            .expect("a row");
    }
    let new = Intention {
        deployment_id: &row.id,
        run: 1,
        kind: EffectKind::Launch,
        generation: 1,
        region: "us-east-1",
        params: serde_json::json!({}),
    };
    let id = ingot_domain::ids::EffectId::new(uuid::Uuid::from_u128(7));
    let open = effect::Model::intention(&id, new, ledger.now());
    effect::Entity::insert(open.into_active_model())
        .exec_without_returning(ledger.database())
        .await
        .expect("a row");
    let ended = ledger.end_region().await.expect("an end");
    assert_eq!(ended.images, 4, "claimed, pending, available and missing");
    for id in ids {
        let row = ledger.image(&id).await.expect("a look").expect("a row");
        let status = row.parsed_status().expect("a word");
        assert!(!status.holds_key(), "{status}");
    }
    assert_eq!(
        ledger
            .images_to_reconcile("us-east-1")
            .await
            .expect("rows")
            .len(),
        1,
        "only the one that was deleted before"
    );
    let row = ledger.effect_by_id(id.as_str()).await.expect("a look");
    assert_eq!(row.expect("a row").state, "not_done");
}
