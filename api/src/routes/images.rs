//! Images, from the ledger (F50, F55).

use axum::extract::State;
use ingot_client::{Image, ImageFilter, Page};
use ingot_domain::ids::ImageId;
use ingot_domain::image::ImageStatus;
use ingot_entity::store::ImageQuery;

use super::{cursor, limit, page, word};
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
    find(&api, filter).await.map(Json)
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
        version: filter.version,
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
    let known = id.starts_with("ami-") || id.parse::<ImageId>().is_ok();
    let row = if known {
        api.ledger.image(&id).await?
    } else {
        None
    };
    let shown = ingot_domain::field::shown(&id);
    let missing = || {
        ApiError::NotFound(format!(
            "there is no image `{shown}`; `ingot images list` shows them"
        ))
    };
    row.map(|row| Json(present::image(row))).ok_or_else(missing)
}
