//! The story of a deployment: by polling with a cursor, or live.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sse, KeepAlive, Sse as Stream};
use futures::stream;
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page};
use ingot_domain::deployment::everything_finished;
use ingot_entity::store::{ami_status_of, status_of};

use super::{deployments, limit};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// How often a live log looks for news.
const LOOK: Duration = Duration::from_millis(300);

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
) -> Result<axum::Json<Page<Event>>, ApiError> {
    let deployment = deployments::one(&api, &id).await?;
    let limit = limit(filter.limit)?;
    let rows = api
        .ledger
        .events(&deployment.id, filter.after.unwrap_or(0), limit + 1)
        .await?;
    Ok(axum::Json(super::page(
        rows,
        limit,
        |row| row.seq.to_string(),
        present::event,
    )))
}

/// Follow the story of a deployment live
///
/// Server-sent events: each line is one `message` whose data is an Event; `end` comes when everything is finished, AMI
/// included. Go on with `after` when the connection breaks off, or with `Last-Event-ID`, as browsers do by themselves.
#[utoipa::path(
    get, path = "/v1/deployments/{id}/events/stream", tag = "deployments", operation_id = "followEvents",
    params(("id" = String, Path, description = "dep_…"), EventFilter, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last line that came; goes before `after`")),
    responses((status = 200, description = "Lines as they happen", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn stream(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
    headers: HeaderMap,
) -> Result<Stream<impl futures::Stream<Item = Result<Sse, Infallible>>>, ApiError> {
    let deployment = deployments::one(&api, &id).await?;
    let limit = limit(filter.limit)?;
    let start = Tail {
        api,
        id: deployment.id,
        after: last_heard(&headers).or(filter.after).unwrap_or(0),
        limit,
        ended: false,
    };
    let events = stream::unfold(start, |tail| async move { tail.next().await });
    let events =
        futures::StreamExt::flat_map(events, |batch| stream::iter(batch.into_iter().map(Ok)));
    Ok(Stream::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// What a browser that reconnects has heard last: its address still carries the `after` it began with.
fn last_heard(headers: &HeaderMap) -> Option<i64> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    id.trim().parse().ok().filter(|seq| *seq >= 0)
}

struct Tail {
    api: Api,
    id: String,
    after: i64,
    limit: u64,
    ended: bool,
}

impl Tail {
    /// The next lines, or the end.
    async fn next(mut self) -> Option<(Vec<Sse>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            // The row is read first: whatever finished it has written its lines by then.
            let looked = self.look().await;
            let (finished, lines) = looked.unwrap_or_else(|error| {
                tracing::debug!(?error, "a live log could not look; it looks again");
                (false, Vec::new())
            });
            if let Some(last) = lines.last() {
                self.after = last.seq;
                let batch = lines.iter().map(sse).collect();
                return Some((batch, self));
            }
            if finished {
                self.ended = true;
                return Some((vec![Sse::default().event("end").data("{}")], self));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.api.shutdown.cancelled() => return None,
            }
        }
    }

    async fn look(&self) -> Result<(bool, Vec<Event>), ApiError> {
        let row = self.api.ledger.deployment(&self.id).await?;
        let finished = match &row {
            Some(row) => everything_finished(status_of(row)?, ami_status_of(row)?),
            None => true,
        };
        let news = row.is_none_or(|row| row.event_seq > self.after);
        if !news {
            return Ok((finished, Vec::new()));
        }
        let rows = self
            .api
            .ledger
            .events(&self.id, self.after, self.limit)
            .await?;
        Ok((finished, rows.into_iter().map(present::event).collect()))
    }
}

fn sse(event: &Event) -> Sse {
    let data = serde_json::to_string(event).unwrap_or_default();
    Sse::default().id(event.seq.to_string()).data(data)
}
