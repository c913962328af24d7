//! `/metrics`, `/healthz` and `/readyz` over HTTP, the same on api and worker.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Metrics;

/// One check of a process's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// `database`, `redis`, `consumer` or `relay`.
    pub name: &'static str,
    /// Passed.
    pub ok: bool,
    /// What was seen, without internals.
    pub detail: String,
    /// Without it the process cannot do what it is there for; else it is only impaired.
    pub needed: bool,
}

type Checks = Pin<Box<dyn Future<Output = Vec<HealthCheck>> + Send>>;

/// Asks for a process's health.
#[derive(Clone)]
pub struct Health(Arc<dyn Fn() -> Checks + Send + Sync>);

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Health")
    }
}

impl Health {
    /// Health as `checks` tells it.
    pub fn new<F, Fut>(checks: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<HealthCheck>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(checks())))
    }

    /// Asks now.
    pub async fn ask(&self) -> Vec<HealthCheck> {
        (self.0)().await
    }
}

/// The three routes, for a listener of their own that only Prometheus and probes reach.
pub fn router(metrics: Metrics, health: Health) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .with_state(metrics)
        .merge(health_router(health))
}

/// The two routes that anybody may ask.
pub fn health_router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(health)
}

/// Serves the three routes until `stop`.
pub async fn serve(
    listener: TcpListener,
    metrics: Metrics,
    health: Health,
    stop: CancellationToken,
) {
    let served = axum::serve(listener, router(metrics, health))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the metrics listener ended");
    }
}

/// The metrics as an answer, for a handler that has already checked who asks.
pub fn answer(metrics: &Metrics) -> Response {
    match metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn metrics_text(State(metrics): State<Metrics>) -> Response {
    answer(&metrics)
}

async fn ready(State(health): State<Health>) -> Response {
    let checks = health.ask().await;
    let ready = checks.iter().all(|check| check.ok || !check.needed);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        render(ready, &checks),
    )
        .into_response()
}

/// The JSON of `client::Ready`; written by hand so that this room needs neither the contract nor a serializer.
fn render(ready: bool, checks: &[HealthCheck]) -> String {
    let quoted = |text: &str| {
        let escaped: String = text
            .chars()
            .flat_map(|c| match c {
                '"' | '\\' => vec!['\\', c],
                c if c.is_control() => vec![' '],
                c => vec![c],
            })
            .collect();
        format!("\"{escaped}\"")
    };
    let impaired: Vec<String> = checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| quoted(check.name))
        .collect();
    let checks: Vec<String> = checks
        .iter()
        .map(|check| {
            format!(
                "{{\"name\":{},\"ok\":{},\"needed\":{},\"detail\":{}}}",
                quoted(check.name),
                check.ok,
                check.needed,
                quoted(&check.detail)
            )
        })
        .collect();
    format!(
        "{{\"ready\":{ready},\"impaired\":[{}],\"checks\":[{}]}}",
        impaired.join(","),
        checks.join(",")
    )
}
