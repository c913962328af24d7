//! Where readers put what they find.

use std::collections::{BTreeMap, BTreeSet};

use ingot_domain::Instant;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::packages::Package;
use ingot_domain::advisory::record::{Advisory, FeedState, Likelihood, Listed, Signals};
use serde_json::Value;

/// A vendor's list of the changes between two builds.
#[derive(Debug, Clone)]
pub struct Changelog {
    /// `noble`
    pub series: String,
    /// The build left behind.
    pub from: String,
    /// The build that came.
    pub to: String,
    /// What changed.
    pub changes: Vec<Listed>,
}

/// A list of packages found beside the feeds.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Whose.
    pub os: Os,
    /// Where it lay, which says the build it is of.
    pub path: String,
    /// What it lists.
    pub packages: Vec<Package>,
}

/// Everything read.
#[derive(Debug, Default)]
pub struct Take {
    /// By system, id and release: one id seen twice is one advisory.
    advisories: BTreeMap<(Os, String, String), Advisory>,
    /// KEV, EPSS and vectors.
    pub signals: Signals,
    /// How each system's feed stands.
    pub feeds: BTreeMap<Os, FeedState>,
    /// Vendors' lists of changes.
    pub changelogs: Vec<Changelog>,
    /// Lists of packages.
    pub manifests: Vec<Manifest>,
    /// Ids of the advisories in each repository that builds of Amazon Linux 2023 are locked to, by its release
    /// (`2023.5.20240701`).
    pub repositories: BTreeMap<String, BTreeSet<String>>,
    /// Names of packages that bases of a system carry, where the folder tells them.
    pub base_sets: BTreeMap<Os, Vec<String>>,
    /// Of which sources binary packages are, where a changelog tells it.
    pub sources: BTreeMap<Os, BTreeMap<String, String>>,
    /// Pages of Rocky's API.
    pub pages: Pages,
    /// Troubles that concern no system's feed, such as those of KEV.
    pub damaged: Vec<String>,
}

/// What one advisory's packages may number, and its CVEs; a longer list is cut. A kernel's has some hundreds.
pub(crate) const MOST: usize = 4_000;
/// Vectors that are kept of one CVE.
const MOST_VECTORS: usize = 16;

impl Take {
    /// Keeps an advisory. Of one id seen twice the later correction says what holds, and no fix is lost.
    pub fn keep(&mut self, mut advisory: Advisory) {
        advisory.fixes.truncate(MOST);
        advisory.cves.truncate(MOST);
        for cve in &mut advisory.cves {
            cve.vectors.truncate(MOST_VECTORS);
        }
        let key = (advisory.os, advisory.id.clone(), advisory.release.clone());
        let Some(there) = self.advisories.get_mut(&key) else {
            self.advisories.insert(key, advisory);
            return;
        };
        there.join(advisory);
    }

    /// Notes a part that could not be read.
    pub fn trouble(&mut self, os: Option<Os>, what: String) {
        match os {
            Some(os) => self.feeds.entry(os).or_default().damaged.push(what),
            None => self.damaged.push(what),
        }
    }

    /// Adds a day's score of a CVE. Of a day told twice the last holds.
    pub fn likelihood(&mut self, cve: String, told: Likelihood) {
        let Some(newest) = self.signals.likelihood.get_mut(&cve) else {
            self.signals.likelihood.insert(cve, told);
            return;
        };
        let mut older = told;
        if told.since >= newest.since {
            older = std::mem::replace(newest, told);
        }
        if older.since != newest.since {
            let before = self.signals.likelihood_before.entry(cve).or_default();
            before.retain(|day| day.since != older.since);
            before.push(older);
        }
    }

    /// Adds a CVE's vectors to those known.
    pub fn vectors(&mut self, cve: &str, vectors: &[String]) {
        if vectors.is_empty() {
            return;
        }
        let known = self.signals.vectors.entry(cve.to_owned()).or_default();
        for vector in vectors {
            if !known.contains(vector) && known.len() < MOST_VECTORS {
                known.push(vector.clone());
            }
        }
    }

