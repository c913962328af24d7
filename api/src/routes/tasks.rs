//! Tasks: what is being done, by whom, what waits and why.

use axum::extract::State;
use ingot_client::{Page, Task, TaskFilter};
use ingot_domain::ids::{DeploymentId, TaskId};
use ingot_domain::task::{Queue, TaskState};
use ingot_entity::store::TaskQuery;

use super::{cursor, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List tasks, newest first
#[utoipa::path(
    get, path = "/v1/tasks", tag = "tasks", operation_id = "listTasks", params(TaskFilter),
    responses((status = 200, description = "One page", body = Page<Task>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<TaskFilter>,
) -> Result<Json<Page<Task>>, ApiError> {
    find(&api, filter).await.map(Json)
}

/// One page of tasks; the console uses it too.
pub(crate) async fn find(api: &Api, filter: TaskFilter) -> Result<Page<Task>, ApiError> {
    let limit = limit(filter.limit)?;
    let states: Vec<&str> = TaskState::ALL.iter().map(|state| state.as_str()).collect();
    word("state", filter.state.as_ref(), &states)?;
    let queues: Vec<&str> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
    word("queue", filter.queue.as_ref(), &queues)?;
    cursor::<TaskId>(filter.cursor.as_ref())?;
    if let Some(id) = &filter.deployment_id {
        id.parse::<DeploymentId>().map_err(|error| {
            let error =
                ingot_domain::field::FieldError::new("deployment_id", id, error.to_string());
            ApiError::Unreadable(vec![error])
        })?;
    }
    let query = TaskQuery {
        queue: filter.queue.as_deref().and_then(Queue::parse),
        state: filter.state.as_deref().and_then(TaskState::parse),
        deployment_id: filter.deployment_id,
        work_only: filter.housekeeping == Some(false),
        before: filter.cursor,
    };
    let rows = api.ledger.list_tasks(&query, limit + 1).await?;
    let pauses = api.ledger.pauses().await?;
    Ok(page(
        rows,
        limit,
        |row| row.id.clone(),
        |row| present::task(row, Vec::new(), api.pace, &pauses),
    ))
}

/// Show a task with its attempts
#[utoipa::path(
    get, path = "/v1/tasks/{id}", tag = "tasks", operation_id = "showTask",
    params(("id" = String, Path, description = "tsk_…")),
    responses((status = 200, description = "The task", body = Task))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Task>, ApiError> {
    one(&api, &id).await.map(Json)
}

/// One task with its attempts; the console uses it too.
pub(crate) async fn one(api: &Api, id: &str) -> Result<Task, ApiError> {
    let unknown =
        |what: String| ApiError::NotFound(format!("{what}; `ingot tasks list` shows them"));
    let id: TaskId = id.parse().map_err(|error| unknown(format!("{error}")))?;
    let found = api.ledger.task(id.as_str()).await?;
    let (row, attempts) = found.ok_or_else(|| unknown(format!("there is no task `{id}`")))?;
    let pauses = api.ledger.pauses().await?;
    Ok(present::task(row, attempts, api.pace, &pauses))
}
