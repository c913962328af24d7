//! Zones, VPCs and subnets of a place: a default network, and what orders make of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::PlaceKey;
use crate::filters::glob;
use crate::seeds::hash;

/// The network of an account in a region.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) zones: Vec<Zone>,
}

/// A virtual private cloud.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) cidr: String,
    pub(crate) default: bool,
}

/// A subnet; one without `cidr` is IPv6-only, which EC2 calls IPv6 native.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) cidr: Option<String>,
    pub(crate) ipv6_cidr: Option<String>,
    pub(crate) default_for_zone: bool,
    /// Gives its instances public addresses unless they ask otherwise.
    pub(crate) public: bool,
    /// Addresses it has for instances, taken ones included.
    pub(crate) addresses: u64,
}

/// Addresses of a /20 after the five that AWS keeps.
pub(crate) const ADDRESSES: u64 = 4091;

/// An availability zone, with the instance types (globs) it lacks.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) name: String,
    /// The id that is the same in every account, such as `use1-az1`.
    pub(crate) id: String,
    /// Offered, but there is no machine left now.
    pub(crate) without_capacity: Vec<String>,
    /// Not offered at all.
    pub(crate) without_offer: Vec<String>,
}

impl Zone {
    pub(crate) fn offers(&self, kind: &str) -> bool {
        !self.without_offer.iter().any(|lacks| glob(lacks, kind))
    }

    pub(crate) fn has_capacity(&self, kind: &str) -> bool {
        self.offers(kind) && !self.without_capacity.iter().any(|lacks| glob(lacks, kind))
    }
}

/// How an instance is connected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// It has a private IPv4 address.
    pub(crate) ipv4: bool,
    /// It has a public IPv4 address while it runs.
    pub(crate) public: bool,
    pub(crate) ipv6: Option<Ipv6Addr>,
}

impl Network {
    /// The default VPC with one public subnet in each of three zones; the same ids in every
    /// run, so that configurations can name them.
    pub(crate) fn of(key: &PlaceKey) -> Self {
        let zones = ["a", "b", "c"]
            .into_iter()
            .zip(1..)
            .map(|(letter, number)| Zone {
                name: format!("{}{letter}", key.region),
                id: format!("{}-az{number}", short(&key.region)),
                without_capacity: Vec::new(),
                without_offer: Vec::new(),
            });
        let mut network = Self {
            vpcs: Vec::new(),
            subnets: Vec::new(),
            zones: zones.collect(),
        };
        network.add_default(key);
        network
    }

    /// Makes the default VPC and its subnets, if it is not there.
    pub(crate) fn add_default(&mut self, key: &PlaceKey) {
        if self.default_vpc().is_some() {
            return;
        }
        let hash = hash(&format!("{}/{}", key.account, key.region));
        let vpc = Vpc {
            id: format!("vpc-0{hash:015x}0"),
            cidr: "172.31.0.0/16".to_owned(),
            default: true,
        };
        for (zone, row) in self.zones.iter().zip([0, 16, 32]) {
            let letter = zone.name.trim_start_matches(key.region.as_str());
            self.subnets.push(Subnet {
                id: format!("subnet-0{hash:015x}{letter}"),
                vpc: vpc.id.clone(),
                zone: zone.name.clone(),
                cidr: Some(format!("172.31.{row}.0/20")),
                ipv6_cidr: None,
                default_for_zone: true,
                public: true,
                addresses: ADDRESSES,
            });
        }
        self.vpcs.push(vpc);
    }

    /// Takes the default VPC and its subnets away; gives its id if there was one.
    pub(crate) fn remove_default(&mut self) -> Option<String> {
        let id = self.default_vpc()?.id.clone();
        self.vpcs.retain(|vpc| vpc.id != id);
        self.subnets.retain(|subnet| subnet.vpc != id);
        Some(id)
    }

    pub(crate) fn default_vpc(&self) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.default)
    }

    pub(crate) fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.id == id)
    }

    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    pub(crate) fn zone(&self, name: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.name == name)
    }
}

/// `us-east-1` in zone ids: `use1`.
fn short(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or_default();
    let rest = parts.map(|part| match part {
        "northeast" => "ne".to_owned(),
        "southeast" => "se".to_owned(),
        part => part.chars().take(1).collect(),
    });
    format!("{area}{}", rest.collect::<String>())
}

/// The IPv6 address of a simulated instance: a documentation prefix that no machine has,
/// ending in the loopback address the instance serves on, which `GET /_sim/way` tells.
pub(crate) fn ipv6_of(address: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d] = address.octets().map(u16::from);
    Ipv6Addr::new(0x2001, 0xdb8, 0x5eed, 0, 0, 0, (a << 8) | b, (c << 8) | d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_are_short() {
        for (region, id) in [
            ("us-east-1", "use1"),
            ("ap-northeast-2", "apne2"),
            ("eu-central-1", "euc1"),
        ] {
            assert_eq!(short(region), id);
        }
    }

    #[test]
    fn the_default_network_comes_back_as_it_was() {
        let key = PlaceKey {
            account: "1".into(),
            region: "us-east-1".into(),
        };
        let mut network = Network::of(&key);
        let ids = |network: &Network| -> Vec<String> {
            network
                .subnets
                .iter()
                .map(|subnet| subnet.id.clone())
                .collect()
        };
        let before = ids(&network);
        assert!(network.remove_default().is_some() && network.subnets.is_empty());
        assert!(network.remove_default().is_none());
        network.add_default(&key);
        network.add_default(&key);
        assert_eq!((ids(&network), network.vpcs.len()), (before, 1));
    }

    #[test]
    fn an_ipv6_address_ends_in_the_loopback_address() {
        let address = ipv6_of(Ipv4Addr::new(127, 16, 2, 254));
        assert_eq!(address.to_string(), "2001:db8:5eed::7f10:2fe");
    }
}
