//! Builds: listed, shown with what they wait for, asked for (`ask`), and what people decide about one.

pub(crate) mod ask;

use std::collections::HashMap;

use axum::extract::State;
use ingot_client::build::{Build, BuildDecision, BuildFilter};
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page};
use ingot_domain::build::BuildStatus;
use ingot_domain::ids::BuildId;
use ingot_entity::deployment;
use ingot_entity::store::{BuildQuery, BuildSeen, Verdict};

use super::{cursor, decided, decision, events, filter, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// In a filter: everything that waits or runs.
const OPEN: &str = "open";

/// List builds, newest first
///
/// Each waiting one says why it does not start now, and when.
#[utoipa::path(
    get, path = "/v1/builds", tag = "builds", operation_id = "listBuilds", params(BuildFilter),
    responses((status = 200, description = "One page", body = Page<Build>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<BuildFilter>,
) -> Result<Json<Page<Build>>, ApiError> {
    let (template, region) = (filter.template.clone(), filter.region.clone());
    let first = filter.cursor.is_none();
    let page = find(&api, filter).await?;
    if first && page.items.is_empty() {
        filter::refuse_unknown(&api, template.as_deref(), region.as_deref()).await?;
    }
    Ok(Json(page))
}

/// One page of builds; the console uses it too.
pub(crate) async fn find(api: &Api, filter: BuildFilter) -> Result<Page<Build>, ApiError> {
    let limit = limit(filter.limit)?;
    let statuses = BuildStatus::ALL.iter().map(|status| status.as_str());
    let known: Vec<&str> = [OPEN].into_iter().chain(statuses).collect();
    word("status", filter.status.as_ref(), &known)?;
    cursor::<BuildId>(filter.cursor.as_ref())?;
    let open = filter.status.as_deref() == Some(OPEN);
    let query = BuildQuery {
        open,
        status: filter.status.filter(|_| !open),
        template: filter.template,
        region: filter.region,
        before: filter.cursor,
    };
    let rows = api.ledger.list_builds(&query, limit + 1).await?;
    let page = page(rows, limit, |seen| seen.row.id.clone(), |seen| seen);
    Ok(Page {
        items: shown(api, &page.items).await?,
        next_cursor: page.next_cursor,
    })
}

/// Everything that waits or runs, at most so many.
const MOST_OPEN: u64 = 5_000;

/// Everything that waits or runs, without where builders are; the newest first.
pub(crate) async fn open(api: &Api) -> Result<Vec<Build>, ApiError> {
    let query = BuildQuery {
        open: true,
        ..BuildQuery::default()
    };
    let rows = api.ledger.list_builds(&query, MOST_OPEN).await?;
    let now = api.ledger.calendar_now();
    let show = |seen: &BuildSeen| present::build::build(seen, None, now);
    Ok(rows.iter().map(show).collect())
}

/// Builds as they are shown, those that run with where their builders are.
pub(crate) async fn shown(api: &Api, rows: &[BuildSeen]) -> Result<Vec<Build>, ApiError> {
    let mut stages = HashMap::new();
    for seen in rows {
        let runs = seen.row.parsed_status()?.runs();
        if let (true, Some(builder)) = (runs, &seen.row.deployment_id)
            && let Some(row) = api.ledger.deployment(builder).await?
        {
            let builder = api.shown(row).await?;
            stages.insert(seen.row.id.as_str(), builder.stage);
        }
    }
    let now = api.ledger.calendar_now();
    let show = |seen: &BuildSeen| {
        present::build::build(seen, stages.get(seen.row.id.as_str()).cloned(), now)
    };
    Ok(rows.iter().map(show).collect())
}

/// Show a build
///
/// With its requests, why it does not start now, what it may cost, what is reserved and what it cost.
#[utoipa::path(
    get, path = "/v1/builds/{id}", tag = "builds", operation_id = "showBuild",
    params(("id" = String, Path, description = "bld_…")),
    responses((status = 200, description = "The build", body = Build))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Build>, ApiError> {
    one(&api, &id).await.map(Json)
}

/// One build; the console uses it too.
pub(crate) async fn one(api: &Api, id: &str) -> Result<Build, ApiError> {
    let seen = match id.parse::<BuildId>() {
        Ok(id) => api.ledger.build(id.as_str()).await?,
        Err(_) => None,
    };
    let seen = seen.ok_or_else(|| ApiError::NotFound(missing(id)))?;
    shown(api, &[seen]).await?.pop().ok_or(ApiError::Internal)
}

/// A builder's start, end and hours belong to its build, whose purse pays them.
pub(crate) fn refuse_builder(row: &deployment::Model) -> Result<(), ApiError> {
    let Some(build) = &row.build_id else {
        return Ok(());
    };
    let template = &row.template;
    Err(ApiError::Conflict(format!(
        "it is the builder of {build}, whose purse pays its hours until its bound and no longer; `ingot templates auto-ami build {template}` asks for another build, `ingot builds cancel {build}` ends this one"
    )))
}

/// Ending a builder is a word about its build while that is not over; what a build left behind may be ended.
pub(crate) async fn refuse_builder_of_running(api: &Api, id: &str) -> Result<(), ApiError> {
    let Some(row) = api.ledger.deployment(id).await? else {
        return Ok(());
    };
    let Some(build) = &row.build_id else {
        return Ok(());
    };
    let Some(seen) = api.ledger.build(build).await? else {
        return Ok(());
    };
    let its_own = seen.row.deployment_id.as_deref() == Some(row.id.as_str());
    match seen.row.parsed_status()?.runs() && its_own {
        true => refuse_builder(&row),
        false => Ok(()),
    }
}

fn missing(id: &str) -> String {
    let shown = ingot_domain::field::shown(id);
    format!("there is no build `{shown}`; `ingot builds list` shows them")
}

/// Read the story of a build
#[utoipa::path(
    get, path = "/v1/builds/{id}/events", tag = "builds", operation_id = "listBuildEvents",
    params(("id" = String, Path, description = "bld_…"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let build = one(&api, &id).await?;
    events::story(&api, &build.id, &filter).await.map(Json)
}

macro_rules! verdict {
    ($(#[doc = $doc:literal])+ $name:ident, $verdict:ident, $path:literal, $operation:literal) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            post, path = $path, tag = "builds", operation_id = $operation,
            params(("id" = String, Path, description = "bld_…")),
            request_body = BuildDecision,
            responses(
                (status = 200, description = "Decided", body = Build),
                (status = 409, description = "Not from this status, or it changed at the same moment", body = ingot_client::Problem, content_type = "application/problem+json"),
            )
        )]
        pub(crate) async fn $name(
            State(api): State<Api>,
            caller: Caller,
            Path(id): Path<String>,
            Json(body): Json<BuildDecision>,
        ) -> Result<Json<Build>, ApiError> {
            decide(&api, &caller, &id, Verdict::$verdict, body).await.map(Json)
        }
    };
}

verdict!(
    /// Approve a build that waits
    ///
    /// It may start although it needs approval, and from the urgent purse.
    approve, Approve, "/v1/builds/{id}/approve", "approveBuild"
);
verdict!(
    /// Reject a build that waits
    ///
    /// Its requests are answered with no.
    reject, Reject, "/v1/builds/{id}/reject", "rejectBuild"
);
verdict!(
    /// Cancel a build that is not over
    ///
    /// While it runs its builder is terminated, and what it used is paid.
    cancel, Cancel, "/v1/builds/{id}/cancel", "cancelBuild"
);

/// Carries out a person's word; the console uses it too.
pub(crate) async fn decide(
    api: &Api,
    caller: &Caller,
    id: &str,
    verdict: Verdict,
    body: BuildDecision,
) -> Result<Build, ApiError> {
    let decision = decision(caller, body.reason)?;
    if id.parse::<BuildId>().is_err() {
        return Err(ApiError::NotFound(missing(id)));
    }
    let done = caller.ledger.decide_build(id, verdict, &decision).await?;
    decided(done, || missing(id))?;
    one(api, id).await
}
