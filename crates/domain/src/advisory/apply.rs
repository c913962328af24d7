//! Which fixes of an advisory an update brings, and how surely that is known (ADVISORIES 3 and 4.3, rules 1 and 2).

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::base::{Base, Build, Os};
use super::kernel::{self, Flavour};
use super::packages::{BaseSet, PackageList, is_exposed, is_harmless};
use super::record::{Advisory, Fix, Reach};
use crate::Instant;

pub(super) mod lists;
mod words;

pub use words::{Basis, Grade, Status};

/// The two builds and what is known of their contents.
#[derive(Debug, Clone)]
pub struct Images {
    /// The base image.
    pub base: Base,
    /// The build left behind.
    pub old: Build,
    /// The build that came.
    pub new: Build,
    /// When the new build appeared first, in any region.
    pub created: Instant,
    /// What the old build carries.
    pub old_list: Option<PackageList>,
    /// What the new build carries.
    pub new_list: Option<PackageList>,
    /// What a base of this kind usually carries.
    pub set: BaseSet,
    /// The advisories in the package repositories that the builds are locked to (Amazon Linux 2023), old and new.
    pub repositories: Option<[BTreeSet<String>; 2]>,
}

/// One package of the image that an advisory concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The binary package, or the source where no binary is known.
    pub package: String,
    /// Its source.
    pub source: Option<String>,
    /// The version on the old build, where known.
    pub old: Option<String>,
    /// The version with the fix.
    pub fixed: Option<String>,
    /// The version on the new build, where known.
    pub new: Option<String>,
    /// What becomes of it.
    pub status: Status,
    /// How surely.
    pub basis: Basis,
}

/// How an advisory concerns an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// In these packages.
    Applied(Vec<Applied>),
    /// It was published in the window, for packages that the image does not carry.
    Outside,
    /// Not at all.
    Not,
}

const AFTER: TimeDelta = TimeDelta::hours(72);
const BEFORE: TimeDelta = TimeDelta::days(7);

/// Rule 1: where an advisory's publication lies.
pub fn window(advisory: &Advisory, images: &Images) -> Option<Status> {
    let (begin, end, at) = (images.old.begin(), images.created, advisory.published);
    let late = advisory
        .first_seen
        .is_some_and(|seen| begin < seen && seen <= end);
    if begin < at && at <= end {
        Some(Status::Likely)
    } else if (end < at && at <= end + AFTER) || (late && begin - BEFORE <= at && at <= begin) {
        Some(Status::Possible)
    } else {
        None
    }
}

/// What the repositories of the two builds say of an advisory, which is exact and needs no dates.
fn by_repositories(advisory: &Advisory, images: &Images) -> Option<Option<Status>> {
    let [old, new] = images.repositories.as_ref()?;
    Some(
        match (old.contains(&advisory.id), new.contains(&advisory.id)) {
            (false, true) => Some(Status::Fixed),
            (false, false) => Some(Status::StillVulnerable),
            (true, _) => None,
        },
    )
}

/// Rules 1 and 2 for one advisory of the image's release.
pub fn apply(advisory: &Advisory, images: &Images) -> Verdict {
    let told = by_repositories(advisory, images);
    let window = told.unwrap_or_else(|| window(advisory, images));
    let by_window = if told.is_some() {
        Basis::RepoDiff
    } else {
        Basis::BaseSetWindow
    };
    let both = images.old_list.is_some() || images.new_list.is_some();
    if window.is_none() && !both {
        return Verdict::Not;
    }
    let mut found: Vec<Applied> = advisory
        .fixes
        .iter()
        .filter(|fix| fix.reach != Reach::Unused)
        .filter(|fix| fix.arch.is_none_or(|arch| arch == images.base.arch))
        .flat_map(|fix| concerns(fix, (window, by_window), advisory, images))
        .collect();
    let known = !advisory.fixes.is_empty() || !advisory.titled.is_empty();
    // A record whose list was cut names its source in the title. With a list, only a fix's version would tell.
    let cut = found.iter().all(|applied| is_harmless(&applied.package));
    let reaches = |fix: &Fix| fix.reach == Reach::Plain && !is_foreign(fix, images);
    // A record for another architecture alone is not cut: it names all that it is for.
    let ours = |fix: &Fix| fix.arch.is_none_or(|arch| arch == images.base.arch);
    let elsewhere = !advisory.fixes.is_empty() && !advisory.fixes.iter().any(ours);
    if cut && !elsewhere && advisory.fixes.iter().all(reaches) {
        let by_title = advisory.titled.iter().filter(|name| carries(name, images));
        let foreign = |name: &&String| kernel::flavour(images.base.os, name) == Flavour::Foreign;
        if let (Some(status), Some(name)) = (window, by_title.clone().find(|name| !foreign(name))) {
            let several = advisory
                .fixes
                .windows(2)
                .any(|two| two[0].fixed != two[1].fixed);
            let fixed = advisory.fixes.first().filter(|_| !several);
            let applied = Applied {
                package: name.clone(),
                source: Some(name.clone()),
                old: None,
                fixed: fixed.and_then(|fix| fix.fixed.clone()),
                new: None,
                status,
                basis: by_window,
            };
            // With both lists the versions have spoken, unless the record tells none.
            if images.old_list.is_none() || images.new_list.is_none() || advisory.fixes.is_empty() {
                found = vec![applied];
            }
        }
    }
    if found.is_empty() {
        return match window {
            Some(status) if !known => Verdict::Applied(vec![Applied {
                package: "?".to_owned(),
                source: None,
                old: None,
                fixed: None,
                new: None,
                status,
                basis: Basis::WindowOnly,
            }]),
            Some(_) => Verdict::Outside,
            None => Verdict::Not,
        };
    }
    Verdict::Applied(grouped(found))
}

