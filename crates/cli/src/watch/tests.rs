//! Watching against a server that breaks off in the middle, lies about being finished, or lets no stream through.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use ingot_client::event::{Event, EventFilter};
use ingot_client::{Client, Deployment, Page};

use super::{Patience, follow};

/// Impatient, so that tests are quick.
const QUICK: Patience = Patience {
    silence: Duration::from_millis(200),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
    away: Duration::from_secs(5),
};

/// A deployment named `first` in a status; for the tests of other files, too.
pub(crate) fn deployment(status: &str) -> Deployment {
    let finished = !matches!(status, "pending" | "queued" | "deploying" | "running");
    let json = serde_json::json!({
        "id": "dep_1", "job_name": "first", "deployment_type": "kamiwaza", "template": "kamiwaza", "version": "v0.9.2",
        "mode": "full", "region": "us-east-1", "instance_type": "m6i.xlarge", "architecture": "x86_64",
        "volume_size_gb": 10, "tags": {}, "status": status, "stage": "checking", "finished": finished,
        "image_choice": "auto", "readiness_checks": 0, "run": 1, "created_at": "2026-01-21T17:00:00Z",
    });
    serde_json::from_value(json).expect("deployment")
}

fn event(seq: i64) -> Event {
    Event {
        seq,
        at: "2026-01-21T17:00:00Z".parse().expect("time"),
        kind: "test".to_owned(),
        source: "deploy".to_owned(),
        level: "info".to_owned(),
        message: format!("line {seq}"),
        actor: None,
    }
}

/// How the stream behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stream {
    /// Two events and the half of a third, then the connection breaks.
    BreaksOff,
    /// No stream gets through.
    Refused,
    /// It stays open and says nothing.
    Silent,
    /// The first time, the whole API answers 503.
    AwayAtFirst,
    /// No stream, and no task that lives: it stays as it is.
    Left,
}

/// Ten events; finished once all of them were handed out one way or the other.
struct Server {
    stream: Stream,
    streams: AtomicUsize,
    asked: AtomicUsize,
}

const EVENTS: i64 = 10;

