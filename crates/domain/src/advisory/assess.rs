//! The judgement of one update: from the evidence of all advisories to type, level, headline and confidence.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use serde::Serialize;

use super::apply::{Basis, Grade, Images, Status, Verdict, apply};
use super::item::Rule;
use super::level::{Level, SecurityLevel};
use super::link;
use super::packages::is_exposed;
use super::record::{Advisory, FeedState, Kind, Listed, Signals};
use crate::Instant;

mod complete;
mod kind;
mod lists;
mod rows;

/// The rules this file and its neighbours hold, as stored with every assessment.
pub const RULESET: &str = "v1";

/// Everything an update is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The two builds.
    pub images: &'a Images,
    /// Advisories, of any system and release.
    pub advisories: &'a [Advisory],
    /// The vendor's own list of changes between the two builds.
    pub listed: Option<&'a [Listed]>,
    /// KEV, EPSS, vectors.
    pub signals: &'a Signals,
    /// The feed of the image's system; none when there is none.
    pub feed: Option<&'a FeedState>,
    /// Ids of advisories that an earlier update of the same line already brought; a window that overlaps with the earlier
    /// one's does not count them again.
    pub earlier: Option<&'a BTreeSet<String>>,
}

/// What an update is, in the Prism document's words, with one of ours for what cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateType {
    /// It fixes at least one vulnerability.
    Security,
    /// Another release, kernel line or set of packages.
    Feature,
    /// None of both.
    Maintenance,
    /// The feeds do not suffice to say.
    Unknown,
}

/// How far the judgement can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// There is no feed.
    None,
    /// The window alone, one side's list, or something that may be missing.
    Low,
    /// The window and the usual packages, with fresh feeds.
    Medium,
    /// Exact on both sides.
    High,
}

/// One item of evidence, as a row that a person can argue with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The advisory; none where the vendor's list of changes names a CVE only.
    pub advisory: Option<String>,
    /// The CVE; none for an advisory that names none.
    pub cve: Option<String>,
    /// The package.
    pub package: String,
    /// Its source package.
    pub source: Option<String>,
    /// Its version on the old build, where known.
    pub old: Option<String>,
    /// The version with the fix.
    pub fixed: Option<String>,
    /// Its version on the new build, where known.
    pub new: Option<String>,
    /// What becomes of it.
    pub status: Status,
    /// How surely.
    pub grade: Grade,
    /// Where the grade comes from.
    pub basis: Basis,
    /// The item's level; `unknown` where nothing tells one.
    pub level: SecurityLevel,
    /// The vendor's level.
    pub vendor_level: SecurityLevel,
    /// The vendor's word.
    pub vendor_severity: Option<String>,
    /// The rules that took part.
    pub rules: Vec<Rule>,
    /// Since when it is known to be exploited.
    pub exploited_since: Option<Instant>,
    /// Ransomware uses it.
    pub ransomware: bool,
    /// EPSS as of the judgement.
    pub epss: Option<f64>,
    /// CVSS vectors, all of them.
    pub vectors: Vec<String>,
    /// When the advisory was published.
    pub published: Option<Instant>,
    /// Where to read on.
    pub link: Option<String>,
    #[serde(skip)]
    item_level: Option<Level>,
    #[serde(skip)]
    vendor_item_level: Option<Level>,
}

/// What an update means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// `ubuntu-22.04`
    pub base: String,
    /// The build left behind.
    pub from: String,
    /// The build that came.
    pub to: String,
    /// When it came.
    pub created: Instant,
    /// As of when this was judged.
    pub at: Instant,
    /// Which rules judged.
    pub ruleset: &'static str,
    /// What the update is.
    pub update_type: UpdateType,
    /// How severe.
    pub security_level: SecurityLevel,
    /// What it might be once `possible` items are settled.
    pub upper_bound: SecurityLevel,
    /// How far this can be relied on.
    pub confidence: Confidence,
    /// The item that matters most.
    pub headline: Option<Evidence>,
    /// Why the level is unknown, or what may be missing from it.
    pub reasons: Vec<String>,
    /// Secondary facts, such as `feature:9.5->9.6`.
    pub tags: Vec<String>,
    /// The page about the new build.
    pub changelog_url: Option<String>,
    /// Advisories of the window for packages that the image does not carry.
    pub outside: Vec<String>,
    /// Every item, the gravest first.
    pub evidence: Vec<Evidence>,
}

