//! Moving the end of a deployment's instance.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ingot_client::Deployment;
use ingot_client::deployment::ExtendDeployment;
use ingot_domain::field::FieldError;
use ingot_domain::ids::DeploymentId;
use ingot_domain::lifetime::Extend;
use ingot_entity::store::Extended;

use super::builds::refuse_builder;
use super::deployments::unknown;
use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// Move the end of a deployment's instance
///
/// For a deployment that is over and whose instance runs: later by so many seconds, to an instant, or away.
#[utoipa::path(
    post, path = "/v1/deployments/{id}/extend", tag = "deployments", operation_id = "extendDeployment",
    params(("id" = String, Path, description = "dep_…")),
    request_body = ExtendDeployment,
    responses(
        (status = 202, description = "Moved, or so already", body = Deployment),
        (status = 409, description = "It has no instance whose end could be moved", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn extend(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<ExtendDeployment>,
) -> Result<Response, ApiError> {
    let id: DeploymentId = id.parse().map_err(unknown)?;
    let how = how(&api, &body)?;
    if let Some(row) = api.ledger.deployment(id.as_str()).await? {
        refuse_builder(&row)?;
    }
    match caller.ledger.extend(id.as_str(), how, &caller.name).await? {
        Extended::Done(row) => {
            let shown = api.shown(*row).await?;
            Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
        }
        Extended::Wrong(error) => Err(ApiError::Invalid(vec![error])),
        Extended::Unknown => Err(unknown(format!("there is no deployment `{id}`"))),
        Extended::Refused(status) => Err(ApiError::Conflict(format!(
            "the deployment is `{status}`: only one that is ready or has failed, and whose instance runs and is not being ended, has an end that can be moved"
        ))),
    }
}

/// One of the three ways; seconds are those of the installation's pace.
fn how(api: &Api, body: &ExtendDeployment) -> Result<Extend, ApiError> {
    match (body.by_seconds, body.until, body.never) {
        (Some(seconds @ 1..), None, false) => {
            let span = Duration::from_secs(seconds.min(u64::from(u32::MAX)));
            Ok(Extend::By(api.pace.wait(span)))
        }
        (None, Some(until), false) => Ok(Extend::Until(until)),
        (None, None, true) => Ok(Extend::Never),
        (by, until, never) => {
            let given = [
                by.map(|by| format!("by_seconds {by}")),
                until.map(|until| format!("until {until}")),
                never.then(|| "never".to_owned()),
            ];
            let given: Vec<String> = given.into_iter().flatten().collect();
            let message = "give one of `by_seconds` (1 or more), `until` and `never`";
            Err(ApiError::Invalid(vec![FieldError::new(
                "by_seconds",
                given.join(", "),
                message,
            )]))
        }
    }
}
