//! One HTTP listener for EC2, STS, SSM and the control endpoints.
//!
//! hyper is used directly because two faults need what frameworks hide: closing a connection
//! without an answer, and breaking off in the middle of one.

pub(crate) mod call;
pub(crate) mod credentials;
pub(crate) mod errors;
pub(crate) mod query;
pub(crate) mod reply;
mod service;
pub(crate) mod xml;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::control;
use crate::sim::Sim;
use call::RawCall;
use reply::{Hangup, Reply};

/// Accepts until the region stops.
pub(crate) async fn accept(sim: Arc<Sim>, listener: TcpListener) {
    let mut stopped = sim.stopped.clone();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => sim.spawn(converse(Arc::clone(&sim), stream)),
            Err(error) => {
                // Usually out of descriptors; closing connections will free some.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn converse(sim: Arc<Sim>, stream: TcpStream) {
    // Small answers must not wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&sim), request));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}

async fn answer(sim: Arc<Sim>, request: Request<Incoming>) -> Result<Response<Reply>, Hangup> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Err(Hangup);
    };
    let body: Bytes = body.to_bytes();
    let path = head.uri.path();
    if path == "/healthz" {
        return Ok(reply::json(200, &serde_json::json!({"status": "ok"})));
    }
    if path.starts_with("/_sim/") {
        let query = head.uri.query().unwrap_or_default();
        return Ok(control::answer(&sim, &head.method, path, query, &body));
    }
    if path != "/" {
        // Services with paths of their own speak JSON; none of them is simulated.
        let message = format!("the simulated region has no {} {path}", head.method);
        let body = serde_json::json!({"__type": "UnknownOperationException", "message": message});
        let mut answer = reply::json(404, &body);
        if let Ok(kind) = "UnknownOperationException".parse() {
            answer.headers_mut().insert("x-amzn-errortype", kind);
        }
        return Ok(answer);
    }
    if head.method != Method::POST {
        return Ok(reply::text(
            405,
            "text/plain",
            "the simulated region takes POST /".to_owned(),
        ));
    }
    let raw = RawCall::read(&head.headers, &body);
    // A task of its own: a client that gives up does not stop what it asked for.
    let work = tokio::spawn(async move { call::perform(&sim, raw).await });
    work.await.unwrap_or(Err(Hangup))
}
