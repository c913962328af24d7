//! What is asked for again: a failed deployment, as it was or by the newest revision of its template, and its AMI alone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ingot_client::Deployment;
use ingot_client::deployment::{ImageReason, RetryDeployment};
use ingot_domain::field::FieldError;
use ingot_domain::ids::DeploymentId;
use ingot_domain::request::{self, Order};
use ingot_entity::store::{Renewal, Retry, Revision, status_of};
use ingot_entity::{deployment, template};

use super::builds::refuse_builder;
use super::deployments::{answered, one, refusal, unknown};
use crate::address::Path;
use crate::auth::Caller;
use crate::body::{Json, MayJson};
use crate::error::ApiError;
use crate::state::Api;

/// Retry a failed deployment
///
/// Clears the old error and time stamps; the story and the attempts stay. The failed run's instance is terminated. It is made
/// by the revision of its template it was requested with; `latest` takes the newest. The answer says which.
#[utoipa::path(
    post, path = "/v1/deployments/{id}/retry", tag = "deployments", operation_id = "retryDeployment",
    params(("id" = String, Path, description = "dep_…")),
    request_body = Option<RetryDeployment>,
    responses(
        (status = 202, description = "Accepted", body = Deployment),
        (status = 409, description = "Not from this status", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retry_deployment(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    MayJson(body): MayJson<RetryDeployment>,
) -> Result<Response, ApiError> {
    let id: DeploymentId = id.parse().map_err(unknown)?;
    let shown = retry(&api, &caller, id.as_str(), body.latest).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

/// Does it; the console uses it too.
pub(super) async fn retry(
    api: &Api,
    caller: &Caller,
    id: &str,
    latest: bool,
) -> Result<Deployment, ApiError> {
    let row = api.ledger.deployment(id).await?;
    let row = row.ok_or_else(|| unknown(format!("there is no deployment `{id}`")))?;
    refuse_builder(&row)?;
    let status = status_of(&row)?;
    if !status.may_start() {
        return Err(ApiError::Conflict(refusal("retry", status)));
    }
    let newest = api.ledger.template(&row.template).await?;
    let renewed = match &newest {
        Some(newest) if latest => renewal(api, &row, newest).await?,
        _ => None,
    };
    let how = Retry {
        newest: newest.map(|row| row.revision),
        renewed,
    };
    let done = caller.ledger.retry(id, &caller.name, &how).await?;
    answered(api, id, "retry", done).await?;
    one(api, id).await
}

/// The order by the newest revision; nothing when it is by that already.
async fn renewal(
    api: &Api,
    row: &deployment::Model,
    newest: &template::Model,
) -> Result<Option<Renewal>, ApiError> {
    if row.template_revision == Some(newest.revision) {
        return Ok(None);
    }
    let order: Order = serde_json::from_value(row.order.clone()).map_err(|_| ApiError::Internal)?;
    let (older, newer) = (api.ledger.recipe(row).await?, newest.parsed()?);
    let number = newest.revision;
    let order = request::by_revision(&order, &older, &newer, &api.limits).map_err(|wrong| {
        let misfit = |error: FieldError| FieldError {
            message: format!(
                "{}; so revision {number} of the template wants it: deploy anew",
                error.message
            ),
            ..error
        };
        ApiError::Invalid(wrong.into_iter().map(misfit).collect())
    })?;
    let revision = Revision {
        number,
        fingerprint: ingot_domain::fingerprint::of_recipe(&newer),
        referred: api.ledger.all_read_references().await?,
    };
    let recipe = Arc::new(newer);
    Ok(Some(Renewal {
        order,
        recipe,
        revision,
    }))
}

/// Ask for a deployment's AMI again
///
/// For a ready deployment whose AMI failed and whose instance runs: no fresh install is needed.
#[utoipa::path(
    post, path = "/v1/deployments/{id}/image", tag = "deployments", operation_id = "imageDeployment",
    params(("id" = String, Path, description = "dep_…")),
    request_body = Option<ImageReason>,
    responses(
        (status = 202, description = "Accepted, or so already", body = Deployment),
        (status = 409, description = "Not from this status", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn image(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    MayJson(body): MayJson<ImageReason>,
) -> Result<Response, ApiError> {
    ask(&api, &caller, &id, "image", body.reason).await
}

/// Give up an AMI that has not begun
#[utoipa::path(
    post, path = "/v1/deployments/{id}/cancel_image", tag = "deployments", operation_id = "cancelImageOfDeployment",
    params(("id" = String, Path, description = "dep_…")),
    request_body = Option<ImageReason>,
    responses(
        (status = 202, description = "Accepted, or so already", body = Deployment),
        (status = 409, description = "Not from this status", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel_image(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    MayJson(body): MayJson<ImageReason>,
) -> Result<Response, ApiError> {
    ask(&api, &caller, &id, "cancel_image", body.reason).await
}

async fn ask(
    api: &Api,
    caller: &Caller,
    id: &str,
    action: &str,
    reason: Option<String>,
) -> Result<Response, ApiError> {
    let id: DeploymentId = id.parse().map_err(unknown)?;
    let id = id.as_str();
    if let Some(reason) = &reason {
        let long = reason.chars().count() > super::LONGEST_REASON;
        if long || reason.trim().is_empty() || reason.chars().any(char::is_control) {
            let message = "one line of at most 500 characters, or leave it out";
            return Err(ApiError::Invalid(vec![FieldError::new(
                "reason", reason, message,
            )]));
        }
    }
    let (again, reason) = (action == "image", reason.as_deref());
    let done = caller
        .ledger
        .ask_image(id, again, &caller.name, reason)
        .await?;
    let shown = answered(api, id, action, done).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}
