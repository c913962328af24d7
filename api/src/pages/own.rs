//! What the console has of its own: the account's checks, the documentation, its files, the metrics for a caller.

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{Answer, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::openapi::Document;
use crate::state::Api;

pub(super) async fn aws(State(api): State<Api>, _: Caller) -> Answer {
    let rows = api.ledger.checks().await?;
    let checks: Result<Vec<_>, _> = rows.into_iter().map(crate::present::check).collect();
    shown(&api, console::aws_page(&checks?, api.ledger.now())).await
}

pub(super) async fn docs(
    State(api): State<Api>,
    _: Caller,
    Extension(document): Extension<Document>,
) -> Answer {
    shown(&api, console::docs_page(&document.0)).await
}

pub(super) async fn openapi(_: Caller, Extension(document): Extension<Document>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        document.0.to_string(),
    )
        .into_response()
}

/// The metrics, for a caller with a token; Prometheus asks the listener of its own.
pub(super) async fn metrics(_: Caller, State(api): State<Api>) -> Response {
    ingot_telemetry::server::answer(&api.metrics)
}

pub(super) async fn asset(Path(name): Path<String>) -> Answer {
    let unknown = || ApiError::NotFound("there is no such asset".to_owned());
    let (kind, bytes) = console::asset(&name).ok_or_else(unknown)?;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, bytes).into_response())
}
