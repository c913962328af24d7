//! Accepting deployments: rows, first events, first tasks and idempotency records in one transaction. Requests that come
//! at the same time share it (`group`).

use std::collections::HashSet;
use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::deployment::Status;
use ingot_domain::event::{Line, Source};
use ingot_domain::fingerprint;
use ingot_domain::ids::DeploymentId;
use ingot_domain::request::Order;
use ingot_domain::task::TaskKind;
use ingot_domain::template::Template;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, TransactionTrait,
};

use super::rows::{Rows, record};
use super::tasks::NewTask;
use super::{Ledger, LedgerError, change, tasks};
use crate::{deployment, idempotency};

/// A deployment to be created.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Its id, made by the caller.
    pub id: DeploymentId,
    /// What was ordered.
    pub order: Order,
    /// The template's revision as it is now; later revisions do not reach this deployment.
    pub recipe: Template,
    /// Start at once.
    pub start: bool,
    /// Who asked, for the story.
    pub by: String,
}

/// The idempotency record of a creating request.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim {
    /// Keys are per token.
    pub token_id: String,
    /// As sent.
    pub key: String,
    /// Hash of what was asked.
    pub request_hash: String,
}

/// What creating led to.
#[derive(Debug)]
pub enum Created<T> {
    /// A new one, and the task to ring for.
    New(T, Option<NewTask>),
    /// The same request had been accepted before.
    Before(String),
    /// The same key was used for another request.
    Mismatch,
}

/// A request that is being accepted.
#[derive(Debug)]
pub(super) struct Intake {
    row: deployment::Model,
    lines: Vec<Line>,
    task: Option<NewTask>,
    idempotency: Option<IdempotencyClaim>,
}

impl Ledger {
    /// Creates a deployment, or finds what the idempotency key led to before. Requests that come at the same time share a
    /// transaction.
    pub async fn create_deployment(
        &self,
        new: NewDeployment,
        idempotency: Option<IdempotencyClaim>,
    ) -> Result<Created<deployment::Model>, LedgerError> {
        let now = self.now();
        let row = row(&new, now)?;
        let task = new
            .start
            .then(|| NewTask::of_deployment(TaskKind::Launch, &row.id, row.run, now));
        let lines = lines(&new);
        let intake = Intake {
            row,
            lines,
            task,
            idempotency,
        };
        let created = self.intake.submit(Arc::new(intake)).await;
        created.unwrap_or_else(|| Err(closed()))
    }
}

