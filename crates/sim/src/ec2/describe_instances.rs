//! DescribeInstances: by id, by filter, in pages.

use std::collections::{BTreeMap, BTreeSet};

use super::instance_xml;
use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::Place;
use crate::state::instances::Instance;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

const FILTERS: &[&str] = &[
    "architecture",
    "availability-zone",
    "client-token",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "ip-address",
    "ipv6-address",
    "private-ip-address",
    "reservation-id",
    "subnet-id",
    "tag-key",
    "vpc-id",
    "instance.group-id",
];

/// The least `MaxResults` EC2 takes.
const LEAST_PAGE: u64 = 5;

pub(super) fn describe_instances(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("InstanceId");
    if !ids.is_empty() && params.get("MaxResults").is_some() {
        let message = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(ApiError::client("InvalidParameterCombination", message));
    }
    let filters = Filters::read(params, FILTERS)?;
    let page = Page::read(params, LEAST_PAGE)?;
    known(call, &ids)?;
    let (sim, now, account) = (call.sim, call.now, call.key.account.clone());
    let place = call.place();
    // By id where ids are given: a poll of a hundred must not read ten thousand.
    let candidates: Vec<&Instance> = if ids.is_empty() {
        place.instances.values().collect()
    } else {
        let named: BTreeSet<&String> = ids.iter().collect();
        named
            .into_iter()
            .filter_map(|id| place.instances.get(id))
            .collect()
    };
    let chosen = candidates.into_iter().filter(|instance| {
        let pass = || filters.pass(|name| facts(place, instance, name));
        instance.visible(now) && (filters.is_empty() || pass())
    });
    // By the first launch of each reservation: new ones come last, pages stay as they are.
    let mut reservations: BTreeMap<u64, Vec<&Instance>> = BTreeMap::new();
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sorted: Vec<&Instance> = chosen.collect();
    sorted.sort_by_key(|instance| instance.number);
    for instance in sorted {
        let number = *first
            .entry(&instance.reservation)
            .or_insert(instance.number);
        reservations.entry(number).or_default().push(instance);
    }
    let all: Vec<(u64, Vec<&Instance>)> = reservations.into_iter().collect();
    let (cut, next) = page.cut(
        all,
        |(number, _)| format!("{number:020}"),
        |(_, group)| group.len(),
    );
    let mut xml = Xml::default();
    xml.items("reservationSet", cut, |xml, (_, instances)| {
        instance_xml::reservation(xml, sim, place, &account, &instances);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

/// Refuses the call if any id is unknown, malformed or not yet visible.
pub(super) fn known(call: &mut Call<'_>, ids: &[String]) -> Result<(), ApiError> {
    let now = call.now;
    let place = call.place();
    if let Some(id) = ids.iter().find(|id| !id.starts_with("i-")) {
        let message = format!("Invalid id: \"{id}\"");
        return Err(ApiError::client("InvalidInstanceID.Malformed", message));
    }
    let seen = |id: &String| place.instances.get(id).is_some_and(|i| i.visible(now));
    let unknown: Vec<&str> = ids
        .iter()
        .filter(|id| !seen(id))
        .map(String::as_str)
        .collect();
    match unknown.as_slice() {
        [] => Ok(()),
        [id] => Err(ApiError::client(
            "InvalidInstanceID.NotFound",
            format!("The instance ID '{id}' does not exist"),
        )),
        several => Err(ApiError::client(
            "InvalidInstanceID.NotFound",
            format!("The instance IDs '{}' do not exist", several.join(", ")),
        )),
    }
}

fn facts(place: &Place, instance: &Instance, filter: &str) -> Vec<String> {
    if let Some(tags) = place.tags.facts(&instance.id, filter) {
        return tags;
    }
    let (state, code) = instance.phase.name();
    let one = match filter {
        "architecture" => instance.architecture.clone(),
        "availability-zone" => instance.zone.clone(),
        "client-token" => return instance.token.iter().cloned().collect(),
        "image-id" => instance.image.clone(),
        "instance-id" => instance.id.clone(),
        "instance-lifecycle" => {
            return instance
                .spot_request
                .iter()
                .map(|_| "spot".to_owned())
                .collect();
        }
        "instance-state-code" => code.to_string(),
        "instance-state-name" => state.to_owned(),
        "instance-type" => instance.kind.clone(),
        "ip-address" => return instance.public_address().into_iter().collect(),
        "ipv6-address" => {
            return instance
                .interface
                .ipv6
                .iter()
                .map(ToString::to_string)
                .collect();
        }
        "private-ip-address" => return instance.private_address().into_iter().collect(),
        "reservation-id" => instance.reservation.clone(),
        "subnet-id" => instance.subnet.clone(),
        "vpc-id" => instance.interface.vpc.clone(),
        "instance.group-id" => return instance.groups.clone(),
        _ => return Vec::new(),
    };
    vec![one]
}
