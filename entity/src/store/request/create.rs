//! A requested deployment: what its row, its first line and its first task are. `intake` accepts it, `accept` writes it.

use std::borrow::Cow;

use std::sync::Arc;

use ingot_domain::Instant;
use ingot_domain::deployment::Status;
use ingot_domain::fingerprint;
use ingot_domain::given::{contradictions, recorded};
use ingot_domain::ids::DeploymentId;
use ingot_domain::request::Order;
use ingot_domain::task::TaskKind;
use ingot_domain::template::parameter::told;
use ingot_domain::template::{Create, Template};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::Value;

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::engine::commit::is_refusal;
use crate::store::engine::tasks::NewTask;
use crate::store::request::intake::{self, Answer, Intake, closed};
use crate::{deployment, idempotency};

/// A deployment to be created.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Its id, made by the caller.
    pub id: DeploymentId,
    /// What was ordered.
    pub order: Order,
    /// The template's revision as it is now; later revisions do not reach this deployment.
    pub recipe: Arc<Template>,
    /// Which revision of the ledger's templates that is, if it is one.
    pub revision: Option<Revision>,
    /// Start at once.
    pub start: bool,
    /// Who asked, for the story.
    pub by: String,
}

/// A revision of a template, which never changes.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number.
    pub number: i32,
    /// [`fingerprint::of_recipe`] of it.
    pub fingerprint: String,
    /// Whether all workers read a deployment that only refers to it ([`Ledger::all_read_references`]); it is copied
    /// otherwise.
    pub referred: bool,
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

impl Requested {
    /// The builder of a build, which ends by `ends_at` whatever happens, with what its story begins with.
    pub fn builder(
        new: &NewDeployment,
        build: &str,
        ends_at: Instant,
        now: Instant,
    ) -> Result<(Self, String), LedgerError> {
        let row = deployment::Model {
            build_id: Some(build.to_owned()),
            ends_at: Some(ends_at),
            ..row(new, now)?
        };
        let order = new.order.clone();
        Ok((Self { row, order }, said(new)))
    }
}

/// A deployment that was just accepted. Its order is here as it was read: JSON is made of it for the ledger alone.
#[derive(Debug, Clone)]
pub struct Requested {
    pub(in crate::store) row: deployment::Model,
    pub(in crate::store) order: Order,
}

impl Requested {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.row.id
    }

    /// The row but for its order, and the order.
    pub fn into_parts(self) -> (deployment::Model, Order) {
        (self.row, self.order)
    }

    /// The row as it is stored.
    pub fn into_row(self) -> Result<deployment::Model, LedgerError> {
        let order = json("order", serde_json::to_value(&self.order))?;
        Ok(deployment::Model { order, ..self.row })
    }
}

/// Whether an acceptance that workers see already may still be lost by a crash of Postgres. [`Ledger::settle`] ends that.
#[derive(Debug)]
#[must_use = "what is not settled may be lost, so no caller may be told of it"]
pub(in crate::store) struct Unsettled(pub(super) bool);

impl Ledger {
    /// Creates a deployment, or finds what the idempotency key led to before. Requests that come at the same time share a
    /// transaction.
    pub async fn create_deployment(
        &self,
        new: NewDeployment,
        idempotency: Option<IdempotencyClaim>,
    ) -> Result<Created<deployment::Model>, LedgerError> {
        let ring = |_: &NewTask| std::future::ready(());
        let created = self.request_deployment(new, idempotency, ring).await?;
        Ok(match created {
            Created::New(requested, task) => Created::New(requested.into_row()?, task),
            Created::Before(id) => Created::Before(id),
            Created::Mismatch => Created::Mismatch,
        })
    }

    /// The same, without its JSON; `ring` is called with the task as soon as workers can see it, before the disk is waited
    /// for. What a worker does meanwhile it writes down before it does it, and that write is after this one on the disk.
    pub async fn request_deployment<Rung: Future<Output = ()>>(
        &self,
        new: NewDeployment,
        idempotency: Option<IdempotencyClaim>,
        ring: impl FnOnce(&NewTask) -> Rung,
    ) -> Result<Created<Requested>, LedgerError> {
        let now = self.now();
        let row = row(&new, now)?;
        let task = new
            .start
            .then(|| NewTask::of_deployment(TaskKind::Launch, &row.id, row.run, now));
        let said = said(&new);
        let order = new.order;
        let intake = Intake {
            requested: Box::new(Requested { row, order }),
            said,
            actor: self.actor.clone(),
            task,
            idempotency,
        };
        let answer = self.intake.submit(intake).await;
        let (answer, unsettled) = answer.unwrap_or_else(|| Err(closed()))?;
        let created = match answer {
            Answer::Written(requested, task) => Created::New(*requested, task),
            Answer::Taken(claim) => intake::before(&self.db, &claim).await?,
        };
        if let Created::New(_, Some(task)) = &created {
            ring(task).await;
        }
        if unsettled.0 {
            // The bell goes out before the disk is waited for: a worker begins meanwhile.
            tokio::task::yield_now().await;
        }
        self.settle(unsettled).await?;
        Ok(created)
    }

