//! What has a vulnerability: builds of base images, images on them, and instances launched from those.

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

/// An image that has it.
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
    /// The build it stands on.
    pub on: AffectedBase,
}

/// A deployment whose instance has it.
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
    /// The build it was launched from, or its image stands on.
    pub on: AffectedBase,
}

/// What has a vulnerability, as far as the judgements of base images' updates tell. Packages that a template installs by
/// itself are not known to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    /// `CVE-2024-6387`
    pub cve: String,
    /// Builds of base images that have it.
    pub bases: Vec<AffectedBase>,
    /// Images that can be launched from.
    pub images: Vec<AffectedImage>,
    /// Deployments whose instance runs.
    pub deployments: Vec<AffectedDeployment>,
}
