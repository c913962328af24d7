//! Checks of AWS accounts: a question goes to a worker, for this process has no credentials; its answer is kept.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use ingot_client::{AwsCheck, NewAwsCheck, Page};
use ingot_domain::field::FieldError;
use ingot_domain::ids::CheckId;

use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List what is known of AWS accounts, the newest question first
///
/// One answer is kept per account and region, and one failure per region.
#[utoipa::path(
    get, path = "/v1/aws/checks", tag = "system", operation_id = "listAwsChecks",
    responses((status = 200, description = "All of them", body = Page<AwsCheck>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<AwsCheck>>, ApiError> {
    let rows = api.ledger.checks().await?;
    let items = rows.into_iter().map(present::check);
    Ok(Json(Page {
        items: items.collect::<Result<_, _>>()?,
        next_cursor: None,
    }))
}

/// Ask what AWS would let Ingot do in a region
///
/// A worker asks and runs dry; nothing is made, changed or removed. Ask for the check again until it is `done` or `failed`.
#[utoipa::path(
    post, path = "/v1/aws/checks", tag = "system", operation_id = "askAwsCheck",
    request_body = NewAwsCheck,
    responses((status = 202, description = "Asked", body = AwsCheck))
)]
pub(crate) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<NewAwsCheck>,
) -> Result<(StatusCode, Json<AwsCheck>), ApiError> {
    let allowed = &api.limits.regions;
    let region = wanted.region.or_else(|| allowed.first().cloned());
    let region = region.unwrap_or_default();
    if !allowed.contains(&region) {
        let message = format!("choose one of {}", allowed.join(", "));
        let error = FieldError::new("region", &region, message);
        return Err(ApiError::Invalid(vec![error]));
    }
    if api.ledger.checks_are_too_many().await? {
        let what = "checks wait for a worker already; is one running?".to_owned();
        return Err(ApiError::TooMany(what, 10));
    }
    let (row, task) = api.ledger.ask_check(&region, &caller.name).await?;
    api.ringer
        .ring(task.kind.queue().as_str(), task.id.as_str());
    Ok((StatusCode::ACCEPTED, Json(present::check(row)?)))
}

/// Show a check
#[utoipa::path(
    get, path = "/v1/aws/checks/{id}", tag = "system", operation_id = "showAwsCheck",
    params(("id" = String, Path, description = "chk_…")),
    responses((status = 200, description = "The check", body = AwsCheck))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<AwsCheck>, ApiError> {
    let unknown = || ApiError::NotFound(format!("there is no check `{id}`"));
    let id: CheckId = id.parse().map_err(|_| unknown())?;
    let row = api.ledger.check(id.as_str()).await?.ok_or_else(unknown)?;
    Ok(Json(present::check(row)?))
}
