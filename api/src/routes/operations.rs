//! Operations: what people do to all tasks that a filter finds.

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::event::EventFilter;
use ingot_client::{
    Event, NewOperation, Operation, OperationFilter, OperationPreview, Page, StopOperation,
    TasksMeant,
};
use ingot_domain::field::FieldError;
use ingot_domain::ids::{DeploymentId, OperationId};
use ingot_domain::task::{Queue, TaskState};
use ingot_domain::verb::{Verb, is_unexpected};
use ingot_entity::operation;
use ingot_entity::store;

use super::task_actions::order;
use super::{cursor, decided, decision, events, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Tasks that a preview shows.
const SAMPLE: u64 = 10;
/// Another word for what was given up.
const DEAD: &str = "dead";

/// Preview what an operation would be about
#[utoipa::path(
    post, path = "/v1/operations/preview", tag = "tasks", operation_id = "previewOperation",
    request_body = TasksMeant,
    responses((status = 200, description = "How many tasks there are, and some of them", body = OperationPreview))
)]
pub(crate) async fn preview(
    State(api): State<Api>,
    _: Caller,
    Json(filter): Json<TasksMeant>,
) -> Result<Json<OperationPreview>, ApiError> {
    previewed(&api, &filter).await.map(Json)
}

/// What a filter finds; the console uses it too.
pub(crate) async fn previewed(
    api: &Api,
    filter: &TasksMeant,
) -> Result<OperationPreview, ApiError> {
    let filter = meant(filter)?;
    let (matching, sample) = api.ledger.matching(&filter, SAMPLE).await?;
    let pauses = api.ledger.pauses().await?;
    let shown = |row| present::task(row, Vec::new(), api.pace, &pauses);
    Ok(OperationPreview {
        matching,
        sample: sample.into_iter().map(shown).collect(),
    })
}

