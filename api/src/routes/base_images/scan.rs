//! Looks at base images that a person asks for.

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::base_image::{ScanRequest, Scanned};
use ingot_domain::field::FieldError;
use ingot_entity::track;

use super::one;
use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// Look at all watched base images now
///
/// A worker looks; `last_checked` says when it has.
#[utoipa::path(
    post, path = "/v1/base-images/scan", tag = "base images", operation_id = "scanBaseImages",
    request_body = ScanRequest,
    responses((status = 202, description = "Asked", body = Scanned))
)]
pub(crate) async fn scan_all(
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<ScanRequest>,
) -> Result<(StatusCode, Json<Scanned>), ApiError> {
    let scanned = scan(&api, &caller, &[], wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(scanned)))
}

/// Look at one base image now
///
/// In the given regions, or in all of the installation's. The track stays watched there.
#[utoipa::path(
    post, path = "/v1/base-images/{name}/scan", tag = "base images", operation_id = "scanBaseImage",
    params(("name" = String, Path, description = "ubuntu-22.04")),
    request_body = ScanRequest,
    responses(
        (status = 202, description = "Asked", body = Scanned),
        (status = 409, description = "It is paused", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn scan_one(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<ScanRequest>,
) -> Result<(StatusCode, Json<Scanned>), ApiError> {
    let scanned = scan_track(&api, &caller, &name, wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(scanned)))
}

/// Asks for a look at one track; the console uses it too.
pub(crate) async fn scan_track(
    api: &Api,
    caller: &Caller,
    name: &str,
    wanted: ScanRequest,
) -> Result<Scanned, ApiError> {
    let row = one(api, name).await?;
    if row.paused_at.is_some() {
        let what = format!(
            "track `{name}` is paused; `ingot base-images resume {name} --reason …` lets it be looked at again"
        );
        return Err(ApiError::Conflict(what));
    }
    scan(api, caller, &[row], wanted).await
}

async fn scan(
    api: &Api,
    caller: &Caller,
    tracks: &[track::Model],
    wanted: ScanRequest,
) -> Result<Scanned, ApiError> {
    let allowed = &api.limits.regions;
    if let Some(region) = wanted.regions.iter().find(|one| !allowed.contains(one)) {
        let message = format!("choose among {}", allowed.join(", "));
        let error = FieldError::new("regions", region, message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let regions = match wanted.regions.is_empty() {
        true => allowed.clone(),
        false => wanted.regions,
    };
    // A worker that began later may have set the calendar since this process read it, and looks are stamped by it.
    let asked_at = api.ledger.read_calendar().await?.at(api.ledger.now());
    let tasks = caller.ledger.ask_scan(tracks, &regions).await?;
    for task in &tasks {
        api.ringer
            .ring(task.kind.queue().as_str(), task.id.as_str());
    }
    let names: Vec<&str> = tracks.iter().map(|row| row.name.as_str()).collect();
    tracing::info!(by = %caller.name, ?names, ?regions, "a look at base images was asked for");
    Ok(Scanned { regions, asked_at })
}