async fn serve(stream: Stream) -> (Client, Arc<Server>) {
    let server = Arc::new(Server {
        stream,
        streams: AtomicUsize::new(0),
        asked: AtomicUsize::new(0),
    });
    let app = Router::new()
        .route("/v1/deployments/{id}", get(show))
        .route("/v1/deployments/{id}/events", get(events))
        .route("/v1/deployments/{id}/events/stream", get(events_stream))
        .route("/v1/tasks", get(tasks))
        .with_state(server.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bind");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (Client::new(&url, None).expect("client"), server)
}

async fn show(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Response {
    let asked = server.asked.fetch_add(1, Ordering::SeqCst);
    if id != "dep_1" {
        return problem(StatusCode::NOT_FOUND);
    }
    if server.stream == Stream::AwayAtFirst && asked == 0 {
        return problem(StatusCode::SERVICE_UNAVAILABLE);
    }
    // The first answers are of a time when it was still running.
    let over = asked >= 3 && server.stream != Stream::Left;
    let status = if over { "success" } else { "running" };
    axum::Json(deployment(status)).into_response()
}

async fn events(State(server): State<Arc<Server>>, Query(filter): Query<EventFilter>) -> Response {
    let after = filter.after.unwrap_or_default();
    let there = match server.asked.load(Ordering::SeqCst) {
        0..=3 => EVENTS / 2,
        _ => EVENTS,
    };
    // Pages of two, so that catching up needs several.
    let items = (after + 1..=there).take(2).map(event).collect();
    axum::Json(Page {
        items,
        next_cursor: None::<String>,
    })
    .into_response()
}

/// One task, which was given up when the deployment was left.
async fn tasks(State(server): State<Arc<Server>>) -> Response {
    let state = match server.stream {
        Stream::Left => "discarded",
        _ => "scheduled",
    };
    let task = serde_json::json!({
        "id": "tsk_1", "queue": "readiness", "kind": "readiness", "state": state, "attempt": 20, "max_attempts": 20,
        "crashes": 0, "visits": 20, "run_at": "2026-01-21T17:00:00Z", "created_at": "2026-01-21T17:00:00Z", "attempts": [],
    });
    axum::Json(serde_json::json!({ "items": [task] })).into_response()
}

async fn events_stream(
    State(server): State<Arc<Server>>,
    Query(filter): Query<EventFilter>,
) -> Response {
    server.streams.fetch_add(1, Ordering::SeqCst);
    let after = filter.after.unwrap_or_default();
    let text = |seq| {
        format!(
            "id: {seq}\ndata: {}\n\n",
            serde_json::to_string(&event(seq)).expect("json")
        )
    };
    match server.stream {
        Stream::BreaksOff => {
            // Begins with a line that was seen, as a careless server does after a reconnection.
            let seen = if after > 0 {
                text(after)
            } else {
                String::new()
            };
            let half = text(after + 3).chars().take(20).collect::<String>();
            let parts = [seen, text(after + 1), text(after + 2), half];
            let chunks = futures::stream::iter(parts)
                .map(Ok)
                .chain(futures::stream::once(async {
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
                }));
            sse(Body::from_stream(chunks))
        }
        Stream::Silent => sse(Body::from_stream(futures::stream::pending::<
            Result<String, Infallible>,
        >())),
        Stream::Refused | Stream::AwayAtFirst | Stream::Left => problem(StatusCode::BAD_GATEWAY),
    }
}

fn sse(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn problem(status: StatusCode) -> Response {
    let body =
        serde_json::json!({"type": "t", "title": "t", "status": status.as_u16(), "detail": "d"});
    (status, axum::Json(body)).into_response()
}

async fn watched(stream: Stream) -> (Vec<i64>, Deployment, Arc<Server>) {
    let (client, server) = serve(stream).await;
    let mut seen = Vec::new();
    let ended = follow(&client, "dep_1", 0, QUICK, |event| {
        seen.push(event.seq);
        Ok(())
    });
    let ended = tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("in time")
        .expect("watched");
    (seen, ended, server)
}

#[tokio::test]
async fn every_line_comes_once_and_in_order_whatever_breaks() {
    for stream in [
        Stream::BreaksOff,
        Stream::Refused,
        Stream::Silent,
        Stream::AwayAtFirst,
    ] {
        let (seen, ended, server) = watched(stream).await;
        assert_eq!(seen, (1..=EVENTS).collect::<Vec<_>>(), "{stream:?}");
        assert_eq!(ended.status, "success", "{stream:?}");
        assert!(
            server.streams.load(Ordering::SeqCst) > 1,
            "{stream:?}: it goes back to the stream"
        );
    }
}

#[tokio::test]
async fn a_wrong_id_and_an_api_that_stays_away_end_the_watch() {
    let (client, _server) = serve(Stream::Refused).await;
    let error = follow(&client, "dep_2", 0, QUICK, |_| Ok(()))
        .await
        .expect_err("not found");
    assert_eq!(crate::failure::exit(&error), crate::failure::Exit::NotFound);
    let nobody = Client::new("http://127.0.0.1:1", None).expect("client");
    let patience = Patience {
        away: Duration::from_millis(50),
        ..QUICK
    };
    let error = follow(&nobody, "dep_1", 0, patience, |_| Ok(()))
        .await
        .expect_err("no API there");
    assert_eq!(
        crate::failure::exit(&error),
        crate::failure::Exit::Unreachable
    );
}

#[tokio::test]
async fn what_no_task_works_for_any_more_ends_the_watch() {
    let (client, _server) = serve(Stream::Left).await;
    let ended = follow(&client, "dep_1", 0, QUICK, |_| Ok(()));
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
    let error = ended.expect("it ends").expect_err("it is not finished");
    assert!(
        error.to_string().contains("nothing works on it"),
        "{error:#}"
    );
}

#[tokio::test]
async fn what_the_reader_refuses_ends_the_watch() {
    let (client, _server) = serve(Stream::BreaksOff).await;
    let error = follow(&client, "dep_1", 0, QUICK, |_| anyhow::bail!("full"))
        .await
        .expect_err("refused");
    assert_eq!(error.to_string(), "full");
}
