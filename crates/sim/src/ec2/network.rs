//! DescribeAvailabilityZones, DescribeVpcs, DescribeSubnets.

use super::launch_network::free;
use crate::filters::Filters;
use crate::sim::Call;
use crate::state::network::Subnet;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

const OPT_IN: &str = "opt-in-not-required";

pub(super) fn zones(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let (names, ids) = (call.params.list("ZoneName"), call.params.list("ZoneId"));
    let known = [
        "zone-name",
        "zone-id",
        "region-name",
        "state",
        "zone-type",
        "opt-in-status",
    ];
    let filters = Filters::read(call.params, &known)?;
    let region = call.key.region.clone();
    let zones = &call.place().network.zones;
    let there = |name: &&String| zones.iter().any(|zone| zone.name == **name);
    if let Some(name) = names.iter().find(|name| !there(name)) {
        return Err(ApiError::invalid(format!(
            "Invalid availability zone: [{name}]"
        )));
    }
    let chosen = zones.iter().filter(|zone| {
        (names.is_empty() || names.contains(&zone.name))
            && (ids.is_empty() || ids.contains(&zone.id))
            && filters.pass(|filter| {
                vec![match filter {
                    "zone-name" => zone.name.clone(),
                    "zone-id" => zone.id.clone(),
                    "region-name" => region.clone(),
                    "state" => "available".to_owned(),
                    "zone-type" => "availability-zone".to_owned(),
                    _ => OPT_IN.to_owned(),
                }]
            })
    });
    let mut xml = Xml::default();
    xml.items("availabilityZoneInfo", chosen, |xml, zone| {
        xml.text("zoneName", &zone.name);
        xml.text("zoneId", &zone.id);
        xml.text("zoneState", "available");
        xml.text("regionName", &region);
        xml.text("groupName", &region);
        xml.text("networkBorderGroup", &region);
        xml.text("optInStatus", OPT_IN);
        xml.text("zoneType", "availability-zone");
    });
    Ok(xml)
}

pub(super) fn vpcs(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let ids = call.params.list("VpcId");
    let known = [
        "vpc-id",
        "is-default",
        "isDefault",
        "cidr",
        "state",
        "tag-key",
    ];
    let filters = Filters::read(call.params, &known)?;
    let account = call.key.account.clone();
    let place = call.place();
    let network = &place.network;
    if let Some(id) = ids.iter().find(|id| network.vpc(id).is_none()) {
        return Err(ApiError::not_found("InvalidVpcID.NotFound", "vpc ID", id));
    }
    let chosen = network.vpcs.iter().filter(|vpc| {
        (ids.is_empty() || ids.contains(&vpc.id))
            && filters.pass(|name| {
                let facts = place.tags.facts(&vpc.id, name);
                facts.unwrap_or_else(|| {
                    vec![match name {
                        "vpc-id" => vpc.id.clone(),
                        "cidr" => vpc.cidr.clone(),
                        "state" => "available".to_owned(),
                        _ => vpc.default.to_string(),
                    }]
                })
            })
    });
    let mut xml = Xml::default();
    xml.items("vpcSet", chosen, |xml, vpc| {
        xml.text("vpcId", &vpc.id);
        xml.text("ownerId", &account);
        xml.text("state", "available");
        xml.text("cidrBlock", &vpc.cidr);
        xml.text("instanceTenancy", "default");
        xml.value("isDefault", vpc.default);
        place.tags.write(&vpc.id, xml);
    });
    Ok(xml)
}

const SUBNET_FILTERS: &[&str] = &[
    "subnet-id",
    "vpc-id",
    "availability-zone",
    "availabilityZone",
    "cidr-block",
    "default-for-az",
    "defaultForAz",
    "ipv6-native",
    "map-public-ip-on-launch",
    "state",
    "tag-key",
];

pub(super) fn subnets(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let ids = call.params.list("SubnetId");
    let filters = Filters::read(call.params, SUBNET_FILTERS)?;
    let account = call.key.account.clone();
    let place = call.place();
    let network = &place.network;
    if let Some(id) = ids.iter().find(|id| network.subnet(id).is_none()) {
        return Err(ApiError::not_found(
            "InvalidSubnetID.NotFound",
            "subnet ID",
            id,
        ));
    }
    let chosen = network.subnets.iter().filter(|subnet| {
        (ids.is_empty() || ids.contains(&subnet.id))
            && filters.pass(|name| {
                let facts = place.tags.facts(&subnet.id, name);
                facts.unwrap_or_else(|| vec![subnet_fact(subnet, name)])
            })
    });
    let mut xml = Xml::default();
    xml.items("subnetSet", chosen, |xml, subnet| {
        let zone = network.zone(&subnet.zone);
        xml.text("subnetId", &subnet.id);
        xml.text("state", "available");
        xml.text("ownerId", &account);
        xml.text("vpcId", &subnet.vpc);
        xml.maybe("cidrBlock", subnet.cidr.as_deref());
        xml.value("availableIpAddressCount", free(place, subnet));
        xml.text("availabilityZone", &subnet.zone);
        xml.maybe("availabilityZoneId", zone.map(|zone| zone.id.as_str()));
        xml.value("defaultForAz", subnet.default_for_zone);
        xml.value("mapPublicIpOnLaunch", subnet.public);
        xml.value("assignIpv6AddressOnCreation", subnet.ipv6_cidr.is_some());
        xml.value("ipv6Native", subnet.cidr.is_none());
        xml.items(
            "ipv6CidrBlockAssociationSet",
            &subnet.ipv6_cidr,
            |xml, cidr| {
                xml.text("ipv6CidrBlock", cidr);
                xml.el("ipv6CidrBlockState", |xml| xml.text("state", "associated"));
            },
        );
        place.tags.write(&subnet.id, xml);
    });
    Ok(xml)
}

fn subnet_fact(subnet: &Subnet, name: &str) -> String {
    match name {
        "subnet-id" => subnet.id.clone(),
        "vpc-id" => subnet.vpc.clone(),
        "availability-zone" | "availabilityZone" => subnet.zone.clone(),
        "cidr-block" => subnet.cidr.clone().unwrap_or_default(),
        "default-for-az" | "defaultForAz" => subnet.default_for_zone.to_string(),
        "ipv6-native" => subnet.cidr.is_none().to_string(),
        "state" => "available".to_owned(),
        _ => subnet.public.to_string(),
    }
}
