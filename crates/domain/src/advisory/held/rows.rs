//! Rows of what a list lacks, as severe as the rules of updates find, and what has changed from one list to the next.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::super::apply::Grade;
use super::super::base::{Base, Os};
use super::super::item::{self, Rule};
use super::super::level::{SecurityLevel, Vocabulary};
use super::super::link;
use super::super::packages::is_exposed;
use super::super::record::{Advisory, Cve, Kind, Signals};
use super::{Carried, Holding, Part};
use crate::Instant;

/// A vulnerability of something that is carried, as a row that a person can argue with.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The advisory.
    pub advisory: String,
    /// The CVE; none for an advisory that names none.
    pub cve: Option<String>,
    /// The package and the two versions.
    pub part: Part,
    /// How severe, by the rules that updates of base images are judged by.
    pub level: SecurityLevel,
    /// The vendor's word.
    pub vendor_severity: Option<String>,
    /// The rules that took part.
    pub rules: Vec<Rule>,
    /// Since when it is known to be exploited.
    pub exploited_since: Option<Instant>,
    /// When the advisory was published; none for a record without a day.
    pub published: Option<Instant>,
    /// Where to read on.
    pub link: Option<String>,
}

impl Item {
    fn key(&self) -> (&str, Option<&str>, Option<&str>) {
        let of = self.part.source.as_deref().or(Some(&self.part.package));
        (&self.advisory, self.cve.as_deref(), of)
    }
}

/// How a list stands to all advisories of its system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Holdings {
    /// Fixes that it lacks, the gravest first.
    pub open: Vec<Item>,
    /// What cannot be said, in the same order.
    pub unknown: Vec<Item>,
    /// Advisories of which it has the fix.
    pub fixed: usize,
}

/// Holds a list against the advisories that are known and hold as of `at`.
pub fn holdings(
    carried: &Carried,
    advisories: &[Advisory],
    signals: &Signals,
    at: Instant,
) -> Holdings {
    let mut told = Holdings::default();
    for advisory in advisories.iter().filter(|advisory| counts(advisory, at)) {
        let parts = carried.parts(advisory);
        let open = |part: &Part| part.holding == Holding::Vulnerable;
        let unsure = |part: &Part| part.holding == Holding::Unknown;
        if parts.iter().any(|part| part.holding == Holding::Fixed) && !parts.iter().any(open) {
            told.fixed += 1;
        }
        for part in &parts {
            let to = match part.holding {
                _ if open(part) => &mut told.open,
                _ if unsure(part) => &mut told.unknown,
                _ => continue,
            };
            to.extend(items(&carried.base, advisory, part, signals, at));
        }
    }
    told.open.sort_by(weigh);
    told.unknown.sort_by(weigh);
    told
}

/// Whether an advisory is known and holds as of `at`, and is about security.
pub fn counts(advisory: &Advisory, at: Instant) -> bool {
    advisory.published <= at && stands(advisory, at)
}

/// Whether an advisory that was asked for by name holds as of `at`, and is about security: it says what it says, also before
/// the day it is dated, for a simulated calendar is behind its feeds.
pub fn stands(advisory: &Advisory, at: Instant) -> bool {
    advisory.withdrawn.is_none_or(|since| since > at)
        && (advisory.kind == Kind::Security || !advisory.cves.is_empty())
}

/// The rows of one advisory and package: one for each CVE.
pub fn items(
    base: &Base,
    advisory: &Advisory,
    part: &Part,
    signals: &Signals,
    at: Instant,
) -> Vec<Item> {
    if item::is_data_only(&part.package, advisory.cves.len()) {
        return Vec::new();
    }
    let cves: Vec<Option<&Cve>> = match advisory.cves.as_slice() {
        [] => vec![None],
        cves => cves.iter().map(Some).collect(),
    };
    let link = link::advisory(base.os, &base.release, &advisory.id);
    let row = |cve: Option<&Cve>| {
        let facts = item::Facts {
            vocabulary: match base.os {
                // A DSA is worth an advisory, and a fix without one is not.
                Os::Debian if advisory.is_undated() => Vocabulary::Tracker,
                os => os.vocabulary(),
            },
            word: advisory.severity.as_deref(),
            cve,
            release: &base.release,
            package: &part.package,
            grade: Grade::A,
            published: advisory.published,
        };
        let said = item::judge(&facts, signals, at);
        Item {
            advisory: advisory.id.clone(),
            cve: cve.map(|cve| cve.id.clone()),
            part: part.clone(),
            level: said
                .level
                .map_or(SecurityLevel::Unknown, SecurityLevel::from),
            vendor_severity: said.word,
            rules: said.rules,
            exploited_since: said.exploited.map(|told| told.since),
            published: Some(advisory.published).filter(|_| !advisory.is_undated()),
            link: link.clone(),
        }
    };
    cves.into_iter().map(row).collect()
}

/// What stands first: the gravest, what is exploited, the newest.
fn weigh(a: &Item, b: &Item) -> std::cmp::Ordering {
    // What has no level stands behind what may be bad and before what is low.
    let gravity = |item: &Item| match item.level {
        SecurityLevel::Critical => 0,
        SecurityLevel::High => 1,
        SecurityLevel::Medium => 2,
        SecurityLevel::Unknown => 3,
        SecurityLevel::Low | SecurityLevel::None => 4,
    };
    let rank = |item: &Item| {
        (
            gravity(item),
            item.exploited_since.is_none(),
            Reverse(is_exposed(&item.part.package)),
            Reverse(item.published),
        )
    };
    let text = |item: &Item| {
        let of = (item.advisory.clone(), item.cve.clone());
        (of, item.part.package.clone())
    };
    rank(a).cmp(&rank(b)).then_with(|| text(a).cmp(&text(b)))
}

/// What changed from one list to the next, both held against the same advisories.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Against {
    /// Open before and not any more, with the versions of before.
    pub fixed: Vec<Item>,
    /// Open now and not before: a package came, or an older version of one.
    pub new: Vec<Item>,
}

/// What is open now against what was open in the image before.
pub fn against(now: &[Item], before: &[Item]) -> Against {
    let only = |these: &[Item], those: &[Item]| {
        let known: BTreeSet<_> = those.iter().map(Item::key).collect();
        let left = these.iter().filter(|item| !known.contains(&item.key()));
        left.cloned().collect()
    };
    Against {
        fixed: only(before, now),
        new: only(now, before),
    }
}
