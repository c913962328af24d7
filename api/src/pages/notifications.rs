//! The page of notifications and receivers, and the end of a type for a receiver whose letter's link is followed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use ingot_client::notification::{MarkRead, NotificationFilter};
use ingot_domain::notice::{Topic, unsubscription};
use serde::Deserialize;

use super::{Answer, Asked, Filled, bare, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::routes::{notifications, receivers};
use crate::state::Api;

pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Asked(filter): Asked<NotificationFilter>,
) -> Answer {
    let page = notifications::find(&api, &caller, filter.clone()).await?;
    let receivers = receivers::all(&api).await?;
    let now = api.ledger.now();
    let html = console::notifications_page(&page, &receivers, &filter, now);
    shown(&api, html).await
}

/// One, or all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    id: Option<String>,
}

pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Filled(which): Filled<Which>,
) -> Answer {
    let ids = which.id.map(|id| vec![id]);
    notifications::mark(&api, &caller, MarkRead { ids }).await?;
    Ok(Redirect::to("/notifications").into_response())
}

pub(super) async fn test(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Answer {
    let told = receivers::tested(&api, &caller, &name).await?;
    let id = told.notification.id;
    Ok(Redirect::to(&format!("/notifications#{id}")).into_response())
}

/// What a letter's link carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    receiver: String,
    #[serde(rename = "type")]
    topic: String,
    mark: String,
}

impl Link {
    /// What the link ends, if Ingot made it.
    fn checked(&self, api: &Api) -> Result<Topic, ApiError> {
        let mark = unsubscription(&self.receiver, &self.topic);
        let topic = Topic::parse(&self.topic).filter(|_| api.ring.is_mark(&mark, &self.mark));
        topic.ok_or_else(|| {
            let what = "this link unsubscribes no one: it is not whole, or older than the key it was made with";
            ApiError::NotFound(what.to_owned())
        })
    }
}

/// Asks whether to unsubscribe; programs that follow links in letters must not do it. It needs no token: the mark is the proof.
pub(super) async fn ask(State(api): State<Api>, Asked(link): Asked<Link>) -> Answer {
    let topic = link.checked(&api)?;
    bare(
        console::unsubscribe_page(topic.title(), false),
        StatusCode::OK,
    )
}

/// Unsubscribes, as the page's button and mail programs' one click do.
pub(super) async fn leave(State(api): State<Api>, Asked(link): Asked<Link>) -> Answer {
    let topic = link.checked(&api)?;
    api.ledger.mute(&link.receiver, topic).await?;
    bare(
        console::unsubscribe_page(topic.title(), true),
        StatusCode::OK,
    )
}
