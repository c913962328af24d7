//! `POST /tasks` with axum, in front of whatever enqueues.

use std::future::Future;

use anyhow::Result;
use axum::Router;
use axum::extract::Json;
use axum::http::StatusCode;
use axum::routing::post;

use crate::{Payload, told};

/// Serves until it is terminated; `enqueue` returns once a task is durable.
pub async fn serve<F, Enqueued>(port: u16, enqueue: F) -> Result<()>
where
    F: Fn(Payload) -> Enqueued + Clone + Send + Sync + 'static,
    Enqueued: Future<Output = Result<()>> + Send + 'static,
{
    let take = move |Json(payload): Json<Payload>| {
        let enqueued = enqueue(payload);
        async move {
            match enqueued.await {
                Ok(()) => (StatusCode::ACCEPTED, r#"{"enqueued":true}"#.to_owned()),
                Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            }
        }
    };
    let routes = Router::new().route("/tasks", post(take));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    told::up();
    axum::serve(listener, routes)
        .with_graceful_shutdown(told::terminated())
        .await?;
    Ok(())
}
