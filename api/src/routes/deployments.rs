//! Deployments: request, list, show, and what people do to one.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_client::{Base, CreateDeployment, Deployment, DeploymentFilter, LaunchedAs, Page};
use ingot_domain::deployment::Status;
use ingot_domain::field::FieldError;
use ingot_domain::fingerprint::hex_sha256;
use ingot_domain::ids::DeploymentId;
use ingot_domain::launched::Launched;
use ingot_domain::request::{self, Order};
use ingot_entity::store::{
    Created, DeploymentQuery, EffectKind, IdempotencyClaim, Intervention, NewDeployment, NewTask,
    Purpose,
};
use ingot_entity::{deployment, effect};
use uuid::Uuid;

use super::{again, builds, cursor, filter, given, limit, page, stale, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::{IdempotencyKey, Json};
use crate::error::ApiError;
use crate::present;
use crate::state::{Api, Recipe};

/// Request a deployment
///
/// Answers as soon as the request is durable; the work is done by workers. Repeat a request whose answer was lost with the
/// same `Idempotency-Key`: it leads to the same deployment.
#[utoipa::path(
    post, path = "/v1/deployments", tag = "deployments", operation_id = "createDeployment",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, kept for 24 h", min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body = CreateDeployment,
    responses((status = 202, description = "Accepted", body = Deployment, headers(("Location" = String, description = "Where to look"))))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(body): Json<CreateDeployment>,
) -> Result<Response, ApiError> {
    let (shown, replayed) = request(&api, caller, key, body).await?;
    Ok(accepted(shown, replayed))
}

/// Requests a deployment, and says whether the same key has led to it before; the console uses it too.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of deployment ids"
)]
pub(crate) async fn request(
    api: &Api,
    caller: Caller,
    key: Option<String>,
    body: CreateDeployment,
) -> Result<(Deployment, bool), ApiError> {
    let canonical = serde_json::to_vec(&body).map_err(|_| ApiError::Internal)?;
    let start = body.start.unwrap_or(true);
    let claim = key.map(|key| IdempotencyClaim {
        token_id: caller.token_id.clone(),
        key,
        request_hash: hex_sha256(b"POST /v1/deployments\n".iter().copied().chain(canonical)),
    });
    let (order, recipe) = match accept(api, body).await {
        Ok(accepted) => accepted,
        // Templates and limits change; what was accepted before stays accepted.
        Err(error) => {
            let before = match &claim {
                Some(claim) => api.ledger.remembered(claim).await?,
                None => None,
            };
            let id = before.ok_or(error)?;
            return replayed(api, &id).await;
        }
    };
    let id = DeploymentId::new(Uuid::now_v7());
    let new = NewDeployment {
        id,
        order,
        recipe: recipe.template,
        revision: Some(recipe.revision),
        start,
        by: caller.name.clone(),
    };
    let shown_key = claim
        .as_ref()
        .map(|claim| claim.key.clone())
        .unwrap_or_default();
    let ring = |task: &NewTask| {
        api.ringer
            .ring(task.kind.queue().as_str(), task.id.as_str());
        std::future::ready(())
    };
    let created = caller.ledger.request_deployment(new, claim, ring).await?;
    match created {
        Created::New(requested, _) => {
            let (row, order) = requested.into_parts();
            Ok((present::ordered(row, Some(order), None), false))
        }
        Created::Before(id) => replayed(api, &id).await,
        Created::Mismatch => Err(ApiError::KeyReused(shown_key)),
    }
}

/// What the request means by today's template and limits.
async fn accept(api: &Api, body: CreateDeployment) -> Result<(Order, Recipe), ApiError> {
    // A name that no template can have is not looked up: the database need not see it.
    let recipe = match ingot_domain::template::slug("template", &body.template, 40) {
        Ok(()) => api.template(&body.template).await?,
        Err(_) => None,
    };
    let Some(recipe) = recipe else {
        let known: Vec<String> = api
            .ledger
            .templates()
            .await?
            .into_iter()
            .map(|row| row.name)
            .collect();
        let message = format!(
            "choose one of {}, or add it with `ingot templates apply`",
            known.join(", ")
        );
        return Err(ApiError::Invalid(vec![FieldError::new(
            "template",
            &body.template,
            message,
        )]));
    };
    let draft = body
        .draft()
        .map_err(|error| ApiError::Invalid(vec![error]))?;
    let order = request::parse(draft, &recipe.template, &api.limits);
    let mut order = order.map_err(ApiError::Invalid)?;
    given::check(api, &mut order, &recipe.template).await?;
    stale::check(api, &order, &recipe).await?;
    Ok((order, recipe))
}

