//! A request for a deployment, parsed at the door into what the rest of the system may rely on (F1). Every problem is
//! named at once: field, value, way out.

mod again;
mod end;
mod places;
mod scripts;
mod texts;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::deployment::ImageChoice;
use crate::ec2;
use crate::field::{FieldError, check_name, check_substitution};
use crate::given::Told;
use crate::lifetime::BuildOnly;
use crate::limits::{self, MOST_GROUPS, MOST_RULES};
use crate::network::{self, IngressRule};
use crate::stale::Stale;
use crate::template::{self, Network, Template};
use crate::version::Version;
pub use again::by_revision;
use end::Asked;
use places::{once, places};
use texts::{check_reason, image_id};

/// Characters of a job name.
pub const LONGEST_JOB_NAME: usize = 100;

/// What a client sent; field names are the API's.
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
    pub subnet_ids: Vec<String>,
    pub zones: Vec<String>,
    pub assign_public_ip: Option<bool>,
    pub ipv6: Option<bool>,
    pub security_group_ids: Vec<String>,
    pub ingress: Option<Vec<IngressRule>>,
    pub tags: BTreeMap<String, String>,
    pub image: Option<String>,
    /// Why that AMI, when one is named.
    pub image_reason: Option<String>,
    pub force: bool,
    pub create_ami: Option<bool>,
    pub no_reboot: Option<bool>,
    pub user_data: Option<String>,
    pub parameters: BTreeMap<String, String>,
    pub stale: Option<String>,
    pub build_only: bool,
    pub keep_for_seconds: Option<u32>,
    pub again: bool,
    pub ttl_seconds: Option<u32>,
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
    /// Further subnets, in order, for when EC2 has no room in the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_ids: Vec<String>,
    /// Zones, in order; without any, and without a subnet, EC2 chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Further instance types, in order, for when EC2 has no room for the one before: none when the request named one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_types: Vec<String>,
    /// How it is connected.
    #[serde(default, skip_serializing_if = "Network::is_default")]
    pub network: Network,
    /// Existing security groups; empty lets Ingot make one from `ingress`.
    pub security_group_ids: Vec<String>,
    /// Rules of the group Ingot makes.
    pub ingress: Vec<IngressRule>,
    /// The template's tags overlaid by the request's.
    pub tags: BTreeMap<String, String>,
    /// What to launch from.
    pub image_choice: ImageChoice,
    /// The image of `ImageChoice::Given`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_image: Option<String>,
    /// Why that image was named; told in the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_reason: Option<String>,
    /// A given image that is of another template, version, mode or values is launched all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// What a forced image is, when the ledger knew that at the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Whether an image is wanted of it.
    pub create_ami: bool,
    /// Image without reboot.
    pub no_reboot: bool,
    /// The request's own installation script in place of the template's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Values of the template's parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What to do when the vendor has moved the base.
    #[serde(default, skip_serializing_if = "Stale::is_default")]
    pub stale: Stale,
    /// It is for the AMI alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_only: Option<BuildOnly>,
    /// How long the instance runs after it is ready or has failed: the request's, else the template's; a build has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u32>,
}

impl Order {
    /// The recipe by which it is installed, if it is not just that of its template: its own script, its own values.
    pub fn own_recipe<'a>(&self, template: &'a Template) -> Option<Cow<'a, Template>> {
        let none = self.user_data.is_none() && self.parameters.is_empty();
        (!none).then(|| scripts::own(template, self.user_data.as_deref(), &self.parameters))
    }
}