/// Accepts a batch of requests in one transaction; when the database refuses it, each by itself.
pub(super) async fn accept_all(
    db: &DatabaseConnection,
    batch: Vec<Arc<Intake>>,
    now: Instant,
) -> Vec<Result<Created<deployment::Model>, LedgerError>> {
    match together(db, &batch, now).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if batch.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut answers = Vec::with_capacity(batch.len());
            for one in &batch {
                let alone = together(db, std::slice::from_ref(one), now).await;
                answers.push(alone.and_then(|mut answers| answers.pop().ok_or_else(closed)));
            }
            answers
        }
    }
}
async fn together(
    db: &DatabaseConnection,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<Vec<Created<deployment::Model>>, LedgerError> {
    let tx = db.begin().await?;
    let first = claim_keys(&tx, batch, now).await?;
    let (mut rows, mut events, mut tasks) = (Rows::of(&[ACCEPTED]), change::events(), Vec::new());
    for one in batch.iter().filter(|one| one.is_first(&first)) {
        rows.push(accepted(&one.row));
        change::say(&mut events, &one.row.id, 0, &one.lines, now);
        tasks.extend(one.task.clone());
    }
    if rows.is_empty() {
        tx.rollback().await?;
    } else {
        rows.insert(&tx, "deployment", "").await?;
        change::append(&tx, events).await?;
        tasks::insert(&tx, &tasks, now, true).await?;
        tx.commit().await?;
    }
    let mut answers = Vec::with_capacity(batch.len());
    for one in batch {
        answers.push(match &one.idempotency {
            Some(claim) if !one.is_first(&first) => before(db, claim).await?,
            _ => Created::New(one.row.clone(), one.task.clone()),
        });
    }
    Ok(answers)
}

impl Intake {
    /// It carries no key, or was the first with its key.
    fn is_first(&self, first: &HashSet<String>) -> bool {
        self.idempotency.is_none() || first.contains(&self.row.id)
    }
}

/// Inserts the batch's idempotency records; answers the deployments whose key nobody had used. On Postgres a second request
/// with the same key waits here for the first to commit; all wait in the order of keys, so never in a circle.
async fn claim_keys<C: ConnectionTrait>(
    tx: &C,
    batch: &[Arc<Intake>],
    now: Instant,
) -> Result<HashSet<String>, LedgerError> {
    let mut claims: Vec<_> = batch
        .iter()
        .filter_map(|one| Some((one.idempotency.as_ref()?, &one.row.id)))
        .collect();
    claims.sort_by_key(|(claim, _)| (&claim.token_id, &claim.key));
    let mut rows = Rows::of(&[KEY]);
    for (claim, resource_id) in claims {
        rows.push(key(&idempotency::Model {
            token_id: claim.token_id.clone(),
            key: claim.key.clone(),
            request_hash: claim.request_hash.clone(),
            resource_id: resource_id.clone(),
            created_at: now,
        }));
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let rest = "ON CONFLICT DO NOTHING RETURNING resource_id";
    let inserted = rows.insert_returning(tx, "idempotency", rest).await?;
    let first = inserted.iter().map(|row| row.try_get("", "resource_id"));
    Ok(first.collect::<Result<_, DbErr>>()?)
}

/// What a key led to before.
async fn before(
    db: &DatabaseConnection,
    claim: &IdempotencyClaim,
) -> Result<Created<deployment::Model>, LedgerError> {
    let found = idempotency::Entity::find_by_id((claim.token_id.clone(), claim.key.clone()))
        .one(db)
        .await?;
    Ok(match found {
        Some(before) if before.request_hash == claim.request_hash => {
            Created::Before(before.resource_id)
        }
        // Gone within this millisecond: pruned. The caller's next try finds the key free.
        None => return Err(closed()),
        Some(_) => Created::Mismatch,
    })
}

record! {
    /// An idempotency record.
    KEY, key of idempotency::Model {
        token_id: "text", key: "text", request_hash: "text", resource_id: "text", created_at: "timestamptz",
    }
}

record! {
    /// A deployment as it is accepted; every other column starts empty.
    ACCEPTED, accepted of deployment::Model {
        id: "text", job_name: "text", template: "text", version: "text", mode: "text", region: "text",
        order: "jsonb", recipe: "jsonb", fingerprint: "text", status: "text", run: "integer",
        checks: "integer", successes: "integer", event_seq: "bigint", row_version: "bigint",
        created_at: "timestamptz", started_at: "timestamptz",
    }
}

fn closed() -> LedgerError {
    LedgerError::Connect("the ledger is closed".to_owned())
}

fn lines(new: &NewDeployment) -> Vec<Line> {
    let order = &new.order;
    let what = format!(
        "{} {} ({}) in {} on {} was requested by {}",
        order.template, order.version, order.mode, order.region, order.instance_type, new.by
    );
    let mut lines = vec![Line::info("deployment.requested", Source::Request, what)];
    if new.start {
        lines.push(Line::info(
            "deployment.queued",
            Source::Request,
            "Queued for launch",
        ));
    }
    lines
}

fn row(new: &NewDeployment, now: Instant) -> Result<deployment::Model, LedgerError> {
    let json = |what, value: Result<serde_json::Value, serde_json::Error>| {
        value.map_err(|source| LedgerError::Json { what, source })
    };
    let status = if new.start {
        Status::Queued
    } else {
        Status::Pending
    };
    let effective = Template {
        user_data: new
            .order
            .user_data
            .clone()
            .or_else(|| new.recipe.user_data.clone()),
        ..new.recipe.clone()
    };
    Ok(deployment::Model {
        id: new.id.to_string(),
        job_name: new.order.job_name.clone(),
        template: new.order.template.clone(),
        version: new.order.version.to_string(),
        mode: new.order.mode.clone(),
        region: new.order.region.clone(),
        order: json("order", serde_json::to_value(&new.order))?,
        recipe: json("recipe", serde_json::to_value(&effective))?,
        fingerprint: fingerprint::of_recipe(&effective),
        status: status.as_str().to_owned(),
        error_message: None,
        run: i32::from(new.start),
        account: None,
        base_image_id: None,
        base_image_description: None,
        launch_path: None,
        source_ami_id: None,
        instance_id: None,
        security_group_id: None,
        public_ip: None,
        private_ip: None,
        checks: 0,
        successes: 0,
        probe_class: None,
        probe_detail: None,
        time_to_ready_ms: None,
        install_command_id: None,
        installed_at: None,
        reverified_at: None,
        ami_status: None,
        created_ami_id: None,
        ami_created_at: None,
        ami_error: None,
        ami_skip_reason: None,
        image_id: None,
        event_seq: i64::try_from(lines(new).len()).unwrap_or(0),
        row_version: 0,
        created_at: now,
        started_at: new.start.then_some(now),
        launched_at: None,
        ready_at: None,
        finished_at: None,
    })
}

/// Inserts the record; answers the earlier one when the key was used before. On Postgres a second request with the same key
/// waits here for the first to commit.
pub(super) async fn claim_key<C: ConnectionTrait>(
    tx: &C,
    claim: &IdempotencyClaim,
    resource_id: &str,
    now: Instant,
) -> Result<Option<idempotency::Model>, LedgerError> {
    let row = idempotency::ActiveModel {
        token_id: Set(claim.token_id.clone()),
        key: Set(claim.key.clone()),
        request_hash: Set(claim.request_hash.clone()),
        resource_id: Set(resource_id.to_owned()),
        created_at: Set(now),
    };
    let inserted = idempotency::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    if inserted > 0 {
        return Ok(None);
    }
    Ok(
        idempotency::Entity::find_by_id((claim.token_id.clone(), claim.key.clone()))
            .one(tx)
            .await?,
    )
}
