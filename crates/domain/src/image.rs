//! Images: what two of them are "the same" by, their states, their EC2 names (F32) and tags (F33).

use std::collections::BTreeMap;
use std::fmt;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::arch::Arch;
use crate::deployment::words;
use crate::fingerprint::hex_sha256;
use crate::ids::{DeploymentId, EffectId};
use crate::template::KAMIWAZA;
use crate::version::Version;

/// The document's value of the `ManagedBy` tag; existing accounts and scripts look for it.
pub const MANAGED_BY: &str = "KamiwazaDeploymentManager";
/// The tag that carries the effect id: adoption after doubt looks for it (EC2.md, the recipe).
pub const EFFECT_TAG: &str = "ingot:effect";
/// The tag that carries the deployment id on instances.
pub const DEPLOYMENT_TAG: &str = "ingot:deployment";
/// The tag that carries the installation: what other installations made is never touched (FAULTS F29).
pub const INSTALL_TAG: &str = "ingot:install";
/// Tags Ingot sets itself (F33); nobody else may.
pub const RESERVED_TAGS: &[&str] = &[
    "Name",
    "KamiwazaVersion",
    "Version",
    "CreatedFrom",
    "CreatedFromJob",
    "ManagedBy",
    "AutoCreated",
    "Mode",
    "CreatedAt",
    "Template",
    "Fingerprint",
    "Trigger",
    "BaseImage",
];
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

    /// It holds its key: the partial unique index of the ledger covers exactly these.
    pub fn holds_key(self) -> bool {
        matches!(
            self,
            ImageStatus::Claimed | ImageStatus::Pending | ImageStatus::Available
        )
    }
}

/// What two images are "the same" by. Version alone made the document need its chapter on wrong modes.
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
    /// The resolved base image's id.
    pub base_image: String,
    /// The recipe's fingerprint.
    pub fingerprint: String,
}

