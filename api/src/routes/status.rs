//! How the installation is.

use axum::extract::State;
use ingot_client::SystemStatus;

use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;
use crate::status;

/// Show which part is down, since when, and what waits because of it
#[utoipa::path(
    get, path = "/v1/status", tag = "system", operation_id = "showStatus",
    responses((status = 200, description = "The parts, the workers, the queues", body = SystemStatus))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<SystemStatus>, ApiError> {
    Ok(Json(status::look(&api).await?))
}
