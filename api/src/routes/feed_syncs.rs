//! Feeds over the network: fetched now, whether and from where, and what their stories say. Workers fetch; the API asks.

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::event::EventFilter;
use ingot_client::feed::{Feed as Shown, SetFeed, SyncAsked};
use ingot_client::{Event, Page};
use ingot_domain::advisory::feed::{MOST_SOURCES, mirror};
use ingot_domain::field::{FieldError, shown};

use super::events;
use super::feeds::named;
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Fetch a feed now
///
/// A worker fetches; `last_checked` of the feed is later than `asked_at`, and `next_sync_at` later than that, when it has ended; `last_error` says why it
/// failed. A sync that is under way is that sync.
#[utoipa::path(
    post, path = "/v1/advisories/feeds/{feed}/sync", tag = "advisories", operation_id = "syncFeed",
    params(("feed" = String, Path, description = "`ubuntu`, `kev`, …")),
    responses(
        (status = 202, description = "Asked", body = SyncAsked),
        (status = 409, description = "It is off", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sync(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<SyncAsked>), ApiError> {
    let feed = named(&name)?;
    let known = api.ledger.feed(feed).await?;
    if known.is_some_and(|row| !row.enabled) {
        let what = format!("feed `{name}` is off; `ingot advisories set {name} --on` turns it on");
        return Err(ApiError::Conflict(what));
    }
    let (row, task) = caller.ledger.ask_sync(feed).await?;
    api.ringer
        .ring(task.kind.queue().as_str(), task.id.as_str());
    tracing::info!(by = %caller.name, feed = name, "a sync of a feed was asked for");
    let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
    let asked = SyncAsked {
        asked_at: row.asked_at.unwrap_or(now),
        feed: present::feed(feed, Some(&row), now, today),
    };
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// Set whether and from where a feed is fetched
///
/// A sync under way is over; the next one comes at once.
#[utoipa::path(
    patch, path = "/v1/advisories/feeds/{feed}", tag = "advisories", operation_id = "setFeed",
    params(("feed" = String, Path, description = "`ubuntu`, `kev`, …")),
    request_body = SetFeed,
    responses((status = 200, description = "Set", body = Shown))
)]
pub(crate) async fn set(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(wanted): Json<SetFeed>,
) -> Result<Json<Shown>, ApiError> {
    let feed = named(&name)?;
    if wanted == SetFeed::default() {
        let message = "say `enabled` or `urls`, or both";
        let error = FieldError::new("enabled", "", message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let urls = wanted.urls.as_deref().unwrap_or_default();
    if urls.len() > MOST_SOURCES {
        let message = format!("give at most {MOST_SOURCES}");
        let error = FieldError::new("urls", urls.len().to_string(), message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let wrong = urls.iter().filter_map(|url| {
        let why = mirror(url).err()?;
        Some(FieldError::new("urls", shown(url), why))
    });
    let wrong: Vec<FieldError> = wrong.collect();
    if !wrong.is_empty() {
        return Err(ApiError::Invalid(wrong));
    }
    let row = caller
        .ledger
        .set_feed(feed, wanted.enabled, wanted.urls, &caller.name)
        .await?;
    tracing::info!(by = %caller.name, feed = name, "a feed was set");
    let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
    Ok(Json(present::feed(feed, Some(&row), now, today)))
}

/// Read the story of a feed
#[utoipa::path(
    get, path = "/v1/advisories/feeds/{feed}/events", tag = "advisories", operation_id = "listFeedEvents",
    params(("feed" = String, Path, description = "`ubuntu`, `kev`, …"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let feed = named(&name)?;
    let subject = format!("feed_{}", feed.name());
    events::story(&api, &subject, &filter).await.map(Json)
}
