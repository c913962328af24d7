//! The console's routes: the same handlers as `/v1`, shown as pages; signing in; the documentation.

use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use ingot_client::{DeploymentFilter, ImageFilter};
use ingot_domain::auth::BearerToken;
use serde::Deserialize;

use crate::address::Path;
use crate::auth::{COOKIE, Caller, same_origin};
use crate::console;
use crate::error::ApiError;
use crate::openapi::Document;
use crate::routes::{deployments as deployment_routes, images as image_routes};
use crate::state::Api;
use crate::throttle::Peer;

/// Lines a page shows at once; the rest comes live or as JSON.
const LINES: i64 = 500;

/// A visitor who is not signed in is sent to the sign-in page instead of being shown a problem.
type Visitor = Result<Caller, ApiError>;

fn html(page: Result<String, askama::Error>, status: StatusCode) -> Response {
    match page {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            ApiError::Internal.into_response()
        }
    }
}

/// A page of the console, with what is down on top of it.
async fn shown(api: &Api, page: Result<String, askama::Error>, status: StatusCode) -> Response {
    let trouble = crate::status::trouble(api).await;
    html(
        page.and_then(|page| console::with_trouble(page, &trouble)),
        status,
    )
}

fn turned_away(error: ApiError) -> Response {
    match error {
        ApiError::Unauthenticated(_) => Redirect::to("/login").into_response(),
        other => failed(other),
    }
}

fn failed(error: ApiError) -> Response {
    let problem = error.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html(console::problem_page(&problem), status)
}

/// An empty form field means that nothing was asked.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

pub(crate) async fn deployments(
    State(api): State<Api>,
    visitor: Visitor,
    Query(mut filter): Query<DeploymentFilter>,
) -> Response {
    if let Err(error) = visitor {
        return turned_away(error);
    }
    filter.status = given(filter.status);
    filter.template = given(filter.template);
    filter.version = given(filter.version);
    filter.region = given(filter.region);
    filter.cursor = given(filter.cursor);
    match deployment_routes::find(&api, filter.clone()).await {
        Ok(page) => {
            shown(
                &api,
                console::deployments_page(&page, &filter),
                StatusCode::OK,
            )
            .await
        }
        Err(error) => failed(error),
    }
}

pub(crate) async fn deployment(
    State(api): State<Api>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    if let Err(error) = visitor {
        return turned_away(error);
    }
    let seen = match deployment_routes::one(&api, &id).await {
        Ok(shown) => shown,
        Err(ApiError::NotFound(_)) => {
            return html(
                console::not_found_page("such deployment"),
                StatusCode::NOT_FOUND,
            );
        }
        Err(error) => return failed(error),
    };
    let last = match api.ledger.deployment(&seen.id).await {
        Ok(row) => row.map_or(0, |row| row.event_seq),
        Err(error) => return failed(error.into()),
    };
    let limit = u64::try_from(LINES).unwrap_or(0);
    match api
        .ledger
        .events(&seen.id, (last - LINES).max(0), limit)
        .await
    {
        Ok(rows) => {
            let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
            let page = console::deployment_page(&seen, &events);
            shown(&api, page, StatusCode::OK).await
        }
        Err(error) => failed(error.into()),
    }
}

pub(crate) async fn act(
    State(api): State<Api>,
    visitor: Visitor,
    Path((id, action)): Path<(String, String)>,
) -> Response {
    let caller = match visitor {
        Ok(caller) => caller,
        Err(error) => return turned_away(error),
    };
    match deployment_routes::intervene(&api, &caller, &id, &action).await {
        Ok(shown) => Redirect::to(&format!("/deployments/{}", shown.id)).into_response(),
        Err(error) => failed(error),
    }
}

pub(crate) async fn images(
    State(api): State<Api>,
    visitor: Visitor,
    Query(mut filter): Query<ImageFilter>,
) -> Response {
    if let Err(error) = visitor {
        return turned_away(error);
    }
    filter.status = given(filter.status);
    filter.template = given(filter.template);
    filter.version = given(filter.version);
    filter.region = given(filter.region);
    filter.cursor = given(filter.cursor);
    match image_routes::find(&api, filter.clone()).await {
        Ok(page) => shown(&api, console::images_page(&page, &filter), StatusCode::OK).await,
        Err(error) => failed(error),
    }
}

pub(crate) async fn aws(State(api): State<Api>, visitor: Visitor) -> Response {
    if let Err(error) = visitor {
        return turned_away(error);
    }
    let rows = match api.ledger.checks().await {
        Ok(rows) => rows,
        Err(error) => return failed(error.into()),
    };
    let checks: Result<Vec<_>, _> = rows.into_iter().map(crate::present::check).collect();
    match checks {
        Ok(checks) => {
            let page = console::aws_page(&checks, api.ledger.now());
            shown(&api, page, StatusCode::OK).await
        }
        Err(error) => failed(error.into()),
    }
}

pub(crate) async fn docs(
    State(api): State<Api>,
    visitor: Visitor,
    Extension(document): Extension<Document>,
) -> Response {
    match visitor {
        Ok(_) => shown(&api, console::docs_page(&document.0), StatusCode::OK).await,
        Err(error) => turned_away(error),
    }
}

pub(crate) async fn openapi(_: Caller, Extension(document): Extension<Document>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        document.0.to_string(),
    )
        .into_response()
}

/// The metrics, for a caller with a token; Prometheus asks the listener of its own.
pub(crate) async fn metrics(_: Caller, State(api): State<Api>) -> Response {
    ingot_telemetry::server::answer(&api.metrics)
}

pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match console::asset(&name) {
        Some((kind, bytes)) => {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, bytes).into_response()
        }
        None => ApiError::NotFound("there is no such asset".to_owned()).into_response(),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    code: Option<String>,
}

/// The sign-in page; with the code of `ingot up`'s link, the sign-in itself.
pub(crate) async fn login(State(api): State<Api>, Query(link): Query<Link>) -> Response {
    match link.code {
        None => html(console::login_page(None), StatusCode::OK),
        Some(code) => match api.redeem(&code) {
            Some(token) => signed_in(&api, &token),
            None => {
                let said = "This link was used before. Sign in with a token, or restart `ingot up` for a fresh link.";
                html(console::login_page(Some(said)), StatusCode::UNAUTHORIZED)
            }
        },
    }
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    token: String,
}

pub(crate) async fn sign_in(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    if !same_origin(&headers) {
        return failed(ApiError::Forbidden("sign in from Ingot's own page"));
    }
    let token = form.token.trim();
    let known = match BearerToken::parse(token) {
        Some(bearer) => api.authenticate(&bearer, peer.map(|peer| peer.0)).await,
        None => Ok(None),
    };
    match known {
        Ok(Some(_)) => signed_in(&api, token),
        Ok(None) => {
            api.metrics
                .auth_failures
                .with_label_values(&["sign_in"])
                .inc();
            let said = "This token is not accepted. `ingot token create` makes a fresh one.";
            html(console::login_page(Some(said)), StatusCode::UNAUTHORIZED)
        }
        Err(error) => failed(error),
    }
}

fn signed_in(api: &Api, token: &str) -> Response {
    with_cookie(api, token, 43200, "/")
}

pub(crate) async fn sign_out(State(api): State<Api>, headers: HeaderMap) -> Response {
    if !same_origin(&headers) {
        return failed(ApiError::Forbidden("sign out from Ingot's own page"));
    }
    with_cookie(&api, "", 0, "/login")
}

fn with_cookie(api: &Api, token: &str, seconds: u32, to: &str) -> Response {
    let secure = if api.secure_cookie { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut response = Redirect::to(to).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
