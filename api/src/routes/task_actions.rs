//! What people do to tasks: to one, and to those that a request lists.

use axum::extract::State;
use ingot_client::task_action::MOST_LISTED;
use ingot_client::{Task, TaskAction, TaskDecision, TaskRefused, TasksActed};
use ingot_domain::Instant;
use ingot_domain::field::FieldError;
use ingot_domain::ids::TaskId;
use ingot_domain::verb::Verb;
use ingot_entity::store::{AT_ONCE, Acted, TaskOrder};

use super::decision;
use super::tasks::one;
use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// Do something to a task
///
/// `retry` of a task that was given up is its subject's retry at that stage: its deployment is launched again, its AMI asked for
/// again. `cancel` and `discard` end the stage as giving up does, and what it made is removed. What removes things and periodic
/// work is only retried or run now.
#[utoipa::path(
    post, path = "/v1/tasks/{id}/{action}", tag = "tasks", operation_id = "actOnTask",
    params(
        ("id" = String, Path, description = "tsk_…"),
        ("action" = String, Path, description = "`retry`, `cancel`, `run-now`, `reschedule` or `discard`"),
    ),
    request_body = TaskDecision,
    responses(
        (status = 200, description = "Done; the task as it is now", body = Task),
        (status = 409, description = "Not of this kind, or not in this state", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    Json(body): Json<TaskDecision>,
) -> Result<Json<Task>, ApiError> {
    acted(&api, &caller, &id, &action, body).await.map(Json)
}

/// Does it; the console uses it too.
pub(crate) async fn acted(
    api: &Api,
    caller: &Caller,
    id: &str,
    action: &str,
    body: TaskDecision,
) -> Result<Task, ApiError> {
    let Some(verb) = Verb::parse(action) else {
        let shown = ingot_domain::field::shown(action);
        return Err(ApiError::NotFound(format!(
            "there is no action `{shown}`; choose one of {}",
            verbs()
        )));
    };
    // A task that is not there is said as such.
    let task = one(api, id).await?;
    let order = order(caller, verb, body.reason, body.at)?;
    let ids = [task.id.clone()];
    let done = caller.ledger.act_on_tasks(&ids, &order).await?;
    ring(api, &done);
    if let Some((id, why)) = done.refused.into_iter().next() {
        return Err(ApiError::Conflict(format!("{id} is not changed: {why}")));
    }
    tracing::info!(by = %caller.name, task = %task.id, %verb, "a task was handled");
    one(api, &task.id).await
}

/// Do something to listed tasks
///
/// Each is judged by itself: the answer names those to which it was not done, and why. For more than 10,000, or for all that a
/// filter finds, there are operations (`POST /v1/operations`).
#[utoipa::path(
    post, path = "/v1/tasks/actions", tag = "tasks", operation_id = "actOnTasks",
    request_body = TaskAction,
    responses((status = 200, description = "What came of it", body = TasksActed))
)]
pub(crate) async fn act_on_listed(
    State(api): State<Api>,
    caller: Caller,
    Json(body): Json<TaskAction>,
) -> Result<Json<TasksActed>, ApiError> {
    let invalid = |field: &str, value: &str, message: String| {
        ApiError::Invalid(vec![FieldError::new(field, value, message)])
    };
    let Some(verb) = Verb::parse(&body.action) else {
        let message = format!("choose one of {}", verbs());
        return Err(invalid("action", &body.action, message));
    };
    if !(1..=MOST_LISTED).contains(&body.ids.len()) {
        let message = format!("list 1 to {MOST_LISTED}; a filter takes more");
        return Err(invalid("ids", &body.ids.len().to_string(), message));
    }
    let mut ids = Vec::with_capacity(body.ids.len());
    for id in &body.ids {
        let parsed: TaskId = id
            .parse()
            .map_err(|error| invalid("ids", id, format!("{error}")))?;
        ids.push(parsed.to_string());
    }
    ids.sort_unstable();
    ids.dedup();
    let order = order(&caller, verb, body.reason, body.at)?;
    let mut answer = TasksActed::default();
    for chunk in ids.chunks(AT_ONCE) {
        let done = caller.ledger.act_on_tasks(chunk, &order).await?;
        ring(&api, &done);
        answer.done.extend(done.done);
        let refused = done.refused.into_iter();
        answer
            .refused
            .extend(refused.map(|(id, why)| TaskRefused { id, why }));
    }
    tracing::info!(by = %caller.name, tasks = answer.done.len(), %verb, "tasks were handled");
    Ok(Json(answer))
}

/// What is to be done, checked.
pub(super) fn order(
    caller: &Caller,
    verb: Verb,
    reason: String,
    at: Option<Instant>,
) -> Result<TaskOrder, ApiError> {
    let wrong = match (verb, at) {
        (Verb::Reschedule, None) => Some("say when it is due from now on"),
        (Verb::Reschedule, Some(_)) | (_, None) => None,
        (_, Some(_)) => Some("only `reschedule` takes an instant"),
    };
    if let Some(message) = wrong {
        let shown = at.map_or_else(String::new, |at| at.to_rfc3339());
        return Err(ApiError::Invalid(vec![FieldError::new(
            "at", shown, message,
        )]));
    }
    let decision = decision(caller, reason)?;
    Ok(TaskOrder { verb, at, decision })
}

/// Rings for what is due at once.
pub(crate) fn ring(api: &Api, acted: &Acted) {
    for (queue, id) in &acted.due {
        api.ringer.ring(queue.as_str(), id);
    }
}

fn verbs() -> String {
    let words: Vec<String> = Verb::ALL.iter().map(|verb| format!("`{verb}`")).collect();
    words.join(", ")
}
