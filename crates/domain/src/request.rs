//! A request for a deployment, parsed at the door into what the rest of the system may rely on (F1). Every problem is
//! named at once: field, value, way out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::deployment::ImageChoice;
use crate::field::{FieldError, check_name};
use crate::network::IngressRule;
use crate::stale::Stale;
use crate::template::{self, Template};
use crate::userdata;
use crate::version::Version;

/// Security groups of one instance: EC2 takes no more on one network interface.
const MOST_GROUPS: usize = 16;
/// Rules of the group Ingot makes: EC2 takes 60.
const MOST_RULES: usize = 50;

/// What somebody sent; field names are the API's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are documented where the API's schema is, in `client`"
)]
pub struct Draft {
    pub job_name: Option<String>,
    pub template: String,
    pub version: String,
    pub mode: Option<String>,
    pub region: String,
    pub instance_type: Option<String>,
    pub volume_size_gb: Option<u32>,
    pub subnet_id: Option<String>,
    pub security_group_ids: Vec<String>,
    pub ingress: Option<Vec<IngressRule>>,
    pub tags: BTreeMap<String, String>,
    pub email: Option<String>,
    pub image: Option<String>,
    /// Why that AMI, when one is named.
    pub image_reason: Option<String>,
    pub create_ami: Option<bool>,
    pub no_reboot: Option<bool>,
    pub user_data: Option<String>,
    pub stale: Option<String>,
}

/// Allow-lists of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Regions deployments may run in.
    pub regions: Vec<String>,
}

/// A deployment that may be created. What is not there is not written: every order is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// For people.
    pub job_name: String,
    /// Template name.
    pub template: String,
    /// Version.
    pub version: Version,
    /// Mode.
    pub mode: String,
    /// Region.
    pub region: String,
    /// Instance type, of the template's architecture.
    pub instance_type: String,
    /// That architecture.
    pub arch: Arch,
    /// Root volume in GB.
    pub volume_size_gb: u32,
    /// Subnet, or EC2's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Existing security groups; empty lets Ingot make one from `ingress`.
    pub security_group_ids: Vec<String>,
    /// Rules of the group Ingot makes.
    pub ingress: Vec<IngressRule>,
    /// The template's tags overlaid by the request's.
    pub tags: BTreeMap<String, String>,
    /// Whom to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What to launch from.
    pub image_choice: ImageChoice,
    /// The image of `ImageChoice::Given`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_image: Option<String>,
    /// Why that image was named; told in the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_reason: Option<String>,
    /// Whether an image is wanted of it.
    pub create_ami: bool,
    /// Image without reboot.
    pub no_reboot: bool,
    /// The request's own installation script in place of the template's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// What to do when the vendor has moved the base.
    #[serde(default, skip_serializing_if = "Stale::is_default")]
    pub stale: Stale,
}

