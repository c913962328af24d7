//! The security groups of a place.

use std::time::Duration;

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) vpc: String,
    pub(crate) visible_at: Duration,
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

impl SecurityGroup {
    /// Whether the API knows it yet (EC2.md 17).
    pub(crate) fn visible(&self, now: Duration) -> bool {
        now >= self.visible_at
    }
}

/// The group every VPC has.
pub(crate) fn default_group(key: &super::PlaceKey, vpc: &str) -> SecurityGroup {
    let hash = crate::seeds::hash(&format!("{}/{}/{vpc}/sg", key.account, key.region));
    SecurityGroup {
        id: format!("sg-0{hash:015x}0"),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        vpc: vpc.to_owned(),
        visible_at: Duration::ZERO,
        ingress: Vec::new(),
    }
}
