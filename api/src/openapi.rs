//! The `/v1` routes, registered together with their OpenAPI description, so that neither can drift from the other.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, SecurityRequirement};
use utoipa_axum::routes;

use crate::permit::{self, Permitted};
use crate::routes::{
    again, auto_ami, base_images, budget, builds, checks, copies, deployments, events, extend,
    feed_syncs, feeds, findings, images, notifications, operations, plan, policy, prices, queues,
    receivers, settings, status, task_actions, tasks, templates, updates,
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

fn described() -> Permitted {
    Permitted::new(Head::openapi())
        .view(routes!(deployments::list))
        .operate(routes!(deployments::create))
        .view(routes!(deployments::show))
        .operate(routes!(deployments::start))
        .operate(routes!(again::retry_deployment))
        .operate(routes!(deployments::cancel))
        .operate(routes!(again::image))
        .operate(routes!(again::cancel_image))
        .operate(routes!(deployments::destroy))
        .operate(routes!(extend::extend))
        .view(routes!(events::list))
        .view(routes!(images::list))
        .view(routes!(images::show))
        .view(routes!(images::security))
        .operate(routes!(images::adopt))
        .operate(routes!(images::drop))
        .view(routes!(copies::list))
        .operate(routes!(copies::copy))
        .view(routes!(events::of_image))
        .view(routes!(templates::list))
        .operate(routes!(templates::apply::apply))
        .view(routes!(templates::show))
        .view(routes!(templates::yaml))
        .view(routes!(templates::revisions))
        .view(routes!(updates::list))
        .view(routes!(updates::show_one))
        .operate(routes!(updates::set_level))
        .view(routes!(updates::security_status))
        .view(routes!(updates::affected))
        .view(routes!(builds::list))
        .operate(routes!(builds::ask::ask))
        .view(routes!(builds::show))
        .view(routes!(builds::story))
        .operate(routes!(builds::approve))
        .operate(routes!(builds::reject))
        .operate(routes!(builds::cancel))
        .view(routes!(plan::show))
        .view(routes!(auto_ami::status))
        .operate(routes!(auto_ami::enable))
        .operate(routes!(auto_ami::disable))
        .view(routes!(auto_ami::story))
        .view(routes!(tasks::list))
        .view(routes!(tasks::show))
        .operate(routes!(task_actions::act_on_listed))
        .operate(routes!(task_actions::act))
        .view(routes!(operations::list))
        .operate(routes!(operations::begin))
        .view(routes!(operations::preview))
        .view(routes!(operations::show))
        .view(routes!(operations::story))
        .operate(routes!(operations::stop))
        .view(routes!(queues::list))
        .view(routes!(queues::show))
        .view(routes!(queues::story))
        .operate(routes!(queues::pause))
        .operate(routes!(queues::resume))
        .administer(routes!(queues::set_concurrency))
        .view(routes!(status::show))
        .view(routes!(findings::list))
        .operate(routes!(findings::settle))
        .view(routes!(findings::invariants))
        .view(routes!(base_images::list))
        .administer(routes!(base_images::add))
        .operate(routes!(base_images::scan::scan_all))
        .view(routes!(base_images::show))
        .administer(routes!(base_images::remove))
        .view(routes!(base_images::story))
        .operate(routes!(base_images::scan::scan_one))
        .operate(routes!(base_images::pause))
        .operate(routes!(base_images::resume))
        .view(routes!(policy::show))
        .administer(routes!(policy::import))
        .administer(routes!(policy::edit))
        .view(routes!(policy::revisions))
        .view(routes!(policy::diff))
        .administer(routes!(policy::activate))
        .view(routes!(policy::simulation::of_revision))
        .view(routes!(policy::simulation::of_text))
        .view(routes!(policy::story))
        .view(routes!(budget::show))
        .view(routes!(budget::history))
        .administer(routes!(budget::allow))
        .view(routes!(prices::list))
        .administer(routes!(prices::load))
        .view(routes!(prices::story))
        .view(routes!(checks::list))
        .operate(routes!(checks::ask))
        .view(routes!(checks::show))
        .view(routes!(feeds::list))
        .administer(routes!(feeds::begin))
        .administer(routes!(feeds::add))
        .administer(routes!(feeds::end))
        .administer(routes!(feed_syncs::set))
        .view(routes!(feed_syncs::story))
        .operate(routes!(feed_syncs::sync))
        .view(routes!(feeds::show))
        .view(routes!(notifications::list))
        .view(routes!(notifications::show_one))
        .view(routes!(notifications::read))
        .view(routes!(receivers::list))
        .administer(routes!(receivers::add))
        .view(routes!(receivers::show_one))
        .administer(routes!(receivers::remove))
        .administer(routes!(receivers::prefer))
        .administer(routes!(receivers::enable))
        .operate(routes!(receivers::test))
        .view(routes!(settings::retention))
        .administer(routes!(settings::set_retention))
        .view(routes!(settings::scan_interval))
        .administer(routes!(settings::set_scan_interval))
}

/// The routes and their document.
pub(crate) fn routes() -> (Router<Api>, Document) {
    let (router, mut api) = described().split();
    let stream = Permitted::new(Head::openapi())
        .view(routes!(events::stream))
        .split()
        .1;
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
    Router::new().route(
        "/v1/deployments/{id}/events/stream",
        permit::view(get(events::stream)),
    )
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
            let forbidden = match changes {
                true => {
                    "The token does not permit this, or a signed-in browser acted from another site"
                }
                false => "The token does not permit this",
            };
            problem(operation, "403", forbidden);
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