/// Turns a draft into an order, or names everything that is wrong with it.
pub fn parse(draft: Draft, template: &Template, limits: &Limits) -> Result<Order, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let version = match template.ordered {
        true => draft.version.parse(),
        false => Version::read(&draft.version),
    };
    let version = keep(&mut wrong, version);
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
    // A type that was named is what is wanted; a default may be any of the template's.
    let types_in_order = draft.instance_type.is_none();
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
    let others = template.instance_types.iter();
    let others = others.filter(|other| types_in_order && **other != instance_type);
    let further_types = once(others.cloned().collect());
    let volume_size_gb = draft.volume_size_gb.unwrap_or(template.volume.size_gb);
    if let Some(size) = keep(
        &mut wrong,
        template::volume_size("volume_size_gb", volume_size_gb).map(|()| volume_size_gb),
    ) && draft.volume_size_gb.is_some()
    {
        // The template's operations must fit the request's size.
        let problems = template.volume.problems(size).into_iter();
        wrong.extend(problems.map(|problem| {
            let message = format!("{}: {}", problem.field, problem.message);
            FieldError::new("volume_size_gb", size, message)
        }));
    }
    let named = draft.job_name.is_some();
    let mut job_name = draft
        .job_name
        .unwrap_or_else(|| format!("{} {}", template.name, draft.version));
    keep(
        &mut wrong,
        check_name("job_name", &job_name, LONGEST_JOB_NAME)
            .and_then(|()| check_substitution("job_name", &job_name)),
    );
    let places = places(
        &mut wrong,
        draft.subnet_id,
        draft.subnet_ids,
        draft.zones,
        &draft.region,
        template,
    );
    let network = Network {
        assign_public_ip: draft.assign_public_ip.or(template.network.assign_public_ip),
        ipv6: draft.ipv6.unwrap_or(template.network.ipv6),
    };
    let security_group_ids = once(draft.security_group_ids);
    keep(
        &mut wrong,
        limits::groups("security_group_ids", security_group_ids.len()),
    );
    // What is too many is not looked at one by one: the answer stays as short as the mistake (FAULTS F25).
    for (i, group) in security_group_ids.iter().take(MOST_GROUPS).enumerate() {
        keep(
            &mut wrong,
            ec2::id(&format!("security_group_ids[{i}]"), group, "sg-"),
        );
    }
    let ingress = match draft.ingress {
        Some(rules) if !rules.is_empty() && !security_group_ids.is_empty() => {
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
    keep(&mut wrong, limits::rules("ingress", &ingress));
    for (i, rule) in ingress.iter().take(MOST_RULES).enumerate() {
        keep(&mut wrong, rule.check(&format!("ingress[{i}]")));
    }
    let ingress = network::normal_form(&ingress);
    let own_tags = keep(&mut wrong, template::tags("tags", &draft.tags)).is_some();
    let mut tags = template.tags.clone();
    tags.extend(draft.tags);
    if own_tags {
        keep(&mut wrong, limits::tags("tags", tags.len()));
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
    let refused = template.parameter_values(&draft.parameters);
    // A value that was refused may be of any length.
    let parameters = if refused.is_empty() {
        draft.parameters
    } else {
        BTreeMap::new()
    };
    wrong.extend(refused);
    if let Some(version) = &version {
        let asked = scripts::Asked {
            parameters: &parameters,
            version,
            mode: &mode,
            region: &draft.region,
            user_data: draft.user_data.as_deref(),
            named,
        };
        scripts::check(&mut wrong, template, &asked, &mut job_name);
    } else if let Some(text) = &draft.user_data {
        keep(&mut wrong, scripts::check_own("user_data", text, template));
    }
    let stale = draft.stale.as_deref();
    let stale = stale.map_or(Ok(template.images.stale), |word| Stale::read("stale", word));
    let stale = keep(&mut wrong, stale).unwrap_or_default();
    let asked = Asked {
        build_only: draft.build_only,
        keep_for_seconds: draft.keep_for_seconds,
        again: draft.again,
        ttl_seconds: draft.ttl_seconds,
        create_ami: draft.create_ami,
        given_image: given_image.as_deref(),
    };
    let (build_only, ttl_seconds) = end::read(&mut wrong, &asked, template);
    // A build never launches from an AMI, so none of another base build either.
    let stale = if build_only.is_some() {
        Stale::Rebuild
    } else {
        stale
    };
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
            subnet_id: places.subnet_id,
            subnet_ids: places.subnet_ids,
            zones: places.zones,
            instance_types: further_types,
            network,
            security_group_ids,
            ingress,
            tags,
            image_choice,
            force: draft.force && given_image.is_some(),
            given_image,
            image_reason: draft.image_reason,
            told: None,
            create_ami: {
                let by_itself = template.images.create.images(build_only.is_some());
                draft.create_ami.unwrap_or(by_itself)
            },
            no_reboot: draft.no_reboot.unwrap_or(template.images.no_reboot),
            user_data: draft.user_data,
            parameters,
            stale,
            build_only,
            ttl_seconds,
        }),
        _ => Err(wrong),
    }
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

#[cfg(test)]
mod tests;
