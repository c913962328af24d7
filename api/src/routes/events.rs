//! The story of a deployment: by polling with a cursor, or live.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sse, KeepAlive, Sse as Stream};
use futures::stream;
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::{deployments, images, limit};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::live::News;
use crate::present;
use crate::state::Api;

/// After a look that failed.
const AGAIN: Duration = Duration::from_millis(300);
/// A live log that has nothing to say shows that it lives: more often than a proxy in front closes what is idle (README).
const ALIVE: Duration = Duration::from_secs(10);
/// How often a live log looks at the token it was opened with: it ends soon after the token does.
const TOKEN: Duration = Duration::from_secs(3);

/// Read the story of a deployment
#[utoipa::path(
    get, path = "/v1/deployments/{id}/events", tag = "deployments", operation_id = "listEvents",
    params(("id" = String, Path, description = "dep_…"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let deployment = deployments::one(&api, &id).await?;
    story(&api, &deployment.id, &filter).await.map(Json)
}

/// Read the story of an image
///
/// Who made it from what, what became of it in EC2, what people decided. An image of before stories were told has none.
#[utoipa::path(
    get, path = "/v1/images/{id}/events", tag = "images", operation_id = "listImageEvents",
    params(("id" = String, Path, description = "img_… or ami-…"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn of_image(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let image = images::one(&api, &id).await?;
    story(&api, &image.id, &filter).await.map(Json)
}

/// One page of any subject's story.
pub(crate) async fn story(
    api: &Api,
    subject: &str,
    filter: &EventFilter,
) -> Result<Page<Event>, ApiError> {
    let limit = limit(filter.limit)?;
    let after = filter.after.unwrap_or(0);
    let actor = filter.actor.as_deref();
    let rows = api.ledger.events_by(subject, after, limit + 1, actor);
    let rows = rows.await?;
    let cursor = |row: &ingot_entity::event::Model| row.seq.to_string();
    Ok(super::page(rows, limit, cursor, present::event))
}

/// Follow the story of a deployment live
///
/// Server-sent events: each line is one `message` whose data is an Event; `end` comes when everything is finished, AMI
/// included. Go on with `after` when the connection breaks off, or with `Last-Event-ID`, as browsers do by themselves. The stream breaks off when its token is revoked or expires.
#[utoipa::path(
    get, path = "/v1/deployments/{id}/events/stream", tag = "deployments", operation_id = "followEvents",
    params(("id" = String, Path, description = "dep_…"), EventFilter, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last line that came; goes before `after`")),
    responses((status = 200, description = "Lines as they happen", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
    headers: HeaderMap,
) -> Result<Stream<impl futures::Stream<Item = Result<Sse, Infallible>>>, ApiError> {
    let place = api.live.enter()?;
    let limit = limit(filter.limit)?;
    let news = match api.live.follow_too(&id) {
        Some(news) => news,
        None => {
            let deployment = deployments::one(&api, &id).await?;
            api.live.follow(&deployment.id)
        }
    };
    let start = Tail {
        api,
        caller,
        checked: Instant::now(),
        id,
        after: last_heard(&headers).or(filter.after).unwrap_or(0),
        limit,
        actor: filter.actor.clone(),
        ended: false,
        news,
        _place: place,
    };
    let events = stream::unfold(start, |tail| async move { tail.next().await });
    let events =
        futures::StreamExt::flat_map(events, |batch| stream::iter(batch.into_iter().map(Ok)));
    Ok(Stream::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// What a browser that reconnects has heard last: its address still carries the `after` it began with.
fn last_heard(headers: &HeaderMap) -> Option<i64> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    id.trim().parse().ok().filter(|seq| *seq >= 0)
}

struct Tail {
    api: Api,
    caller: Caller,
    /// When its token was looked at.
    checked: Instant,
    id: String,
    after: i64,
    limit: u64,
    /// Whose lines are told.
    actor: Option<String>,
    ended: bool,
    news: watch::Receiver<Option<News>>,
    _place: OwnedSemaphorePermit,
}

impl Tail {
    /// The next lines, or the end.
    async fn next(mut self) -> Option<(Vec<Sse>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if self.checked.elapsed() >= TOKEN {
                if self.caller.is_refused(&self.api).await {
                    return None;
                }
                self.checked = Instant::now();
            }
            let news = self.news.borrow_and_update().clone();
            if let Some(news) = news {
                let looked = self.lines(&news).await;
                let behind = looked.is_err();
                let lines = looked.unwrap_or_else(|error| {
                    tracing::debug!(?error, "a live log could not look; it looks again");
                    Vec::new()
                });
                if let Some(last) = lines.last() {
                    self.after = last.seq;
                    let batch = lines.iter().filter(|line| self.tells(line)).map(sse);
                    let batch = batch.collect();
                    return Some((batch, self));
                }
                if news.finished && !behind {
                    self.ended = true;
                    return Some((vec![Sse::default().event("end").data("{}")], self));
                }
                if behind {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            }
            tokio::select! {
                // The task that looks on has ended: the process ends.
                changed = self.news.changed() => changed.ok()?,
                () = self.api.shutdown.cancelled() => return None,
                () = tokio::time::sleep_until(self.checked + TOKEN) => {}
            }
        }
    }

    fn tells(&self, line: &Event) -> bool {
        let Some(wanted) = &self.actor else {
            return true;
        };
        line.actor.as_ref().is_some_and(|actor| {
            let ids = [Some(&actor.kind), actor.token.as_ref(), actor.name.as_ref()];
            ids.contains(&Some(wanted))
        })
    }

    /// The lines this reader has not had: those that all readers are told, or its own backlog.
    async fn lines(&self, news: &News) -> Result<Vec<Event>, ApiError> {
        if self.after >= news.seq {
            return Ok(Vec::new());
        }
        let shared = news
            .lines
            .first()
            .is_some_and(|first| first.seq <= self.after + 1);
        if shared {
            let new = news.lines.iter().filter(|line| line.seq > self.after);
            return Ok(new.cloned().collect());
        }
        let rows = self
            .api
            .ledger
            .events(&self.id, self.after, self.limit)
            .await?;
        Ok(rows.into_iter().map(present::event).collect())
    }
}

fn sse(event: &Event) -> Sse {
    let data = serde_json::to_string(event).unwrap_or_default();
    Sse::default().id(event.seq.to_string()).data(data)
}
