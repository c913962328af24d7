//! The pages of tasks, of the system they run in, and of what was found wrong.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use ingot_client::{FindingDecision, FindingFilter, TaskFilter};

use super::{Answer, Asked, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::routes::{feeds, findings, tasks};
use crate::state::Api;

pub(super) async fn tasks(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<TaskFilter>,
) -> Answer {
    // A queue that is asked for is shown whole.
    let narrowed = filter.queue.is_some() || filter.housekeeping == Some(true);
    let asked = TaskFilter {
        housekeeping: Some(narrowed),
        ..filter.clone()
    };
    let page = tasks::find(&api, asked).await?;
    let now = api.ledger.now();
    shown(&api, console::tasks_page(&page, &filter, now)).await
}

pub(super) async fn task(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let task = tasks::one(&api, &id).await?;
    shown(&api, console::task_page(&task)).await
}

pub(super) async fn system(State(api): State<Api>, _: Caller) -> Answer {
    let status = crate::status::look(&api).await?;
    shown(&api, console::system_page(&status)).await
}

pub(super) async fn feeds(State(api): State<Api>, _: Caller) -> Answer {
    let feeds = feeds::all(&api).await?;
    let now = api.ledger.now();
    shown(&api, console::feeds_page(&feeds, now)).await
}

pub(super) async fn findings(
    State(api): State<Api>,
    _: Caller,
    RawQuery(query): RawQuery,
    Asked(mut filter): Asked<FindingFilter>,
) -> Answer {
    // What is open is what there is to do; "any" is asked for by an empty field.
    if !query.is_some_and(|query| query.contains("state=")) {
        filter.state = Some("open".to_owned());
    }
    let page = findings::find(&api, filter.clone()).await?;
    let now = api.ledger.now();
    shown(&api, console::findings_page(&page, &filter, now)).await
}

pub(super) async fn settle(
    caller: Caller,
    Path(id): Path<String>,
    Filled(decision): Filled<FindingDecision>,
) -> Answer {
    let settled = findings::settled(&caller, &id, decision).await?;
    Ok(Redirect::to(&format!("/findings#{}", settled.id)).into_response())
}
