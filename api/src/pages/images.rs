//! The pages of images, and what is decided on them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::ImageFilter;
use serde::Deserialize;

use super::{Answer, Asked, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::routes::images;
use crate::state::Api;

/// Lines a page shows; an image has a few.
const LINES: u64 = 200;

pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<ImageFilter>,
) -> Answer {
    let page = images::find(&api, filter.clone()).await?;
    let now = api.ledger.now();
    shown(&api, console::images_page(&page, &filter, now)).await
}

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let image = images::one(&api, &id).await?;
    let rows = api.ledger.events(&image.id, 0, LINES).await?;
    let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
    let security = images::standing(&api, &image.id).await?;
    let now = api.ledger.now();
    let page = console::image_page(&image, Some(&security), &events, now);
    shown(&api, page).await
}

#[derive(Deserialize)]
pub(super) struct Decided {
    reason: String,
}

pub(super) async fn act(
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    Filled(form): Filled<Decided>,
) -> Answer {
    let done = images::decide(&caller, &id, &action, form.reason).await?;
    Ok(Redirect::to(&format!("/images/{}", done.id)).into_response())
}
