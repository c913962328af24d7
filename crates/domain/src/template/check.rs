//! What is wrong with a template: everything that can be known without asking AWS.

use std::collections::BTreeMap;

use super::{
    BaseImage, Create, HOP_LIMIT, InstallFinished, Kind, LONGEST_SETTLE, Template, VOLUME_GB,
};
use crate::arch::Arch;
use crate::ec2;
use crate::field::{FieldError, check_name, check_seen, check_text};
use crate::lifetime::check_ttl;
use crate::limits::{self, MOST_RULES};
use crate::render;
use crate::request::LONGEST_JOB_NAME;
use crate::userdata;
use crate::version::LONGEST as LONGEST_VERSION;

/// The part of an address that is the console's own among the names of templates.
const DESK: &str = "new";

/// Longest code of a grant, in characters.
const LONGEST_GRANT: usize = 64;

impl Template {
    /// Everything that is wrong with the values (their types are right by now).
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut check = |result: Result<(), FieldError>| found.extend(result.err());
        check(slug("name", &self.name, 40));
        if self.name == DESK {
            let message = "the console writes templates at `/templates/new`, where this one's page would be: choose another name";
            check(Err(FieldError::new("name", DESK, message)));
        }
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
        let installs = !self.steps.is_empty() || self.packages.any();
        match (&self.user_data, self.steps.is_empty()) {
            (Some(_), false) => {
                check(Err(FieldError::new(
                    "steps",
                    self.steps.len(),
                    "give either `user_data` or `steps`, not both",
                )));
            }
            (None, true) if !installs => {
                check(Err(FieldError::new(
                    "user_data",
                    "",
                    "give the installation as `user_data`, as `steps` or as `packages`",
                )));
            }
            _ => {}
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
        for (i, region) in self.regions.iter().enumerate() {
            check(ec2::region(&format!("regions[{i}]"), region));
        }
        for (i, zone) in self.zones.iter().enumerate() {
            check(ec2::zone(&format!("zones[{i}]"), zone));
        }
        if !HOP_LIMIT.contains(&self.metadata_hop_limit) {
            check(Err(FieldError::new(
                "metadata_hop_limit",
                self.metadata_hop_limit,
                "give 1 (the instance alone) to 64; containers need 2",
            )));
        }
        let asks = self.kind == Kind::GoldenImage
            && self.images.create.is_made()
            && self.install_finished != InstallFinished::None;
        match &self.instance_profile {
            Some(profile) => check(ec2::profile_name("instance_profile", profile)),
            None if asks => check(Err(FieldError::new(
                "install_finished",
                "",
                "without an `instance_profile` SSM cannot ask the instance whether its installation is over: name a profile whose role has AmazonSSMManagedInstanceCore, or say `install_finished: none`",
            ))),
            None => {}
        }
        if let (Some(command), None) = (&self.probe.command, &self.instance_profile) {
            let why = "SSM runs the command: name an `instance_profile` whose role has AmazonSSMManagedInstanceCore, or ask for a port with `tcp`";
            check(Err(FieldError::new("probe.command", command, why)));
        }
        if let Some(ttl) = self.ttl {
            check(check_ttl("ttl", ttl.0));
        }
        if let Some(grant) = &self.grant {
            check(check_name("grant", grant, LONGEST_GRANT));
        }
        if self.kind != Kind::GoldenImage && self.images.create == Create::Build {
            let why = "the template's kind makes no AMI: leave `images.create` out";
            check(Err(FieldError::new("images.create", "build", why)));
        }
        check(tags("tags", &self.tags));
        found.extend(self.volume.problems(self.volume.size_gb));
        found.extend(self.base_problems());
        found.extend(self.step_problems());
        found.extend(self.validation_problems());
        found.extend(self.package_problems());
        found.extend(self.parameter_problems());
        found.extend(self.inherit_problems());
        found.extend(self.agent_problems());
        found.extend(self.script_problems());
        found.extend(self.probe.problems("probe"));
        for (i, rule) in self.ingress.iter().take(MOST_RULES).enumerate() {
            found.extend(rule.check(&format!("ingress[{i}]")).err());
        }
        found.extend(limits::rules("ingress", &self.ingress).err());
        found
    }
    fn base_problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        match &self.base_image {
            BaseImage::Ami(id) => found.extend(ec2::id("base_image.ami", id, "ami-").err()),
            BaseImage::Ssm(parameter) => {
                let legal = |c: char| c.is_ascii_alphanumeric() || "/_.-:".contains(c);
                if parameter.is_empty() || !parameter.chars().all(legal) {
                    let message = "give the parameter's name: letters, digits and / _ . -";
                    found.push(FieldError::new("base_image.ssm", parameter, message));
                }
            }
            BaseImage::Track(name) => {
                if let Err(message) = crate::track::add::form(name) {
                    found.push(FieldError::new("base_image.track", name, message));
                } else if let Some(track) = crate::track::known::find(name)
                    && track.arch != self.architecture
                {
                    let message = format!(
                        "this track is for {}, the template for {}: say so in `architecture`, or name the track with `-arm64` behind it or without",
                        track.arch, self.architecture
                    );
                    found.push(FieldError::new("base_image.track", name, message));
                }
            }
            BaseImage::Newest { owner, name } => {
                let account = owner.len() == 12 && owner.bytes().all(|b| b.is_ascii_digit());
                if !account && !["self", "amazon"].contains(&owner.as_str()) {
                    let message = "give an account id of 12 digits (in quotes), `self` or `amazon`; an image of the AWS Marketplace is named by id, in `base_image.ami`";
                    found.push(FieldError::new("base_image.newest.owner", owner, message));
                }
                if name.is_empty() || name.starts_with(['*', '?']) {
                    let message = "begin with the fixed part of the name: a pattern that begins with a wildcard matches images of other products";
                    found.push(FieldError::new("base_image.newest.name", name, message));
                }
            }
        }
        found
    }

    /// What is wrong with its scripts: names misspelt, and texts that the longest values would make too long.
    fn script_problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let names = self.steps.iter().enumerate();
        let names = names.map(|(i, step)| (format!("steps[{i}].name"), step.name.as_str()));
        for (field, text) in self.scripts().chain(names) {
            found.extend(render::misspelt(&field, text, &self.parameters));
            // A mark of byte order at the beginning has a message of its own.
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            if !field.ends_with(".name") {
                found.extend(check_seen(&field, text).err());
            }
        }
        let scripts = [
            ("user_data", &self.user_data),
            ("first_boot", &self.first_boot),
        ];
        for (field, text) in scripts {
            let head = |text| userdata::check_head(field, text, self.user_data_encoding);
            found.extend(text.as_deref().and_then(|text| head(text).err()));
        }
        for (i, step) in self.steps.iter().enumerate() {
            let field = format!("steps[{i}].run");
            found.extend(userdata::check_line_ends(&field, &step.run).err());
        }
        if let InstallFinished::Command(command) = &self.install_finished {
            found.extend(userdata::check_line_ends("install_finished.command", command).err());
        }
        let mode = self.modes.iter().max_by_key(|mode| mode.len());
        let longest = render::Values {
            template: &self.name,
            version: &"1".repeat(LONGEST_VERSION),
            mode: mode.map_or("", String::as_str),
            job_name: &"n".repeat(LONGEST_JOB_NAME),
            region: "ap-southeast-1",
            deployment_id: &"d".repeat(36),
            parameters: &self.parameters,
        };
        found.extend(render::too_long(self, &longest));
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

/// Tags that a template or a request gives: keys of 1 to 128 and values of at most 256 characters, no key of AWS or of
/// Ingot, and no more than leave room for Ingot's own.
pub fn tags(field: &str, tags: &BTreeMap<String, String>) -> Result<(), FieldError> {
    limits::tags(field, tags.len())?;
    for (key, value) in tags {
        let at = format!("{field}.{}", crate::field::shown(key));
        check_text(&at, key, 128)?;
        if key.to_ascii_lowercase().starts_with("aws:") || key.starts_with("ingot:") {
            return Err(FieldError::new(
                &at,
                key,
                "the prefixes `aws:` and `ingot:` are reserved; choose another key",
            ));
        }
        if limits::RESERVED_TAGS.contains(&key.as_str()) {
            return Err(FieldError::new(
                &at,
                key,
                "Ingot sets this tag itself; choose another key",
            ));
        }
        if !value.is_empty() {
            check_text(&at, value, 256)?;
        }
    }
    Ok(())
}
