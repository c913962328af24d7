//! A template: how one kind of software is launched, recognised as ready, and imaged. The YAML form is read by
//! the `yaml` room; this is its meaning. Delays are seconds.

mod agent;
mod check;
mod create;
pub mod inherit;
mod packages;
pub mod parameter;
pub mod step;
mod validate;
mod volume;
mod warnings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::cron5::Line;
use crate::network::IngressRule;
use crate::probe::ProbeSpec;
use crate::span::Span;
use crate::stale::Stale;

pub use agent::Agent;
pub use check::{slug, tags, volume_size};
pub use create::Create;
pub use packages::{CONDA, Manager, Packages, VENV, same_package};
pub use parameter::Parameter;
pub use validate::Validate;
pub use volume::{VOLUME_GB, Volume};

/// The template every installation has.
pub const KAMIWAZA: &str = "kamiwaza";

/// How to launch, probe and image one kind of software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name in URLs, tags and image names: lower-case letters, digits and dashes, at most 40.
    pub name: String,
    /// Whose recipe it goes on from: `NAME@REVISION`. Everything of that is in this template already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// One sentence for the catalogue.
    #[serde(default)]
    pub description: String,
    /// What is deployed: only golden images are imaged (F13, F27).
    #[serde(default)]
    pub kind: Kind,
    /// Where a fresh install starts from.
    pub base_image: BaseImage,
    /// Login and description text of the base, when the cloud does not tell (F34).
    #[serde(default)]
    pub architecture: Arch,
    /// The modes a deployment may ask for; the first is the default.
    #[serde(default = "default_modes")]
    pub modes: Vec<String>,
    /// Whether versions have an order, as numbers have; a commit has none.
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub ordered: bool,
    /// Allow-list of instance types; the first is the default.
    pub instance_types: Vec<String>,
    /// Allow-list of regions; empty means every region the installation allows.
    #[serde(default)]
    pub regions: Vec<String>,
    /// The root volume.
    #[serde(default)]
    pub volume: Volume,
    /// How the instance is connected.
    #[serde(default, skip_serializing_if = "Network::is_default")]
    pub network: Network,
    /// Zones to launch in, in order: the next one when EC2 has no room in one. Those of the deployment's region count;
    /// without any, EC2 chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Hops that answers of the instance's metadata may take, 1 to 64.
    #[serde(default = "one_hop", skip_serializing_if = "is_one_hop")]
    pub metadata_hop_limit: u32,
    /// First boot of a fresh install: a script with `{{version}}`, `{{mode}}`, `{{job_name}}`, `{{region}}`,
    /// `{{template}}`. Exclusive with `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// How user data is sent.
    #[serde(default, skip_serializing_if = "Encoding::is_auto")]
    pub user_data_encoding: Encoding,
    /// Words of its own that its scripts read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Packages by name, installed in steps before its own.
    #[serde(default, skip_serializing_if = "Packages::is_empty")]
    pub packages: Packages,
    /// The same as named shell steps, run in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Where the agent of SSM comes from.
    #[serde(default, skip_serializing_if = "Agent::is_image")]
    pub ssm_agent: Agent,
    /// How the installation is watched while it runs.
    #[serde(default, skip_serializing_if = "Watch::is_ssm")]
    pub progress: Watch,
    /// First boot of an instance launched from a finished image (F8): only what differs between two instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_boot: Option<String>,
    /// What "it really answers" means.
    pub probe: ProbeSpec,
    /// How to know that the installation is over, not just its page up (F19).
    #[serde(default)]
    pub install_finished: InstallFinished,
    /// Further tags of instances and images.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Inbound rules of the security group made for a deployment that names none (F6).
    #[serde(default)]
    pub ingress: Vec<IngressRule>,
    /// IAM instance profile that lets SSM reach the instance (F6); empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// When images are made and used.
    #[serde(default)]
    pub images: ImagePolicy,
    /// When its images are made anew whatever happens: a line of cron in the policy's time zone (AUTO-AMI 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<Line>,
    /// The code of the grant that its builds' costs are recorded against, where the policy says `budget_tracking`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// How long an instance runs after it is ready or has failed; until it is destroyed when absent (F10). Written as `8h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
}

fn default_modes() -> Vec<String> {
    vec!["full".to_owned()]
}

/// What a template deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Software on its own instance, worth an image.
    #[default]
    GoldenImage,
    /// Containers on an instance: nothing to image (F13).
    Docker,
}

