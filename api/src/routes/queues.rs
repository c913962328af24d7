//! Queues: how deep they are, and what people order of them.

use axum::extract::State;
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page, PauseQueue, Queue, QueueConcurrency, ResumeQueue};
use ingot_domain::field::{FieldError, shown};
use ingot_domain::task::{self, CONCURRENCY};
use ingot_entity::LedgerError;
use ingot_entity::store::Decision;

use super::{decided, decision, events};
use crate::address::{Params, Path};
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
    Ok(Json(Page {
        items: all(&api).await?,
        next_cursor: None,
    }))
}

/// Every queue; the console uses it too.
pub(crate) async fn all(api: &Api) -> Result<Vec<Queue>, ApiError> {
    Ok(counted(api).await?)
}

/// The same, for what looks at everything.
pub(crate) async fn counted(api: &Api) -> Result<Vec<Queue>, LedgerError> {
    let rows = api.ledger.queue_rows().await?;
    let depths = api.ledger.queue_depths().await?;
    let shown = depths.into_iter().map(|depth| {
        let row = rows.iter().find(|row| row.name == depth.queue);
        present::queue(depth, row)
    });
    Ok(shown.collect())
}

/// Show a queue
#[utoipa::path(
    get, path = "/v1/queues/{name}", tag = "tasks", operation_id = "showQueue",
    params(("name" = String, Path, description = "ami")),
    responses((status = 200, description = "The queue", body = Queue))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<Queue>, ApiError> {
    one(&api, parsed(&name)?).await.map(Json)
}

/// Read the story of a queue
#[utoipa::path(
    get, path = "/v1/queues/{name}/events", tag = "tasks", operation_id = "listQueueEvents",
    params(("name" = String, Path, description = "ami"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let row = api.ledger.queue_row(parsed(&name)?).await?;
    events::story(&api, &row.story_id(), &filter)
        .await
        .map(Json)
}

/// Pause a queue
///
/// From the answer on no worker claims from it after two seconds, and no attempt is burnt. Visits under way (`running`) end by
/// themselves within 30 seconds.
#[utoipa::path(
    post, path = "/v1/queues/{name}/pause", tag = "tasks", operation_id = "pauseQueue",
    params(("name" = String, Path, description = "ami")),
    request_body = PauseQueue,
    responses(
        (status = 200, description = "Paused", body = Queue),
        (status = 409, description = "It is paused already, or it ends instances and `even_cleanup` was not said", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pause(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<PauseQueue>,
) -> Result<Json<Queue>, ApiError> {
    paused(&api, &caller, &name, body).await.map(Json)
}

/// Pauses a queue; the console uses it too.
pub(crate) async fn paused(
    api: &Api,
    caller: &Caller,
    name: &str,
    body: PauseQueue,
) -> Result<Queue, ApiError> {
    let (queue, decision) = ordered(caller, name, body.reason)?;
    let done = caller
        .ledger
        .pause_queue(queue, body.even_cleanup, &decision)
        .await?;
    decided(done, || unknown(name))?;
    tracing::info!(by = %caller.name, %queue, reason = %decision.reason, "a queue was paused");
    one(api, queue).await
}

/// Let a paused queue go on
#[utoipa::path(
    post, path = "/v1/queues/{name}/resume", tag = "tasks", operation_id = "resumeQueue",
    params(("name" = String, Path, description = "ami")),
    request_body = ResumeQueue,
    responses(
        (status = 200, description = "Its tasks are taken again", body = Queue),
        (status = 409, description = "It is not paused", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<ResumeQueue>,
) -> Result<Json<Queue>, ApiError> {
    resumed(&api, &caller, &name, body).await.map(Json)
}

/// Lets a queue go on; the console uses it too.
pub(crate) async fn resumed(
    api: &Api,
    caller: &Caller,
    name: &str,
    body: ResumeQueue,
) -> Result<Queue, ApiError> {
    let (queue, decision) = ordered(caller, name, body.reason)?;
    let done = caller.ledger.resume_queue(queue, &decision).await?;
    decided(done, || unknown(name))?;
    tracing::info!(by = %caller.name, %queue, "a queue was resumed");
    one(api, queue).await
}

/// Say how many tasks of a queue each worker works on at once
///
/// Every worker keeps to it within two seconds, without a restart; what is under way ends first.
#[utoipa::path(
    put, path = "/v1/queues/{name}/concurrency", tag = "tasks", operation_id = "setQueueConcurrency",
    params(("name" = String, Path, description = "ami")),
    request_body = QueueConcurrency,
    responses((status = 200, description = "The queue", body = Queue))
)]
pub(crate) async fn set_concurrency(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<QueueConcurrency>,
) -> Result<Json<Queue>, ApiError> {
    let wanted = body.concurrency;
    if let Some(number) = wanted.filter(|number| !CONCURRENCY.contains(number)) {
        let (least, most) = (CONCURRENCY.start(), CONCURRENCY.end());
        let message =
            format!("give {least} to {most}, or null for what each worker was started with");
        let error = FieldError::new("concurrency", number, message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let (queue, decision) = ordered(&caller, &name, body.reason)?;
    let done = caller
        .ledger
        .set_concurrency(queue, wanted, &decision)
        .await?;
    decided(done, || unknown(&name))?;
    tracing::info!(by = %caller.name, %queue, ?wanted, "a queue's concurrency was set");
    one(&api, queue).await.map(Json)
}

fn ordered(
    caller: &Caller,
    name: &str,
    reason: String,
) -> Result<(task::Queue, Decision), ApiError> {
    Ok((parsed(name)?, decision(caller, reason)?))
}

fn parsed(name: &str) -> Result<task::Queue, ApiError> {
    task::Queue::parse(name).ok_or_else(|| ApiError::NotFound(unknown(name)))
}

fn unknown(name: &str) -> String {
    let name = shown(name);
    format!("there is no queue `{name}`; `ingot queues list` shows them")
}

/// A queue and under what its story lies, for the console.
pub(crate) async fn named(api: &Api, name: &str) -> Result<(Queue, String), ApiError> {
    let queue = parsed(name)?;
    let story = api.ledger.queue_row(queue).await?.story_id();
    Ok((one(api, queue).await?, story))
}

/// One queue as it is now.
async fn one(api: &Api, queue: task::Queue) -> Result<Queue, ApiError> {
    let all = all(api).await?;
    let found = all.into_iter().find(|one| one.name == queue.as_str());
    found.ok_or_else(|| ApiError::NotFound(unknown(queue.as_str())))
}
