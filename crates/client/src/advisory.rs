//! One advisory or CVE as the API shows it: what the feeds say of it, from where, and how old that is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::feed::Feed;

/// What is known under an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KnownAdvisory {
    /// As it was asked for.
    pub id: String,
    /// Advisories: all releases of the one that was asked for, or those that name the CVE.
    pub advisories: Vec<Advisory>,
    /// The CVE that was asked for, or those that the advisory names.
    pub cves: Vec<Cve>,
    /// The feeds that this was read from, and those that may lack something.
    pub feeds: Vec<Feed>,
}

/// An advisory as it concerns one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Advisory {
    /// `USN-6859-1`, `ALSA-2024:4312`
    pub id: String,
    /// The feed it is from.
    pub feed: String,
    /// The base images it concerns, as their tracks are named: `ubuntu-22.04`.
    pub base: String,
    /// `security`, `bugfix` or `enhancement`
    pub kind: String,
    /// When the vendor published it.
    pub published: DateTime<Utc>,
    /// When the record last changed.
    pub modified: Option<DateTime<Utc>>,
    /// Since when it is withdrawn.
    pub withdrawn: Option<DateTime<Utc>>,
    /// When this installation first saw it, where it came while it watched.
    pub first_seen: Option<DateTime<Utc>>,
    /// The vendor's word for it.
    pub severity: Option<String>,
    /// The vendor's words as a level, the highest of its CVEs: `low`, `medium`, `high`, `critical` or `unknown`.
    pub level: String,
    /// The CVEs it names.
    pub cves: Vec<String>,
    /// The versions that fix them.
    pub fixes: Vec<Fix>,
    /// The vendor's page, made of the id by a template of ours.
    pub link: Option<String>,
}

/// A package version that fixes an advisory's CVEs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fix {
    /// The package.
    pub package: String,
    /// Its source package, where the feed tells.
    pub source: Option<String>,
    /// The version.
    pub fixed: Option<String>,
    /// Who receives it: `plain` images, those with a `subscription`, or those of an `unused` stream.
    pub reach: String,
    /// For this architecture only.
    pub arch: Option<String>,
}

/// What is known of a CVE beside any advisory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cve {
    /// `CVE-2024-6387`
    pub id: String,
    /// Since when CISA lists it as exploited.
    pub exploited_since: Option<DateTime<Utc>>,
    /// Ransomware uses it, says CISA.
    pub ransomware: bool,
    /// How likely exploitation is, 0 to 1, by EPSS.
    pub likelihood: Option<f64>,
    /// The day of that score.
    pub likelihood_of: Option<DateTime<Utc>>,
    /// CVSS vectors.
    pub vectors: Vec<String>,
    /// Canonical's priority by release.
    pub priorities: std::collections::BTreeMap<String, String>,
    /// Its page in the national database.
    pub link: String,
}
