//! Tracks of base images: how they stand, tracks of one's own, and pauses.

pub(crate) mod scan;

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::base_image::{BaseImage, BaseImageDecision, NewBaseImage};
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page};
use ingot_domain::field::shown;
use ingot_domain::track::add::NewTrack;
use ingot_entity::store::UpdateQuery;
use ingot_entity::{track, track_region};

use super::{decided, decision, events};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::base_image::{self, Facts};
use crate::state::Api;

/// Updates of one track that are shown.
const HISTORY: u64 = 50;

/// List base images
///
/// Every track that is known, by name, with its newest build. `update_history` has its newest update alone here.
#[utoipa::path(
    get, path = "/v1/base-images", tag = "base images", operation_id = "listBaseImages",
    responses((status = 200, description = "All of them", body = Page<BaseImage>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<BaseImage>>, ApiError> {
    all(&api).await.map(Json)
}

/// Every track with its last update alone; the console uses it too.
pub(crate) async fn all(api: &Api) -> Result<Page<BaseImage>, ApiError> {
    let regions = api.ledger.track_regions(None, None).await?;
    let rows = api.ledger.tracks().await?;
    let facts = facts(api, None, regions).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let mut shown = base_image::shown(&row, &facts)?;
        shown.update_history.truncate(1);
        items.push(shown);
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

/// Add a track of base images
///
/// An owner's account id is needed: without one any account's image of that name would count.
#[utoipa::path(
    post, path = "/v1/base-images", tag = "base images", operation_id = "addBaseImage",
    request_body = NewBaseImage,
    responses(
        (status = 201, description = "Added", body = BaseImage),
        (status = 409, description = "One of this name is there, or there are as many as are watched at most", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    caller: Caller,
    Json(new): Json<NewBaseImage>,
) -> Result<(StatusCode, Json<BaseImage>), ApiError> {
    let new = NewTrack {
        name: new.name,
        like: new.like,
        arch: new.architecture,
        owner: new.owner,
        aws_filter: new.aws_filter,
        pattern: new.pattern,
        parameter: new.parameter,
    };
    let track = new.check().map_err(ApiError::Invalid)?;
    let added = caller.ledger.add_track(&track, &caller.name).await?;
    let row = decided(added, || unknown(&track.name))?;
    tracing::info!(by = %caller.name, track = %row.name, "a track was added");
    let shown = full(&api, &row).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Show a base image
#[utoipa::path(
    get, path = "/v1/base-images/{name}", tag = "base images", operation_id = "showBaseImage",
    params(("name" = String, Path, description = "ubuntu-22.04")),
    responses((status = 200, description = "The track, its regions and its history", body = BaseImage))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<BaseImage>, ApiError> {
    let row = one(&api, &name).await?;
    full(&api, &row).await.map(Json)
}

/// Read the story of a base image
#[utoipa::path(
    get, path = "/v1/base-images/{name}/events", tag = "base images", operation_id = "listBaseImageEvents",
    params(("name" = String, Path, description = "ubuntu-22.04"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let row = one(&api, &name).await?;
    events::story(&api, &row.id, &filter).await.map(Json)
}

/// Stop looking at a base image
#[utoipa::path(
    post, path = "/v1/base-images/{name}/pause", tag = "base images", operation_id = "pauseBaseImage",
    params(("name" = String, Path, description = "ubuntu-22.04")),
    request_body = BaseImageDecision,
    responses(
        (status = 200, description = "Paused", body = BaseImage),
        (status = 409, description = "It is paused already", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pause(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<BaseImageDecision>,
) -> Result<Json<BaseImage>, ApiError> {
    decide(&api, &caller, &name, true, body).await.map(Json)
}

/// Look at a paused base image again
#[utoipa::path(
    post, path = "/v1/base-images/{name}/resume", tag = "base images", operation_id = "resumeBaseImage",
    params(("name" = String, Path, description = "ubuntu-22.04")),
    request_body = BaseImageDecision,
    responses(
        (status = 200, description = "Watched again", body = BaseImage),
        (status = 409, description = "It is not paused", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<BaseImageDecision>,
) -> Result<Json<BaseImage>, ApiError> {
    decide(&api, &caller, &name, false, body).await.map(Json)
}

/// Take a track of one's own out of what is watched
///
/// Its updates and its story stay. Refused while templates start from it; those that every installation has can be paused.
#[utoipa::path(
    post, path = "/v1/base-images/{name}/remove", tag = "base images", operation_id = "removeBaseImage",
    params(("name" = String, Path, description = "team-web")),
    request_body = BaseImageDecision,
    responses(
        (status = 200, description = "Removed; as it stood", body = BaseImage),
        (status = 409, description = "Templates start from it, or every installation has it", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<BaseImageDecision>,
) -> Result<Json<BaseImage>, ApiError> {
    let decision = decision(&caller, body.reason)?;
    let done = caller.ledger.remove_track(&name, &decision).await?;
    let row = decided(done, || unknown(&name))?;
    tracing::info!(by = %caller.name, track = %row.name, "a track was removed");
    full(&api, &row).await.map(Json)
}

/// Pauses a track or lets it go on; the console uses it too.
pub(crate) async fn decide(
    api: &Api,
    caller: &Caller,
    name: &str,
    pause: bool,
    body: BaseImageDecision,
) -> Result<BaseImage, ApiError> {
    let decision = decision(caller, body.reason)?;
    let done = caller.ledger.pause_track(name, pause, &decision).await?;
    let row = decided(done, || unknown(name))?;
    full(api, &row).await
}

/// One track's row; the console uses it too.
pub(crate) async fn one(api: &Api, name: &str) -> Result<track::Model, ApiError> {
    let row = api.ledger.track(name).await?;
    row.ok_or_else(|| ApiError::NotFound(unknown(name)))
}

fn unknown(name: &str) -> String {
    let name = shown(name);
    format!("there is no base image `{name}`; `ingot base-images list` shows them")
}

/// One track with its history; the console uses it too.
pub(crate) async fn full(api: &Api, row: &track::Model) -> Result<BaseImage, ApiError> {
    let regions = api.ledger.track_regions(Some(&row.id), None).await?;
    let now = api.ledger.track(&row.name).await?;
    let row = now.as_ref().unwrap_or(row);
    let facts = facts(api, Some(row), regions).await?;
    Ok(base_image::shown(row, &facts)?)
}

/// What one track, or all of them, are shown with. A look writes region, head and history in one commit: they are read in this
/// order, so that no region is shown with a build of which head and history do not know yet.
async fn facts(
    api: &Api,
    row: Option<&track::Model>,
    regions: Vec<track_region::Model>,
) -> Result<Facts, ApiError> {
    let mut templates = Vec::new();
    for row in api.ledger.templates().await? {
        let template = row.parsed()?;
        templates.push((template.name, template.base_image));
    }
    let limit = if row.is_some() { HISTORY } else { 1_000 };
    let of = UpdateQuery {
        base: row.map(|row| row.name.clone()),
        ..UpdateQuery::default()
    };
    let updates = api.ledger.list_updates(&of, limit).await?;
    let calendar = api.ledger.read_calendar().await?;
    Ok(Facts {
        regions,
        next: api
            .ledger
            .next_looks()
            .await?
            .into_iter()
            .map(|(region, at)| (region, calendar.at(at)))
            .collect(),
        templates,
        updates,
    })
}
