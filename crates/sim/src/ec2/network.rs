//! DescribeVpcs, DescribeSubnets: the default network of every region.

use crate::filters::Filters;
use crate::sim::Call;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

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
    let vpc = &place.network.vpc;
    if let Some(id) = ids.iter().find(|id| *id != vpc) {
        return Err(ApiError::not_found("InvalidVpcID.NotFound", "vpc ID", id));
    }
    let pass = filters.pass(|name| {
        place.tags.facts(vpc, name).unwrap_or_else(|| match name {
            "vpc-id" => vec![vpc.clone()],
            "cidr" => vec![CIDR.to_owned()],
            "state" => vec!["available".to_owned()],
            _ => vec!["true".to_owned()],
        })
    });
    let mut xml = Xml::default();
    xml.items("vpcSet", pass.then_some(vpc), |xml, vpc| {
        xml.text("vpcId", vpc);
        xml.text("ownerId", &account);
        xml.text("state", "available");
        xml.text("cidrBlock", CIDR);
        xml.text("instanceTenancy", "default");
        xml.text("isDefault", "true");
        place.tags.write(vpc, xml);
    });
    Ok(xml)
}

const CIDR: &str = "172.31.0.0/16";

pub(super) fn subnets(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let ids = call.params.list("SubnetId");
    let known = [
        "subnet-id",
        "vpc-id",
        "availability-zone",
        "availabilityZone",
        "default-for-az",
        "defaultForAz",
        "map-public-ip-on-launch",
        "state",
        "tag-key",
    ];
    let filters = Filters::read(call.params, &known)?;
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
                place
                    .tags
                    .facts(&subnet.id, name)
                    .unwrap_or_else(|| match name {
                        "subnet-id" => vec![subnet.id.clone()],
                        "vpc-id" => vec![network.vpc.clone()],
                        "availability-zone" | "availabilityZone" => vec![subnet.zone.clone()],
                        "state" => vec!["available".to_owned()],
                        _ => vec!["true".to_owned()],
                    })
            })
    });
    let mut xml = Xml::default();
    xml.items("subnetSet", chosen, |xml, subnet| {
        xml.text("subnetId", &subnet.id);
        xml.text("state", "available");
        xml.text("ownerId", &account);
        xml.text("vpcId", &network.vpc);
        xml.text("cidrBlock", &subnet.cidr);
        xml.value("availableIpAddressCount", 4091);
        xml.text("availabilityZone", &subnet.zone);
        xml.text("defaultForAz", "true");
        xml.text("mapPublicIpOnLaunch", "true");
        place.tags.write(&subnet.id, xml);
    });
    Ok(xml)
}
