//! The pages of deployments, and what is done on them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::DeploymentFilter;

use super::{Answer, Asked, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::routes::deployments;
use crate::state::Api;

/// Lines a page shows at once; the rest comes live or as JSON.
const LINES: i64 = 500;

pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<DeploymentFilter>,
) -> Answer {
    let page = deployments::find(&api, filter.clone()).await?;
    let now = api.ledger.now();
    shown(&api, console::deployments_page(&page, &filter, now)).await
}

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let seen = deployments::one(&api, &id).await?;
    let row = api.ledger.deployment(&seen.id).await?;
    let last = row.map_or(0, |row| row.event_seq);
    let limit = u64::try_from(LINES).unwrap_or(0);
    let after = (last - LINES).max(0);
    let rows = api.ledger.events(&seen.id, after, limit).await?;
    let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
    shown(&api, console::deployment_page(&seen, &events)).await
}

pub(super) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
) -> Answer {
    let done = deployments::intervene(&api, &caller, &id, &action).await?;
    Ok(Redirect::to(&format!("/deployments/{}", done.id)).into_response())
}
