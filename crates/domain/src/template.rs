//! A template: how one kind of software is launched, recognised as ready, and imaged. The YAML form is read by
//! the `recipe` room; this is its meaning. Delays are seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::field::{FieldError, check_name};
use crate::network::IngressRule;
use crate::probe::ProbeSpec;
use crate::stale::Stale;

/// The template every installation has.
pub const KAMIWAZA: &str = "kamiwaza";

/// How to launch, probe and image one kind of software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name in URLs, tags and image names: lower-case letters, digits and dashes, at most 40.
    pub name: String,
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
    /// Allow-list of instance types; the first is the default.
    pub instance_types: Vec<String>,
    /// Allow-list of regions; empty means every region the installation allows.
    #[serde(default)]
    pub regions: Vec<String>,
    /// The root volume.
    #[serde(default)]
    pub volume: Volume,
    /// First boot of a fresh install: a script with `{{version}}`, `{{mode}}`, `{{job_name}}`, `{{region}}`,
    /// `{{template}}`. Exclusive with `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// The same as named shell steps, run in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
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
            BaseImage::Ami(ami) => ami.clone(),
            BaseImage::Newest { owner, name } => format!("newest:{owner}/{name}"),
        }
    }
}

/// The root volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Volume {
    /// Size in GB, 8 to 1000 (F1).
    pub size_gb: u32,
    /// EBS type.
    #[serde(rename = "type")]
    pub volume_type: String,
    /// Encrypted by default (F6).
    pub encrypted: bool,
}

/// Smallest and largest root volume in GB (F1).
pub const VOLUME_GB: std::ops::RangeInclusive<u32> = 8..=1000;

impl Default for Volume {
    fn default() -> Self {
        Self {
            size_gb: 30,
            volume_type: "gp3".to_owned(),
            encrypted: true,
        }
    }
}

/// One step of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Shown in the boot log.
    pub name: String,
    /// Shell text.
    pub run: String,
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

impl InstallFinished {
    /// The shell command that exits with 0 once the installation is over, or `None` when nothing is asked.
    pub fn command(&self) -> Option<String> {
        match self {
            InstallFinished::CloudInit => {
                Some("cloud-init status | grep -Eq 'status: (done|disabled)'".to_owned())
            }
            InstallFinished::File(path) => {
                Some(format!("test -e '{}'", path.replace('\'', "'\\''")))
            }
            InstallFinished::Command(command) => Some(command.clone()),
            InstallFinished::None => None,
        }
    }
}

/// When images are made and used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImagePolicy {
    /// Make an image of each proven key.
    pub create: bool,
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
}

/// Longest delay between install-finished and the image, in seconds (F25).
pub const LONGEST_SETTLE: u32 = 120;

