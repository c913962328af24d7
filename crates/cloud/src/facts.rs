//! What the cloud says about things, in Ingot's words.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ingot_domain::arch::Arch;
use ingot_domain::base::ResolvedBase;
use ingot_domain::template::BaseImage;
use serde::{Deserialize, Serialize};

/// Who our credentials are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
}

/// EC2's instance states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "EC2's own words")]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    /// It is gone or going, for good.
    pub fn is_ending(self) -> bool {
        matches!(
            self,
            InstanceState::ShuttingDown | InstanceState::Terminated
        )
    }
}

/// An instance as DescribeInstances tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFacts {
    /// `i-…`
    pub id: String,
    /// Its state.
    pub state: InstanceState,
    /// Why it stopped, as EC2 says (`StateReason`/`StateTransitionReason`).
    pub state_reason: Option<String>,
    /// The image it was launched from.
    pub image_id: String,
    /// Its type.
    pub instance_type: String,
    /// Its architecture.
    pub architecture: Arch,
    /// Public address, once it has one.
    pub public_ip: Option<IpAddr>,
    /// Private address.
    pub private_ip: Option<IpAddr>,
    /// IPv6 address, if it has one.
    #[serde(default)]
    pub ipv6: Option<IpAddr>,
    /// `ebs` or `instance-store` (F24).
    pub root_device_type: String,
    /// Launched on the spot market (F24).
    pub spot: bool,
    /// Its VPC and subnet.
    pub vpc_id: Option<String>,
    /// Subnet.
    pub subnet_id: Option<String>,
    /// When EC2 launched it.
    pub launched_at: Option<DateTime<Utc>>,
    /// The client token it was made with.
    pub client_token: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl InstanceFacts {
    /// Why something that needed this instance failed now that it has ended: `why` with EC2's reason, or a Spot interruption
    /// (F24).
    pub fn ended(&self, why: &str) -> String {
        let spot = self.spot && self.state.is_ending();
        let ending = !matches!(self.state, InstanceState::Pending | InstanceState::Running);
        let reason = self.state_reason.as_deref().filter(|_| ending);
        ingot_domain::decide::spot::ended(why, spot, reason)
    }

    /// EC2 ended it for a reason of its own, and another launch may go better.
    pub fn may_launch_again(&self) -> bool {
        let reason = self.state_reason.as_deref();
        self.state.is_ending() && ingot_domain::decide::spot::may_launch_again(self.spot, reason)
    }

    /// EC2 ended it for what it was launched from.
    pub fn ended_by_image(&self) -> bool {
        let reason = self.state_reason.as_deref();
        self.state.is_ending() && ingot_domain::decide::spot::is_about_image(reason)
    }

    /// EC2 ended it for want of room.
    pub fn lacked_room(&self) -> bool {
        let reason = self.state_reason.as_deref();
        self.state.is_ending() && ingot_domain::decide::spot::lacked_room(reason)
    }
}

/// EC2's status checks of an instance, as DescribeInstanceStatus tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChecks {
    /// Both are `ok`.
    pub passed: bool,
    /// EC2's words: `system ok, instance initializing`.
    pub words: String,
}

/// EC2's image states (EC2.md 21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "EC2's own words")]
pub enum ImageState {
    Pending,
    Available,
    Invalid,
    Deregistered,
    Transient,
    Failed,
    Error,
    Disabled,
}

impl ImageState {
    /// There is no such image, or none that anything could be launched from again.
    pub fn is_gone(self) -> bool {
        self == ImageState::Deregistered || self.is_broken()
    }

    /// It never will be available (EC2.md 21).
    pub fn is_broken(self) -> bool {
        matches!(
            self,
            ImageState::Invalid | ImageState::Failed | ImageState::Error
        )
    }
}

/// A snapshot of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotFacts {
    /// `snap-…`; EC2 tells it only some time into pending.
    pub id: String,
    /// Volume size in GB.
    pub size_gb: u32,
}

/// What is needed of an object to know whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaggedFacts {
    /// `snap-…` or `sg-…`
    pub id: String,
    /// The owner's account.
    pub owner_id: Option<String>,
    /// The owner's alias, such as `aws-backup-vault`.
    pub owner_alias: Option<String>,
    /// A group's name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// A group's VPC.
    pub vpc_id: Option<String>,
    /// The volume a snapshot was made of.
    pub volume_id: Option<String>,
    /// When EC2 made it, where EC2 tells.
    pub created_at: Option<DateTime<Utc>>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An image as DescribeImages tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFacts {
    /// `ami-…`
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Its state.
    pub state: ImageState,
    /// Why it failed (`StateReason`).
    pub state_reason: Option<String>,
    /// The owner's account.
    pub owner_id: String,
    /// The owner's alias, such as `amazon` or `aws-backup-vault`; our own images have none.
    pub owner_alias: Option<String>,
    /// Its architecture, when EC2 tells one we know.
    pub architecture: Option<Arch>,
    /// When it was created.
    pub created_at: Option<DateTime<Utc>>,
    /// The instance CreateImage was called on (EC2.md 10).
    pub source_instance_id: Option<String>,
    /// The image it was copied from, or that instance was launched from.
    pub source_image_id: Option<String>,
    /// Since when its owner says that it should not be used any more, or from when on.
    pub deprecated_at: Option<DateTime<Utc>>,
    /// Its EBS snapshots.
    pub snapshots: Vec<SnapshotFacts>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl ImageFacts {
    /// Sum of its volumes in GB (F41).
    pub fn size_gb(&self) -> u32 {
        self.snapshots.iter().map(|snapshot| snapshot.size_gb).sum()
    }
}

/// A resolved base image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseImageFacts {
    /// `ami-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// The real base OS in words: the image's own description, else its name (F34).
    pub description: String,
    /// Its architecture.
    pub architecture: Arch,
    /// `ebs` or `instance-store`.
    pub root_device_type: String,
    /// Its root device name, such as `/dev/sda1`.
    pub root_device_name: String,
    /// The owner's account id, where EC2 tells one.
    #[serde(default)]
    pub owner_id: Option<String>,
    /// The owner's alias, such as `amazon`, for owners that have one.
    #[serde(default)]
    pub owner_alias: Option<String>,
    /// When its owner made it, where EC2 tells.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    /// `hvm` or `paravirtual`.
    #[serde(default)]
    pub virtualization: String,
    /// Size of its root snapshot in GB, when EC2 tells: no volume made of it may be smaller.
    #[serde(default)]
    pub root_size_gb: Option<u32>,
    /// Its tags, which only its owner sees.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl BaseImageFacts {
    /// The same as a build of the line that was asked for.
    pub fn resolved(&self, base: &BaseImage, asked_at: DateTime<Utc>) -> ResolvedBase {
        ResolvedBase {
            owner: self.owner_id.clone(),
            // An image without a name is called by its id above.
            name: (self.name != self.id).then(|| self.name.clone()),
            ami_id: self.id.clone(),
            created_at: self.created_at,
            asked_at,
            line: base.describe(),
        }
    }
}

/// How a command on an instance is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandState {
    /// Not over.
    Running,
    /// Over.
    Finished {
        /// Its exit code.
        exit_code: i32,
        /// The beginning of what it printed.
        output: String,
    },
    /// SSM could not deliver it.
    Undelivered(String),
}
