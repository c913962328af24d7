//! What the cloud is asked to make.

use std::collections::BTreeMap;

use ingot_domain::arch::Arch;
use ingot_domain::network::IngressRule;
use serde::{Deserialize, Serialize};

/// One instance. Stored in its effect row before the call, so that a repeat is the same request (EC2.md 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// The client token: the effect's id.
    pub token: String,
    /// `ami-…`
    pub image_id: String,
    /// Such as `m6i.xlarge`.
    pub instance_type: String,
    /// Raw bytes as EC2 shall decode them (the adapter does the base64): a script, or gzip of one (F7).
    #[serde(with = "base64_bytes")]
    pub user_data: Vec<u8>,
    /// Root device name, from the image.
    pub root_device_name: String,
    /// Root volume: size, type and encryption (F4, F6).
    pub volume_size_gb: u32,
    /// `gp3` unless the template says otherwise.
    pub volume_type: String,
    /// Operations a second, where the template gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<u32>,
    /// MiB a second, where the template gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<u32>,
    /// Encrypted unless the template says otherwise.
    pub encrypted: bool,
    /// KMS key; the account's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Hops that answers of the metadata may take.
    #[serde(default = "one_hop")]
    pub hop_limit: u32,
    /// Zone asked for; EC2's choice when absent. Never together with a subnet, which lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Ask for a public IPv4 address or for none; the subnet decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<bool>,
    /// Ask for an IPv6 address.
    #[serde(default)]
    pub ipv6: bool,
    /// Subnet asked for; EC2's default when absent.
    pub subnet_id: Option<String>,
    /// Security groups, at least the one Ingot made.
    pub security_group_ids: Vec<String>,
    /// IAM instance profile name (F6).
    pub instance_profile: Option<String>,
    /// Its own shutdown terminates it, instead of stopping it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_itself: bool,
    /// Tags of instance, volume and network interface.
    pub tags: BTreeMap<String, String>,
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSpec {
    /// Unique name, fixed in the ledger before the call (F32).
    pub name: String,
    /// Real base OS and provenance (F34).
    pub description: String,
    /// The proven instance.
    pub instance_id: String,
    /// Skip the reboot (F31).
    pub no_reboot: bool,
    /// Tags of image and snapshots alike (F33).
    pub tags: BTreeMap<String, String>,
}

/// One copy of an image in another region. Stored in its effect row before the call, so that a repeat is the same request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopySpec {
    /// The client token: the effect's id.
    pub token: String,
    /// Where the image is.
    pub source_region: String,
    /// `ami-…`
    pub source_image_id: String,
    /// The copy's name, fixed in the ledger before the call.
    pub name: String,
    /// For people.
    pub description: String,
    /// Encrypted, also where the source is not.
    pub encrypted: bool,
    /// Under this key of the copy's region; the account's default key there when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Tags of copy and snapshots alike.
    pub tags: BTreeMap<String, String>,
}

/// Which of our own images to look for; every given condition must hold. Images in every state are answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageQuery {
    /// Exact name.
    pub name: Option<String>,
    /// Exact tags.
    pub tags: BTreeMap<String, String>,
    /// The instance it was made of.
    pub source_instance_id: Option<String>,
    /// Its architecture.
    pub architecture: Option<Arch>,
}

/// Which images of others to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseQuery {
    /// Those that can be launched from and are not deprecated, of any of the owners, under any of the names.
    Named {
        /// Account ids.
        owners: Vec<String>,
        /// Patterns with `*` and `?`.
        names: Vec<String>,
    },
    /// Those of the ids, deprecated ones included; an id that is not there is absent.
    Ids(Vec<String>),
}

/// What a check of an account asks about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckPlan {
    /// The installation, whose objects may be asked about.
    pub install: String,
    /// The instance profiles that templates name.
    pub profiles: Vec<String>,
}

/// One security group of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupSpec {
    /// Unique in its VPC: names the deployment, so that a repeat finds the first.
    pub name: String,
    /// For people.
    pub description: String,
    /// The subnet whose VPC it is made in; the default VPC when absent.
    pub subnet_id: Option<String>,
    /// Inbound rules.
    pub ingress: Vec<IngressRule>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

fn one_hop() -> u32 {
    1
}

mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}