    /// Waits until what was accepted is on the disk: a commit with nothing in it but a message without a reader, which is
    /// written, flushed and replicated after everything before it.
    async fn settle(&self, unsettled: Unsettled) -> Result<(), LedgerError> {
        if !unsettled.0 {
            return Ok(());
        }
        let run = async |sql: &str| {
            let statement = Statement::from_string(DbBackend::Postgres, sql);
            let answered = self.db.query_all_raw(statement).await;
            answered.map_err(LedgerError::Database)
        };
        match run("SELECT pg_logical_emit_message(true, 'ingot', '')").await {
            // Some services keep that function for themselves.
            Err(error) if is_refusal(&error) => run("UPDATE setting SET value = value").await?,
            answered => answered?,
        };
        Ok(())
    }
}

/// The first line of every deployment's story; it says, too, whether the launch is queued.
pub(in crate::store) const REQUESTED: &str = "deployment.requested";

fn said(new: &NewDeployment) -> String {
    let order = &new.order;
    let with = match told(&order.parameters).join(", ") {
        none if none.is_empty() => none,
        some => format!(" with {some}"),
    };
    let mut said = format!(
        "{} {} ({}){with} in {} on {} was requested by {}{}",
        order.template,
        order.version,
        order.mode,
        order.region,
        order.instance_type,
        new.by,
        if new.start {
            " and queued for launch"
        } else {
            ""
        }
    );
    let builds_alone = new.recipe.images.create == Create::Build && order.build_only.is_none();
    if builds_alone && new.recipe.is_of_another_image(&order.parameters) {
        said.push_str("; no image of it is wanted: builds make images of the default values alone");
    }
    if let Some(is) = &order.told {
        for against in contradictions(order, &new.recipe, is) {
            said.push_str(&format!(
                "; the AMI it starts from is another, as forced: {against}"
            ));
        }
    }
    said
}

/// The recipe as a deployment keeps it, and its fingerprint: a reference to the revision, or a copy of its own.
pub(in crate::store) fn frozen(
    order: &Order,
    recipe: &Template,
    revision: Option<&Revision>,
) -> Result<(Value, String), LedgerError> {
    let own = order.own_recipe(recipe);
    match (revision, own) {
        (Some(revision), None) if revision.referred => {
            Ok((Value::Null, revision.fingerprint.clone()))
        }
        (_, own) => {
            let recipe = own.unwrap_or(Cow::Borrowed(recipe));
            let stored = json("recipe", serde_json::to_value(&*recipe))?;
            Ok((stored, fingerprint::of_recipe(&recipe)))
        }
    }
}

fn json(what: &'static str, value: Result<Value, serde_json::Error>) -> Result<Value, LedgerError> {
    value.map_err(|source| LedgerError::Json { what, source })
}

/// The row but for its order.
fn row(new: &NewDeployment, now: Instant) -> Result<deployment::Model, LedgerError> {
    // What follows from starting is written by `accept`, for all that start together; this is what they hear.
    let status = if new.start {
        Status::Queued
    } else {
        Status::Pending
    };
    let (recipe, fingerprint) = frozen(&new.order, &new.recipe, new.revision.as_ref())?;
    let is = recorded(&new.order, &new.order.told.clone().unwrap_or_default());
    Ok(deployment::Model {
        id: new.id.to_string(),
        job_name: is.job_name,
        template: new.order.template.clone(),
        version: is.version,
        mode: is.mode,
        region: new.order.region.clone(),
        order: Value::Null,
        recipe,
        template_revision: new.revision.as_ref().map(|revision| revision.number),
        fingerprint,
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
        inquiry: None,
        installed_at: None,
        reverified_at: None,
        ami_status: None,
        created_ami_id: None,
        ami_created_at: None,
        ami_error: None,
        ami_skip_reason: None,
        image_id: None,
        event_seq: 1,
        row_version: 0,
        created_at: now,
        started_at: new.start.then_some(now),
        launched_at: None,
        ready_at: None,
        finished_at: None,
        ends_at: None,
        end_told: None,
        build_id: None,
    })
}

/// Inserts the record; answers the earlier one when the key was used before. On Postgres a second request with the same key
/// waits here for the first to commit.
pub(in crate::store) async fn claim_key<C: ConnectionTrait>(
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