impl ImageKey {
    /// SHA-256 over all parts, each ended by a newline no part may contain; 64 hex digits.
    pub fn digest(&self) -> String {
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
/// unique-name rule is a second lock. A suffix (`-2`…) is only added when somebody else's image has the name (F38).
pub fn name(key: &ImageKey, claimed_at: Instant, generation: u32, suffix: u32) -> String {
    // What makes the name unique is its end, which no shortening takes away.
    let (stem, unique) = if key.template == KAMIWAZA {
        let at = claimed_at.format("-%Y%m%d-%H%M%S");
        (format!("kamiwaza-golden-{}", key.version), at.to_string())
    } else {
        let digest = key.digest();
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
        put("KamiwazaVersion", &key.version.to_string());
        put("CreatedFrom", self.instance_id);
        put("CreatedFromJob", self.deployment.as_str());
        put("ManagedBy", MANAGED_BY);
        put("AutoCreated", "true");
        put("Mode", &key.mode);
        put(
            "CreatedAt",
            &self.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        );
        put("Template", &key.template);
        put("Fingerprint", &key.fingerprint);
        put("Trigger", "deployment");
        put("BaseImage", &key.base_image);
        put(EFFECT_TAG, self.effect.as_str());
        put(INSTALL_TAG, self.install);
        if key.template != KAMIWAZA {
            tags.remove("KamiwazaVersion");
            tags.insert("Version".to_owned(), key.version.to_string());
        }
        tags
    }
}

/// The tags by which an image of this key would be known in the account (F28): the document's filters, and ours.
pub fn search_tags(key: &ImageKey) -> BTreeMap<String, String> {
    let version_tag = if key.template == KAMIWAZA {
        "KamiwazaVersion"
    } else {
        "Version"
    };
    BTreeMap::from([
        (version_tag.to_owned(), key.version.to_string()),
        ("ManagedBy".to_owned(), MANAGED_BY.to_owned()),
    ])
}

/// Whether an image found by `search_tags` is of this key. An image without our finer tags is the document's own: it
/// counts only when its mode says so, because "lite instead of full" is what the document warns of. A finer tag that is
/// there must agree.
pub fn is_of_key(key: &ImageKey, tags: &BTreeMap<String, String>) -> bool {
    let agrees = |name: &str, wanted: &str| tags.get(name).is_none_or(|value| value == wanted);
    let mode_known = tags.contains_key("Mode");
    mode_known
        && agrees("Mode", &key.mode)
        && agrees("Template", &key.template)
        && agrees("Fingerprint", &key.fingerprint)
        && agrees("BaseImage", &key.base_image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn key(template: &str) -> ImageKey {
        ImageKey {
            template: template.to_owned(),
            version: "v0.9.2".parse().expect("version"),
            mode: "full".to_owned(),
            arch: Arch::X86_64,
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            base_image: "ami-base".to_owned(),
            fingerprint: "f".repeat(64),
        }
    }

    fn at() -> Instant {
        chrono::Utc
            .with_ymd_and_hms(2026, 1, 21, 18, 0, 0)
            .single()
            .expect("time")
    }

    #[test]
    fn the_documents_name_is_kept_word_for_word() {
        assert_eq!(
            name(&key("kamiwaza"), at(), 1, 1),
            "kamiwaza-golden-v0.9.2-20260121-180000"
        );
        assert_eq!(
            name(&key("kamiwaza"), at(), 1, 2),
            "kamiwaza-golden-v0.9.2-20260121-180000-2"
        );
    }

    #[test]
    fn other_names_come_from_the_key() {
        let one = name(&key("web"), at(), 1, 1);
        assert!(
            one.starts_with("web-v0.9.2-x86_64-") && one.ends_with("-g1"),
            "{one}"
        );
        let other = ImageKey {
            mode: "lite".to_owned(),
            ..key("web")
        };
        assert_ne!(one, name(&other, at(), 1, 1));
    }

    #[test]
    fn tags_are_the_documents_and_ours() {
        let key = key("kamiwaza");
        let deployment = DeploymentId::new(uuid::Uuid::nil());
        let effect = EffectId::new(uuid::Uuid::nil());
        let extra = BTreeMap::from([("Team".to_owned(), "web".to_owned())]);
        let tags = Provenance {
            key: &key,
            name: "n",
            instance_id: "i-1",
            deployment: &deployment,
            effect: &effect,
            install: "in",
            created_at: at(),
            extra: &extra,
        }
        .tags();
        for (name, value) in [
            ("KamiwazaVersion", "v0.9.2"),
            ("CreatedFrom", "i-1"),
            ("CreatedFromJob", deployment.as_str()),
            ("ManagedBy", MANAGED_BY),
            ("AutoCreated", "true"),
            ("Mode", "full"),
            ("CreatedAt", "2026-01-21T18:00:00Z"),
            ("Team", "web"),
        ] {
            assert_eq!(tags.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(is_of_key(&key, &tags));
    }

    #[test]
    fn an_image_of_another_mode_or_recipe_is_another_image() {
        let key = key("kamiwaza");
        let tags = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        assert!(is_of_key(&key, &tags(&[("Mode", "full")])));
        assert!(!is_of_key(&key, &tags(&[("Mode", "lite")])));
        assert!(!is_of_key(&key, &tags(&[])));
        assert!(!is_of_key(
            &key,
            &tags(&[("Mode", "full"), ("Fingerprint", "other")])
        ));
    }

    #[test]
    fn only_living_rows_hold_their_key() {
        for &status in ImageStatus::ALL {
            assert_eq!(ImageStatus::parse(status.as_str()), Some(status));
            assert!(!status.may_become(status));
        }
        assert_eq!(ImageStatus::Failed.next(), [ImageStatus::Available]);
        assert_eq!(ImageStatus::Deleted.next(), [ImageStatus::Available]);
        assert!(!ImageStatus::Missing.holds_key());
    }

    proptest! {
        #[test]
        fn names_are_legal_and_different_parts_make_different_digests(template in "[a-z][a-z0-9-]{0,39}", mode in "[a-z]{1,20}", generation in 1u32..1000, suffix in 1u32..100) {
            let key = ImageKey { template: template.clone(), mode: mode.clone(), ..key("x") };
            let made = name(&key, at(), generation, suffix);
            prop_assert!((3..=LONGEST_NAME).contains(&made.len()));
            let legal = made.chars().all(|c| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c));
            prop_assert!(legal, "{}", made);
            let moved = ImageKey { template: format!("{template}{mode}"), mode: String::new(), ..key.clone() };
            prop_assert_ne!(key.digest(), moved.digest());
        }
    }
}
