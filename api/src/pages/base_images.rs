//! The pages of base images, and what is decided on them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::base_image::{BaseImageDecision, ScanRequest};
use serde::Deserialize;

use super::{Answer, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::routes::base_images;
use crate::state::Api;

/// Lines a page shows; a base image has a few.
const LINES: u64 = 200;

pub(super) async fn list(State(api): State<Api>, _: Caller) -> Answer {
    let page = base_images::all(&api).await?;
    let now = api.ledger.calendar_now();
    shown(&api, console::base_images_page(&page, now)).await
}

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(name): Path<String>) -> Answer {
    let row = base_images::one(&api, &name).await?;
    let one = base_images::full(&api, &row).await?;
    let rows = api.ledger.events(&row.id, 0, LINES).await?;
    let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
    let now = api.ledger.calendar_now();
    shown(&api, console::base_image_page(&one, &events, now)).await
}

/// What is filled in: a look needs no reason.
#[derive(Deserialize)]
pub(super) struct Decided {
    #[serde(default)]
    reason: String,
}

pub(super) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((name, action)): Path<(String, String)>,
    Filled(form): Filled<Decided>,
) -> Answer {
    let body = BaseImageDecision {
        reason: form.reason,
    };
    match action.as_str() {
        "pause" | "resume" => {
            base_images::decide(&api, &caller, &name, action == "pause", body).await?;
        }
        "scan" => {
            base_images::scan::scan_track(&api, &caller, &name, ScanRequest::default()).await?;
        }
        other => {
            let shown = ingot_domain::field::shown(other);
            return Err(ApiError::NotFound(format!(
                "there is no action `{shown}`: pause, resume or scan"
            )));
        }
    }
    let row = base_images::one(&api, &name).await?;
    Ok(Redirect::to(&console::base_image_address(&row.name)).into_response())
}
