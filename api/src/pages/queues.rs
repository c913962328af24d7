//! The pages of queues and of operations over many tasks, and what is ordered on them and on tasks.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::{
    NewOperation, OperationFilter, PauseQueue, ResumeQueue, StopOperation, TaskDecision, TasksMeant,
};
use serde::Deserialize;

use super::{Answer, Asked, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::routes::{operations, queues, task_actions};
use crate::state::Api;

/// Lines a page shows; a queue has a few.
const LINES: u64 = 200;

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(name): Path<String>) -> Answer {
    let (queue, story) = queues::named(&api, &name).await?;
    let rows = api.ledger.events(&story, 0, LINES).await?;
    let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
    let now = api.ledger.now();
    shown(&api, console::queue_page(&queue, &events, now)).await
}

/// What is filled in.
#[derive(Deserialize)]
pub(super) struct Ordered {
    reason: String,
    #[serde(default)]
    even_cleanup: Option<String>,
}

pub(super) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((name, action)): Path<(String, String)>,
    Filled(form): Filled<Ordered>,
) -> Answer {
    let reason = form.reason;
    let queue = match action.as_str() {
        "pause" => {
            let pause = PauseQueue {
                reason,
                even_cleanup: form.even_cleanup.is_some(),
            };
            queues::paused(&api, &caller, &name, pause).await?
        }
        "resume" => queues::resumed(&api, &caller, &name, ResumeQueue { reason }).await?,
        other => {
            let shown = ingot_domain::field::shown(other);
            return Err(ApiError::NotFound(format!(
                "there is no action `{shown}`: pause or resume"
            )));
        }
    };
    Ok(Redirect::to(&console::queue_address(&queue.name)).into_response())
}

/// Why something is done.
#[derive(Deserialize)]
pub(super) struct Because {
    reason: String,
}

pub(super) async fn act_on_task(
    State(api): State<Api>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    Filled(Because { reason }): Filled<Because>,
) -> Answer {
    let body = TaskDecision { reason, at: None };
    let task = task_actions::acted(&api, &caller, &id, &action, body).await?;
    Ok(Redirect::to(&format!("/tasks/{}", task.id)).into_response())
}

pub(super) async fn operations(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<OperationFilter>,
) -> Answer {
    let page = operations::find(&api, &filter).await?;
    let now = api.ledger.now();
    shown(&api, console::operations_page(&page, now)).await
}

pub(super) async fn preview(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<TasksMeant>,
) -> Answer {
    let preview = operations::previewed(&api, &filter).await?;
    let now = api.ledger.now();
    let page = console::operation_preview_page(&preview, &filter, now);
    shown(&api, page).await
}

/// What is asked for on the page of a preview; an empty field of the filter asks for nothing.
#[derive(Deserialize)]
pub(super) struct Begun {
    action: String,
    expected: u64,
    reason: String,
    queue: String,
    state: String,
    deployment_id: String,
}

pub(super) async fn begin(
    State(api): State<Api>,
    caller: Caller,
    Filled(form): Filled<Begun>,
) -> Answer {
    let given = |value: String| Some(value).filter(|value| !value.is_empty());
    let new = NewOperation {
        action: form.action,
        filter: TasksMeant {
            queue: given(form.queue),
            state: given(form.state),
            deployment_id: given(form.deployment_id),
        },
        expected: form.expected,
        reason: form.reason,
        at: None,
    };
    operations::begun(&api, &caller, new).await?;
    Ok(Redirect::to("/operations").into_response())
}

pub(super) async fn stop(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Filled(Because { reason }): Filled<Because>,
) -> Answer {
    let body = StopOperation { reason };
    operations::stopped(&api, &caller, &id, body).await?;
    Ok(Redirect::to("/operations").into_response())
}
