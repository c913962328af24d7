//! Images, from the ledger (F50, F55).

use axum::extract::State;
use ingot_client::base_update::ImageSecurity;
use ingot_client::{Image, ImageDecision, ImageFilter, Page};
use ingot_domain::advisory::feed::Feed;
use ingot_domain::ids::ImageId;
use ingot_domain::image::ImageStatus;
use ingot_entity::store::ImageQuery;

use super::{cursor, decided, decision, filter, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List images, newest first
///
/// With `status=available`, `template` and `region` this is what a new deployment can be launched from.
#[utoipa::path(
    get, path = "/v1/images", tag = "images", operation_id = "listImages", params(ImageFilter),
    responses((status = 200, description = "One page", body = Page<Image>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<ImageFilter>,
) -> Result<Json<Page<Image>>, ApiError> {
    let (template, region) = (filter.template.clone(), filter.region.clone());
    let first = filter.cursor.is_none();
    let page = find(&api, filter).await?;
    if first && page.items.is_empty() {
        filter::refuse_unknown(&api, template.as_deref(), region.as_deref()).await?;
    }
    Ok(Json(page))
}

/// One page of images; the console uses it too.
pub(crate) async fn find(api: &Api, filter: ImageFilter) -> Result<Page<Image>, ApiError> {
    let limit = limit(filter.limit)?;
    let statuses: Vec<&str> = ImageStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    word("status", filter.status.as_ref(), &statuses)?;
    cursor::<ImageId>(filter.cursor.as_ref())?;
    let query = ImageQuery {
        status: filter.status,
        template: filter.template,
        version: filter::version(filter.version)?,
        region: filter.region,
        before: filter.cursor,
    };
    let rows = api.ledger.list_images(&query, limit + 1).await?;
    Ok(page(rows, limit, |row| row.id.clone(), present::image))
}

/// Show an image
#[utoipa::path(
    get, path = "/v1/images/{id}", tag = "images", operation_id = "showImage",
    params(("id" = String, Path, description = "img_… or ami-…")),
    responses((status = 200, description = "The image", body = Image))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Image>, ApiError> {
    one(&api, &id).await.map(Json)
}

/// One image, by either id; the console uses it too.
pub(crate) async fn one(api: &Api, id: &str) -> Result<Image, ApiError> {
    let known = id.starts_with("ami-") || id.parse::<ImageId>().is_ok();
    let row = if known {
        api.ledger.image(id).await?
    } else {
        None
    };
    row.map(present::image)
        .ok_or_else(|| ApiError::NotFound(missing(id)))
}

/// Show how an image stands against the builds of its base
///
/// How far it is behind, which CVEs it has fixed against the image before it, and which the updates it lacks would fix; and
/// the same by the list of packages that its own install took, with when that was and how old the feed is.
#[utoipa::path(
    get, path = "/v1/images/{id}/security", tag = "images", operation_id = "showImageSecurity",
    params(("id" = String, Path, description = "img_… or ami-…")),
    responses((status = 200, description = "How it stands", body = ImageSecurity))
)]
pub(crate) async fn security(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<ImageSecurity>, ApiError> {
    standing(&api, &id).await.map(Json)
}

/// How one image stands; the console uses it too.
pub(crate) async fn standing(api: &Api, id: &str) -> Result<ImageSecurity, ApiError> {
    let known = one(api, id).await?;
    let row = api.ledger.image(&known.id).await?;
    let row = row.ok_or_else(|| ApiError::NotFound(missing(id)))?;
    let standing = api.ledger.image_standing(&row).await?;
    let held = api.ledger.image_holding(&row).await?;
    let feed = match held.feed {
        Some(of) => Some(feed(api, of).await?),
        None => None,
    };
    let by_list = present::held::by_list(held, feed.as_ref());
    Ok(present::update::image(&row, standing, by_list))
}

async fn feed(api: &Api, of: Feed) -> Result<ingot_client::feed::Feed, ApiError> {
    let row = api.ledger.feed(of).await?;
    let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
    Ok(present::feed(of, row.as_ref(), now, today))
}

fn missing(id: &str) -> String {
    let shown = ingot_domain::field::shown(id);
    format!("there is no image `{shown}`; `ingot images list` shows them")
}

/// Adopt an image that was found in the account
///
/// Its key is served by it and new deployments launch from it, also when Ingot did not make it. Ingot never changes it.
#[utoipa::path(
    post, path = "/v1/images/{id}/adopt", tag = "images", operation_id = "adoptImage",
    params(("id" = String, Path, description = "img_… or ami-…")),
    request_body = ImageDecision,
    responses(
        (status = 200, description = "Adopted", body = Image),
        (status = 409, description = "Nothing to adopt, or its key is another's", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn adopt(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<ImageDecision>,
) -> Result<Json<Image>, ApiError> {
    decide(&caller, &id, "adopt", body.reason).await.map(Json)
}

/// Forget an image
///
/// Its key is free, and nothing is launched from it. The AMI itself stays: AWS is not asked for anything.
#[utoipa::path(
    post, path = "/v1/images/{id}/drop", tag = "images", operation_id = "dropImage",
    params(("id" = String, Path, description = "img_… or ami-…")),
    request_body = ImageDecision,
    responses(
        (status = 200, description = "Forgotten", body = Image),
        (status = 409, description = "It is ours and in use", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn drop(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<ImageDecision>,
) -> Result<Json<Image>, ApiError> {
    decide(&caller, &id, "drop", body.reason).await.map(Json)
}

/// Does what people decide about an image; the console uses it too.
pub(crate) async fn decide(
    caller: &Caller,
    id: &str,
    action: &str,
    reason: String,
) -> Result<Image, ApiError> {
    let decision = decision(caller, reason)?;
    let done = match action {
        "adopt" => caller.ledger.adopt_image(id, &decision).await?,
        "drop" => caller.ledger.drop_image(id, &decision).await?,
        other => {
            return Err(ApiError::NotFound(format!(
                "there is no action `{other}`: adopt or drop"
            )));
        }
    };
    decided(done, || missing(id)).map(present::image)
}
