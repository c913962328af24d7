//! Whether the lists of packages can be those of the two builds, and how exactly they speak.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::super::apply::lists::lacks;
use super::super::apply::{Images, Status};
use super::super::base::Build;
use super::super::kernel::{Flavour, flavour};
use super::super::packages::{PackageList, is_harmless};
use super::super::record::Reach;
use super::{Evidence, Known, concerned};
use crate::Instant;

/// An image carries what was published so long before its day.
const SETTLED: TimeDelta = TimeDelta::days(7);
/// How far back fixes say whether a list is of its day.
const RECENT: TimeDelta = TimeDelta::days(180);
/// Fixes that a list of an older build lacks at least.
const SEVERAL: usize = 3;

/// The lists with the builds that they should be of.
fn sides(images: &Images) -> impl Iterator<Item = (&'static str, &PackageList, &Build)> {
    let old = images
        .old_list
        .as_ref()
        .map(|list| ("old", list, &images.old));
    let new = images
        .new_list
        .as_ref()
        .map(|list| ("new", list, &images.new));
    old.into_iter().chain(new)
}

/// Why a list cannot be the one of its build, so that nothing it says holds; empty where nothing speaks against it.
pub(super) fn wrong(known: &Known<'_>, at: Instant) -> Vec<String> {
    let images = known.images;
    let mut wrong: Vec<String> = went_back(images).into_iter().collect();
    for (side, list, build) in sides(images) {
        wrong.extend(older(known, side, list, build, at));
    }
    wrong
}

/// An update brings newer packages; lists by which most go back are exchanged, or of other builds.
fn went_back(images: &Images) -> Option<String> {
    let (old, new) = (images.old_list.as_ref()?, images.new_list.as_ref()?);
    let order = images.base.os.order();
    let (mut back, mut forth) = (0, 0);
    for package in new.packages() {
        let before = old.installed(&package.name, order);
        let Some(before) = before.filter(|before| before.is_comparable(order)) else {
            continue;
        };
        match order.compare(&before.version, &package.version) {
            _ if !package.is_comparable(order) => {}
            Ordering::Less => forth += 1,
            Ordering::Greater => back += 1,
            Ordering::Equal => {}
        }
    }
    (back > forth).then(|| {
        format!(
            "the lists of packages go back: {back} packages are older in the new build's list, {forth} are newer"
        )
    })
}

/// A build has the fixes that were published a week before its day. A list that lacks most of them is of an older one.
fn older(
    known: &Known<'_>,
    side: &str,
    list: &PackageList,
    build: &Build,
    at: Instant,
) -> Option<String> {
    let os = known.images.base.os;
    let (first, last) = (build.begin() - RECENT, build.begin() - SETTLED);
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    let settled = concerned(known, at)
        .filter(|advisory| first <= advisory.published && advisory.published <= last);
    for fix in settled.flat_map(|advisory| &advisory.fixes) {
        let source = fix.source.as_deref().unwrap_or(&fix.package);
        // Kernels stay installed beside newer ones, and of several streams an image has one.
        let kernel = flavour(os, source) != Flavour::Other || source.starts_with("kernel");
        let ours = fix.arch.is_none_or(|arch| arch == known.images.base.arch);
        if kernel || !ours || fix.reach != Reach::Plain || is_harmless(&fix.package) {
            continue;
        }
        if let Some(lacks) = lacks(fix, list, os) {
            *found.entry(source).or_default() |= lacks;
        }
    }
    let lacking = found.values().filter(|lacks| **lacks).count();
    (lacking >= SEVERAL && lacking * 2 > found.len()).then(|| {
        format!(
            "the list of the {side} build is older than {}: it lacks fixes of {lacking} of {} sources that were published \
             up to a week before its day",
            build.name,
            found.len()
        )
    })
}

/// What the lists leave open although they are those of the builds.
pub(super) fn unclear(known: &Known<'_>, evidence: &[Evidence]) -> Vec<String> {
    let order = known.images.base.os.order();
    let mut unclear = Vec::new();
    for (side, list, _) in sides(known.images) {
        let lacking = list.lacking(order);
        if !lacking.is_empty() {
            unclear.push(format!(
                "the list of the {side} build is not whole: it lacks {}, which every such image carries",
                lacking.join(", ")
            ));
        }
        let mut blank = list.incomparable(order);
        if let Some(first) = blank.next() {
            unclear.push(format!(
                "the list of the {side} build tells no version of {} packages, such as {first}: the days speak for them",
                1 + blank.count()
            ));
        }
    }
    let listed = sides(known.images).next().is_some();
    let guessed = evidence.iter().find(|row| {
        let named = row.source.as_deref() != Some(&row.package);
        listed && named && row.status == Status::Possible && row.new.is_some()
    });
    unclear.extend(guessed.map(|row| {
        format!(
            "the lists do not tell sources: {} may be built of {}",
            row.package,
            row.source.as_deref().unwrap_or("another source")
        )
    }));
    unclear
}

/// Whether the lists leave room for what they do not show, although both are there.
pub(super) fn is_vague(images: &Images) -> bool {
    let order = images.base.os.order();
    sides(images).any(|(_, list, _)| {
        list.is_unsourced() && order == super::super::order::Order::Deb
            || list.incomparable(order).next().is_some()
    })
}
