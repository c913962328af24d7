//! The default network and the security groups of a place.

/// A default VPC with one subnet in each of three zones.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<Subnet>,
}

/// A default subnet.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) cidr: String,
}

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) vpc: String,
    pub(crate) ingress: Vec<Rule>,
}

/// One permission: EC2 treats each source as a rule of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) protocol: String,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    /// A CIDR block, or the id of a group.
    pub(crate) source: String,
    pub(crate) description: Option<String>,
}

impl Rule {
    /// Descriptions do not make two rules different.
    pub(crate) fn same(&self, other: &Rule) -> bool {
        (&self.protocol, self.from, self.to, &self.source)
            == (&other.protocol, other.from, other.to, &other.source)
    }
}

impl Network {
    /// The same ids in every run, so that configurations can name them.
    pub(crate) fn of(key: &super::PlaceKey) -> Self {
        let hash = crate::seeds::hash(&format!("{}/{}", key.account, key.region));
        let subnets = ["a", "b", "c"]
            .into_iter()
            .zip([0, 16, 32])
            .map(|(letter, row)| Subnet {
                id: format!("subnet-0{hash:015x}{letter}"),
                zone: format!("{}{letter}", key.region),
                cidr: format!("172.31.{row}.0/20"),
            });
        Self {
            vpc: format!("vpc-0{hash:015x}0"),
            subnets: subnets.collect(),
        }
    }

    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    pub(crate) fn in_zone(&self, zone: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.zone == zone)
    }
}

/// The group every VPC has.
pub(crate) fn default_group(key: &super::PlaceKey, network: &Network) -> SecurityGroup {
    let hash = crate::seeds::hash(&format!("{}/{}/sg", key.account, key.region));
    SecurityGroup {
        id: format!("sg-0{hash:015x}0"),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        vpc: network.vpc.clone(),
        ingress: Vec::new(),
    }
}
