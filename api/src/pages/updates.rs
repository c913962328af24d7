//! The pages about base images' updates, and what is decided on them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::base_update::LevelDecision;

use super::{Answer, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::routes::updates;
use crate::state::Api;

pub(super) async fn security(State(api): State<Api>, _: Caller) -> Answer {
    let status = updates::status(&api).await?;
    shown(&api, console::security_page(&status)).await
}

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let detail = updates::one(&api, &id).await?;
    shown(&api, console::update_page(&detail)).await
}

pub(super) async fn affected(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let told = updates::what_has(&api, id).await?;
    shown(&api, console::affected_page(&told)).await
}

pub(super) async fn set(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Filled(form): Filled<LevelDecision>,
) -> Answer {
    let done = updates::set(&api, &caller, &id, form).await?;
    Ok(Redirect::to(&format!("/updates/{}", done.update.id)).into_response())
}
