//! DescribeImages: own, shared and public images (EC2.md 10, 19, 21).

use std::time::Duration;

use super::image_xml;
use crate::filters::Filters;
use crate::paging::Page;
use crate::seeds::hash;
use crate::sim::Call;
use crate::state::Place;
use crate::state::images::{Device, Image};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

const FILTERS: &[&str] = &[
    "architecture",
    "block-device-mapping.device-name",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "block-device-mapping.volume-size",
    "block-device-mapping.volume-type",
    "creation-date",
    "description",
    "ena-support",
    "hypervisor",
    "image-id",
    "image-type",
    "is-public",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "platform-details",
    "root-device-name",
    "root-device-type",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "state",
    "tag-key",
    "virtualization-type",
];

pub(super) fn describe_images(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("ImageId");
    let filters = Filters::read(params, FILTERS)?;
    let page = Page::read(params, 1)?;
    let owners = params.list("Owner");
    let disabled = params.flag("IncludeDisabled");
    // Others see a deprecated image when they name it or ask for such.
    let deprecated = params.flag("IncludeDeprecated") || !ids.is_empty();
    let today = call.sim.clock.stamp(call.now);
    let fresh = |image: &Image| {
        let until = image.deprecation.as_deref();
        until.is_none_or(|until| until > today.as_str())
    };
    known(call, &ids)?;
    let (now, account) = (call.now, call.key.account.clone());
    let lag = call.sim.config.consistency;
    let (region, world) = (call.key.region.clone(), &*call.world);
    let elsewhere = world
        .places
        .values()
        .filter(|place| place.key.region == region && place.key.account != account);
    let shared = elsewhere.flat_map(|place| {
        let images = place
            .images
            .values()
            .filter(|image| image.shared_with.contains(&account));
        images.map(move |image| (place, image))
    });
    let own = world
        .places
        .get(&call.key)
        .into_iter()
        .flat_map(|place| place.images.values().map(move |image| (place, image)));
    let mut chosen: Vec<(&Place, &Image)> = own
        .chain(shared)
        .filter(|(place, image)| {
            image.known(now)
                && shown(image, now, lag)
                && (disabled || !image.disabled)
                && (deprecated || image.owner == account || fresh(image))
                && (ids.is_empty() || ids.contains(&image.id))
                && (owners.is_empty() || owners.iter().any(|o| owned(image, o, &account)))
                && (filters.is_empty() || filters.pass(|name| facts(place, image, now, name)))
        })
        .collect();
    // EC2 does not define an order (EC2.md 10); by hash, so that no caller comes to rely on one.
    let order = |image: &Image| format!("{:015x}{}", hash(&image.id), image.id);
    chosen.sort_by_cached_key(|(_, image)| order(image));
    let (cut, next) = page.cut(chosen, |(_, image)| order(image), |_| 1);
    let mut xml = Xml::default();
    xml.items("imagesSet", cut, |xml, (place, image)| {
        // Tags are the owner's own: others never see them.
        let tags = (place.key == call.key).then_some(&place.tags);
        image_xml::item(xml, call.sim, tags, image, now);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

/// Deregistered images stay for a while, then results are empty (EC2.md 19).
fn shown(image: &Image, now: Duration, lag: Duration) -> bool {
    image
        .deregistered_at
        .is_none_or(|at| now < at.saturating_add(lag))
}

/// Refuses the call if an id is malformed, unknown or not yet visible; a deregistered one
/// is an error only after its last instance is gone (EC2.md 19).
fn known(call: &mut Call<'_>, ids: &[String]) -> Result<(), ApiError> {
    let (now, lag) = (call.now, call.sim.config.consistency);
    for id in ids {
        let image = super::instance_launch::find_image(call, id)?;
        if shown(&image, now, lag) {
            continue;
        }
        let mut instances = call.place().instances.values();
        if !instances.any(|instance| instance.image == *id && instance.living()) {
            let message = format!("The image ID '{id}' is no longer available");
            return Err(ApiError::client("InvalidAMIID.Unavailable", message));
        }
    }
    Ok(())
}

fn owned(image: &Image, owner: &str, account: &str) -> bool {
    match owner {
        "self" => image.owner == account,
        alias if image.owner_alias.as_deref() == Some(alias) => true,
        id => image.owner == id,
    }
}

fn facts(place: &Place, image: &Image, now: Duration, filter: &str) -> Vec<String> {
    if let Some(tags) = place.tags.facts(&image.id, filter) {
        return tags;
    }
    if let Some(of_device) = filter.strip_prefix("block-device-mapping.") {
        let devices = image.devices.iter();
        return devices
            .filter_map(|device| device_fact(device, of_device))
            .collect();
    }
    let one = match filter {
        "architecture" => image.architecture.clone(),
        "creation-date" => image.creation_date.clone(),
        "description" => image.description.clone(),
        "ena-support" => "true".to_owned(),
        "hypervisor" => "xen".to_owned(),
        "image-id" => image.id.clone(),
        "image-type" => "machine".to_owned(),
        "is-public" => image.public.to_string(),
        "name" => image.name.clone(),
        "owner-alias" => return image.owner_alias.iter().cloned().collect(),
        "owner-id" => image.owner.clone(),
        "platform" => {
            return image
                .platform
                .word()
                .map(str::to_owned)
                .into_iter()
                .collect();
        }
        "platform-details" => image.platform.details().to_owned(),
        "root-device-name" => image.root_device.clone(),
        "root-device-type" => image.root_device_type.clone(),
        "source-image-id" => return image.source_image.iter().map(|s| s.0.clone()).collect(),
        "source-image-region" => return image.source_image.iter().map(|s| s.1.clone()).collect(),
        "source-instance-id" => return image.source_instance.iter().cloned().collect(),
        "state" => image.state(now).name().to_owned(),
        "virtualization-type" => "hvm".to_owned(),
        _ => return Vec::new(),
    };
    vec![one]
}

fn device_fact(device: &Device, fact: &str) -> Option<String> {
    match fact {
        "device-name" => Some(device.name.clone()),
        "encrypted" => Some(device.encrypted.to_string()),
        "snapshot-id" => device.snapshot.clone(),
        "volume-size" => Some(device.size_gib.to_string()),
        _ => Some(device.kind.clone()),
    }
}
