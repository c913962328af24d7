//! Where a launch goes: zone, subnet, groups and addresses.

use crate::instance_types::InstanceType;
use crate::sim::Call;
use crate::state::Place;
use crate::state::network::{Subnet, Zone};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// A place for the machines of a launch.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) subnet: Subnet,
    pub(super) groups: Vec<String>,
    /// They get public addresses.
    pub(super) public: bool,
    /// They get IPv6 addresses.
    pub(super) ipv6: bool,
}

/// Finds the place, or refuses as EC2 does.
pub(super) fn read(call: &mut Call<'_>, kind: &InstanceType, count: u64) -> Result<Spot, ApiError> {
    let params = call.params;
    check_interfaces(params)?;
    let interface = first_interface(params);
    let now = call.now;
    let place = call.place();
    let subnet = choose(place, params, &interface, kind, count)?;
    let groups = super::launch_groups::read(place, params, &interface, &subnet, now)?;
    let ipv6_only = subnet.cidr.is_none();
    let asked = interface.get("AssociatePublicIpAddress");
    if ipv6_only && interface.flag("AssociatePublicIpAddress") {
        let message = "The associatePublicIPAddress parameter cannot be specified for an \
                       IPv6-only subnet.";
        return Err(ApiError::client("InvalidParameterCombination", message));
    }
    let counted = params.number("Ipv6AddressCount")?.unwrap_or(0)
        + interface.number("Ipv6AddressCount")?.unwrap_or(0);
    if counted > 0 && subnet.ipv6_cidr.is_none() {
        let message = format!("The subnet '{}' has no IPv6 CIDR block", subnet.id);
        return Err(ApiError::invalid(message));
    }
    Ok(Spot {
        public: !ipv6_only
            && asked.map_or(subnet.public, |_| {
                interface.flag("AssociatePublicIpAddress")
            }),
        ipv6: counted > 0 || subnet.ipv6_cidr.is_some(),
        subnet,
        groups,
    })
}

pub(super) fn first_interface(params: &Params) -> Params {
    let interfaces = params.structs("NetworkInterface");
    interfaces.into_iter().next().unwrap_or_default()
}

/// A request speaks of interfaces or of the instance, never of both.
fn check_interfaces(params: &Params) -> Result<(), ApiError> {
    let interfaces = params.structs("NetworkInterface");
    if interfaces.is_empty() {
        return Ok(());
    }
    let groups = params.list("SecurityGroupId").len() + params.list("SecurityGroup").len();
    let both = if groups > 0 {
        "an instance-level security groups"
    } else if params.get("SubnetId").is_some() {
        "an instance-level subnet ID"
    } else if params.get("Ipv6AddressCount").is_some() {
        "an instance-level IPv6 address count"
    } else if interfaces
        .iter()
        .any(|each| each.get("DeviceIndex").is_none())
    {
        return Err(ApiError::invalid(
            "Each network interface requires a device index.",
        ));
    } else {
        return Ok(());
    };
    let message = format!("Network interfaces and {both} may not be specified on the same request");
    Err(ApiError::client("InvalidParameterCombination", message))
}

fn choose(
    place: &Place,
    params: &Params,
    interface: &Params,
    kind: &InstanceType,
    count: u64,
) -> Result<Subnet, ApiError> {
    let network = &place.network;
    let zone = match params.get("Placement.AvailabilityZone") {
        None => None,
        Some(name) => {
            let wrong = || ApiError::invalid(format!("Invalid availability zone: [{name}]"));
            Some(network.zone(name).ok_or_else(wrong)?)
        }
    };
    let named = params.get("SubnetId").or_else(|| interface.get("SubnetId"));
    if let Some(id) = named {
        let missing = || ApiError::not_found("InvalidSubnetID.NotFound", "subnet ID", id);
        let subnet = network.subnet(id).ok_or_else(missing)?;
        if zone.is_some_and(|zone| zone.name != subnet.zone) {
            let message = "The availability zone and the subnet's zone do not match";
            return Err(ApiError::invalid(message));
        }
        if let Some(zone) = network.zone(&subnet.zone) {
            check_zone(place, zone, &kind.name)?;
        }
        check_addresses(place, subnet, count)?;
        return Ok(subnet.clone());
    }
    let subnets = default_subnets(place, params)?;
    if let Some(zone) = zone {
        let subnet = subnets.iter().find(|subnet| subnet.zone == zone.name);
        let subnet = subnet.ok_or_else(|| {
            let message = format!("No default subnet for availability zone: '{}'.", zone.name);
            ApiError::client("MissingInput", message)
        })?;
        check_zone(place, zone, &kind.name)?;
        check_addresses(place, subnet, count)?;
        return Ok((*subnet).clone());
    }
    // EC2 chooses: the first zone that has what is asked, else the complaint about the first.
    let fits = |subnet: &&&Subnet| {
        let zone = network.zone(&subnet.zone);
        zone.is_some_and(|zone| zone.has_capacity(&kind.name)) && free(place, subnet) >= count
    };
    if let Some(subnet) = subnets.iter().find(fits) {
        return Ok((*subnet).clone());
    }
    let offering = |subnet: &&&Subnet| {
        let zone = network.zone(&subnet.zone);
        zone.is_some_and(|zone| zone.offers(&kind.name))
    };
    let best = subnets.iter().find(offering).or_else(|| subnets.first());
    let best = best.ok_or_else(|| ApiError::invalid("Invalid availability zone"))?;
    if let Some(zone) = network.zone(&best.zone) {
        check_zone(place, zone, &kind.name)?;
    }
    check_addresses(place, best, count)?;
    Ok((*best).clone())
}