    /// The advisories, with each feed's state brought up to date. A record dated after `now` is named and does not make a
    /// stale feed look fresh; it is kept, because a judgement as of an earlier time passes it over by its date.
    pub fn finish(&mut self, now: Instant) -> Vec<Advisory> {
        let limit = now + chrono::TimeDelta::days(1);
        let all = std::mem::take(&mut self.advisories);
        let mut kept = Vec::with_capacity(all.len());
        for advisory in all.into_values() {
            let state = self.feeds.entry(advisory.os).or_default();
            state.records += 1;
            let span = state.releases.entry(advisory.release.clone());
            span.or_default().take(&advisory, limit);
            if advisory.published > limit {
                let day = advisory.published.format("%Y-%m-%d");
                let said = format!("{} is dated {day}, in the future", advisory.id);
                self.damaged.push(said);
            }
            let told = [advisory.modified, Some(advisory.published)];
            let dated = told.into_iter().flatten().filter(|at| *at <= limit);
            state.newest = state
                .newest
                .max(dated.filter(|_| !advisory.is_undated()).max());
            for cve in &advisory.cves {
                self.vectors(&cve.id, &cve.vectors);
            }
            kept.push(advisory);
        }
        self.pages.close(&mut self.feeds);
        let gaps = self.gaps();
        for state in self.feeds.values_mut() {
            state.signals.clone_from(&gaps);
        }
        self.signals
            .vectors
            .retain(|_, vectors| !vectors.is_empty());
        self.signals
            .vectors
            .values_mut()
            .for_each(|vectors| vectors.sort());
        kept
    }

    /// What is missing of KEV and EPSS. EPSS may be left out; a part of it that is there and cannot be used is named.
    fn gaps(&self) -> Vec<String> {
        // A file that cannot be used is a gap; one entry of thousands, or a file that tells no day, is named alone.
        let whole = |said: &&String| {
            said.contains(" is no ")
                || ![" line ", ": entry ", "tells no day"]
                    .iter()
                    .any(|part| said.contains(part))
        };
        let damaged = |folder: &str| {
            let parts = self.damaged.iter().filter(|said| said.starts_with(folder));
            let mut parts = parts.filter(whole);
            parts.next().map(|first| (first.clone(), 1 + parts.count()))
        };
        let mut gaps = Vec::new();
        match damaged("kev/") {
            None if self.signals.exploited.is_empty() => gaps.push(
                "there is no KEV catalogue, so what is exploited is not known (R1)".to_owned(),
            ),
            None => {}
            Some((first, count)) => gaps.push(format!(
                "{count} parts of KEV could not be read, so what is exploited is not known (R1): {first}"
            )),
        }
        if let Some((first, count)) = damaged("epss/") {
            gaps.push(format!(
                "{count} parts of EPSS were passed over, so what is likely to be exploited is not known (R2): {first}"
            ));
        }
        gaps
    }
}

/// Pages of Apollo's API: whether all of them are there.
#[derive(Debug, Default)]
pub struct Pages {
    /// How many advisories the pages say there are.
    total: u64,
    /// The advisories on them.
    names: BTreeSet<String>,
    /// Pages that name a next one.
    followed: usize,
    /// Pages that name none.
    last: usize,
}

impl Pages {
    /// Takes a page in.
    pub fn add(&mut self, page: &Value) {
        self.total = self.total.max(page["total"].as_u64().unwrap_or_default());
        let names = page["advisories"].as_array().into_iter().flatten();
        let names = names.map(|one| one["name"].as_str().unwrap_or_default().to_owned());
        self.names.extend(names);
        if page["links"]["next"].is_null() {
            self.last += 1;
        } else {
            self.followed += 1;
        }
    }

    /// Names what is missing.
    fn close(&self, feeds: &mut BTreeMap<Os, FeedState>) {
        let read = self.names.len();
        let missing = if self.total > read as u64 {
            format!(
                "the pages of Apollo hold {read} of {} advisories",
                self.total
            )
        } else if self.followed > 0 && self.last == 0 {
            "the pages of Apollo end before their last: the newest one read names a next".to_owned()
        } else {
            return;
        };
        feeds.entry(Os::Rocky).or_default().damaged.push(missing);
    }
}
