//! The `/v1` routes, registered together with their OpenAPI description, so that neither can drift from the other.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::routes::{
    again, auto_ami, base_images, budget, builds, checks, deployments, events, extend, feed_syncs,
    feeds, findings, images, notifications, plan, policy, prices, queues, receivers, settings,
    status, tasks, templates, updates,
};
use crate::state::Api;

/// The document as JSON text, made once.
#[derive(Debug, Clone)]
pub(crate) struct Document(pub(crate) Arc<str>);

#[derive(OpenApi)]
#[openapi(
    info(title = "Ingot", description = "Durable golden-AMI factory. Every answer that is no success is an RFC 9457 problem. Lists are paged by `cursor`. Requests that create carry an `Idempotency-Key`."),
    components(schemas(ingot_client::Problem, ingot_client::InvalidField)),
    tags(
        (name = "deployments", description = "Launch software, wait until it answers, image it"),
        (name = "images", description = "AMIs and where they come from"),
        (name = "base images", description = "What vendors publish and templates start from"),
        (name = "builds", description = "Decisions to make images anew: what asks for them, when they start, what they cost"),
        (name = "templates", description = "How one kind of software is launched, probed and imaged"),
        (name = "advisories", description = "What vendors say of vulnerabilities, and how old that is"),
        (name = "notifications", description = "What people are told of, and whom it is sent to"),
        (name = "policy", description = "When builds start, what they may spend, and what instance types cost"),
        (name = "tasks", description = "The durable work behind everything"),
        (name = "system", description = "Which part is down, what was found wrong, and how long what is over is kept"),
    )
)]
struct Head;

fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(deployments::list, deployments::create))
        .routes(routes!(deployments::show))
        .routes(routes!(deployments::start))
        .routes(routes!(again::retry_deployment))
        .routes(routes!(deployments::cancel))
        .routes(routes!(again::image))
        .routes(routes!(again::cancel_image))
        .routes(routes!(deployments::destroy))
        .routes(routes!(extend::extend))
        .routes(routes!(events::list))
        .routes(routes!(images::list))
        .routes(routes!(images::show))
        .routes(routes!(images::security))
        .routes(routes!(images::adopt))
        .routes(routes!(images::drop))
        .routes(routes!(events::of_image))
        .routes(routes!(templates::list, templates::apply::apply))
        .routes(routes!(templates::show))
        .routes(routes!(templates::yaml))
        .routes(routes!(templates::revisions))
        .routes(routes!(updates::list))
        .routes(routes!(updates::show_one))
        .routes(routes!(updates::set_level))
        .routes(routes!(updates::security_status))
        .routes(routes!(updates::affected))
        .routes(routes!(builds::list, builds::ask::ask))
        .routes(routes!(builds::show))
        .routes(routes!(builds::story))
        .routes(routes!(builds::approve))
        .routes(routes!(builds::reject))
        .routes(routes!(builds::cancel))
        .routes(routes!(plan::show))
        .routes(routes!(auto_ami::status))
        .routes(routes!(auto_ami::enable))
        .routes(routes!(auto_ami::disable))
        .routes(routes!(auto_ami::story))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show))
        .routes(routes!(queues::list))
        .routes(routes!(status::show))
        .routes(routes!(findings::list))
        .routes(routes!(findings::settle))
        .routes(routes!(findings::invariants))
        .routes(routes!(base_images::list, base_images::add))
        .routes(routes!(base_images::scan::scan_all))
        .routes(routes!(base_images::show))
        .routes(routes!(base_images::remove))
        .routes(routes!(base_images::story))
        .routes(routes!(base_images::scan::scan_one))
        .routes(routes!(base_images::pause))
        .routes(routes!(base_images::resume))
        .routes(routes!(policy::show, policy::import, policy::edit))
        .routes(routes!(policy::revisions))
        .routes(routes!(policy::diff))
        .routes(routes!(policy::activate))
        .routes(routes!(
            policy::simulation::of_revision,
            policy::simulation::of_text
        ))
        .routes(routes!(policy::story))
        .routes(routes!(budget::show))
        .routes(routes!(budget::history))
        .routes(routes!(budget::allow))
        .routes(routes!(prices::list, prices::load))
        .routes(routes!(checks::list, checks::ask))
        .routes(routes!(checks::show))
        .routes(routes!(feeds::list))
        .routes(routes!(feeds::begin))
        .routes(routes!(feeds::add))
        .routes(routes!(feeds::end))
        .routes(routes!(feed_syncs::set))
        .routes(routes!(feed_syncs::story))
        .routes(routes!(feed_syncs::sync))
        .routes(routes!(feeds::show))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::show_one))
        .routes(routes!(notifications::read))
        .routes(routes!(receivers::list, receivers::add))
        .routes(routes!(receivers::show_one, receivers::remove))
        .routes(routes!(receivers::prefer))
        .routes(routes!(receivers::enable))
        .routes(routes!(receivers::test))
        .routes(routes!(settings::retention, settings::set_retention))
        .routes(routes!(
            settings::scan_interval,
            settings::set_scan_interval
        ))
}

