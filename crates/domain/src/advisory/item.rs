//! How severe one item is: the vendor's word, what exploitation adds (R1 to R3) and what evidence takes away (C1 to C3).

use serde::Serialize;

use super::apply::Grade;
use super::level::{Level, Vocabulary, vendor_level};
use super::packages::{is_exposed, is_harmless};
use super::record::{Cve, Exploited, Signals};
use super::vector;
use crate::Instant;

/// A rule that took part in an item's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Rule {
    /// It is exploited: one above the vendor's level, high at least.
    R1,
    /// EPSS finds exploitation likely.
    R2,
    /// A takeover over the network, without account or help, in a package that listens.
    R3,
    /// By the window alone: at most low, exploited at most high.
    C1,
    /// Headers, documentation, firmware of absent hardware: at most low.
    C2,
}

impl Rule {
    /// What it says, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Rule::R1 => "known to be exploited",
            Rule::R2 => "likely to be exploited soon (EPSS)",
            Rule::R3 => {
                "takeover over the network, without account or help, of a service that listens"
            }
            Rule::C1 => "not known whether the image carries the package",
            Rule::C2 => "not running: headers, documentation, or firmware of absent hardware",
        }
    }
}

/// One item's severity and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Severity {
    /// The level; none when not even a rule tells one.
    pub level: Option<Level>,
    /// What the vendor says.
    pub vendor: Option<Level>,
    /// In its own word: of the CVE, else of the whole advisory.
    pub word: Option<String>,
    /// The rules that took part, in their order.
    pub rules: Vec<Rule>,
    /// Since when it is known to be exploited, as of the time of judging.
    pub exploited: Option<Exploited>,
    /// EPSS, as of the time of judging.
    pub likelihood: Option<f64>,
    /// All vectors known.
    pub vectors: Vec<String>,
}

/// What an item is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Whose words.
    pub vocabulary: Vocabulary,
    /// The vendor's word for the whole advisory.
    pub word: Option<&'a str>,
    /// The CVE; none for an advisory that names none.
    pub cve: Option<&'a Cve>,
    /// The image's base release, for Canonical's priority in it.
    pub release: &'a str,
    /// The package.
    pub package: &'a str,
    /// The evidence's grade.
    pub grade: Grade,
    /// When the advisory was published, since when its own word about exploitation holds.
    pub published: Instant,
}

/// Judges one item as of `at`.
pub fn judge(facts: &Facts<'_>, signals: &Signals, at: Instant) -> Severity {
    let id = facts.cve.map(|cve| cve.id.as_str()).unwrap_or_default();
    let mut vectors: Vec<String> = facts.cve.map(|cve| cve.vectors.clone()).unwrap_or_default();
    // A vector tells of the flaw, in whichever record it stands. Canonical's are in its CVE records, and Debian's and Amazon's feeds
    // hold none: without the ones of others R3 could never speak there, and Debian would have no `high`. Red Hat, Rocky and
    // Microsoft score their own builds, and theirs count. AlmaLinux is judged by its word alone: the replay of its images,
    // which says what the rules should find there, was measured so, and finds one more critical with borrowed vectors.
    let borrows = matches!(
        facts.vocabulary,
        Vocabulary::Ubuntu | Vocabulary::Debian | Vocabulary::Tracker | Vocabulary::Amazon
    );
    let elsewhere = signals.vectors.get(id).filter(|_| borrows);
    for vector in elsewhere.into_iter().flatten() {
        if !vectors.contains(vector) {
            vectors.push(vector.clone());
        }
    }
    let own = facts.cve.and_then(|cve| cve.severity.as_deref());
    let elsewhere = || match facts.vocabulary {
        Vocabulary::Ubuntu => signals
            .ubuntu
            .get(id)?
            .get(facts.release)
            .map(String::as_str),
        _ => None,
    };
    // The advisory's word stands for all its CVEs, a CVE's own for that one; the graver counts.
    let level = |word: Option<&str>| vendor_level(facts.vocabulary, word, &vectors);
    let own = own.or_else(elsewhere);
    // `None` for the whole advisory says nothing where the CVE has a word of its own, and the other way round.
    let silent = |word: &&str| word.trim().is_empty() || word.trim().eq_ignore_ascii_case("none");
    let (whole, single) = match (facts.word, own) {
        (Some(whole), Some(single)) if silent(&whole) => (None, Some(single)),
        (Some(whole), Some(single)) if silent(&single) => (Some(whole), None),
        words => words,
    };
    let vendor = match (whole, single) {
        (Some(word), Some(own)) => level(Some(word)).max(level(Some(own))),
        (word, own) => level(word.or(own)),
    };

    let listed = signals.exploited.get(id).copied();
    let listed = listed.filter(|exploited| exploited.since <= at);
    let told = facts.cve.is_some_and(|cve| cve.exploited) && facts.published <= at;
    let exploited = listed.or(told.then_some(Exploited {
        since: facts.published,
        ransomware: false,
    }));
    let before = signals.likelihood_before.get(id).into_iter().flatten();
    let days = signals.likelihood.get(id).into_iter().chain(before);
    let likelihood = days
        .filter(|epss| epss.since <= at)
        .max_by(|a, b| a.since.cmp(&b.since).then(a.value.total_cmp(&b.value)))
        .map(|epss| epss.value);

    let mut rules = Vec::new();
    let mut result = vendor;
    let mut raise = |rule: Rule, to: Option<Level>| {
        if to.is_some() {
            rules.push(rule);
            result = result.max(to);
        }
    };
    if exploited.is_some() {
        let to = vendor.map_or(Level::High, |s| s.max(Level::Medium).raised());
        raise(Rule::R1, Some(to));
    }
    let network = vectors.iter().any(|vector| vector::is_network(vector));
    raise(
        Rule::R2,
        match (likelihood.unwrap_or_default(), vendor) {
            (epss, Some(Level::High | Level::Critical)) if epss >= 0.5 => Some(Level::Critical),
            (epss, Some(Level::Medium)) if epss >= 0.5 || (epss >= 0.1 && network) => {
                Some(Level::High)
            }
            _ => None,
        },
    );
    let takes_over = vectors.iter().any(|vector| vector::takes_over(vector));
    if takes_over && is_exposed(facts.package) && vendor >= Some(Level::High) {
        raise(Rule::R3, Some(Level::Critical));
    }

    let mut cap = |rule: Rule, most: Level| {
        rules.push(rule);
        result = result.map(|level| level.min(most));
    };
    if facts.grade == Grade::D {
        let most = exploited.map_or(Level::Low, |_| Level::High);
        cap(Rule::C1, most);
    }
    if is_harmless(facts.package) {
        cap(Rule::C2, Level::Low);
    }
    Severity {
        level: result,
        vendor,
        word: single.or(whole).map(str::to_owned),
        rules,
        exploited,
        likelihood,
        vectors,
    }
}

/// Rule C3: data that is renewed without any vulnerability.
pub fn is_data_only(package: &str, cves: usize) -> bool {
    cves == 0
        && matches!(
            package,
            "tzdata" | "tzdata-legacy" | "ca-certificates" | "distro-info-data"
        )
}

#[cfg(test)]
mod tests;
