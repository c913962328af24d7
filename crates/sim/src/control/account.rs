//! Orders about what an account has in a region: network, zones, quotas, profiles, key pairs.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, done};
use crate::sim::Sim;
use crate::state::groups::default_group;
use crate::state::network::{ADDRESSES, Network, Subnet, Vpc};
use crate::state::profiles::Defect;
use crate::state::quotas::Quotas;
use crate::state::{Place, PlaceKey};
use crate::sts::DEFAULT_ACCOUNT;

/// Whose region an order is about; the usual account in `us-east-1` if it does not say.
pub(super) fn key_of(region: Option<String>, account: Option<String>) -> PlaceKey {
    PlaceKey {
        account: account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
    }
}

/// Body of `POST /_sim/network`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkOrder {
    default_vpc: bool,
    /// `false`: the default VPC has no subnets left.
    default_subnets: Option<bool>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn network(sim: &Sim, order: NetworkOrder) -> Result<Value, ControlError> {
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let place = world.place(&key);
    if order.default_vpc {
        let with_subnets = order.default_subnets.unwrap_or(true);
        let whole = place
            .network
            .subnets
            .iter()
            .any(|subnet| subnet.default_for_zone);
        if whole != with_subnets {
            place.network.remove_default();
        }
        place.network.add_default(&key);
        let network = &mut place.network;
        network
            .subnets
            .retain(|subnet| with_subnets || !subnet.default_for_zone);
        if let Some(vpc) = place.network.default_vpc() {
            let group = default_group(&key, &vpc.id);
            place.groups.entry(group.id.clone()).or_insert(group);
        }
    } else if let Some(vpc) = place.network.remove_default() {
        place.groups.retain(|_, group| group.vpc != vpc);
    }
    done()
}

/// What kinds of addresses a subnet has.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Family {
    #[default]
    Ipv4,
    Dual,
    Ipv6,
}

/// Body of `POST /_sim/subnets`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubnetOrder {
    /// `a`, or the whole name; the first zone if absent.
    zone: Option<String>,
    /// Gives public addresses by itself.
    #[serde(default)]
    public: bool,
    #[serde(default)]
    family: Family,
    free: Option<u64>,
    /// Its VPC; absent: the default one, or a VPC of its own where there is none.
    vpc: Option<String>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn subnet(sim: &Sim, order: SubnetOrder) -> Result<Value, ControlError> {
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let (id, fresh_vpc) = (world.id("subnet"), world.id("vpc"));
    let place = world.place(&key);
    let zone = zone_name(&place.network, order.zone.as_deref())?;
    let vpc = match order.vpc {
        Some(vpc) if place.network.vpc(&vpc).is_some() => vpc,
        Some(vpc) => return Err(ControlError::Missing(vpc)),
        None => home(place, &key, fresh_vpc),
    };
    let row = place.network.subnets.len();
    let subnet = Subnet {
        id: id.clone(),
        vpc: vpc.clone(),
        zone: zone.clone(),
        cidr: (order.family != Family::Ipv6).then(|| format!("10.0.{row}.0/24")),
        ipv6_cidr: (order.family != Family::Ipv4).then(|| format!("2001:db8:5eed:{row:x}::/64")),
        default_for_zone: false,
        public: order.public,
        addresses: order.free.unwrap_or(ADDRESSES),
    };
    place.network.subnets.push(subnet);
    Ok(json!({"subnet_id": id, "vpc_id": vpc, "zone": zone}))
}

/// The VPC for a subnet that names none.
fn home(place: &mut Place, key: &PlaceKey, fresh: String) -> String {
    let network = &place.network;
    if let Some(vpc) = network.default_vpc().or_else(|| network.vpcs.first()) {
        return vpc.id.clone();
    }
    let group = default_group(key, &fresh);
    place.groups.insert(group.id.clone(), group);
    place.network.vpcs.push(Vpc {
        id: fresh.clone(),
        cidr: "10.0.0.0/16".to_owned(),
        default: false,
    });
    fresh
}

fn zone_name(network: &Network, wanted: Option<&str>) -> Result<String, ControlError> {
    let fits = |name: &str| wanted.is_none_or(|wanted| name == wanted || name.ends_with(wanted));
    let mut names = network.zones.iter().map(|zone| zone.name.clone());
    let missing = || ControlError::Missing(wanted.unwrap_or_default().to_owned());
    names.find(|name| fits(name)).ok_or_else(missing)
}

/// Body of `POST /_sim/subnets/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubnetChange {
    free: Option<u64>,
    public: Option<bool>,
}

pub(super) fn change_subnet(
    sim: &Sim,
    id: &str,
    order: SubnetChange,
) -> Result<Value, ControlError> {
    let mut world = sim.world();
    let place = world
        .places
        .values_mut()
        .find(|place| place.network.subnet(id).is_some())
        .ok_or_else(|| ControlError::Missing(id.to_owned()))?;
    let living = place.instances.values();
    let living =
        living.filter(|instance| instance.subnet == id && instance.terminated_at.is_none());
    let taken = living.count() as u64;
    for subnet in place
        .network
        .subnets
        .iter_mut()
        .filter(|subnet| subnet.id == id)
    {
        subnet.public = order.public.unwrap_or(subnet.public);
        subnet.addresses = order.free.map_or(subnet.addresses, |free| free + taken);
    }
    done()
}

/// Body of `POST /_sim/zones/{zone}`: replaces what was ordered before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneOrder {
    /// Types, with `*` and `?`, of which no machine is left.
    #[serde(default)]
    without_capacity: Vec<String>,
    /// Types the zone does not offer.
    #[serde(default)]
    without_offer: Vec<String>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn zone(sim: &Sim, name: &str, order: ZoneOrder) -> Result<Value, ControlError> {
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let zones = &mut world.place(&key).network.zones;
    let mut zones = zones.iter_mut().filter(|zone| zone.name == name);
    let zone = zones.next();
    let zone = zone.ok_or_else(|| ControlError::Missing(name.to_owned()))?;
    zone.without_capacity = order.without_capacity;
    zone.without_offer = order.without_offer;
    done()
}

/// Body of `POST /_sim/quotas`: what it does not name is as usual.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuotaOrder {
    #[serde(default)]
    quotas: Quotas,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn quotas(sim: &Sim, order: QuotaOrder) -> Result<Value, ControlError> {
    sim.world()
        .place(&key_of(order.region, order.account))
        .quotas = order.quotas;
    done()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProfileState {
    Missing,
    NoRole,
    Ready,
}

/// Body of `POST /_sim/instance_profiles`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileOrder {
    name: String,
    state: ProfileState,
    /// Simulated seconds until it is ready; absent: until another order.
    seconds: Option<u64>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn profile(sim: &Sim, order: ProfileOrder) -> Result<Value, ControlError> {
    let until = order.seconds.map_or(Duration::MAX, |seconds| {
        sim.clock.now().saturating_add(Duration::from_secs(seconds))
    });
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let profiles = &mut world.place(&key).profiles.0;
    match order.state {
        ProfileState::Missing => profiles.insert(order.name, (Defect::Missing, until)),
        ProfileState::NoRole => profiles.insert(order.name, (Defect::NoRole, until)),
        ProfileState::Ready => profiles.remove(&order.name),
    };
    done()
}
