//! Images as the API shows them (F55).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ingot_domain::arch::Arch;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// `img_…`, the ledger's id.
    pub id: String,
    /// `ami-…`, once EC2 has answered.
    pub ami_id: Option<String>,
    /// EC2 name.
    pub name: String,
    /// Template.
    pub template: String,
    /// Version.
    pub version: String,
    /// Mode.
    pub mode: String,
    /// Architecture.
    #[schema(value_type = String)]
    pub architecture: Arch,
    /// AWS account.
    pub account: String,
    /// Region.
    pub region: String,
    /// The id of the base it was installed on.
    pub base_image: String,
    /// The base's owner, an account id. With the name it says which build the base was, in every region; absent for an image
    /// of before, until it is looked at.
    #[serde(default)]
    pub base_owner: Option<String>,
    /// The base's name.
    #[serde(default)]
    pub base_name: Option<String>,
    /// When its owner made the base.
    #[serde(default)]
    pub base_created_at: Option<DateTime<Utc>>,
    /// What the template asked for when it got this base, such as `ssm:/aws/service/…`.
    #[serde(default)]
    pub base_line: Option<String>,
    /// The recipe's fingerprint.
    pub fingerprint: String,
    /// Counts the images of this key; several generations may be available at the same time.
    pub generation: u32,
    /// `claimed`, `pending`, `available`, `failed`, `deleted` or `missing`.
    pub status: String,
    /// `auto` (made here), `found` (discovered in the account) or `adopted` (by a person).
    pub origin: String,
    /// Whose it is by its own facts: `ours`, `restored`, `unrecorded`, `adopted`, `kamiwaza` or `foreign`; absent until the
    /// region's monitor has looked. Nothing is launched from a `foreign` or `kamiwaza` one by itself.
    #[serde(default)]
    pub class: Option<String>,
    /// Why.
    #[serde(default)]
    pub class_reason: Option<String>,
    /// Whether its tags say which mode it has; the Kamiwaza scripts' images do not.
    #[serde(default)]
    pub mode_known: bool,
    /// Who adopted or dropped it.
    #[serde(default)]
    pub decided_by: Option<String>,
    /// The reason given.
    #[serde(default)]
    pub decided_reason: Option<String>,
    /// When.
    #[serde(default)]
    pub decided_at: Option<DateTime<Utc>>,
    /// When it was dropped: forgotten on request, its AMI stays.
    #[serde(default)]
    pub dropped_at: Option<DateTime<Utc>>,
    /// Since when EC2 has shown it as disabled: it stays `available` here and is passed over until it is enabled again.
    #[serde(default)]
    pub disabled_at: Option<DateTime<Utc>>,
    /// When EC2 calls it deprecated; a launch from it says so.
    #[serde(default)]
    pub deprecated_at: Option<DateTime<Utc>>,
    /// Sum of its volumes in GB.
    pub size_gb: Option<u32>,
    /// Its snapshots.
    pub snapshot_ids: Vec<String>,
    /// The deployment it was made of.
    pub source_deployment_id: Option<String>,
    /// The instance it was made of.
    pub source_instance_id: Option<String>,
    /// The image (`img_…`) that it is a copy of.
    #[serde(default)]
    pub copy_of: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Key claimed.
    pub created_at: DateTime<Utc>,
    /// Became available.
    pub available_at: Option<DateTime<Utc>>,
    /// What became of the scrub of identity before it: `ordered`, `done`, `not_run` or `failed`; null when it is not known.
    #[serde(default)]
    pub scrub: Option<String>,
    /// Why it did not run, or what it could not do.
    #[serde(default)]
    pub scrub_reason: Option<String>,
}

/// Which images to list. `status=available` with `template`, `region` and `version` is the AMI picker (F50).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImageFilter {
    /// Only this template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Only this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Only this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}
