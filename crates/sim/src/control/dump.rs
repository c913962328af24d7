//! `GET /_sim/state`: everything as it is, including what Describe does not show yet.

use std::time::Duration;

use serde_json::{Value, json};

use crate::guest::Serves;
use crate::sim::Sim;
use crate::state::Place;
use crate::wire::query::Params;

/// The region's clock, by which a calendar can be set.
pub(super) fn clock(sim: &Sim) -> Value {
    json!({"now": sim.clock.stamp(sim.clock.now()), "pace": sim.config.pace})
}

pub(super) fn state(sim: &Sim, query: &Params) -> Value {
    let now = sim.clock.now();
    let fits = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let mut world = sim.world();
    let (mut instances, mut images) = (Vec::new(), Vec::new());
    let (mut snapshots, mut groups) = (Vec::new(), Vec::new());
    for place in world.places.values_mut() {
        if !fits("region", &place.key.region) || !fits("account", &place.key.account) {
            continue;
        }
        place.settle(now);
        instances.extend(dump_instances(place, now));
        images.extend(dump_images(place, now));
        snapshots.extend(dump_snapshots(place, now));
        groups.extend(dump_groups(place));
    }
    json!({
        "now": sim.clock.stamp(now),
        "sim_seconds": now.as_secs_f64(),
        "pace": sim.config.pace,
        "probe_port": sim.probe_port,
        "trust": sim.sts().trust,
        "instances": instances,
        "images": images,
        "snapshots": snapshots,
        "security_groups": groups,
    })
}

/// `object` with what every object has.
fn placed(place: &Place, id: &str, mut object: Value) -> Value {
    object["id"] = json!(id);
    object["region"] = json!(place.key.region);
    object["account"] = json!(place.key.account);
    object["tags"] = json!(place.tags.of(id));
    object
}

fn dump_instances(place: &Place, now: Duration) -> Vec<Value> {
    let each = place.instances.values().map(|instance| {
        let object = json!({
            "state": instance.phase.name().0,
            "image_id": instance.image,
            "instance_type": instance.kind,
            "address": instance.address.to_string(),
            "public": instance.interface.public,
            "ipv6": instance.interface.ipv6.map(|address| address.to_string()),
            "zone": instance.zone,
            "client_token": instance.token,
            "subnet_id": instance.subnet,
            "security_groups": instance.groups,
            "volumes": instance.volumes,
            "spot": instance.spot_request.is_some(),
            "shutdown_behavior": instance.shutdown_behavior,
            "serve": instance.serving(now).word(),
            "serves": instance.serves.iter().map(Serves::told).collect::<Vec<_>>(),
            "installed": instance.installed(now),
            "visible": instance.visible(now),
            "reason": instance.reason.as_ref().map(|reason| &reason.message),
        });
        placed(place, &instance.id, object)
    });
    each.collect()
}

/// The account's own images; vendors' are the same everywhere.
fn dump_images(place: &Place, now: Duration) -> Vec<Value> {
    let own = place
        .images
        .values()
        .filter(|image| image.owner == place.key.account);
    let each = own.map(|image| {
        let snapshots: Vec<&String> = image
            .devices
            .iter()
            .filter_map(|device| device.snapshot.as_ref())
            .collect();
        let object = json!({
            "state": image.state(now).name(),
            "name": image.name,
            "snapshots": snapshots,
            "source_instance": image.source_instance,
            "source_image": image.source_image.as_ref().map(|(id, _)| id),
            "source_region": image.source_image.as_ref().map(|(_, region)| region),
            "shared_with": image.shared_with,
            "owner_alias": image.owner_alias,
            "recycled": image.recycled(now),
            "installed": image.installed,
            "serves": image.serves.iter().map(Serves::told).collect::<Vec<_>>(),
            "visible": image.known(now),
            "age_seconds": now.saturating_sub(image.created).as_secs_f64(),
            "reason": image.fails,
        });
        placed(place, &image.id, object)
    });
    each.collect()
}

fn dump_snapshots(place: &Place, now: Duration) -> Vec<Value> {
    let each = place.snapshots.values().map(|snapshot| {
        let user = place
            .images
            .values()
            .find(|image| image.holds_snapshot(&snapshot.id));
        let object = json!({
            "state": snapshot.state(now),
            "progress": snapshot.progress(now),
            "size_gib": snapshot.size_gib,
            "volume_id": snapshot.volume,
            "owner_alias": snapshot.owner_alias,
            "used_by": user.map(|image| &image.id),
        });
        placed(place, &snapshot.id, object)
    });
    each.collect()
}

fn dump_groups(place: &Place) -> Vec<Value> {
    let each = place.groups.values().map(|group| {
        let object = json!({"name": group.name, "rules": group.ingress.len()});
        placed(place, &group.id, object)
    });
    each.collect()
}
