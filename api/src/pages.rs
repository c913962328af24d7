//! The console's routes: the same handlers as `/v1`, shown as pages; signing in; the documentation. A handler fails as
//! those of `/v1` do: around every request, a problem becomes a page for a browser (`middleware.rs`).

mod base_images;
mod builds;
mod deployments;
mod forms;
mod images;
mod money;
mod notifications;
mod order;
mod own;
mod queues;
mod sign_in;
mod templates;
mod updates;
mod work;

pub(crate) use sign_in::way_in;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use forms::{Asked, Filled};
use ingot_client::CalendarSeen;

use crate::console;
use crate::error::ApiError;
use crate::openapi::Document;
use crate::permit::{operate, view};
use crate::state::Api;

/// What a page's handler answers.
type Answer = Result<Response, ApiError>;

/// Every page.
pub(crate) fn routes(document: Document) -> Router<Api> {
    let documented = Router::new()
        .route("/docs", view(get(own::docs)))
        .route("/openapi.json", view(get(own::openapi)))
        .layer(axum::Extension(document));
    Router::new()
        .route("/", view(get(deployments::list)))
        // The list is at `/`; its address without the last part is tried by people.
        .route(
            "/deployments",
            get(async || Redirect::to("/")).merge(operate(post(order::request))),
        )
        .route("/deployments/new", view(get(order::blank)))
        .route("/deployments/{id}", view(get(deployments::one)))
        .route(
            "/deployments/{id}/actions/{action}",
            operate(post(deployments::act)),
        )
        .route("/images", view(get(images::list)))
        .route("/images/{id}", view(get(images::one)))
        .route("/images/{id}/actions/{action}", operate(post(images::act)))
        .route("/auto-ami", view(get(builds::overview)))
        .route("/auto-ami/switch", operate(post(builds::switch)))
        .route("/auto-ami/configure", operate(post(builds::configure)))
        .route(
            "/builds",
            view(get(builds::list)).merge(operate(post(builds::ask))),
        )
        .route("/builds/{id}", view(get(builds::one)))
        .route("/builds/{id}/actions/{action}", operate(post(builds::act)))
        .route("/plan", view(get(builds::plan)))
        .route("/security", view(get(updates::security)))
        .route("/base-images", view(get(base_images::list)))
        .route("/base-images/{name}", view(get(base_images::one)))
        .route(
            "/base-images/{name}/actions/{action}",
            operate(post(base_images::act)),
        )
        .route("/updates/{id}", view(get(updates::one)))
        .route("/updates/{id}/level", operate(post(updates::set)))
        .route("/templates", view(get(templates::list)))
        .route(
            "/templates/new",
            view(get(templates::desk)).merge(operate(post(templates::write))),
        )
        .route("/templates/{name}", view(get(templates::one)))
        .route("/tasks", view(get(work::tasks)))
        .route("/tasks/{id}", view(get(work::task)))
        .route(
            "/tasks/{id}/actions/{action}",
            operate(post(queues::act_on_task)),
        )
        .route(
            "/operations",
            view(get(queues::operations)).merge(operate(post(queues::begin))),
        )
        .route("/operations/new", view(get(queues::preview)))
        .route("/operations/{id}/stop", operate(post(queues::stop)))
        .route("/queues/{name}", view(get(queues::one)))
        .route(
            "/queues/{name}/actions/{action}",
            operate(post(queues::act)),
        )
        .route("/findings", view(get(work::findings)))
        .route("/findings/{id}/settle", operate(post(work::settle)))
        .route("/advisories", view(get(work::feeds)))
        .route("/advisories/{id}", view(get(updates::affected)))
        .route("/notifications", view(get(notifications::list)))
        .route("/notifications/read", view(post(notifications::read)))
        .route(
            "/notifications/receivers/{name}/test",
            operate(post(notifications::test)),
        )
        .route(
            "/unsubscribe",
            get(notifications::ask).post(notifications::leave),
        )
        .route("/policy", view(get(money::policy)))
        .route("/policy/simulation", view(get(money::simulation)))
        .route("/budget", view(get(money::budget)))
        .route("/prices", view(get(money::prices)))
        .route("/system", view(get(work::system)))
        .route("/aws", view(get(own::aws)))
        .route("/login", get(sign_in::form).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/assets/{name}", get(own::asset))
        .route("/metrics", view(get(own::metrics)))
        .merge(documented)
}

/// Paths that answer programs, for a browser too; everything else is a page.
pub(crate) fn is_page(path: &str) -> bool {
    let programs = ["/openapi.json", "/metrics", "/healthz", "/readyz"];
    !(programs.contains(&path) || path.starts_with("/v1/") || path.starts_with("/assets/"))
}

/// A page, with what is down on top of it.
async fn shown(api: &Api, page: Result<String, askama::Error>) -> Answer {
    shown_with(api, page, StatusCode::OK).await
}

async fn shown_with(api: &Api, page: Result<String, askama::Error>, status: StatusCode) -> Answer {
    let on_top = crate::status::on_top(api).await;
    let page = page.and_then(|page| console::with_doubts(page, &on_top.doubts));
    let page = page.and_then(|page| console::with_trouble(page, &on_top.trouble));
    let calendar = CalendarSeen::of(&api.ledger.calendar(), api.ledger.now());
    let page = page.and_then(|page| console::with_calendar(page, calendar.as_ref()));
    bare(page, status)
}

/// A page with a form, kept by the browser for its back button with what was filled in; it is asked for anew otherwise.
async fn form(api: &Api, page: Result<String, askama::Error>, status: StatusCode) -> Answer {
    let mut response = shown_with(api, page, status).await?;
    let kept = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// A page without the frame's look at what is down: signing in must not ask the ledger how it is.
fn bare(page: Result<String, askama::Error>, status: StatusCode) -> Answer {
    match page {
        Ok(page) => Ok((status, Html(page)).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            Err(ApiError::Internal)
        }
    }
}