/// Turns a draft into an order, or names everything that is wrong with it.
pub fn parse(draft: Draft, template: &Template, limits: &Limits) -> Result<Order, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let version = keep(&mut wrong, draft.version.parse::<Version>());
    let mode = draft
        .mode
        .unwrap_or_else(|| template.default_mode().to_owned());
    one_of(
        &mut wrong,
        "mode",
        &mode,
        &template.modes,
        "modes of this template",
    );
    let regions: Vec<String> = limits
        .regions
        .iter()
        .filter(|region| template.regions.is_empty() || template.regions.contains(region))
        .cloned()
        .collect();
    one_of(
        &mut wrong,
        "region",
        &draft.region,
        &regions,
        "regions allowed here",
    );
    let instance_type = draft
        .instance_type
        .unwrap_or_else(|| template.default_instance_type().to_owned());
    one_of(
        &mut wrong,
        "instance_type",
        &instance_type,
        &template.instance_types,
        "instance types of this template",
    );
    let volume_size_gb = draft.volume_size_gb.unwrap_or(template.volume.size_gb);
    keep(
        &mut wrong,
        template::volume_size("volume_size_gb", volume_size_gb),
    );
    let job_name = draft
        .job_name
        .unwrap_or_else(|| format!("{} {}", template.name, draft.version));
    keep(&mut wrong, check_name("job_name", &job_name, 100));
    if let Some(subnet) = &draft.subnet_id {
        keep(&mut wrong, ec2_id("subnet_id", subnet, "subnet-"));
    }
    if draft.security_group_ids.len() > MOST_GROUPS {
        wrong.push(FieldError::new(
            "security_group_ids",
            draft.security_group_ids.len(),
            format!("give at most {MOST_GROUPS} groups"),
        ));
    }
    // What is too many is not looked at one by one: the answer stays as short as the mistake (FAULTS F25).
    let groups = draft.security_group_ids.iter().take(MOST_GROUPS);
    for (i, group) in groups.enumerate() {
        keep(
            &mut wrong,
            ec2_id(&format!("security_group_ids[{i}]"), group, "sg-"),
        );
    }
    let ingress = match draft.ingress {
        Some(rules) if !rules.is_empty() && !draft.security_group_ids.is_empty() => {
            let message = "give either `security_group_ids` or `ingress`, not both";
            wrong.push(FieldError::new(
                "ingress",
                format!("{} rules", rules.len()),
                message,
            ));
            rules
        }
        Some(rules) => rules,
        None => template.ingress.clone(),
    };
    if ingress.len() > MOST_RULES {
        wrong.push(FieldError::new(
            "ingress",
            ingress.len(),
            format!("give at most {MOST_RULES} rules"),
        ));
    }
    for (i, rule) in ingress.iter().take(MOST_RULES).enumerate() {
        keep(&mut wrong, rule.check(&format!("ingress[{i}]")));
    }
    keep(&mut wrong, template::tags("tags", &draft.tags));
    if let Some(email) = &draft.email {
        keep(&mut wrong, check_email(email));
    }
    let (image_choice, given_image) = match draft.image.as_deref() {
        None if template.images.reuse => (ImageChoice::Auto, None),
        None | Some("fresh") => (ImageChoice::Fresh, None),
        Some("auto") => (ImageChoice::Auto, None),
        Some(id) => {
            keep(&mut wrong, image_id(id));
            (ImageChoice::Given, Some(id.to_owned()))
        }
    };
    if let Some(reason) = &draft.image_reason {
        keep(&mut wrong, check_reason(reason, given_image.is_some()));
    }
    if let Some(script) = &draft.user_data {
        keep(&mut wrong, userdata::check_size("user_data", script));
    }
    let stale = draft.stale.as_deref();
    let stale = stale.map_or(Ok(template.images.stale), |word| Stale::read("stale", word));
    let stale = keep(&mut wrong, stale).unwrap_or_default();
    let mut tags = template.tags.clone();
    tags.extend(draft.tags);
    match version {
        Some(version) if wrong.is_empty() => Ok(Order {
            job_name,
            template: template.name.clone(),
            version,
            mode,
            region: draft.region,
            arch: Arch::of_instance_type(&instance_type),
            instance_type,
            volume_size_gb,
            subnet_id: draft.subnet_id,
            security_group_ids: draft.security_group_ids,
            ingress,
            tags,
            email: draft.email,
            image_choice,
            given_image,
            image_reason: draft.image_reason,
            create_ami: draft.create_ami.unwrap_or(template.images.create),
            no_reboot: draft.no_reboot.unwrap_or(template.images.no_reboot),
            user_data: draft.user_data,
            stale,
        }),
        _ => Err(wrong),
    }
}

/// A reason belongs to an image that was named, and is a line of the story.
fn check_reason(reason: &str, named: bool) -> Result<(), FieldError> {
    let why = if !named {
        "name the AMI it is about in `image`, or leave it out"
    } else if reason.chars().count() > 500 || reason.chars().any(char::is_control) {
        "one line of at most 500 characters"
    } else {
        return Ok(());
    };
    Err(FieldError::new("image_reason", reason, why))
}

fn keep<T>(wrong: &mut Vec<FieldError>, result: Result<T, FieldError>) -> Option<T> {
    result.map_err(|error| wrong.push(error)).ok()
}

fn one_of(wrong: &mut Vec<FieldError>, field: &str, value: &str, allowed: &[String], what: &str) {
    if !allowed.iter().any(|one| one == value) {
        wrong.push(FieldError::new(
            field,
            value,
            format!("choose one of the {what}: {}", allowed.join(", ")),
        ));
    }
}

fn ec2_id(field: &str, text: &str, prefix: &str) -> Result<(), FieldError> {
    let hex = text.strip_prefix(prefix).unwrap_or_default();
    if (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(FieldError::new(
        field,
        text,
        format!("write it as EC2 does: `{prefix}` and 8 to 17 hexadecimal digits"),
    ))
}

fn image_id(text: &str) -> Result<(), FieldError> {
    ec2_id("image", text, "ami-").map_err(|error| {
        FieldError::new(
            "image",
            text,
            format!("say `auto`, `fresh` or an AMI id ({})", error.message),
        )
    })
}

/// Enough of RFC 5321 to catch slips and header injection; whether mail arrives only mail can tell.
fn check_email(text: &str) -> Result<(), FieldError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._%+-@".contains(c);
    let good = match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !domain.contains("..")
        }
        None => false,
    };
    if good && text.len() <= 254 && text.chars().all(legal) {
        return Ok(());
    }
    Err(FieldError::new(
        "email",
        text,
        "write one address, such as `team@example.org`",
    ))
}

#[cfg(test)]
mod tests;
