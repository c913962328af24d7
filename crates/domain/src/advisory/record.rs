//! What the feeds tell: advisories with their fixes, and signs that a CVE is exploited.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::base::Os;
use crate::Instant;
use crate::arch::Arch;

/// What an advisory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It fixes a vulnerability. One of another kind that names CVEs counts as this (RHBA does).
    Security,
    /// It corrects errors.
    Bugfix,
    /// It adds something.
    Enhancement,
}

/// One advisory as it concerns one release of one operating system. An advisory for three releases is three of these,
/// because its CVEs, packages and severities differ between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    /// Whose it is.
    pub os: Os,
    /// `USN-6859-1`, `ALSA-2024:4312`, `2024-Aug`.
    pub id: String,
    /// `22.04`, `9`, `2023`; of Windows the year.
    pub release: String,
    /// What it is for.
    pub kind: Kind,
    /// When the vendor published it (Amazon: issued); [`Advisory::UNDATED`] for a record without a day of its own.
    pub published: Instant,
    /// When the record last changed. Says only how fresh the feed is.
    pub modified: Option<Instant>,
    /// Since when it is withdrawn.
    pub withdrawn: Option<Instant>,
    /// When this installation first saw it, where it watches.
    pub first_seen: Option<Instant>,
    /// The vendor's word for the whole advisory.
    pub severity: Option<String>,
    /// Names that its title names; they repair records whose package list was cut.
    pub titled: Vec<String>,
    /// What it fixes.
    pub cves: Vec<Cve>,
    /// In which packages.
    pub fixes: Vec<Fix>,
}

impl Advisory {
    /// Stands for the day of a fix that came without an advisory, as in Debian's point releases: such a record is in no
    /// window and counts only where the versions on both sides are known.
    pub const UNDATED: Instant = Instant::UNIX_EPOCH;

    /// Whether this is a vendor's record of a CVE that was fixed without an advisory.
    pub fn is_undated(&self) -> bool {
        self.published == Self::UNDATED
    }
}

/// A CVE as an advisory tells of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cve {
    /// `CVE-2024-6387`
    pub id: String,
    /// The vendor's word for it, where it says one per CVE.
    pub severity: Option<String>,
    /// CVSS vectors.
    pub vectors: Vec<String>,
    /// The vendor says that it is exploited (MSRC).
    pub exploited: bool,
}

/// Whether a plain image receives a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// From the archive every image has.
    Plain,
    /// Only with a subscription: a plain image stays vulnerable.
    Subscription,
    /// From a stream that plain images do not use, such as live patches or another kernel.
    Unused,
}

/// A package version in which the advisory's CVEs are fixed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The binary package, or the source where the feed names sources only.
    pub package: String,
    /// The source package.
    pub source: Option<String>,
    /// Version with epoch and release; none where the record does not tell.
    pub fixed: Option<String>,
    /// Who receives it.
    pub reach: Reach,
    /// For one architecture only.
    pub arch: Option<Arch>,
}

/// That a CVE is exploited, by CISA's catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exploited {
    /// Since when the catalogue lists it; it says nothing before.
    pub since: Instant,
    /// Ransomware uses it.
    pub ransomware: bool,
}

/// How likely exploitation is, by one day's EPSS model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likelihood {
    /// The day of the score; it says nothing before.
    pub since: Instant,
    /// 0 to 1.
    pub value: f64,
}

/// What is known of CVEs beside any advisory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Signals {
    /// CISA KEV by CVE.
    pub exploited: BTreeMap<String, Exploited>,
    /// EPSS by CVE: the newest score.
    pub likelihood: BTreeMap<String, Likelihood>,
    /// Scores of earlier days, for a judgement as of one of them.
    pub likelihood_before: BTreeMap<String, Vec<Likelihood>>,
    /// CVSS vectors by CVE, from any record: they belong to the CVE and not to a vendor. [`super::item`] says whose
    /// advisories are judged by them.
    pub vectors: BTreeMap<String, Vec<String>>,
    /// Canonical's records by CVE and release: its priority there. Says nothing of a fix.
    pub ubuntu: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a feed holds of one release: without a record of the release, or before its oldest one, the feed's silence says
/// nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Span {
    /// The oldest publication.
    pub oldest: Option<Instant>,
    /// The newest publication or correction.
    pub newest: Option<Instant>,
    /// Advisories, with undated ones.
    pub records: usize,
}

impl Span {
    /// Takes another record in. Days after `limit` are counted and not believed.
    pub fn take(&mut self, advisory: &Advisory, limit: Instant) {
        self.records += 1;
        if advisory.is_undated() || advisory.published > limit {
            return;
        }
        let at = advisory.published;
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        let corrected = advisory.modified.filter(|at| *at <= limit);
        self.newest = self.newest.max(Some(at)).max(corrected);
    }
}

/// How an operating system's feed stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FeedState {
    /// Its newest publication or correction.
    pub newest: Option<Instant>,
    /// When it was fetched; none for a folder, whose age is not known.
    pub fetched: Option<Instant>,
    /// Advisories read.
    pub records: usize,
    /// Parts that could not be read, each with its reason; an advisory may be missing for each.
    pub damaged: Vec<String>,
    /// What it holds of each release.
    pub releases: BTreeMap<String, Span>,
    /// What is missing of the signs of exploitation, so that an item may be graver than it seems (rules R1 and R2).
    pub signals: Vec<String>,
}

/// A change that the vendor itself lists between two builds.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The binary package.
    pub package: String,
    /// Its source.
    pub source: Option<String>,
    /// Before; none when it was added.
    pub old: Option<String>,
    /// After.
    pub new: Option<String>,
    /// CVEs fixed between the two.
    pub cves: Vec<Cve>,
}
