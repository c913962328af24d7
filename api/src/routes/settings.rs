//! Settings of the installation that people may see and change.

use axum::extract::State;
use ingot_client::RetentionSetting;
use ingot_domain::retention::Retention;

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
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<RetentionSetting>,
) -> Result<Json<RetentionSetting>, ApiError> {
    let wanted = Retention {
        finished_tasks_days: wanted.finished_tasks_days,
        cleared_findings_days: wanted.cleared_findings_days,
    };
    let wanted = wanted.check().map_err(ApiError::Invalid)?;
    api.ledger.set_retention(wanted).await?;
    tracing::info!(by = %caller.name, ?wanted, "the retention was changed");
    Ok(Json(shown(wanted)))
}

fn shown(retention: Retention) -> RetentionSetting {
    RetentionSetting {
        finished_tasks_days: retention.finished_tasks_days,
        cleared_findings_days: retention.cleared_findings_days,
    }
}
