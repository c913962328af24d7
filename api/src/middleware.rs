//! Around every request: its id, its span and metrics, safe headers, and the writing of problems.

use std::time::Instant as Moment;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ingot_client::Problem;
use ingot_client::problem::MEDIA_TYPE;
use tracing::Instrument;
use uuid::Uuid;

use crate::console;
use crate::error::ApiError;
use crate::gate;
use crate::pages;
use crate::state::Api;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for its handler.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

pub(crate) async fn around(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let page = for_a_page(&request, &route);
    let asked = request.uri().clone();
    let reads = matches!(method, Method::GET | Method::HEAD);
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = %route);
    api.metrics.http_in_flight.inc();
    let began = Moment::now();
    let asks_ledger = gate::asks(&request);
    let mut response = if asks_ledger && api.parts.away() {
        ApiError::Unavailable.into_response()
    } else {
        next.run(request).instrument(span.clone()).await
    };
    if asks_ledger && response.status().is_success() {
        api.parts.answered();
    }
    say_since(&api, &mut response);
    api.metrics.http_in_flight.dec();
    let (took, code) = (began.elapsed(), response.status());
    let method = known(method.as_str());
    api.metrics
        .http_requests
        .with_label_values(&[route.as_str(), method, code.as_str()])
        .inc();
    api.metrics
        .http_duration
        .with_label_values(&[route.as_str(), method])
        .observe(took.as_secs_f64());
    span.in_scope(|| {
        tracing::debug!(
            status = code.as_u16(),
            took_ms = took.as_millis(),
            "answered"
        )
    });
    if page && response.status() == StatusCode::UNAUTHORIZED {
        match response.extensions_mut().get_mut::<Problem>() {
            Some(_) if reads => response = pages::way_in(&asked).into_response(),
            // What was written stays in the browser: signing in must not take its place.
            Some(problem) => problem.detail = SESSION_OVER.to_owned(),
            None => {}
        }
    }
    finish(response, &id, page)
}

/// Of a form that was sent when the session was over.
const SESSION_OVER: &str = "Your session is over. Sign in in another tab, then go back and send the form again: what you wrote is still there.";

/// Whether the answer is looked at in a browser: it asks for one of the console's pages, or says that it takes pages and
/// asks for what is not there.
fn for_a_page(request: &Request, route: &str) -> bool {
    let takes_pages = || {
        let accept = request.headers().get(header::ACCEPT);
        accept.is_some_and(|kinds| kinds.as_bytes().windows(9).any(|nine| nine == b"text/html"))
    };
    pages::is_page(request.uri().path()) && (route != "unmatched" || takes_pages())
}

/// A ledger that is away is told with since when: this process remembers, the ledger cannot.
fn say_since(api: &Api, response: &mut Response) {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE
        && let Some(since) = api.parts.down_since("database")
        && let Some(problem) = response.extensions_mut().get_mut::<Problem>()
    {
        let since = since.format("%Y-%m-%d %H:%M:%S UTC");
        problem.detail =
            format!("the ledger's database has not answered since {since}; try again later");
    }
}

/// The caller's id when it is one that can be logged, else a fresh one.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of request ids"
)]
fn request_id(request: &Request) -> String {
    let given = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let legal = |text: &&str| {
        (8..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    given
        .filter(legal)
        .map_or_else(|| format!("req_{}", Uuid::now_v7().simple()), str::to_owned)
}

/// Metric labels come from a closed set.
fn known(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|one| *one == method)
        .unwrap_or("other")
}

fn finish(mut response: Response, id: &str, page: bool) -> Response {
    // The layer that cuts off what takes too long writes no problem.
    let cut_off = response.status() == StatusCode::SERVICE_UNAVAILABLE
        && !response.headers().contains_key(header::CONTENT_TYPE)
        && response.extensions().get::<Problem>().is_none();
    if cut_off {
        response = ApiError::Unavailable.into_response();
    }
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.request_id = Some(id.to_owned());
        if let Some((body, kind)) = written(&problem, page) {
            *response.body_mut() = Body::from(body);
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(console::CSP),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A problem as its reader takes it: a person reads a page, a program JSON.
fn written(problem: &Problem, page: bool) -> Option<(Vec<u8>, &'static str)> {
    if page {
        match console::problem_page(problem) {
            Ok(text) => return Some((text.into_bytes(), "text/html; charset=utf-8")),
            Err(error) => tracing::error!(%error, "the page of a problem cannot be rendered"),
        }
    }
    let body = serde_json::to_vec(problem).ok()?;
    Some((body, MEDIA_TYPE))
}

/// A panic is a defect, answered like every other one.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    let mut response = ApiError::Internal.into_response();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
