//! Rows to begin with: a deployment of the built-in template, tasks, image keys; and a hand on the clock, by moving time
//! stamps into the past.

use super::byhand::ByHand;
use chrono::TimeDelta;
use ingot_domain::arch::Arch;
use ingot_domain::base::ResolvedBase;
use ingot_domain::ids::DeploymentId;
use ingot_domain::image::ImageKey;
use ingot_domain::request::{self, Draft, Limits};
use ingot_domain::task::TaskKind;
use ingot_entity::store::{Claim, Created, NewDeployment, NewTask, TaskQuery};
use ingot_entity::{Ledger, deployment, task};
use ingot_migration::sea_orm::sea_query::Expr;
use ingot_migration::sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

/// A deployment of the built-in template, to be created.
pub(crate) fn new_deployment(version: &str, start: bool) -> NewDeployment {
    let recipe = ingot_yaml::kamiwaza();
    let draft = Draft {
        template: recipe.name.clone(),
        version: version.to_owned(),
        region: "us-east-1".to_owned(),
        ..Draft::default()
    };
    let limits = Limits {
        regions: vec!["us-east-1".to_owned()],
    };
    NewDeployment {
        id: DeploymentId::new(Uuid::new_v4()),
        order: request::parse(draft, &recipe, &limits).expect("an order"),
        recipe: recipe.into(),
        revision: None,
        start,
        by: "the test".to_owned(),
    }
}

/// A deployment, and its launch task when it is started.
pub(crate) async fn create(ledger: &Ledger, start: bool) -> (deployment::Model, Option<NewTask>) {
    let new = new_deployment("v0.9.2", start);
    match ledger.create_deployment(new, None).await.expect("a row") {
        Created::New(row, task) => (row, task),
        other => panic!("without a key it is always new: {other:?}"),
    }
}

/// A started deployment and its claimed launch task.
pub(crate) async fn claimed(ledger: &Ledger, worker: &str) -> (deployment::Model, Claim) {
    let (row, task) = create(ledger, true).await;
    let id = task.expect("a task").id;
    let claim = ledger.claim(id.as_str(), worker).await.expect("a claim");
    (row, claim.expect("it is due"))
}

/// A deployment as it is now.
pub(crate) async fn now(ledger: &Ledger, row: &deployment::Model) -> deployment::Model {
    let found = ledger.deployment(&row.id).await.expect("a look");
    found.expect("it is there")
}

/// A task as it is now.
pub(crate) async fn task_now(ledger: &Ledger, id: &str) -> task::Model {
    ledger.task(id).await.expect("a look").expect("a task").0
}

/// The outcomes of a task's attempts, oldest first.
pub(crate) async fn outcomes(ledger: &Ledger, id: &str) -> Vec<String> {
    let (_, attempts) = ledger.task(id).await.expect("a look").expect("a task");
    attempts.into_iter().map(|row| row.outcome).collect()
}

/// Every task of a deployment.
pub(crate) async fn tasks_of(ledger: &Ledger, deployment_id: &str) -> Vec<task::Model> {
    let query = TaskQuery {
        deployment_id: Some(deployment_id.to_owned()),
        ..TaskQuery::default()
    };
    ledger.list_tasks(&query, 100).await.expect("a list")
}

/// A task about nothing, due in so many seconds (or ago).
pub(crate) async fn enqueue(ledger: &Ledger, kind: TaskKind, in_seconds: i64) -> String {
    let due = ledger.now() + TimeDelta::seconds(in_seconds);
    let new = NewTask::about(kind, "nothing", Uuid::new_v4().to_string(), due);
    ledger
        .enqueue(std::slice::from_ref(&new))
        .await
        .expect("a task");
    new.id.to_string()
}

/// Lets the lease of a task's holder run out.
pub(crate) async fn lapse(ledger: &Ledger, id: &str) {
    let past = ledger.now() - TimeDelta::seconds(1);
    set(ledger, id, task::Column::LeaseUntil, past).await;
}

/// Moves one time stamp of a task.
pub(crate) async fn set(ledger: &Ledger, id: &str, what: task::Column, at: ingot_domain::Instant) {
    let moved = task::Entity::update_many()
        .col_expr(what, Expr::value(at))
        .filter(task::Column::Id.eq(id))
        .exec(ledger.database())
        .await
        .expect("an update");
    assert_eq!(moved.rows_affected, 1);
}

/// An image key of a version.
pub(crate) fn key(version: &str) -> ImageKey {
    ImageKey {
        template: "kamiwaza".to_owned(),
        version: version.parse().expect("a version"),
        mode: "full".to_owned(),
        arch: Arch::X86_64,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        base: base("noble-1", "ami-base").identity("us-east-1"),
        base_image: "ami-base".to_owned(),
        fingerprint: "f".repeat(64),
    }
}

/// A build of the line every key here is of.
pub(crate) fn base(name: &str, ami_id: &str) -> ResolvedBase {
    let at = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
    ResolvedBase {
        owner: Some("099720109477".to_owned()),
        name: Some(name.to_owned()),
        ami_id: ami_id.to_owned(),
        created_at: Some(at),
        asked_at: at,
        line: "ssm:/ubuntu".to_owned(),
    }
}

/// The same key on another build of its base.
pub(crate) fn on(key: &ImageKey, base: &ResolvedBase) -> ImageKey {
    ImageKey {
        base: base.identity(&key.region),
        base_image: base.ami_id.clone(),
        ..key.clone()
    }
}