/// Do something to all tasks that a filter finds
///
/// It goes on by itself, a thousand tasks a step and the newest first, and can be stopped. Tasks that come later are not meant.
#[utoipa::path(
    post, path = "/v1/operations", tag = "tasks", operation_id = "beginOperation",
    request_body = NewOperation,
    responses(
        (status = 202, description = "It has begun", body = Operation),
        (status = 409, description = "There are a tenth more or fewer tasks than expected: the answer says how many", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(
    State(api): State<Api>,
    caller: Caller,
    Json(new): Json<NewOperation>,
) -> Result<(StatusCode, Json<Operation>), ApiError> {
    let begun = begun(&api, &caller, new).await?;
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// Begins one; the console uses it too.
pub(crate) async fn begun(
    api: &Api,
    caller: &Caller,
    new: NewOperation,
) -> Result<Operation, ApiError> {
    let Some(verb) = Verb::parse(&new.action) else {
        let words: Vec<&str> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        let message = format!("choose one of {}", words.join(", "));
        let error = FieldError::new("action", &new.action, message);
        return Err(ApiError::Invalid(vec![error]));
    };
    let filter = meant(&new.filter)?;
    let order = order(caller, verb, new.reason, new.at)?;
    let (matching, _) = api.ledger.matching(&filter, 1).await?;
    if is_unexpected(new.expected, matching) {
        return Err(ApiError::Conflict(format!(
            "there are {matching} such tasks, not {}: look again, then expect {matching}",
            new.expected
        )));
    }
    let (row, step) = caller
        .ledger
        .begin_operation(&filter, &order, new.expected, matching)
        .await?;
    api.ringer
        .ring(step.kind.queue().as_str(), step.id.as_str());
    tracing::info!(by = %caller.name, operation = %row.id, %verb, matching, "an operation has begun");
    Ok(shown(row))
}

/// List operations, newest first
#[utoipa::path(
    get, path = "/v1/operations", tag = "tasks", operation_id = "listOperations", params(OperationFilter),
    responses((status = 200, description = "One page", body = Page<Operation>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<OperationFilter>,
) -> Result<Json<Page<Operation>>, ApiError> {
    find(&api, &filter).await.map(Json)
}

/// One page of operations; the console uses it too.
pub(crate) async fn find(api: &Api, filter: &OperationFilter) -> Result<Page<Operation>, ApiError> {
    let limit = limit(filter.limit)?;
    cursor::<OperationId>(filter.cursor.as_ref())?;
    let before = filter.cursor.as_deref();
    let rows = api.ledger.operations(before, limit + 1).await?;
    Ok(page(rows, limit, |row| row.id.clone(), shown))
}

/// Show an operation
#[utoipa::path(
    get, path = "/v1/operations/{id}", tag = "tasks", operation_id = "showOperation",
    params(("id" = String, Path, description = "opr_…")),
    responses((status = 200, description = "The operation, and how far it came", body = Operation))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Operation>, ApiError> {
    one(&api, &id).await.map(|row| Json(shown(row)))
}

/// Read the story of an operation
#[utoipa::path(
    get, path = "/v1/operations/{id}/events", tag = "tasks", operation_id = "listOperationEvents",
    params(("id" = String, Path, description = "opr_…"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let row = one(&api, &id).await?;
    events::story(&api, &row.id, &filter).await.map(Json)
}

/// Stop an operation
///
/// A step under way ends; none follows. What was done stays done.
#[utoipa::path(
    post, path = "/v1/operations/{id}/stop", tag = "tasks", operation_id = "stopOperation",
    params(("id" = String, Path, description = "opr_…")),
    request_body = StopOperation,
    responses(
        (status = 200, description = "Stopped", body = Operation),
        (status = 409, description = "It does not run", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stop(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<StopOperation>,
) -> Result<Json<Operation>, ApiError> {
    stopped(&api, &caller, &id, body).await.map(Json)
}

/// Stops one; the console uses it too.
pub(crate) async fn stopped(
    api: &Api,
    caller: &Caller,
    id: &str,
    body: StopOperation,
) -> Result<Operation, ApiError> {
    let row = one(api, id).await?;
    let decision = decision(caller, body.reason)?;
    let done = caller.ledger.stop_operation(&row.id, &decision).await?;
    let row = decided(done, || unknown(&row.id))?;
    tracing::info!(by = %caller.name, operation = %row.id, "an operation was stopped");
    Ok(shown(row))
}

async fn one(api: &Api, id: &str) -> Result<operation::Model, ApiError> {
    let missing = |_| ApiError::NotFound(unknown(id));
    let id: OperationId = id.parse().map_err(missing)?;
    let row = api.ledger.operation(id.as_str()).await?;
    row.ok_or_else(|| ApiError::NotFound(unknown(id.as_str())))
}

fn unknown(id: &str) -> String {
    let id = ingot_domain::field::shown(id);
    format!("there is no operation `{id}`; `ingot operations list` shows them")
}

/// A filter of the API as the ledger's; one that finds everything is refused.
fn meant(filter: &TasksMeant) -> Result<store::OperationFilter, ApiError> {
    let state = filter.state.as_ref().map(|state| match state.as_str() {
        DEAD => TaskState::Discarded.to_string(),
        other => other.to_owned(),
    });
    let states: Vec<&str> = TaskState::ALL.iter().map(|state| state.as_str()).collect();
    word("state", state.as_ref(), &states)?;
    let queues: Vec<&str> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
    word("queue", filter.queue.as_ref(), &queues)?;
    if let Some(id) = &filter.deployment_id {
        id.parse::<DeploymentId>().map_err(|error| {
            let error = FieldError::new("deployment_id", id, error.to_string());
            ApiError::Unreadable(vec![error])
        })?;
    }
    if state.is_none() && filter.queue.is_none() && filter.deployment_id.is_none() {
        let message = "say a queue, a state or a deployment";
        let error = FieldError::new("filter", "", message);
        return Err(ApiError::Invalid(vec![error]));
    }
    Ok(store::OperationFilter {
        queue: filter.queue.as_deref().and_then(Queue::parse),
        state: state.as_deref().and_then(TaskState::parse),
        deployment_id: filter.deployment_id.clone(),
    })
}

fn shown(row: operation::Model) -> Operation {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Operation {
        id: row.id,
        action: row.verb,
        filter: serde_json::from_value(row.filter).unwrap_or_default(),
        state: row.state,
        expected: count(row.expected),
        matching: count(row.matching),
        done: count(row.done),
        refused: count(row.refused),
        last_refusal: row.last_refusal,
        reason: row.reason,
        created_by: row.created_by,
        created_at: row.created_at,
        finished_at: row.finished_at,
    }
}
