//! Deployments (the Kamiwaza document's *jobs*) as the API shows them. The document's field names are kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ingot_domain::arch::Arch;
use ingot_domain::network::IngressRule;
use ingot_domain::request::Draft;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::launched::{Base, LaunchedAs};
use crate::wait::Wait;

/// An inbound rule of the security group Ingot makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// First TCP port.
    pub port: u16,
    /// Last TCP port; the same as `port` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<u16>,
    /// Who may connect, such as `203.0.113.0/24`. Port 22 is not opened to the world.
    pub cidr: String,
}

/// A request for a deployment. Only `template`, `version` and `region` must be given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDeployment {
    /// For people; the template and version when absent. No markup, no newlines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// Template name, such as `kamiwaza`.
    pub template: String,
    /// `v1.2.3`, `1.2.3`, `v1.2.3-patch1`, `release/1.2.3`, `2024.06`, `1.2.3.4` or `1.2.3+build`.
    pub version: String,
    /// One of the template's modes; its first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// AWS region.
    pub region: String,
    /// One of the template's instance types; its first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Root volume, 8 to 1000 GB; the template's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_size_gb: Option<u32>,
    /// Subnet; EC2's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Further subnets, in order: the next one when EC2 has no room in the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_ids: Vec<String>,
    /// Zones in place of subnets, in order; the template's when absent, and EC2's choice without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Ask for a public IPv4 address, or for none; the template's when absent, and the subnet decides without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<bool>,
    /// Ask for an IPv6 address; the template's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<bool>,
    /// Existing security groups, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_group_ids: Vec<String>,
    /// Rules of the group Ingot makes when `security_group_ids` is empty; the template's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Vec<Ingress>>,
    /// Tags of the instance and the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What to launch from: `auto` (a finished image of the same key, else a fresh install), `fresh`, or an AMI id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Why that AMI, when `image` names one; told in the story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_reason: Option<String>,
    /// Launch from the AMI id in `image` although it is of another template, version or mode, or of other values: the
    /// deployment is recorded with the AMI's version and mode. Without it, the request is refused (422) when the ledger knows
    /// the AMI, else the launch is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Whether an AMI shall be made of it; the template's policy when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_ami: Option<bool>,
    /// Image without rebooting the instance (crash-consistent only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_reboot: Option<bool>,
    /// Installation script in place of the template's, at most 16,384 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Values of the template's parameters, by name; the template's own when absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What to do when the vendor has moved the base and the newest image is of the build before: `use` it (nothing is imaged),
    /// `rebuild` (install fresh; the instance becomes the AMI) or `refuse` (409 with both bases when a launch of the last
    /// hour has seen the new one; else the deployment fails at once). The template's policy when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
    /// For the AMI alone: never launched from one, answered at once when the key has an AMI, and its instance is terminated as
    /// soon as the AMI is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub build_only: bool,
    /// Of a build: how long its instance is kept after a failure, in seconds; terminated at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_for_seconds: Option<u32>,
    /// Of a build: make the next generation although the key has an AMI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// How long the instance runs after it is ready or has failed, 60 to 31,536,000 seconds; the template's when absent, and
    /// until it is destroyed without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u32>,
    /// Start at once (the default), or stay `pending` until `POST …/start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<bool>,
}

