//! What else an update brings: another release, another kernel line, other packages, enhancements.

use std::collections::BTreeSet;

use super::super::apply::{Verdict, apply};
use super::super::kernel;
use super::super::packages::PackageList;
use super::super::record::Kind;
use super::Known;
use crate::Instant;

/// Facts beside security; those that make the update a feature begin with `feature:`.
pub(super) fn tags(known: &Known<'_>, at: Instant) -> Vec<String> {
    let images = known.images;
    let mut tags = Vec::new();
    let (old, new) = (images.old.release_text(), images.new.release_text());
    if old != new {
        tags.push(format!("feature:{old}->{new}"));
    }
    if let (Some(before), Some(after)) = (&images.old_list, &images.new_list) {
        let os = images.base.os;
        let line = |list| kernel::running(os, list).map(|(_, version)| kernel::line(version));
        if let (Some(old), Some(new)) = (line(before), line(after))
            && old != new
        {
            tags.push(format!("feature:kernel {old}->{new}"));
        }
        let (before, after) = (names(before), names(after));
        for (word, one, other) in [("added", &after, &before), ("removed", &before, &after)] {
            let some: Vec<&str> = one.difference(other).map(String::as_str).collect();
            if !some.is_empty() {
                let shown = some.iter().take(5).copied().collect::<Vec<_>>().join(",");
                let more = if some.len() > 5 { ",…" } else { "" };
                tags.push(format!(
                    "feature:{word} {} packages ({shown}{more})",
                    some.len()
                ));
            }
        }
    }
    let enhancements = known.advisories.iter().filter(|advisory| {
        advisory.kind == Kind::Enhancement
            && advisory.cves.is_empty()
            && advisory.os == images.base.os
            && advisory.release == images.base.release
            && advisory.published <= at
            && matches!(apply(advisory, images), Verdict::Applied(_))
    });
    let ids: BTreeSet<&str> = enhancements.map(|advisory| advisory.id.as_str()).collect();
    tags.extend(ids.iter().take(5).map(|id| format!("feature:{id}")));
    let over = images
        .base
        .end_of_life()
        .filter(|day| *day < at.date_naive());
    tags.extend(over.map(|day| format!("end-of-life:{day}")));
    tags
}

/// Names without their numbers: `linux-image-5.15.0-1064-aws` replaces `linux-image-5.15.0-1063-aws`.
fn names(list: &PackageList) -> BTreeSet<String> {
    let bare = |name: &str| {
        let digits = name
            .chars()
            .map(|c| if c.is_ascii_digit() { '#' } else { c });
        let mut text: String = digits.collect();
        while text.contains("##") {
            text = text.replace("##", "#");
        }
        text
    };
    list.packages().map(|package| bare(&package.name)).collect()
}
