//! Images: what two of them are "the same" by, their states, their EC2 names (F32) and tags (F33).

pub mod story;

use std::collections::BTreeMap;
use std::fmt;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::arch::Arch;
use crate::base::BaseIdentity;
use crate::deployment::words;
use crate::fingerprint::hex_sha256;
use crate::ids::{DeploymentId, EffectId};
use crate::place::Place;
use crate::template::KAMIWAZA;
use crate::version::Version;

/// The value of the `ManagedBy` tag.
pub const MANAGED_BY: &str = "Ingot";
/// Its value on what the template `kamiwaza` leads to (F33); existing accounts and scripts look for it. What was made before
/// carries it whatever its template.
pub const KAMIWAZA_MANAGED_BY: &str = "KamiwazaDeploymentManager";
/// The tag that carries the effect id: adoption after doubt looks for it (EC2.md, the recipe).
pub const EFFECT_TAG: &str = "ingot:effect";
/// The tag that carries the deployment id on instances.
pub const DEPLOYMENT_TAG: &str = "ingot:deployment";
/// The tag that carries the installation: what other installations made is never touched (FAULTS F29).
pub const INSTALL_TAG: &str = "ingot:install";
/// The tags that carry the build of the base: its owner's account id, and its name. `BaseImage` carries its id.
pub const BASE_OWNER_TAG: &str = "ingot:base-owner";
/// See [`BASE_OWNER_TAG`].
pub const BASE_NAME_TAG: &str = "ingot:base-name";
/// EC2's longest image name.
pub const LONGEST_NAME: usize = 128;

words! {
    /// The state of an image row.
    ImageStatus {
        /// The key is claimed; CreateImage has not answered yet.
        Claimed = "claimed",
        /// EC2 is making it.
        Pending = "pending",
        /// It can be launched from.
        Available = "available",
        /// It could not be made.
        Failed = "failed",
        /// It was deregistered by us, or forgotten on request.
        Deleted = "deleted",
        /// It disappeared without us (FAULTS F28).
        Missing = "missing",
    }
}

impl ImageStatus {
    /// The transition table. A next try is a new row with the next generation; a failed row only revives when EC2 finished
    /// the image after we had given it up (FAULTS F07), a deleted one when the image is back from the Recycle Bin.
    pub fn next(self) -> &'static [ImageStatus] {
        use ImageStatus::*;
        match self {
            Claimed => &[Pending, Available, Failed],
            Pending => &[Available, Failed, Missing, Deleted],
            Available => &[Deleted, Missing],
            Missing => &[Available, Pending, Deleted],
            Failed => &[Available],
            Deleted => &[Available],
        }
    }

    /// Whether `to` may follow.
    pub fn may_become(self, to: ImageStatus) -> bool {
        self.next().contains(&to)
    }

    /// An ordinary deployment of its key makes no other one while there is it.
    pub fn holds_key(self) -> bool {
        self.is_in_the_making() || self == ImageStatus::Available
    }

    /// The partial unique indexes of the ledger cover exactly these: of one key one image at a time is made.
    pub fn is_in_the_making(self) -> bool {
        matches!(self, ImageStatus::Claimed | ImageStatus::Pending)
    }
}

/// What two images are "the same" by. Version alone made the document need its chapter on wrong modes. What is inside is
/// the *content*: template, version, mode, architecture, base build and fingerprint. Where it lies are account and region:
/// the same content in two regions is two keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageKey {
    /// Template name.
    pub template: String,
    /// Version.
    pub version: Version,
    /// Mode.
    pub mode: String,
    /// Architecture.
    pub arch: Arch,
    /// AWS account.
    pub account: String,
    /// Region.
    pub region: String,
    /// The build of the base.
    pub base: BaseIdentity,
    /// That build's id in this region. It is no part of the content: another region has another id for the same build.
    pub base_image: String,
    /// The recipe's fingerprint.
    pub fingerprint: String,
}

impl ImageKey {
    /// Where its image is, or will be.
    pub fn place(&self) -> Place<'_> {
        Place::of(Some(&self.account), &self.region)
    }

    /// SHA-256 over the content, each part with its length before it; 64 hex digits, the same in every account and region.
    pub fn content(&self) -> String {
        let version = self.version.to_string();
        let (how, base) = match &self.base {
            BaseIdentity::Named { owner, name } => ("named", [owner, name]),
            BaseIdentity::Fixed { id, region } => ("fixed", [region, id]),
        };
        let parts = [
            self.template.as_str(),
            &version,
            &self.mode,
            self.arch.as_str(),
            how,
            base[0],
            base[1],
            &self.fingerprint,
        ];
        let told = parts.map(|part| format!("{}:{part}\n", part.len()));
        hex_sha256(told.concat().bytes())
    }

    /// The digest of versions before the key was by content: over the base's id instead of its build, with account and
    /// region. Written beside the content for one release, so that workers of both versions see each other's claims.
    pub fn digest_by_id(&self) -> String {
        let version = self.version.to_string();
        let parts = [
            self.template.as_str(),
            &version,
            &self.mode,
            self.arch.as_str(),
            &self.account,
            &self.region,
            &self.base_image,
            &self.fingerprint,
        ];
        hex_sha256(
            parts
                .iter()
                .flat_map(|part| part.bytes().chain(std::iter::once(b'\n'))),
        )
    }
}

impl fmt::Display for ImageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {}",
            self.template, self.version, self.mode, self.arch, self.region
        )
    }
}

