//! The router, in one screen, and serving it.

use std::future::IntoFuture;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use ingot_telemetry::health_router;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::body::LARGEST;
use crate::error::ApiError;
use crate::state::Api;
use crate::{middleware, openapi, pages, parts};

/// Longest time a request may take; live logs are not under it.
const ANSWER: Duration = Duration::from_secs(30);

/// How long requests may take to end after the process was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Everything the API answers.
pub fn router(api: Api) -> Router {
    let (v1, document) = openapi::routes();
    let pages = Router::new()
        .route("/", get(pages::deployments))
        .route("/deployments/{id}", get(pages::deployment))
        .route("/deployments/{id}/actions/{action}", post(pages::act))
        .route("/images", get(pages::images))
        .route("/login", get(pages::login).post(pages::sign_in))
        .route("/logout", post(pages::sign_out))
        .route("/docs", get(pages::docs))
        .route("/assets/{name}", get(pages::asset))
        .route("/openapi.json", get(pages::openapi))
        .route("/metrics", get(pages::metrics));
    let timed = v1.merge(pages).layer(TimeoutLayer::with_status_code(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        ANSWER,
    ));
    timed
        .merge(openapi::streams())
        .layer(axum::Extension(document))
        .fallback(async || {
            ApiError::NotFound("there is nothing at this path; see /docs".to_owned())
        })
        .method_not_allowed_fallback(async || ApiError::Method)
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .with_state(api.clone())
        .merge(health_router(api.health.clone()))
        .layer(from_fn_with_state(api, middleware::around))
}

/// Serves until the API's `shutdown`, then lets requests end, but not for ever: a client that never finishes its request
/// must not keep the process.
pub async fn serve(listener: TcpListener, api: Api) -> std::io::Result<()> {
    let stop = api.shutdown.clone();
    tokio::spawn(parts::watch(api.clone()));
    let late = async {
        api.shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let served =
        axum::serve(listener, router(api.clone())).with_graceful_shutdown(stop.cancelled_owned());
    tokio::select! {
        served = served.into_future() => served,
        () = late => Ok(()),
    }
}
