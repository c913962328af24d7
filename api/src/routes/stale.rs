//! `stale: refuse` at the door: what a launch of the last hour has resolved is enough to know that the base has moved. What
//! is not known here the launch itself asks the cloud, and the deployment fails at once with the same words.

use ingot_domain::deployment::ImageChoice;
use ingot_domain::fingerprint;
use ingot_domain::image::ImageKey;
use ingot_domain::request::Order;
use ingot_domain::stale::{BELIEVED, Moved, Stale};

use crate::error::ApiError;
use crate::state::{Api, Recipe};

/// Refuses an order that would launch from neither: its image is of another build of the base than today's.
pub(super) async fn check(api: &Api, order: &Order, recipe: &Recipe) -> Result<(), ApiError> {
    if order.stale != Stale::Refuse || order.image_choice != ImageChoice::Auto {
        return Ok(());
    }
    let line = recipe.template.base_image.describe();
    let Some((account, base)) = api.ledger.last_base(&order.region, &line).await? else {
        return Ok(());
    };
    let now = api.ledger.now();
    if (now - base.asked_at)
        .to_std()
        .is_ok_and(|age| age > BELIEVED)
    {
        return Ok(());
    }
    let fingerprint = match order.own_recipe(&recipe.template) {
        None => recipe.revision.fingerprint.clone(),
        Some(own) => fingerprint::of_recipe(&own),
    };
    let key = ImageKey {
        template: order.template.clone(),
        version: order.version.clone(),
        mode: order.mode.clone(),
        arch: order.arch,
        account,
        region: order.region.clone(),
        base: base.identity(&order.region),
        base_image: base.ami_id.clone(),
        fingerprint,
    };
    let images = api.ledger.images_of_key(&key, &base).await?;
    if images.available().is_some() {
        return Ok(());
    }
    let Some(image) = api.ledger.newest_of_other_build(&key, &base).await? else {
        return Ok(());
    };
    let moved = Moved {
        ami_id: image.ami_id.as_deref().unwrap_or_default(),
        made_at: image.available_at.unwrap_or(image.created_at),
        made_on: &image.base(),
        today: &base,
    };
    Err(ApiError::BaseMoved(moved.said(Stale::Refuse, now)))
}
