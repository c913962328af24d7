//! The router, in one screen, and serving it.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ingot_telemetry::health_router;
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::body::LARGEST;
use crate::error::ApiError;
use crate::state::Api;
use crate::throttle::Peer;
use crate::{gate, middleware, openapi, pages, parts};

/// Longest time a request may take; live logs are not under it.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a client may take to send the head of its next request; an idle connection ends then, too (FAULTS F40).
const HEAD: Duration = Duration::from_secs(20);
/// Longest head, in bytes; a longer one is answered 431.
const LONGEST_HEAD: usize = 64 * 1024;
/// After a connection that could not be accepted.
const AGAIN: Duration = Duration::from_millis(50);

/// How long requests may take to end after the process was asked to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Everything the API answers.
pub fn router(api: Api) -> Router {
    let (v1, document) = openapi::routes();
    let pages = pages::routes(document).layer(from_fn_with_state(api.clone(), gate::pages));
    let timed = v1.merge(pages).layer(TimeoutLayer::with_status_code(
        axum::http::StatusCode::SERVICE_UNAVAILABLE,
        ANSWER,
    ));
    timed
        .merge(openapi::streams())
        .fallback(async || {
            ApiError::NotFound("there is nothing at this path; see /docs".to_owned())
        })
        .method_not_allowed_fallback(async || ApiError::Method)
        .with_state(api.clone())
        .merge(health_router(api.health.clone()))
        // The first is the outermost. Together, because each layer of a router boxes every request and every answer.
        .layer((
            from_fn_with_state(api, middleware::around),
            CatchPanicLayer::custom(middleware::panicked),
            DefaultBodyLimit::max(LARGEST),
        ))
}

/// Serves until the API's `shutdown`, then lets requests end, but not for ever: a client that never finishes its request
/// must not keep the process.
pub async fn serve(listener: TcpListener, api: Api) -> std::io::Result<()> {
    let stop = api.shutdown.clone();
    tokio::spawn(parts::watch(
        api.parts.clone(),
        api.health.clone(),
        api.ledger.clone(),
        api.shutdown.clone(),
    ));
    let router = router(api);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        // Head and body of an answer in one piece: copying a KB costs the kernel less than two pieces do.
        .writev(false);
    let open = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // It went away before we came, or no file is left: other connections end in time.
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        // An answer is written in one piece, so there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let (router, peer) = (router.clone(), Peer(peer.ip().to_canonical()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = open.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => {}
    }
    Ok(())
}
