//! Tracks of base images and their updates, as the API shows them. Names are those of the Prism document where it has one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A track: what a vendor publishes again and again, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaseImage {
    /// `ubuntu-22.04`, `debian-12-arm64`.
    pub name: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The base whose advisories judge its updates; none: their level is unknown.
    pub like: Option<String>,
    /// Every installation has it.
    pub builtin: bool,
    /// The account that publishes it, checked on every answer.
    pub owner: String,
    /// The `name` filter of DescribeImages.
    pub aws_filter: String,
    /// The anchored rule that a name must pass.
    pub pattern: String,
    /// The SSM parameter that names its current image.
    pub parameter: Option<String>,
    /// The newest build that any region has shown.
    pub current_build: Option<String>,
    /// Its name, the same in every region.
    pub current_name: Option<String>,
    /// Its id in the first region that has it.
    pub current_image_id: Option<String>,
    /// When a look last succeeded, in any region.
    pub last_checked: Option<DateTime<Utc>>,
    /// When the next look follows; none while it is not watched.
    pub next_check: Option<DateTime<Utc>>,
    /// Regions without the newest build, which others have.
    pub pending_region: Vec<String>,
    /// Each region that is or was watched.
    pub regions: Vec<BaseImageRegion>,
    /// Templates that ask for it, in whichever words.
    pub dependent_templates: Vec<String>,
    /// When it moved last.
    pub last_update: Option<DateTime<Utc>>,
    /// The newest first, 50 at most; the list shows the newest alone.
    pub update_history: Vec<BaseImageUpdate>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Why.
    pub paused_reason: Option<String>,
}

/// A track in one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaseImageRegion {
    /// The region.
    pub region: String,
    /// `new` (not looked at yet), `none` (no build there), `current`, `pending`, `rolled_back` or `withdrawn`.
    pub state: String,
    /// The newest build there.
    pub build: Option<String>,
    /// Its id there.
    pub image_id: Option<String>,
    /// When it was looked at.
    pub last_checked: Option<DateTime<Utc>>,
    /// When it is looked at next.
    pub next_check: Option<DateTime<Utc>>,
    /// Why the last look failed.
    pub error: Option<String>,
    /// What a person should see.
    pub alarms: Vec<String>,
}

/// A track moved, or what it was is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaseImageUpdate {
    /// `upd_…`
    pub id: String,
    /// The track.
    pub name: String,
    /// Counts the track's.
    pub number: i64,
    /// `update`; or an alarm that rebuilds nothing: `rolled_back`, `withdrawn`.
    pub kind: String,
    /// The build before.
    pub previous_build: Option<String>,
    /// The build now.
    pub build: Option<String>,
    /// The build before, in the region that showed the update first.
    pub previous_image_id: Option<String>,
    /// The build now, there.
    pub image_id: Option<String>,
    /// The region.
    pub region: String,
    /// When a look saw it.
    pub updated_at: DateTime<Utc>,
    /// When the vendor made it.
    pub created_at: Option<DateTime<Utc>>,
    /// `security`, `feature` or `maintenance`; none while it is not judged.
    pub update_type: Option<String>,
    /// `critical` to `none`, or `unknown`; none while it is not judged.
    pub security_level: Option<String>,
    /// The vendor's page about the new build, where it has one.
    #[serde(default)]
    pub changelog_url: Option<String>,
    /// Lines that change with it, such as `feature:9.5->9.6`.
    pub tags: Vec<String>,
}

/// A track to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBaseImage {
    /// Lower-case letters, digits, dashes and dots.
    #[serde(default)]
    pub name: String,
    /// The base whose advisories judge its updates, such as `ubuntu-22.04`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// `x86_64` or `arm64`; as `like` says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The account id of its owner.
    #[serde(default)]
    pub owner: String,
    /// The `name` filter of DescribeImages.
    #[serde(default)]
    pub aws_filter: String,
    /// The rule that a name must pass, with a group `build`: `team-web-(?<build>\d{8})`.
    #[serde(default)]
    pub pattern: String,
    /// The SSM parameter that names its current image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
}

impl From<ingot_domain::track::add::NewTrack> for NewBaseImage {
    fn from(new: ingot_domain::track::add::NewTrack) -> Self {
        Self {
            name: new.name,
            like: new.like,
            architecture: new.arch,
            owner: new.owner,
            aws_filter: new.aws_filter,
            pattern: new.pattern,
            parameter: new.parameter,
        }
    }
}

/// Where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// These regions; when absent those the installation works in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
}

/// Where looks were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scanned {
    /// The regions.
    pub regions: Vec<String>,
    /// When they were asked for: a look since then has a later `last_checked`.
    pub asked_at: DateTime<Utc>,
}

/// A decision about a track, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseImageDecision {
    /// Why, 1 to 500 characters.
    pub reason: String,
}
