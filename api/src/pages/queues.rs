//! The page of a queue, and what is ordered on it.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::{PauseQueue, ResumeQueue};
use serde::Deserialize;

use super::{Answer, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::routes::queues;
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