/// The EC2 name of a key's `generation`-th image (F32). For `kamiwaza` it is the document's, with the claim's time; it
/// is stored before the call, so every retry uses it. Other templates derive it from the key, so that EC2's
/// unique-name rule is a second lock. A suffix (`-2`…) is only added when another owner's image has the name (F38).
pub fn name(key: &ImageKey, claimed_at: Instant, generation: u32, suffix: u32) -> String {
    // What makes the name unique is its end, which no shortening takes away.
    let (stem, unique) = if key.template == KAMIWAZA {
        let at = claimed_at.format("-%Y%m%d-%H%M%S");
        (format!("kamiwaza-golden-{}", key.version), at.to_string())
    } else {
        let digest = key.content();
        let stem = format!("{}-{}-{}", key.template, key.version, key.arch);
        (stem, format!("-{}-g{generation}", &digest[..12]))
    };
    let tail = if suffix > 1 {
        format!("{unique}-{suffix}")
    } else {
        unique
    };
    let legal = |c: char| {
        if c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c) {
            c
        } else {
            '-'
        }
    };
    let stem: String = stem.chars().map(legal).collect();
    with_end(&stem, &tail)
}

/// A name with this end, shortened before it where EC2 takes no more.
pub fn with_end(stem: &str, end: &str) -> String {
    let keep = LONGEST_NAME.saturating_sub(end.len());
    let stem: String = stem.chars().take(keep).collect();
    format!("{stem}{end}")
}

/// Everything the tags of an image say (F33).
#[derive(Debug, Clone)]
pub struct Provenance<'a> {
    /// Its key.
    pub key: &'a ImageKey,
    /// Its name.
    pub name: &'a str,
    /// The proven instance.
    pub instance_id: &'a str,
    /// The deployment it was made of.
    pub deployment: &'a DeploymentId,
    /// Why it is made: `deployment`, or its build's trigger.
    pub trigger: &'a str,
    /// The effect that makes it.
    pub effect: &'a EffectId,
    /// The installation.
    pub install: &'a str,
    /// When its key was claimed.
    pub created_at: Instant,
    /// The template's and the request's tags.
    pub extra: &'a BTreeMap<String, String>,
}

impl Provenance<'_> {
    /// The tags of the image and of its snapshots. EC2 allows 50 per resource; `template::tags` leaves room.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let key = self.key;
        let mut tags = self.extra.clone();
        let mut put = |name: &str, value: &str| {
            tags.insert(name.to_owned(), value.to_owned());
        };
        put("Name", self.name);
        put(version_tag(&key.template), &key.version.to_string());
        put("CreatedFrom", self.instance_id);
        put("CreatedFromJob", self.deployment.as_str());
        put("ManagedBy", managed_by(&key.template));
        put("AutoCreated", "true");
        put("Mode", &key.mode);
        put(
            "CreatedAt",
            &self.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        );
        put("Template", &key.template);
        put("Fingerprint", &key.fingerprint);
        put("Trigger", self.trigger);
        put("BaseImage", &key.base_image);
        if let BaseIdentity::Named { owner, name } = &key.base {
            put(BASE_OWNER_TAG, owner);
            put(BASE_NAME_TAG, name);
        }
        put(EFFECT_TAG, self.effect.as_str());
        put(INSTALL_TAG, self.install);
        tags
    }
}

/// The `ManagedBy` of what a template leads to.
pub fn managed_by(template: &str) -> &'static str {
    if template == KAMIWAZA {
        KAMIWAZA_MANAGED_BY
    } else {
        MANAGED_BY
    }
}

/// The tag that carries the version on what a template leads to.
pub fn version_tag(template: &str) -> &'static str {
    if template == KAMIWAZA {
        "KamiwazaVersion"
    } else {
        "Version"
    }
}

/// The tags by which an image of this key would be known in the account (F28): the document's filters for its own template,
/// ours for the others, which images of before carry, too.
pub fn search_tags(key: &ImageKey) -> BTreeMap<String, String> {
    let (name, value) = if key.template == KAMIWAZA {
        ("ManagedBy", KAMIWAZA_MANAGED_BY)
    } else {
        ("Template", key.template.as_str())
    };
    BTreeMap::from([
        (
            version_tag(&key.template).to_owned(),
            key.version.to_string(),
        ),
        (name.to_owned(), value.to_owned()),
    ])
}

/// Whether an image found by `search_tags` is of this key. An image without our finer tags is the document's own: it
/// counts only when its mode says so, because "lite instead of full" is what the document warns of. A finer tag that is
/// there must agree. The base is compared by its build where the tags tell that, for a copy from another region carries
/// that region's id; else by its id, as images of before have it.
pub fn is_of_key(key: &ImageKey, tags: &BTreeMap<String, String>) -> bool {
    let agrees = |name: &str, wanted: &str| tags.get(name).is_none_or(|value| value == wanted);
    let mode_known = tags.contains_key("Mode");
    mode_known
        && agrees("Mode", &key.mode)
        && agrees("Template", &key.template)
        && agrees("Fingerprint", &key.fingerprint)
        && match (&key.base, tags.get(BASE_OWNER_TAG), tags.get(BASE_NAME_TAG)) {
            (BaseIdentity::Named { owner, name }, Some(its_owner), Some(its_name)) => {
                (owner, name) == (its_owner, its_name)
            }
            _ => agrees("BaseImage", &key.base_image),
        }
}

#[cfg(test)]
mod tests;