/// The routes and their document.
pub(crate) fn routes() -> (Router<Api>, Document) {
    let (router, mut api) = described().split_for_parts();
    let stream = OpenApiRouter::<Api>::new()
        .routes(routes!(events::stream))
        .into_openapi();
    api.paths.paths.extend(stream.paths.paths);
    complete(&mut api);
    let text = api.to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be written");
        "{}".to_owned()
    });
    (router, Document(text.into()))
}

/// Routes without a time limit.
pub(crate) fn streams() -> Router<Api> {
    Router::new().route("/v1/deployments/{id}/events/stream", get(events::stream))
}

/// The OpenAPI 3.1 document as JSON text, as `/openapi.json` answers it.
pub fn document() -> String {
    routes().1.0.to_string()
}

/// What holds for every operation is said here once: the token, and the problems any request may meet.
fn complete(api: &mut utoipa::openapi::OpenApi) {
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("ingot_…")
            .build(),
    );
    api.components
        .get_or_insert_default()
        .add_security_scheme("token", bearer);
    for (path, item) in &mut api.paths.paths {
        let reads = [(&mut item.get, false)];
        let writes = [
            (&mut item.post, true),
            (&mut item.put, true),
            (&mut item.patch, true),
            (&mut item.delete, true),
        ];
        for (operation, changes) in reads.into_iter().chain(writes) {
            let Some(operation) = operation else { continue };
            operation.security = Some(vec![SecurityRequirement::new(
                "token",
                Vec::<String>::new(),
            )]);
            problem(operation, "400", "The request cannot be read");
            problem(operation, "401", "A token is needed");
            problem(
                operation,
                "429",
                "Too many unknown tokens from one address, or too many live logs; `Retry-After` says when to come back",
            );
            problem(operation, "500", "A defect");
            problem(
                operation,
                "503",
                "The ledger does not answer; try again later",
            );
            if path.contains('{') {
                problem(operation, "404", "There is no such thing");
            }
            if changes {
                problem(
                    operation,
                    "403",
                    "A signed-in browser acted from another site",
                );
            }
            if operation.request_body.is_some() {
                problem(operation, "413", "The body is larger than 1 MiB");
                problem(operation, "415", "Another content type is needed");
                problem(
                    operation,
                    "422",
                    "Fields that cannot be accepted, each named",
                );
            }
        }
    }
}

fn problem(operation: &mut Operation, status: &str, description: &str) {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    let mut response = Response::new(description);
    response.content.insert(
        ingot_client::problem::MEDIA_TYPE.to_owned(),
        RefOr::T(Content::new(Some(schema))),
    );
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert(RefOr::T(response));
}
