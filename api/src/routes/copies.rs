//! Copies of images in other regions: asked for, and seen.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::copy::{ImageCopies, ImageCopy, NewCopies};
use ingot_domain::decide::copy::Wish;
use ingot_domain::ec2;
use ingot_domain::field::FieldError;
use ingot_domain::ids::ImageId;
use ingot_entity::image;
use ingot_entity::store::Copying;

use crate::address::Path;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::state::Api;

/// Show the copies of an image
///
/// Those that were asked for and those of its build, with how each stands; for a copy, what it is a copy of.
#[utoipa::path(
    get, path = "/v1/images/{id}/copies", tag = "images", operation_id = "listImageCopies",
    params(("id" = String, Path, description = "img_… or ami-…")),
    responses((status = 200, description = "The copies", body = ImageCopies))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<ImageCopies>, ApiError> {
    let row = row(&api, &id).await?;
    let copies = api.ledger.copies_of(&row.id).await?;
    let copies = copies.iter().map(|copy| shown(copy, None)).collect();
    Ok(Json(answer(row, copies)))
}

/// Copy an image to other regions
///
/// A copy is an image of its own key: the next deployment of the key in that region launches from it. Each region is tried by
/// itself; asking again changes nothing where the copy is there or being made, and tries one that failed again.
#[utoipa::path(
    post, path = "/v1/images/{id}/copy", tag = "images", operation_id = "copyImage",
    params(("id" = String, Path, description = "img_… or ami-…")),
    request_body = NewCopies,
    responses(
        (status = 202, description = "What became of each region", body = ImageCopies),
        (status = 409, description = "It cannot be copied", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn copy(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<NewCopies>,
) -> Result<(StatusCode, Json<ImageCopies>), ApiError> {
    let source = row(&api, &id).await?;
    let wish = wish(&api, &source, &body)?;
    may_be_copied(&source)?;
    let mut copies = Vec::new();
    for region in &body.to {
        let (copying, tasks) = caller.ledger.begin_copy(&source, region, &wish).await?;
        for task in &tasks {
            api.ringer
                .ring(task.kind.queue().as_str(), task.id.as_str());
        }
        let (row, outcome) = match &copying {
            Copying::Begun(row) => (row, "begun"),
            Copying::There(row) => (row, "there"),
            Copying::Busy(row) => (row, "busy"),
        };
        copies.push(shown(row, Some(outcome)));
    }
    tracing::info!(by = %caller.name, image = %source.id, to = ?body.to, "copies were asked for");
    Ok((StatusCode::ACCEPTED, Json(answer(source, copies))))
}

async fn row(api: &Api, id: &str) -> Result<image::Model, ApiError> {
    let known = id.starts_with("ami-") || id.parse::<ImageId>().is_ok();
    let row = match known {
        true => api.ledger.image(id).await?,
        false => None,
    };
    row.ok_or_else(|| {
        let shown = ingot_domain::field::shown(id);
        ApiError::NotFound(format!(
            "there is no image `{shown}`; `ingot images list` shows them"
        ))
    })
}

/// How the copies are wanted, once every field has been looked at.
fn wish(api: &Api, source: &image::Model, body: &NewCopies) -> Result<Wish, ApiError> {
    let mut wrong = Vec::new();
    let allowed = &api.limits.regions;
    let mut seen = BTreeSet::new();
    if body.to.is_empty() {
        wrong.push(FieldError::new("to", "", "name at least one region"));
    }
    for (at, region) in body.to.iter().enumerate() {
        let field = format!("to[{at}]");
        if let Err(error) = ec2::region(&field, region) {
            wrong.push(error);
        } else if *region == source.region {
            let message = "the image is there already: name another region";
            wrong.push(FieldError::new(&field, region, message));
        } else if !allowed.contains(region) {
            let message = format!(
                "choose one of the regions allowed here: {}",
                allowed.join(", ")
            );
            wrong.push(FieldError::new(&field, region, message));
        } else if !seen.insert(region) {
            let message = "name each region once";
            wrong.push(FieldError::new(&field, region, message));
        }
    }
    if let Some(key) = &body.kms_key_id
        && let Err(error) = ec2::kms_key("kms_key_id", key)
    {
        wrong.push(error);
    }
    match wrong.is_empty() {
        true => Ok(Wish {
            encrypted: body.encrypted || body.kms_key_id.is_some(),
            kms_key_id: body.kms_key_id.clone(),
        }),
        false => Err(ApiError::Invalid(wrong)),
    }
}

/// Only what launches would take is copied.
fn may_be_copied(source: &image::Model) -> Result<(), ApiError> {
    let id = source.ami_id.as_deref().unwrap_or(&source.id);
    let foreign = matches!(source.class.as_deref(), Some("foreign" | "kamiwaza"));
    let why = match source.status.as_str() {
        "available" if source.disabled_at.is_some() => {
            format!("{id} is disabled in EC2: enable it first")
        }
        "available" if foreign && source.origin != image::ADOPTED => format!(
            "{id} was not made by this installation: `ingot images adopt {id} --reason TEXT` comes first"
        ),
        "available" => return Ok(()),
        status => format!("{id} is {status}: only an available image can be copied"),
    };
    Err(ApiError::Conflict(why))
}

fn answer(of: image::Model, copies: Vec<ImageCopy>) -> ImageCopies {
    ImageCopies {
        image_id: of.id,
        ami_id: of.ami_id,
        region: of.region,
        copy_of: of.source_image_id,
        copies,
    }
}

fn shown(row: &image::Model, outcome: Option<&str>) -> ImageCopy {
    ImageCopy {
        region: row.region.clone(),
        outcome: outcome.map(str::to_owned),
        status: row.status.clone(),
        image_id: row.id.clone(),
        ami_id: row.ami_id.clone(),
        copy: row.source_image_id.is_some(),
        error: row.error.clone(),
        created_at: row.created_at,
        available_at: row.available_at,
    }
}
