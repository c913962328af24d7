//! Updates of base images: what came, how it was judged and from which evidence.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::build::Planned;

/// One item of evidence, as a row that a person can argue with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The advisory; none where the vendor's list of changes names a CVE only.
    #[serde(default)]
    pub advisory: Option<String>,
    /// The CVE; none for an advisory that names none.
    #[serde(default)]
    pub cve: Option<String>,
    /// The package.
    pub package: String,
    /// Its source package.
    #[serde(default)]
    pub source: Option<String>,
    /// Its version on the build left behind, where known.
    #[serde(default)]
    pub old: Option<String>,
    /// The version with the fix.
    #[serde(default)]
    pub fixed: Option<String>,
    /// Its version on the build that came, where known.
    #[serde(default)]
    pub new: Option<String>,
    /// `fixed`, `likely`, `possible`, `unfixed` or `still_vulnerable`.
    pub status: String,
    /// How surely: `A` exact, `C` by the time and the usual packages, `D` by the time alone.
    pub grade: String,
    /// Where the grade comes from, such as `manifest_diff`.
    pub basis: String,
    /// The item's level.
    pub level: String,
    /// The vendor's level.
    pub vendor_level: String,
    /// The vendor's word.
    #[serde(default)]
    pub vendor_severity: Option<String>,
    /// The rules that took part, such as `R3`.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Since when it is known to be exploited.
    #[serde(default)]
    pub exploited_since: Option<DateTime<Utc>>,
    /// EPSS as of the judgement, 0 to 1.
    #[serde(default)]
    pub epss: Option<f64>,
    /// When the advisory was published.
    #[serde(default)]
    pub published: Option<DateTime<Utc>>,
    /// Where to read on.
    #[serde(default)]
    pub link: Option<String>,
}

/// A template that an update concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedTemplate {
    /// Its name.
    pub template: String,
    /// The version of its newest image; null when it has none.
    pub version: Option<String>,
    /// Its newest image; null when it has none.
    pub ami_id: Option<String>,
    /// The image's region.
    pub region: Option<String>,
    /// The build the image stands on.
    pub build: Option<String>,
    /// Builds between that one and the newest, the newest included.
    pub builds_behind: u64,
    /// Whole days between that build and the newest.
    pub days_behind: i64,
    /// The build that will make its image anew; null when none waits or runs.
    #[serde(default)]
    pub planned: Option<Planned>,
}

impl AffectedTemplate {
    /// How far it is behind, in words: `2 builds, 31 days`, or that nothing is built yet.
    pub fn behind(&self) -> String {
        match self.builds_behind {
            0 => "not built".to_owned(),
            builds => behind(builds, self.days_behind),
        }
    }
}

/// Builds and days in words.
pub fn behind(builds: u64, days: i64) -> String {
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let whole = days.unsigned_abs();
    format!("{builds} build{}, {whole} day{}", s(builds), s(whole))
}

/// An update of a base image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BaseUpdate {
    /// `upd_…`
    pub id: String,
    /// The base image, such as `ubuntu-22.04`.
    pub base: String,
    /// The build left behind, as its vendor names it.
    pub from: String,
    /// The build that came.
    pub to: String,
    /// The new image's id in the region where it was seen first.
    pub image_id: Option<String>,
    /// The id of the one before in that region.
    pub previous_image_id: Option<String>,
    /// `security`, `feature`, `maintenance` or `unknown`; null until it is judged.
    pub update_type: Option<String>,
    /// `critical`, `high`, `medium`, `low`, `none` or `unknown`; null until it is judged.
    pub security_level: Option<String>,
    /// When its vendor made the new build.
    pub updated_at: DateTime<Utc>,
    /// The page about the new build.
    pub changelog_url: Option<String>,
    /// When it was seen first.
    pub detected_at: DateTime<Utc>,
    /// When it was judged last.
    pub judged_at: Option<DateTime<Utc>>,
    /// How far the judgement can be relied on: `high`, `medium`, `low`, `none`.
    pub confidence: Option<String>,
    /// What it might be once possible items are settled.
    pub upper_bound: Option<String>,
    /// The item that matters most.
    pub headline: Option<Evidence>,
    /// Why the level is unknown, or what may be missing from it.
    pub reasons: Vec<String>,
    /// Secondary facts, such as `feature:9.5->9.6`.
    pub tags: Vec<String>,
    /// Who set the level, if a person did.
    pub set_by: Option<String>,
    /// Why.
    pub set_reason: Option<String>,
}

/// One judgement of an update; all of them are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Judgement {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// By which rules; of a person's word `person`.
    pub ruleset: String,
    /// What the update is.
    pub update_type: String,
    /// How severe.
    pub security_level: String,
    /// How far it can be relied on.
    pub confidence: String,
    /// Whether the level people and plans go by became this one with it.
    pub stands: bool,
    /// Who, if a person did.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// An update with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BaseUpdateDetail {
    /// The update.
    #[serde(flatten)]
    pub update: BaseUpdate,
    /// The templates it concerns.
    pub templates: Vec<AffectedTemplate>,
    /// What will be done about it.
    pub plan: String,
    /// The evidence of the last judgement by rules, the gravest first.
    pub evidence: Vec<Evidence>,
    /// Advisories of the same days for packages that the image does not carry.
    pub outside: Vec<String>,
    /// Every judgement, the newest first.
    pub assessments: Vec<Judgement>,
}

/// What a person sets the level of an update to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelDecision {
    /// `critical`, `high`, `medium`, `low` or `none`.
    pub level: String,
    /// Why; kept with the judgement.
    pub reason: String,
}

/// Which updates to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BaseUpdateFilter {
    /// Only of this base image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Only of this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The newest update of one base image with the templates behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityEntry {
    /// The gravest level among the updates that some template's image lacks.
    pub security_level: String,
    /// The newest update.
    pub update: BaseUpdate,
    /// The update whose level that is; the same one, or one before it.
    pub gravest: String,
    /// The templates behind it.
    pub templates: Vec<AffectedTemplate>,
    /// What will be done about it.
    pub plan: String,
}

/// Where the templates' base images stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SecurityStatus {
    /// As of when, by the installation's calendar.
    pub at: DateTime<Utc>,
    /// Base images with updates that some template's image lacks, the gravest first.
    pub available: Vec<SecurityEntry>,
    /// Updates that no template lacks any more, or that none ever did, the newest first.
    pub recent: Vec<BaseUpdate>,
    /// Feeds that cannot be relied on now, each with why.
    pub feeds: Vec<String>,
}

/// How an image stands against the builds of its base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageSecurity {
    /// The base image's track, such as `ubuntu-22.04`; null where its base is of none that is watched.
    pub base: Option<String>,
    /// The build it stands on.
    pub build: Option<String>,
    /// The newest build.
    pub newest_build: Option<String>,
    /// Builds between them, the newest included.
    pub builds_behind: u64,
    /// Whole days between them.
    pub days_behind: i64,
    /// The gravest level among the updates it lacks; null when it lacks none.
    pub lacks: Option<String>,
    /// The image of the same template before it, on an older build.
    pub predecessor: Option<String>,
    /// CVEs that it has fixed and its predecessor has not, by the judgements of the updates between them.
    pub fixed: Vec<String>,
    /// CVEs that the updates it lacks have fixed: it has them still, as surely as the judgements say.
    pub open: Vec<String>,
    /// How it stands by the list of packages that its own install took, which is exact and knows what the template installs by
    /// itself; absent from an API of before.
    #[serde(default)]
    pub by_list: Option<crate::held::ImageByList>,
}
