//! Rows of evidence: from advisories, and from the vendor's own list of what changed between two builds.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::super::apply::{Applied, Basis, Grade, Status};
use super::super::base::Os;
use super::super::item::{self, Facts};
use super::super::kernel::{Flavour, flavour};
use super::super::level::{Level, SecurityLevel, Vocabulary};
use super::super::link;
use super::super::order::compare_to_fix;
use super::super::packages::is_harmless;
use super::super::record::{Advisory, Cve, Listed, Signals};
use super::{Evidence, Known};
use crate::Instant;

/// The rows of one advisory: each CVE in each package that it concerns.
pub(super) fn of_advisory(
    advisory: &Advisory,
    found: &[Applied],
    known: &Known<'_>,
    at: Instant,
) -> Vec<Evidence> {
    let base = &known.images.base;
    let page = link::advisory(base.os, &base.release, &advisory.id);
    let earlier = known
        .earlier
        .is_some_and(|earlier| earlier.contains(&advisory.id));
    let mut rows = Vec::new();
    for applied in found {
        let repeated = earlier && applied.basis.grade() != Grade::A;
        if repeated || item::is_data_only(&applied.package, advisory.cves.len()) {
            continue;
        }
        let cves: Vec<Option<&Cve>> = match advisory.cves.as_slice() {
            [] => vec![None],
            cves => cves.iter().map(Some).collect(),
        };
        for cve in cves {
            let facts = Facts {
                vocabulary: match base.os {
                    // A DSA is worth an advisory, and a fix without one is not.
                    Os::Debian if advisory.is_undated() => Vocabulary::Tracker,
                    os => os.vocabulary(),
                },
                word: advisory.severity.as_deref(),
                cve,
                release: &base.release,
                package: &applied.package,
                grade: applied.basis.grade(),
                published: advisory.published,
            };
            let mut row = row(applied, &facts, known.signals, at);
            row.advisory = Some(advisory.id.clone());
            row.published = Some(advisory.published).filter(|_| !advisory.is_undated());
            row.link.clone_from(&page);
            rows.push(row);
        }
    }
    rows
}

/// The vendor's list of changes is exact and its window is not: what it lists decides what becomes of a package, and a fix for
/// a package that did not change is in neither build or in both. Kernels stay: the list is of the generic image.
pub(super) fn settle(known: &Known<'_>, evidence: &mut Vec<Evidence>) {
    let Some(listed) = known.listed else { return };
    let base = &known.images.base;
    let order = base.os.order();
    evidence.retain_mut(|row| {
        let source = row.source.as_deref().unwrap_or(&row.package);
        let dated = matches!(row.status, Status::Likely | Status::Possible);
        if row.grade == Grade::A || !dated || flavour(base.os, source) == Flavour::Ours {
            return true;
        }
        let change = listed
            .iter()
            .find(|change| change.package == row.package)
            .or_else(|| {
                let same = |change: &&Listed| change.source.as_deref() == Some(source);
                listed.iter().find(same)
            });
        let Some(change) = change else { return false };
        let below = |side: &Option<String>| {
            let fixed = row.fixed.as_deref()?;
            let installed = side.as_deref()?;
            Some(compare_to_fix(order, installed, fixed) == Ordering::Less)
        };
        row.status = match (below(&change.old), below(&change.new)) {
            (Some(true), Some(false)) => Status::Fixed,
            (_, Some(true)) => Status::StillVulnerable,
            (Some(false), _) | (None, Some(false)) => return false,
            // Nothing to compare: the window is all there is.
            (_, None) => return true,
        };
        row.basis = Basis::VendorChangelog;
        row.grade = Grade::A;
        row.old.clone_from(&change.old);
        row.new.clone_from(&change.new);
        true
    });
}

/// What the vendor's own list of changes tells, where no advisory told it as exactly.
pub(super) fn by_vendor(known: &Known<'_>, told: &[Evidence], at: Instant) -> Vec<Evidence> {
    let base = &known.images.base;
    let mut rows = Vec::new();
    for change in known.listed.into_iter().flatten() {
        // The list is of the cloud image with the generic kernel, which EC2's images do not run.
        let source = change.source.as_deref().unwrap_or(&change.package);
        if flavour(base.os, source) == Flavour::Foreign && !is_harmless(&change.package) {
            continue;
        }
        for cve in &change.cves {
            let same = told.iter().find(|row| {
                row.cve.as_deref() == Some(&cve.id)
                    && (row.source.as_deref() == change.source.as_deref()
                        || row.package == change.package)
            });
            if same.is_some_and(|row| row.grade == Grade::A) {
                continue;
            }
            let applied = Applied {
                package: change.package.clone(),
                source: change.source.clone(),
                old: change.old.clone(),
                fixed: change.new.clone(),
                new: change.new.clone(),
                status: Status::Fixed,
                basis: Basis::VendorChangelog,
            };
            let facts = Facts {
                vocabulary: base.os.vocabulary(),
                word: None,
                cve: Some(cve),
                release: &base.release,
                package: &change.package,
                grade: Grade::A,
                published: known.images.created,
            };
            let mut row = row(&applied, &facts, known.signals, at);
            row.advisory = same.and_then(|row| row.advisory.clone());
            row.published = same.and_then(|row| row.published);
            row.link = same.and_then(|row| row.link.clone());
            rows.push(row);
        }
    }
    rows
}

/// Drops the record of a CVE's fix where an advisory tells of the same CVE in the same source.
pub(super) fn without_repeats(evidence: &mut Vec<Evidence>) {
    fn key(row: &Evidence) -> (Option<String>, String) {
        let source = row.source.as_ref().unwrap_or(&row.package);
        (row.cve.clone(), source.clone())
    }
    let by_record = |row: &Evidence| row.cve.is_some() && row.advisory == row.cve;
    let told: BTreeSet<_> = evidence
        .iter()
        .filter(|row| !by_record(row))
        .map(key)
        .collect();
    evidence.retain(|row| !by_record(row) || !told.contains(&key(row)));
}

fn row(applied: &Applied, facts: &Facts<'_>, signals: &Signals, at: Instant) -> Evidence {
    let said = item::judge(facts, signals, at);
    let level = |level: Option<Level>| level.map_or(SecurityLevel::Unknown, SecurityLevel::from);
    Evidence {
        advisory: None,
        cve: facts.cve.map(|cve| cve.id.clone()),
        package: applied.package.clone(),
        source: applied.source.clone(),
        old: applied.old.clone(),
        fixed: applied.fixed.clone(),
        new: applied.new.clone(),
        status: applied.status,
        grade: applied.basis.grade(),
        basis: applied.basis,
        level: level(said.level),
        vendor_level: level(said.vendor),
        vendor_severity: said.word,
        rules: said.rules,
        exploited_since: said.exploited.map(|exploited| exploited.since),
        ransomware: said.exploited.is_some_and(|exploited| exploited.ransomware),
        epss: said.likelihood,
        vectors: said.vectors,
        published: None,
        link: None,
        item_level: said.level,
        vendor_item_level: said.vendor,
    }
}