async fn replayed(api: &Api, id: &str) -> Result<(Deployment, bool), ApiError> {
    let row = api.ledger.deployment(id).await?.ok_or(ApiError::Internal)?;
    Ok((api.shown(row).await?, true))
}

fn accepted(deployment: Deployment, replayed: bool) -> Response {
    let location = format!("/v1/deployments/{}", deployment.id);
    let headers = [
        (header::LOCATION, location),
        (
            HeaderName::from_static("idempotency-replayed"),
            replayed.to_string(),
        ),
    ];
    (StatusCode::ACCEPTED, headers, Json(deployment)).into_response()
}

/// List deployments, newest first
#[utoipa::path(
    get, path = "/v1/deployments", tag = "deployments", operation_id = "listDeployments", params(DeploymentFilter),
    responses((status = 200, description = "One page", body = Page<Deployment>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<DeploymentFilter>,
) -> Result<Json<Page<Deployment>>, ApiError> {
    let (template, region) = (filter.template.clone(), filter.region.clone());
    let first = filter.cursor.is_none();
    let page = find(&api, filter).await?;
    if first && page.items.is_empty() {
        filter::refuse_unknown(&api, template.as_deref(), region.as_deref()).await?;
    }
    Ok(Json(page))
}

/// One page of deployments; the console uses it too.
pub(crate) async fn find(
    api: &Api,
    filter: DeploymentFilter,
) -> Result<Page<Deployment>, ApiError> {
    let limit = limit(filter.limit)?;
    let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    word("status", filter.status.as_ref(), &statuses)?;
    cursor::<DeploymentId>(filter.cursor.as_ref())?;
    let query = DeploymentQuery {
        status: filter.status,
        template: filter.template,
        version: filter::version(filter.version)?,
        region: filter.region,
        purpose: purpose(filter.purpose.as_ref())?,
        before: filter.cursor,
    };
    let rows = api.ledger.list_deployments(&query, limit + 1).await?;
    let page = page(rows, limit, |row| row.id.clone(), |row| row);
    let ready = page.items.iter().filter(|row| row.ready_at.is_some());
    let ready: Vec<_> = ready.cloned().collect();
    api.ledger.read_recipes(&ready).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(api.shown(row).await?);
    }
    Ok(Page {
        items: api.with_waits(items).await?,
        next_cursor: page.next_cursor,
    })
}

/// Builders are not what people asked for: they are listed when they are asked for, or all.
fn purpose(asked: Option<&String>) -> Result<Purpose, ApiError> {
    word("purpose", asked, &["use", "build", "all"])?;
    Ok(match asked.map(String::as_str) {
        Some("build") => Purpose::Build,
        Some("all") => Purpose::All,
        _ => Purpose::Use,
    })
}

/// Show a deployment
#[utoipa::path(
    get, path = "/v1/deployments/{id}", tag = "deployments", operation_id = "showDeployment",
    params(("id" = String, Path, description = "dep_…")),
    responses((status = 200, description = "The deployment", body = Deployment))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Deployment>, ApiError> {
    one(&api, &id).await.map(Json)
}

/// One deployment, or a 404 that says how ids look.
pub(crate) async fn one(api: &Api, id: &str) -> Result<Deployment, ApiError> {
    let id: DeploymentId = id.parse().map_err(unknown)?;
    let row = api.ledger.deployment(id.as_str()).await?;
    let row = row.ok_or_else(|| unknown(format!("there is no deployment `{id}`")))?;
    let launch = launch_of(api, &row).await?;
    let shown = vec![api.shown(row).await?];
    let mut shown = api.with_waits(shown).await?;
    let shown = shown.pop().ok_or(ApiError::Internal)?;
    let newest = api.ledger.template(&shown.template).await?;
    let newer = newest.and_then(|row| u32::try_from(row.revision).ok());
    Ok(Deployment {
        newer_revision: newer.filter(|newer| shown.template_revision.is_some_and(|is| is < *newer)),
        launched_as: launch.0,
        base: launch.1,
        ..shown
    })
}