impl CreateDeployment {
    /// The draft the rules judge; rules whose block cannot be read are named.
    pub fn draft(self) -> Result<Draft, ingot_domain::field::FieldError> {
        let ingress = self
            .ingress
            .map(|rules| {
                rules
                    .into_iter()
                    .enumerate()
                    .map(|(i, rule)| {
                        let cidr = rule.cidr.parse().map_err(
                            |error: ingot_domain::field::FieldError| {
                                ingot_domain::field::FieldError::new(
                                    &format!("ingress[{i}].cidr"),
                                    &rule.cidr,
                                    error.message,
                                )
                            },
                        )?;
                        Ok(IngressRule {
                            port: rule.port,
                            to_port: rule.to_port,
                            cidr,
                        })
                    })
                    .collect::<Result<Vec<_>, ingot_domain::field::FieldError>>()
            })
            .transpose()?;
        Ok(Draft {
            job_name: self.job_name,
            template: self.template,
            version: self.version,
            mode: self.mode,
            region: self.region,
            instance_type: self.instance_type,
            volume_size_gb: self.volume_size_gb,
            subnet_id: self.subnet_id,
            subnet_ids: self.subnet_ids,
            zones: self.zones,
            assign_public_ip: self.assign_public_ip,
            ipv6: self.ipv6,
            security_group_ids: self.security_group_ids,
            ingress,
            tags: self.tags,
            image: self.image,
            image_reason: self.image_reason,
            force: self.force,
            create_ami: self.create_ami,
            no_reboot: self.no_reboot,
            user_data: self.user_data,
            parameters: self.parameters,
            stale: self.stale,
            build_only: self.build_only,
            keep_for_seconds: self.keep_for_seconds,
            again: self.again,
            ttl_seconds: self.ttl_seconds,
        })
    }
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deployment {
    /// `dep_…`
    pub id: String,
    /// For people.
    pub job_name: String,
    /// The document's name for the template.
    pub deployment_type: String,
    /// Template name.
    pub template: String,
    /// `vX.Y.Z[-suffix]`
    pub version: String,
    /// Mode.
    pub mode: String,
    /// Values of the template's parameters that it was requested with, by name; the others are the template's own.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Region.
    pub region: String,
    /// Instance type.
    pub instance_type: String,
    /// `x86_64` or `arm64`.
    #[schema(value_type = String)]
    pub architecture: Arch,
    /// Root volume in GB.
    pub volume_size_gb: u32,
    /// Tags of instance and image.
    pub tags: BTreeMap<String, String>,
    /// `pending`, `queued`, `deploying`, `running`, `success`, `failed`, `readiness_timeout`, `cancelled` or `destroyed`.
    pub status: String,
    /// What is going on now, in a few words.
    pub stage: String,
    /// What it waits for at the moment, since when and until when.
    #[serde(default)]
    pub waiting: Option<Wait>,
    /// Nothing more will happen by itself, neither to the deployment nor to its AMI.
    pub finished: bool,
    /// Why it failed.
    pub error_message: Option<String>,
    /// `auto`, `fresh` or `given`: what was asked for.
    pub image_choice: String,
    /// `fresh` (installed) or `cached` (from an image); absent until it is launched.
    pub launch_path: Option<String>,
    /// The image it was launched from.
    pub source_ami_id: Option<String>,
    /// What RunInstances was asked for last; null before a launch and in lists.
    #[serde(default)]
    pub launched_as: Option<LaunchedAs>,
    /// The base it is on, as it was resolved; null before a launch and in lists.
    #[serde(default)]
    pub base: Option<Base>,
    /// `i-…`
    pub instance_id: Option<String>,
    /// Public address, IPv6 when there is no IPv4.
    pub public_ip: Option<String>,
    /// Private address.
    pub private_ip: Option<String>,
    /// Where it answers.
    pub access_url: Option<String>,
    /// Readiness checks so far.
    pub readiness_checks: u32,
    /// Class of the last answer.
    pub readiness_class: Option<String>,
    /// The last answer in words.
    pub readiness_detail: Option<String>,
    /// Seconds from RunInstances to the first good answer, as the template's world counts them.
    pub time_to_ready_seconds: Option<f64>,
    /// The first boot of a launch from an image: `observed` (the instance said that it is over), or `not observed: ` and
    /// why. Null for fresh installs, and while it is not known.
    #[serde(default)]
    pub first_boot: Option<String>,
    /// The AMI made of it, or the existing one it was skipped for.
    pub created_ami_id: Option<String>,
    /// `null`, `pending`, `creating`, `completed`, `failed` or `skipped`.
    pub ami_creation_status: Option<String>,
    /// When the AMI became available.
    pub ami_created_at: Option<DateTime<Utc>>,
    /// Why no AMI could be made.
    pub ami_creation_error: Option<String>,
    /// Why no AMI was made: `exists`, `from_image`, `not_golden`, `disabled`, `readiness`, `ended` or `not_imageable`.
    pub ami_skip_reason: Option<String>,
    /// It is for the AMI alone.
    #[serde(default)]
    pub build_only: bool,
    /// The build that it is the builder of (`bld_…`): what becomes of it is decided there.
    #[serde(default)]
    pub build_id: Option<String>,
    /// When its instance is terminated by itself; null when it runs until it is destroyed, and before that is known.
    #[serde(default)]
    pub ends_at: Option<DateTime<Utc>>,
    /// What its instance costs while it runs on, when the deployment is over.
    #[serde(default)]
    pub running_cost: Option<String>,
    /// The revision of its template it is made by.
    #[serde(default)]
    pub template_revision: Option<u32>,
    /// A newer revision of that template, which `retry` takes with `latest`; null in lists.
    #[serde(default)]
    pub newer_revision: Option<u32>,
    /// How often it was started.
    pub run: u32,
    /// Created.
    pub created_at: DateTime<Utc>,
    /// Last started.
    pub started_at: Option<DateTime<Utc>>,
    /// RunInstances answered.
    pub launched_at: Option<DateTime<Utc>>,
    /// First good answer.
    pub ready_at: Option<DateTime<Utc>>,
    /// Success, failure, cancellation.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Deployment {
    /// What was asked for has come about: it answers and its AMI is made or not needed; of a build, its AMI is there.
    pub fn went_well(&self) -> bool {
        let ami = self.ami_creation_status.as_deref();
        if self.build_only {
            return self.created_ami_id.is_some() && matches!(ami, Some("completed" | "skipped"));
        }
        self.status == "success" && ami != Some("failed")
    }

    /// Its instance may be on its way out: it is over, and there is still one on record.
    pub fn ends(&self) -> bool {
        self.finished && self.instance_id.is_some() && self.status != "destroyed"
    }
}

/// How a deployment is retried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryDeployment {
    /// By the newest revision of its template in place of the one it was requested with. What the request said stays, what
    /// it left to the template is the new revision's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub latest: bool,
}

/// Why an AMI is asked for again, or given up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageReason {
    /// One line of at most 500 characters; told in the story.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// How the end of an instance is moved: one of the three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendDeployment {
    /// So many seconds later than it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_seconds: Option<u64>,
    /// At this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Not at all: it runs until it is destroyed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never: bool,
}

/// Which deployments to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeploymentFilter {
    /// Only this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only this template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Only this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Only this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `use` for those that people asked for, which is what an absent one means; `build` for builders of builds; `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