impl Default for ImagePolicy {
    fn default() -> Self {
        Self {
            create: true,
            reuse: true,
            settle_seconds: 30,
            no_reboot: false,
            stale: Stale::default(),
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

    /// Everything that is wrong with the values (their types are right by now).
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut check = |result: Result<(), FieldError>| found.extend(result.err());
        check(slug("name", &self.name, 40));
        if !self.description.is_empty() {
            check(check_name("description", &self.description, 200));
        }
        check(nonempty("modes", self.modes.len()));
        for (i, mode) in self.modes.iter().enumerate() {
            check(slug(&format!("modes[{i}]"), mode, 20));
        }
        check(nonempty("instance_types", self.instance_types.len()));
        for (i, instance_type) in self.instance_types.iter().enumerate() {
            let field = format!("instance_types[{i}]");
            check(instance_type_shape(&field, instance_type));
            let arch = Arch::of_instance_type(instance_type);
            if arch != self.architecture {
                let message = format!(
                    "it is {arch}, but the template's architecture is {}",
                    self.architecture
                );
                check(Err(FieldError::new(&field, instance_type, message)));
            }
        }
        check(volume_size("volume.size_gb", self.volume.size_gb));
        if !["gp3", "gp2", "io1", "io2"].contains(&self.volume.volume_type.as_str()) {
            check(Err(FieldError::new(
                "volume.type",
                &self.volume.volume_type,
                "use gp3, gp2, io1 or io2",
            )));
        }
        match (&self.user_data, self.steps.is_empty()) {
            (Some(_), false) => {
                check(Err(FieldError::new(
                    "steps",
                    self.steps.len(),
                    "give either `user_data` or `steps`, not both",
                )));
            }
            (None, true) => {
                check(Err(FieldError::new(
                    "user_data",
                    "",
                    "give the installation as `user_data` or as `steps`",
                )));
            }
            _ => {}
        }
        for (field, script) in [
            ("user_data", &self.user_data),
            ("first_boot", &self.first_boot),
        ] {
            check(
                script
                    .as_deref()
                    .map_or(Ok(()), |script| crate::userdata::check_size(field, script)),
            );
        }
        for (i, step) in self.steps.iter().enumerate() {
            check(check_name(&format!("steps[{i}].name"), &step.name, 80));
        }
        if self.images.settle_seconds > LONGEST_SETTLE {
            check(Err(FieldError::new(
                "images.settle_seconds",
                self.images.settle_seconds,
                format!("wait 0 to {LONGEST_SETTLE} seconds"),
            )));
        }
        check(tags("tags", &self.tags));
        found.extend(self.probe.problems("probe"));
        for (i, rule) in self.ingress.iter().enumerate() {
            found.extend(rule.check(&format!("ingress[{i}]")).err());
        }
        found
    }
}

/// A volume size inside F1's limits.
pub fn volume_size(field: &str, size_gb: u32) -> Result<(), FieldError> {
    if VOLUME_GB.contains(&size_gb) {
        return Ok(());
    }
    let message = format!("give {} to {} GB", VOLUME_GB.start(), VOLUME_GB.end());
    Err(FieldError::new(field, size_gb, message))
}

/// A word fit for image names, URLs and tags.
pub fn slug(field: &str, text: &str, longest: usize) -> Result<(), FieldError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts && text.len() <= longest && text.chars().all(legal) {
        return Ok(());
    }
    let message = format!(
        "use 1 to {longest} lower-case letters, digits, dashes and underscores, a letter or digit first"
    );
    Err(FieldError::new(field, text, message))
}

fn nonempty(field: &str, length: usize) -> Result<(), FieldError> {
    if length > 0 {
        Ok(())
    } else {
        Err(FieldError::new(field, "[]", "name at least one"))
    }
}

fn instance_type_shape(field: &str, text: &str) -> Result<(), FieldError> {
    let legal = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match text.split_once('.') {
        Some((family, size)) if legal(family) && legal(size) => Ok(()),
        _ => Err(FieldError::new(
            field,
            text,
            "write it as EC2 does, for example `m6i.xlarge`",
        )),
    }
}

/// Tags somebody gave: at most 30, keys of 1–128 and values of at most 256 characters, no key of AWS or of Ingot.
pub fn tags(field: &str, tags: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if tags.len() > 30 {
        return Err(FieldError::new(field, tags.len(), "give at most 30 tags"));
    }
    for (key, value) in tags {
        let at = format!("{field}.{}", crate::field::shown(key));
        check_name(&at, key, 128)?;
        if key.to_ascii_lowercase().starts_with("aws:") || key.starts_with("ingot:") {
            return Err(FieldError::new(
                &at,
                key,
                "the prefixes `aws:` and `ingot:` are reserved; choose another key",
            ));
        }
        if crate::image::RESERVED_TAGS.contains(&key.as_str()) {
            return Err(FieldError::new(
                &at,
                key,
                "Ingot sets this tag itself; choose another key",
            ));
        }
        if !value.is_empty() {
            check_name(&at, value, 256)?;
        }
    }
    Ok(())
}