/// What its last launch took, and the base it is on: that of the image, where that is of another build.
async fn launch_of(
    api: &Api,
    row: &deployment::Model,
) -> Result<(Option<LaunchedAs>, Option<Base>), ApiError> {
    let effect = api.ledger.effect(&row.id, row.run, EffectKind::Launch);
    let read = |effect: effect::Model| serde_json::from_value::<Launched>(effect.params).ok();
    let Some(launch) = effect.await?.and_then(read) else {
        return Ok((None, None));
    };
    let mut base = launch.base;
    if let (true, Some(id)) = (launch.stale, &launch.image_row) {
        let image = api.ledger.image(id).await?;
        base = image.map(|image| image.base());
    }
    let taken = present::launched::taken(launch.spec);
    Ok((Some(taken), base.map(present::launched::base)))
}

pub(super) fn unknown(what: impl ToString) -> ApiError {
    ApiError::NotFound(format!(
        "{}; `ingot deployments list` shows them",
        what.to_string()
    ))
}

macro_rules! intervention {
    ($(#[doc = $doc:literal])+ $name:ident, $path:literal, $operation:literal) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            post, path = $path, tag = "deployments", operation_id = $operation,
            params(("id" = String, Path, description = "dep_…")),
            responses(
                (status = 202, description = "Accepted, or so already", body = Deployment),
                (status = 409, description = "Not from this status", body = ingot_client::Problem, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn $name(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, ApiError> {
            intervene(&api, &caller, &id, stringify!($name)).await.map(|shown| (StatusCode::ACCEPTED, Json(shown)).into_response())
        }
    };
}

intervention!(
    /// Start a pending deployment
    start, "/v1/deployments/{id}/start", "startDeployment"
);
intervention!(
    /// Cancel a deployment that is not over
    ///
    /// Its instance is terminated.
    cancel, "/v1/deployments/{id}/cancel", "cancelDeployment"
);
intervention!(
    /// Destroy a deployment's instance
    ///
    /// Asynchronous; the AMI made of it stays.
    destroy, "/v1/deployments/{id}/destroy", "destroyDeployment"
);

/// Does what people do to a deployment; the console uses it too.
pub(crate) async fn intervene(
    api: &Api,
    caller: &Caller,
    id: &str,
    action: &str,
) -> Result<Deployment, ApiError> {
    let id: DeploymentId = id.parse().map_err(unknown)?;
    let (id, by) = (id.as_str(), caller.name.as_str());
    let done = match action {
        "start" => {
            if let Some(row) = api.ledger.deployment(id).await? {
                builds::refuse_builder(&row)?;
            }
            caller.ledger.start(id, by).await?
        }
        "retry" => return again::retry(api, caller, id, false).await,
        "cancel" => {
            builds::refuse_builder_of_running(api, id).await?;
            caller.ledger.cancel(id, by).await?
        }
        "destroy" => {
            builds::refuse_builder_of_running(api, id).await?;
            caller.ledger.destroy(id, by).await?
        }
        other => {
            return Err(ApiError::NotFound(format!(
                "there is no action `{other}`: start, retry, cancel or destroy"
            )));
        }
    };
    answered(api, id, action, done).await
}

/// What an intervention came to, as the API answers it.
pub(super) async fn answered(
    api: &Api,
    id: &str,
    action: &str,
    done: Intervention,
) -> Result<Deployment, ApiError> {
    match done {
        Intervention::Done(row, tasks) => {
            for task in tasks {
                api.ringer
                    .ring(task.kind.queue().as_str(), task.id.as_str());
            }
            Ok(api.shown(*row).await?)
        }
        Intervention::Already(row) => Ok(api.shown(*row).await?),
        Intervention::Unknown => Err(unknown(format!("there is no deployment `{id}`"))),
        Intervention::Refused(status) => Err(ApiError::Conflict(refusal(action, status))),
    }
}

pub(super) fn refusal(action: &str, status: Status) -> String {
    let way_out = match action {
        "start" | "retry" => {
            "only pending, failed and readiness_timeout deployments can be started"
        }
        "cancel" if status == Status::Destroyed => {
            "it is ended, and there is nothing left to cancel"
        }
        "cancel" => "it is over; `destroy` terminates its instance",
        "image" => {
            "only an AMI that failed, of a ready deployment whose instance runs, can be asked for again"
        }
        "cancel_image" => "only an AMI that has not begun can be cancelled",
        _ => "see /docs",
    };
    format!("the deployment is `{status}`: {way_out}")
}