/// Where a fresh install starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BaseImage {
    /// The newest image an SSM public parameter names, such as
    /// `/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id`.
    Ssm(String),
    /// The newest build of a track, such as `ubuntu-24.04`: its owner and names are known (`ingot base-images list`).
    Track(String),
    /// One fixed image id.
    Ami(String),
    /// The newest available image of an owner whose name matches (with `*` and `?`).
    Newest {
        /// An account id, `self` or `amazon`.
        owner: String,
        /// The name pattern.
        name: String,
    },
}

impl BaseImage {
    /// One line for lists and fingerprints.
    pub fn describe(&self) -> String {
        match self {
            BaseImage::Ssm(parameter) => format!("ssm:{parameter}"),
            BaseImage::Track(name) => format!("track:{name}"),
            BaseImage::Ami(ami) => ami.clone(),
            BaseImage::Newest { owner, name } => format!("newest:{owner}/{name}"),
        }
    }
}

/// Longest way of an answer of the instance's metadata, in network hops: 1 is the instance itself, containers need 2.
pub const HOP_LIMIT: std::ops::RangeInclusive<u32> = 1..=64;

/// How an instance is connected, beyond its subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Ask for a public IPv4 address, or for none; the subnet decides when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<bool>,
    /// Ask for an IPv6 address; the subnet decides when false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ipv6: bool,
}

impl Network {
    /// Nothing is asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How user data is sent (F7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// gzip where cloud-init reads it, which unpacks it, and where it saves much.
    #[default]
    Auto,
    /// As it is: Windows, Ignition and NixOS unpack nothing.
    Plain,
    /// gzip.
    Gzip,
}

impl Encoding {
    fn is_auto(&self) -> bool {
        *self == Encoding::Auto
    }
}

fn yes() -> bool {
    true
}

fn one_hop() -> u32 {
    1
}

fn is_one_hop(limit: &u32) -> bool {
    *limit == 1
}

/// One step of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Shown in the boot log.
    pub name: String,
    /// Shell text.
    pub run: String,
    /// Seconds after which it is ended, 1 to 6 h. YAML without it means [`step::TIMEOUT`]; a revision from before there
    /// were timeouts has none.
    #[serde(
        default,
        deserialize_with = "step::seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<u32>,
    /// What must be true after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<Validate>,
}

/// How the installation of a fresh launch is watched (G22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Through SSM, which reads the output that the instance keeps.
    #[default]
    Ssm,
    /// The same, and where SSM does not reach the instance, through its console, to which the output is written, too.
    Console,
    /// Not at all.
    None,
}

impl Watch {
    fn is_ssm(&self) -> bool {
        *self == Watch::Ssm
    }
}

/// How to know that the installation is over (F19). All but `none` ask the instance through SSM.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallFinished {
    /// `cloud-init status` says done.
    #[default]
    CloudInit,
    /// A file exists.
    File(String),
    /// A shell command exits with 0.
    Command(String),
    /// The probe alone decides.
    None,
}

/// When images are made and used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImagePolicy {
    /// Who makes the image of a key.
    pub create: Create,
    /// Launch from a finished image of the same key when there is one (F51).
    pub reuse: bool,
    /// Seconds between install-finished and the image, 0 to 120 (F25).
    pub settle_seconds: u32,
    /// Image without a reboot: crash-consistent only (F31, EC2.md 14).
    pub no_reboot: bool,
    /// When the vendor has moved the base: `use` an image of the build before, `rebuild` or `refuse`. What holds without a
    /// word is not stored, so that the version before reads what this one stores.
    #[serde(skip_serializing_if = "Stale::is_default")]
    pub stale: Stale,
    /// Remove what must not be in an image before it is made: machine id, journal, histories, agent state (F48).
    /// Not written when it is on, as usual: a binary from before it reads the rest.
    #[serde(skip_serializing_if = "is_on")]
    pub scrub: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_on(flag: &bool) -> bool {
    *flag
}

/// Longest delay between install-finished and the image, in seconds (F25).
pub const LONGEST_SETTLE: u32 = 120;

impl Default for ImagePolicy {
    fn default() -> Self {
        Self {
            create: Create::Deployment,
            reuse: true,
            settle_seconds: 30,
            no_reboot: false,
            stale: Stale::default(),
            scrub: true,
        }
    }
}

impl Template {
    /// The mode taken when a request names none.
    pub fn default_mode(&self) -> &str {
        self.modes.first().map_or("full", String::as_str)
    }

    /// The instance type taken when a request names none.
    pub fn default_instance_type(&self) -> &str {
        self.instance_types.first().map_or("", String::as_str)
    }
}
