//! Records of one thing that came twice become one: an advisory told on two pages, signals of two feeds. The order in
//! which they come changes nothing that is judged.

use std::collections::BTreeMap;

use super::base::Os;
use super::record::{Advisory, Cve, Fix, Signals};

/// What one advisory's packages may number, and its CVEs; a longer list is cut. A kernel's has some hundreds.
const MOST: usize = 4_000;
/// Vectors that are kept of one CVE.
const MOST_VECTORS: usize = 16;

impl Advisory {
    /// Takes in another record of the same id and release: the later correction says what holds, and no fix is lost.
    pub fn join(&mut self, mut other: Advisory) {
        if other.modified >= self.modified {
            std::mem::swap(self, &mut other);
        }
        self.published = self.published.min(other.published);
        self.first_seen = match (self.first_seen, other.first_seen) {
            (Some(own), Some(others)) => Some(own.min(others)),
            (own, others) => own.or(others),
        };
        let known: BTreeMap<String, usize> = (0..)
            .zip(&self.cves)
            .map(|(at, cve)| (cve.id.clone(), at))
            .collect();
        for cve in other.cves {
            match known.get(&cve.id).and_then(|at| self.cves.get_mut(*at)) {
                None => self.cves.push(cve),
                Some(own) => {
                    own.severity = own.severity.take().or(cve.severity);
                    own.exploited |= cve.exploited;
                    own.vectors.extend(cve.vectors);
                    own.vectors.sort();
                    own.vectors.dedup();
                    own.vectors.truncate(MOST_VECTORS);
                }
            }
        }
        self.cves.truncate(MOST);
        let mut fixes: Vec<Fix> = self.fixes.drain(..).chain(other.fixes).collect();
        fixes.sort();
        fixes.dedup();
        fixes.truncate(MOST);
        self.fixes = fixes;
        self.severity = self.severity.take().or(other.severity);
        self.titled.extend(other.titled);
        self.titled.sort();
        self.titled.dedup();
    }
}

impl Signals {
    /// Takes in what another page or feed tells: the earliest day of exploitation, the newest likelihood, all vectors.
    pub fn absorb(&mut self, other: Signals) {
        for (cve, told) in other.exploited {
            let own = self.exploited.entry(cve).or_insert(told);
            own.since = own.since.min(told.since);
            own.ransomware |= told.ransomware;
        }
        for (cve, told) in other.likelihood {
            let own = self.likelihood.entry(cve).or_insert(told);
            if own.since < told.since {
                *own = told;
            }
        }
        for (cve, told) in other.vectors {
            let own = self.vectors.entry(cve).or_default();
            own.extend(told);
            own.sort();
            own.dedup();
            own.truncate(MOST_VECTORS);
        }
        for (cve, told) in other.ubuntu {
            self.ubuntu.entry(cve).or_default().extend(told);
        }
    }

    /// A USN lists the CVEs of all its releases. Where Canonical's record of a CVE is known, it says in which releases the
    /// CVE is; a record that does not name the release takes the CVE out of the notice there.
    pub fn narrow(&self, advisories: &mut [Advisory]) {
        for advisory in advisories
            .iter_mut()
            .filter(|advisory| advisory.os == Os::Ubuntu)
        {
            let release = &advisory.release;
            let here = |cve: &Cve| {
                let known = self.ubuntu.get(&cve.id);
                cve.severity.is_some() || known.is_none_or(|known| known.contains_key(release))
            };
            if advisory.cves.iter().any(here) {
                advisory.cves.retain(here);
            }
        }
    }
}
