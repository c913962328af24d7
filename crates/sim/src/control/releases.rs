//! The order with which a vendor publishes a build under its own name, or takes it back.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ControlError;
use super::account::key_of;
use crate::sim::Sim;
use crate::state::releases::Release;

/// Body of `POST /_sim/releases`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseOrder {
    owner: String,
    /// Names of its line, with `*` and `?`.
    filter: String,
    architecture: String,
    name: String,
    /// The parameter that moves to it.
    parameter: Option<String>,
    /// When it was made; now when absent.
    created: Option<String>,
    /// Not made before this, if `created` is absent.
    earliest: Option<String>,
    /// Everywhere when absent.
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    withdraw: bool,
}

pub(super) fn release(sim: &Sim, order: ReleaseOrder) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let read = |field: &str, text: &String| {
        let read = chrono::DateTime::parse_from_rfc3339(text);
        let read = read.map_err(|error| ControlError::Body(format!("{field}: {error}")))?;
        let utc = read.with_timezone(&chrono::Utc);
        Ok::<_, ControlError>(utc.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    };
    let created = match (&order.created, &order.earliest) {
        (Some(text), _) => read("created", text)?,
        // Stamps of one form are ordered as texts.
        (None, Some(text)) => sim.clock.stamp(now).max(read("earliest", text)?),
        (None, None) => sim.clock.stamp(now),
    };
    let release = Release {
        owner: order.owner,
        filter: order.filter,
        architecture: order.architecture,
        name: order.name,
        date: created.clone(),
        parameter: order.parameter,
        regions: order.regions,
        withdraw: order.withdraw,
        at: now,
    };
    let mut world = sim.world();
    // A region that was not used yet is made, so that an order for it says whether it has such a line.
    for region in &release.regions {
        world.place(&key_of(Some(region.clone()), None));
    }
    if release.regions.is_empty() {
        world.place(&key_of(None, None));
    }
    let mut images = Map::new();
    for place in world.places.values_mut() {
        if let Some(id) = release.reach(place) {
            images.insert(place.key.region.clone(), id.into());
        }
    }
    if images.is_empty() {
        let what = format!("{} of {}", release.name, release.owner);
        return Err(ControlError::Missing(what));
    }
    let answer = json!({
        "name": release.name,
        "created": created,
        "withdrawn": release.withdraw,
        "everywhere": release.regions.is_empty(),
        "images": images,
    });
    world.releases.push(release);
    Ok(answer)
}