/// Judges an update as of `at`. The order of advisories and signals plays no part.
pub fn assess(known: &Known<'_>, at: Instant) -> Assessment {
    let images = known.images;
    let (mut evidence, mut outside) = (Vec::new(), BTreeSet::new());
    for advisory in concerned(known, at) {
        match apply(advisory, images) {
            Verdict::Applied(found) => {
                evidence.extend(rows::of_advisory(advisory, &found, known, at));
            }
            Verdict::Outside => {
                outside.insert(advisory.id.clone());
            }
            Verdict::Not => {}
        }
    }
    rows::settle(known, &mut evidence);
    evidence.extend(rows::by_vendor(known, &evidence, at));
    evidence.sort_by(weigh);
    evidence.dedup();
    rows::without_repeats(&mut evidence);

    let most = |counts: fn(Status) -> bool| {
        let rows = evidence.iter().filter(|row| counts(row.status));
        rows.filter_map(|row| row.item_level).max()
    };
    let counted = most(Status::counts);
    let upper = most(|status| status.counts() || status == Status::Possible);
    let any = evidence.iter().any(|row| row.status.counts());
    let open = complete::open(known, &evidence, at);

    let security_level = match counted {
        Some(level) if level > Level::Low || open.is_empty() => level.into(),
        // An item without a level is not low, and neither is what an incomplete feed may hold.
        Some(_) => SecurityLevel::Unknown,
        None if any || !open.is_empty() || upper > Some(Level::Low) => SecurityLevel::Unknown,
        None => SecurityLevel::None,
    };
    let upper_bound = match (upper, security_level) {
        (Some(level), SecurityLevel::Unknown) if level <= Level::Low => SecurityLevel::Unknown,
        (None, level) => level,
        (Some(level), _) => level.into(),
    };
    let mut reasons = open;
    reasons.extend(lists::unclear(known, &evidence));
    reasons.extend(complete::signals(known, &evidence));
    if upper > counted {
        let possible = evidence.iter().filter(|row| row.status == Status::Possible);
        let count = possible.count();
        reasons.push(format!(
            "{count} items may belong to this build and cannot be told from others (published shortly outside the window, or not \
             shown by the lists): it might be {upper_bound}"
        ));
    }
    let tags = kind::tags(known, at);
    let feature = tags.iter().any(|tag| tag.starts_with("feature:"));
    let update_type = match security_level {
        _ if any => UpdateType::Security,
        _ if feature => UpdateType::Feature,
        SecurityLevel::Unknown => UpdateType::Unknown,
        _ => UpdateType::Maintenance,
    };
    let confidence = complete::confidence(known, &evidence, &reasons, upper > counted, at);
    let headline = evidence.iter().find(|row| row.status.counts()).cloned();
    let advisory = headline.as_ref().and_then(|row| row.advisory.as_deref());
    let changelog_url = link::changelog(&images.base, &images.old, &images.new, advisory);
    Assessment {
        base: images.base.to_string(),
        from: images.old.name.clone(),
        to: images.new.name.clone(),
        created: images.created,
        at,
        ruleset: RULESET,
        update_type,
        security_level,
        upper_bound,
        confidence,
        headline,
        reasons,
        tags,
        changelog_url,
        outside: outside.into_iter().collect(),
        evidence,
    }
}

/// Advisories of the image's release that are known and hold as of `at`, and are about security.
fn concerned<'a>(known: &Known<'a>, at: Instant) -> impl Iterator<Item = &'a Advisory> {
    let base = &known.images.base;
    known.advisories.iter().filter(move |advisory| {
        advisory.os == base.os
            && advisory.release == base.release
            && advisory.published <= at
            && advisory.withdrawn.is_none_or(|since| since > at)
            && (advisory.kind == Kind::Security || !advisory.cves.is_empty())
    })
}

/// What makes the level stands first; what has no level stands behind that and before what is low.
fn gravity(level: Option<Level>) -> u8 {
    match level {
        Some(Level::Critical) => 0,
        Some(Level::High) => 1,
        Some(Level::Medium) => 2,
        None => 3,
        Some(Level::Low) => 4,
    }
}

/// Rule 6: what stands first. Every step is of the row itself, so that the order of reading plays no part.
fn weigh(a: &Evidence, b: &Evidence) -> Ordering {
    let vendor = |row: &Evidence| Reverse(row.vendor_item_level);
    let rank = |row: &Evidence| {
        (
            Reverse(row.status.counts()),
            gravity(row.item_level),
            Reverse(row.exploited_since.is_some()),
            Reverse(row.ransomware),
        )
    };
    let epss = |row: &Evidence| row.epss.unwrap_or_default();
    let then = |row: &Evidence| {
        (
            row.grade,
            row.status,
            row.basis,
            vendor(row),
            Reverse(is_exposed(&row.package)),
            Reverse(row.published),
        )
    };
    let text = |row: &Evidence| {
        (
            row.advisory.clone(),
            row.cve.clone(),
            row.package.clone(),
            row.fixed.clone(),
        )
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| epss(b).total_cmp(&epss(a)))
        .then_with(|| then(a).cmp(&then(b)))
        .then_with(|| text(a).cmp(&text(b)))
}

#[cfg(test)]
mod tests;
