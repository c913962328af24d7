//! Orders for other accounts that publish images: every account sees them, under whatever name.

use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlError;
use super::account::key_of;
use crate::sim::Sim;

/// Body of `POST /_sim/public_images`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicOrder {
    /// The image it is like.
    like: String,
    /// Its owner's account.
    owner: String,
    /// Absent: as that image.
    name: Option<String>,
    /// `amazon` for a verified partner of AWS; absent: none.
    alias: Option<String>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn publish(sim: &Sim, order: PublicOrder) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let id = world.id("ami");
    let place = world.place(&key);
    let like = place.images.get(&order.like).cloned();
    let mut image = like.ok_or_else(|| ControlError::Missing(order.like.clone()))?;
    image.id = id.clone();
    image.owner = order.owner;
    image.owner_alias = order.alias;
    image.name = order.name.unwrap_or(image.name);
    image.creation_date = sim.clock.stamp(now);
    image.created = now;
    image.public = true;
    image.deprecation = None;
    place.images.insert(id.clone(), image);
    Ok(json!({ "image_id": id }))
}