/// The default subnets of the default VPC; without one a launch must name a subnet.
fn default_subnets<'a>(place: &'a Place, params: &Params) -> Result<Vec<&'a Subnet>, ApiError> {
    let Some(vpc) = place.network.default_vpc() else {
        return Err(no_default_vpc(!params.list("SecurityGroup").is_empty()));
    };
    let subnets: Vec<&Subnet> = place
        .network
        .subnets
        .iter()
        .filter(|subnet| subnet.vpc == vpc.id && subnet.default_for_zone)
        .collect();
    if subnets.is_empty() {
        let message = format!(
            "No subnets found for the default VPC '{}'. Please specify a subnet.",
            vpc.id
        );
        return Err(ApiError::client("MissingInput", message));
    }
    Ok(subnets)
}

/// Accounts without a default VPC are the rule in landing zones (rancher quickstart#126).
pub(super) fn no_default_vpc(by_name: bool) -> ApiError {
    let more = if by_name {
        " GroupName is only supported for EC2-Classic and default VPC"
    } else {
        ""
    };
    let message = format!("No default VPC for this user.{more}");
    let message = if by_name {
        message
    } else {
        message.trim_end_matches('.').to_owned()
    };
    ApiError::client("VPCIdNotSpecified", message)
}

fn check_zone(place: &Place, zone: &Zone, kind: &str) -> Result<(), ApiError> {
    let others = |has: &dyn Fn(&Zone) -> bool| -> String {
        let zones = place.network.zones.iter().filter(|other| has(other));
        let names: Vec<&str> = zones.map(|zone| zone.name.as_str()).collect();
        names.join(", ")
    };
    let name = &zone.name;
    if !zone.offers(kind) {
        let message = format!(
            "Your requested instance type ({kind}) is not supported in your requested \
             Availability Zone ({name}). Please retry your request by not specifying an \
             Availability Zone or choosing {}.",
            others(&|zone| zone.offers(kind))
        );
        return Err(ApiError::client("Unsupported", message));
    }
    if zone.has_capacity(kind) {
        return Ok(());
    }
    let message = format!(
        "We currently do not have sufficient {kind} capacity in the Availability Zone you \
         requested ({name}). Our system will be working on provisioning additional capacity. \
         You can currently get {kind} capacity by not specifying an Availability Zone in your \
         request or choosing {}.",
        others(&|zone| zone.has_capacity(kind))
    );
    Err(ApiError::new(500, "InsufficientInstanceCapacity", message))
}

fn check_addresses(place: &Place, subnet: &Subnet, count: u64) -> Result<(), ApiError> {
    if free(place, subnet) >= count {
        return Ok(());
    }
    let message = format!(
        "There are not enough free addresses in subnet '{}' to satisfy the requested number \
         of instances.",
        subnet.id
    );
    Err(ApiError::client(
        "InsufficientFreeAddressesInSubnet",
        message,
    ))
}

/// Addresses a subnet has left: terminated machines have given theirs back.
pub(super) fn free(place: &Place, subnet: &Subnet) -> u64 {
    let holds = |instance: &&crate::state::instances::Instance| {
        instance.subnet == subnet.id && instance.terminated_at.is_none()
    };
    let taken = place.instances.values().filter(holds).count() as u64;
    subnet.addresses.saturating_sub(taken)
}
