//! Queues and how deep they are.

use axum::extract::State;
use ingot_client::{Page, Queue};

use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List the queues
#[utoipa::path(
    get, path = "/v1/queues", tag = "tasks", operation_id = "listQueues",
    responses((status = 200, description = "Every queue", body = Page<Queue>))
)]
pub(crate) async fn list(State(api): State<Api>, _: Caller) -> Result<Json<Page<Queue>>, ApiError> {
    let depths = api.ledger.queue_depths().await?;
    Ok(Json(Page {
        items: depths.into_iter().map(present::queue).collect(),
        next_cursor: None,
    }))
}
