//! What has a vulnerability: builds of base images, images on them, and instances launched from those.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A build of a base image that has a vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedBase {
    /// The base image, such as `ubuntu-22.04`.
    pub base: String,
    /// The build.
    pub build: String,
    /// The first build with the fix; null when no build has it yet.
    pub fixed_in: Option<String>,
    /// The advisory that says so.
    pub advisory: Option<String>,
    /// The package.
    pub package: String,
    /// How surely: `A` exact, `C` by the time and the usual packages, `D` by the time alone.
    pub grade: String,
}

/// What the list of packages says that an install took at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedByList {
    /// `vulnerable`, or `unknown` where the versions cannot be compared.
    pub holding: String,
    /// The advisory that says so.
    pub advisory: Option<String>,
    /// The package.
    pub package: Option<String>,
    /// The installed version.
    pub installed: Option<String>,
    /// The version with the fix.
    pub fixed: Option<String>,
    /// When the list was taken; what an instance has changed since then is not known.
    pub taken_at: DateTime<Utc>,
}

/// An image that has it, or may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedImage {
    /// `img_…`
    pub id: String,
    /// `ami-…`
    pub ami_id: Option<String>,
    /// Its template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Its region.
    pub region: String,
    /// The build it stands on, where the judgements of updates say that this has it.
    pub on: Option<AffectedBase>,
    /// What its own list says; null where it has none.
    #[serde(default)]
    pub by_list: Option<AffectedByList>,
}

/// A deployment whose instance has it, or may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedDeployment {
    /// `dep_…`
    pub id: String,
    /// `i-…`
    pub instance_id: String,
    /// Its template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// Its region.
    pub region: String,
    /// The build it was launched from, or its image stands on, where the judgements of updates say that this has it.
    pub on: Option<AffectedBase>,
    /// What the list of its own install says, or that of its image; null where there is none.
    #[serde(default)]
    pub by_list: Option<AffectedByList>,
}

/// What has a vulnerability, by the lists of packages that installs took, and where there is none as far as the judgements of
/// base images' updates tell; packages that a template installs by itself are not known to those.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    /// What was asked for: `CVE-2024-6387`, or an advisory such as `USN-6859-1`.
    pub cve: String,
    /// Builds of base images that have it.
    pub bases: Vec<AffectedBase>,
    /// Images that can be launched from.
    pub images: Vec<AffectedImage>,
    /// Deployments whose instance runs.
    pub deployments: Vec<AffectedDeployment>,
    /// Images and deployments on one of those builds that do not have it by lists of their own.
    #[serde(default)]
    pub cleared: Vec<String>,
    /// Images and running deployments of which neither a list nor a judgement tells.
    #[serde(default)]
    pub unknown: u64,
}