fn carries(name: &str, images: &Images) -> bool {
    match images.new_list.as_ref().or(images.old_list.as_ref()) {
        Some(list) => {
            list.installed(name, images.base.os.order()).is_some()
                || list.of_source(name).next().is_some()
        }
        None => images.set.has(name),
    }
}

/// Whether a fix is of a kernel that images of this base do not run.
fn is_foreign(fix: &Fix, images: &Images) -> bool {
    let source = fix.source.as_deref().unwrap_or(&fix.package);
    let lists = images.old_list.is_some() || images.new_list.is_some();
    kernel::flavour(images.base.os, source) == Flavour::Foreign
        || (!lists && kernel::is_other_line(&images.base, &fix.package, fix.fixed.as_deref()))
}

/// The packages of the image that one fix concerns.
fn concerns(
    fix: &Fix,
    (window, by_window): (Option<Status>, Basis),
    advisory: &Advisory,
    images: &Images,
) -> Vec<Applied> {
    let os = images.base.os;
    let source = fix.source.as_deref().unwrap_or(&fix.package);
    let flavour = kernel::flavour(os, source);
    if is_foreign(fix, images) {
        return Vec::new();
    }
    let applied = |package: &str, old: Option<&str>, new: Option<&str>, status, basis| Applied {
        package: package.to_owned(),
        source: fix.source.clone(),
        old: old.map(str::to_owned),
        fixed: fix.fixed.clone(),
        new: new.map(str::to_owned),
        status,
        basis,
    };
    if flavour == Flavour::Ours
        && let Some(sides) = lists::kernels(images)
    {
        return lists::by_kernel(fix, sides, images)
            .map(|(package, old, new, status)| {
                applied(package, Some(old), Some(new), status, Basis::ManifestDiff)
            })
            .into_iter()
            .collect();
    }
    // A vendor's manifest describes the generic cloud image, whose kernel another one replaces on EC2.
    let lists = images.old_list.is_some() || images.new_list.is_some();
    if !lists || (flavour == Flavour::Ours && os == Os::Ubuntu) {
        let there =
            images.set.has(&fix.package) || images.set.has(source) || flavour == Flavour::Ours;
        let status = match (fix.reach, window) {
            (Reach::Subscription, Some(_)) => Some(Status::Unfixed),
            (_, window) => window,
        };
        return status
            .filter(|_| there)
            .map(|status| applied(&fix.package, None, None, status, by_window))
            .into_iter()
            .collect();
    }
    let list = images.new_list.as_ref().or(images.old_list.as_ref());
    let by_source = lists::is_of_source(fix, os);
    let names: Vec<&str> = list
        .map(|list| lists::names(fix, list, os))
        .unwrap_or_default();
    if names.is_empty() {
        return lists::unsure(fix, advisory, window, images)
            .map(|(name, (old, new, status, basis))| applied(name, old, new, status, basis))
            .into_iter()
            .collect();
    }
    names
        .into_iter()
        .filter_map(|name| {
            let sourced = name != fix.package || by_source;
            let asked = lists::Asked {
                fix,
                name,
                sourced,
                window,
                late: advisory.published > images.created + AFTER,
                undated: advisory.is_undated(),
            };
            let (old, new, status, basis) = lists::by_lists(&asked, images)?;
            Some(applied(name, old, new, status, basis))
        })
        .collect()
}

/// One row for the packages of one source with one fate: the one that listens, else the one that is named as its source, else
/// the first; harmless ones stand last.
fn grouped(found: Vec<Applied>) -> Vec<Applied> {
    let mut rows: BTreeMap<(Option<String>, Status, Option<String>), Applied> = BTreeMap::new();
    let rank = |applied: &Applied| {
        let name = applied.package.clone();
        let namesake = applied.source.as_deref() == Some(&name);
        // Only one package of an exposed source holds the service itself.
        let listens = is_exposed(&name).then(|| !name.ends_with("-server"));
        (
            listens.is_none(),
            is_harmless(&name),
            listens.unwrap_or(!namesake),
            name,
        )
    };
    for applied in found {
        let key = (
            applied.source.clone(),
            applied.status,
            applied.fixed.clone(),
        );
        let better = rows.get(&key).is_none_or(|row| rank(&applied) < rank(row));
        if better {
            rows.insert(key, applied);
        }
    }
    rows.into_values().collect()
}
