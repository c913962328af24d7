//! Settings of the installation that people may see and change.

use axum::extract::State;
use ingot_client::{RetentionSetting, ScanIntervalSetting};
use ingot_domain::retention::Retention;
use ingot_domain::track;

use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// Show how long what is over is kept
#[utoipa::path(
    get, path = "/v1/settings/retention", tag = "system", operation_id = "showRetention",
    responses((status = 200, description = "The setting, or the defaults", body = RetentionSetting))
)]
pub(crate) async fn retention(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<RetentionSetting>, ApiError> {
    Ok(Json(shown(api.ledger.retention().await?)))
}

/// Say how long what is over is kept
///
/// The next pruning, at most an hour later, keeps to it.
#[utoipa::path(
    put, path = "/v1/settings/retention", tag = "system", operation_id = "setRetention",
    request_body = RetentionSetting,
    responses((status = 200, description = "The setting", body = RetentionSetting))
)]
pub(crate) async fn set_retention(
    caller: Caller,
    Json(wanted): Json<RetentionSetting>,
) -> Result<Json<RetentionSetting>, ApiError> {
    let wanted = Retention {
        finished_tasks_days: wanted.finished_tasks_days,
        cleared_findings_days: wanted.cleared_findings_days,
    };
    let wanted = wanted.check().map_err(ApiError::Invalid)?;
    caller.ledger.set_retention(wanted).await?;
    tracing::info!(by = %caller.name, ?wanted, "the retention was changed");
    Ok(Json(shown(wanted)))
}

/// Show how long looks at base images lie apart
#[utoipa::path(
    get, path = "/v1/settings/scan-interval", tag = "system", operation_id = "showScanInterval",
    responses((status = 200, description = "The setting, or the default", body = ScanIntervalSetting))
)]
pub(crate) async fn scan_interval(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<ScanIntervalSetting>, ApiError> {
    let interval = api.ledger.scan_interval().await?;
    Ok(Json(ScanIntervalSetting {
        scan_interval_seconds: interval.as_secs(),
    }))
}

/// Say how long looks at base images lie apart
///
/// Each region keeps to it from its next look on; `POST /v1/base-images/scan` asks for that look now.
#[utoipa::path(
    put, path = "/v1/settings/scan-interval", tag = "system", operation_id = "setScanInterval",
    request_body = ScanIntervalSetting,
    responses((status = 200, description = "The setting", body = ScanIntervalSetting))
)]
pub(crate) async fn set_scan_interval(
    caller: Caller,
    Json(wanted): Json<ScanIntervalSetting>,
) -> Result<Json<ScanIntervalSetting>, ApiError> {
    let interval = track::checked_interval(wanted.scan_interval_seconds);
    let interval = interval.map_err(|error| ApiError::Invalid(vec![error]))?;
    caller.ledger.set_scan_interval(interval).await?;
    tracing::info!(by = %caller.name, ?interval, "the scan interval was changed");
    Ok(Json(wanted))
}

fn shown(retention: Retention) -> RetentionSetting {
    RetentionSetting {
        finished_tasks_days: retention.finished_tasks_days,
        cleared_findings_days: retention.cleared_findings_days,
    }
}
