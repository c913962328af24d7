//! CreateTags, DeleteTags, DescribeTags (EC2.md 12).

use std::time::Duration;

use super::done;
use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::Place;
use crate::state::tags::{check_key, read_tags, resource_type};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

/// EC2 takes up to this many ids in one call (EC2.md 12).
const MOST_IDS: usize = 1000;

pub(super) fn create(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let ids = read_ids(call)?;
    let tags = read_tags(call.params)?;
    if tags.is_empty() {
        return Err(ApiError::missing("Tag"));
    }
    let place = call.place();
    // All or none.
    for id in &ids {
        place.tags.check(id, &tags)?;
    }
    for id in &ids {
        place.tags.put(id, &tags)?;
    }
    call.effects.extend(ids);
    Ok(done())
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let ids = read_ids(call)?;
    let mut keys = Vec::new();
    for raw in call.params.structs("Tag") {
        // An empty value is a value; an absent one means any.
        let value = raw
            .iter()
            .find(|(name, _)| *name == "Value")
            .map(|(_, v)| v.to_owned());
        let key = raw.need("Key")?;
        check_key(key)?;
        keys.push((key.to_owned(), value));
    }
    if keys.is_empty() {
        // Without keys EC2 removes all user tags.
        let place = call.place();
        ids.iter().for_each(|id| place.tags.clear(id));
    }
    let place = call.place();
    for id in &ids {
        place.tags.cut(id, &keys);
    }
    call.effects.extend(ids);
    Ok(done())
}

fn read_ids(call: &mut Call<'_>) -> Result<Vec<String>, ApiError> {
    let ids = call.params.list("ResourceId");
    if ids.is_empty() {
        return Err(ApiError::missing("ResourceId"));
    }
    if ids.len() > MOST_IDS {
        return Err(ApiError::invalid("At most 1000 resource ids in one call"));
    }
    let now = call.now;
    let place = call.place();
    match ids.iter().find(|id| !exists(place, id, now)) {
        None => Ok(ids),
        Some(id) => Err(missing(id)),
    }
}

fn exists(place: &Place, id: &str, now: Duration) -> bool {
    let own = |owner: &str| owner == place.key.account;
    match resource_type(id) {
        Some("instance") => place.instances.get(id).is_some_and(|i| i.visible(now)),
        Some("image") => place.images.get(id).is_some_and(|image| {
            image.known(now) && image.deregistered_at.is_none() && own(&image.owner)
        }),
        Some("snapshot") => place.snapshots.get(id).is_some_and(|s| now >= s.visible_at),
        Some("volume") => place.volumes.contains_key(id),
        Some("security-group") => place.groups.get(id).is_some_and(|g| g.visible(now)),
        Some("vpc") => place.network.vpc(id).is_some(),
        Some("subnet") => place.network.subnet(id).is_some(),
        Some(_) | None => false,
    }
}

fn missing(id: &str) -> ApiError {
    let (code, noun) = match resource_type(id) {
        Some("instance") => ("InvalidInstanceID.NotFound", "instance ID"),
        Some("image") => ("InvalidAMIID.NotFound", "image ID"),
        Some("snapshot") => ("InvalidSnapshot.NotFound", "snapshot ID"),
        Some("volume") => ("InvalidVolume.NotFound", "volume ID"),
        Some("security-group") => ("InvalidGroup.NotFound", "security group ID"),
        Some(_) | None => ("InvalidID", "ID"),
    };
    ApiError::not_found(code, noun, id)
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let filters = Filters::read(params, &["key", "resource-id", "resource-type", "value"])?;
    let page = Page::read(params, 5)?;
    let now = call.now;
    let place = call.place();
    let mut rows = Vec::new();
    for (id, tags) in place.tags.iter().filter(|(id, _)| exists(place, id, now)) {
        let kind = resource_type(id).unwrap_or_default();
        for (key, value) in tags {
            let pass = filters.pass(|name| match name {
                "key" => vec![key.clone()],
                "resource-id" => vec![id.clone()],
                "resource-type" => vec![kind.to_owned()],
                "value" => vec![value.clone()],
                // `tag:KEY` is by key and value together.
                by_key if by_key.strip_prefix("tag:") == Some(key) => vec![value.clone()],
                _ => Vec::new(),
            });
            if pass {
                rows.push((id, kind, key, value));
            }
        }
    }
    let (cut, next) = page.cut(rows, |(id, _, key, _)| format!("{id}/{key}"), |_| 1);
    let mut xml = Xml::default();
    xml.items("tagSet", cut, |xml, (id, kind, key, value)| {
        xml.text("resourceId", id);
        xml.text("resourceType", kind);
        xml.text("key", key);
        xml.text("value", value);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}
