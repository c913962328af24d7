//! One page of a feed: some of its records, and what keeps a page from being written down.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Feed;
use crate::Instant;
use crate::advisory::record::{Advisory, Signals};

/// Advisories of one page, at most.
pub const MOST_ADVISORIES: usize = 1_000;
/// The longest id, release, CVE.
const LONGEST: usize = 64;

/// Some records of a feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// Advisories, of the feed's own system only.
    pub advisories: Vec<Advisory>,
    /// KEV, EPSS and vectors.
    pub signals: Signals,
}

/// A page that cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{what}`: {why}")]
pub struct Unfit {
    /// The record.
    pub what: String,
    /// What is wrong, and the way out.
    pub why: String,
}

impl Page {
    /// Refuses what no reader of ours makes: another vendor's records, ids that would not fit into an address. A record of
    /// the future is kept, for a judgement passes it over by its date, but makes no feed look fresh ([`Self::newest`]).
    pub fn check(&self, feed: Feed) -> Result<(), Unfit> {
        if self.advisories.len() > MOST_ADVISORIES {
            let why = format!("a page has at most {MOST_ADVISORIES} advisories; send more pages");
            return Err(unfit("advisories", why));
        }
        for advisory in &self.advisories {
            let id = &advisory.id;
            if Some(advisory.os) != feed.os() {
                let why = format!("it is no advisory of the feed `{}`", feed.name());
                return Err(unfit(id, why));
            }
            if !plain(id) || !plain(&advisory.release) {
                let why = "ids and releases are letters, digits and - : . _ only".to_owned();
                return Err(unfit(id, why));
            }
            if let Some(cve) = advisory.cves.iter().find(|cve| !is_cve(&cve.id)) {
                return Err(unfit(&cve.id, "it is no CVE".to_owned()));
            }
        }
        if let Some(cve) = self.signals.cves().find(|cve| !is_cve(cve)) {
            return Err(unfit(cve, "it is no CVE".to_owned()));
        }
        let part = 0.0..=1.0;
        match self
            .signals
            .likelihood
            .iter()
            .find(|(_, told)| !part.contains(&told.value))
        {
            Some((cve, _)) => Err(unfit(
                cve,
                "its likelihood is not between 0 and 1".to_owned(),
            )),
            None => Ok(()),
        }
    }

    /// The newest day that the page tells of: a publication or correction, a listing, a score. Days after tomorrow are not
    /// believed.
    pub fn newest(&self, now: Instant) -> Option<Instant> {
        let advisories = self
            .advisories
            .iter()
            .flat_map(|advisory| [Some(advisory.published), advisory.modified]);
        let exploited = self.signals.exploited.values().map(|told| Some(told.since));
        let scored = self
            .signals
            .likelihood
            .values()
            .map(|told| Some(told.since));
        let limit = now + TimeDelta::days(1);
        let all = advisories.chain(exploited).chain(scored).flatten();
        all.filter(|at| *at <= limit).max()
    }
}

impl Signals {
    /// Every CVE that is told of.
    pub fn cves(&self) -> impl Iterator<Item = &String> {
        let known = self.exploited.keys().chain(self.likelihood.keys());
        known.chain(self.vectors.keys()).chain(self.ubuntu.keys())
    }
}

fn unfit(what: &str, why: String) -> Unfit {
    let what = what.chars().take(80).flat_map(char::escape_default);
    Unfit {
        what: what.collect(),
        why,
    }
}

fn plain(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '_');
    !text.is_empty() && text.len() <= LONGEST && text.chars().all(fine) && !text.contains("..")
}

/// Whether it is a CVE's id, such as `CVE-2024-6387`.
pub fn is_cve(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let parts = text
        .strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'));
    text.len() <= 24 && parts.is_some_and(|(year, number)| digits(year) && digits(number))
}
