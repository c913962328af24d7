//! What a list of installed packages says of the advisories: which fixes the image has, which it lacks, and which are for
//! nothing that it carries (FEATURES G6, ADVISORIES 3). The list is the image's own, so that this holds for packages that a
//! template installs by itself, too.

use std::collections::BTreeMap;

use serde::Serialize;

use super::apply::lists;
use super::base::{Base, Os};
use super::kernel::{self, Flavour};
use super::order::{Order, compare_to_fix};
use super::packages::{BaseSet, PackageList, is_exposed, is_harmless, is_version};
use super::record::{Advisory, Fix, Reach};
use crate::guest::packages::Listed;

mod rows;

pub use rows::{Against, Holdings, Item, against, counts, holdings, items, stands};

/// How something stands to a fix; the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// It carries none of the packages.
    NotConcerned,
    /// It has the fix.
    Fixed,
    /// It carries the package, and the versions cannot be compared.
    Unknown,
    /// It carries the package without the fix.
    Vulnerable,
}

impl Holding {
    /// The word in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Holding::NotConcerned => "not_concerned",
            Holding::Fixed => "fixed",
            Holding::Unknown => "unknown",
            Holding::Vulnerable => "vulnerable",
        }
    }
}

/// One installed package that an advisory concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The binary package.
    pub package: String,
    /// Its source, where it is known.
    pub source: Option<String>,
    /// The installed version; none where the list tells none.
    pub installed: Option<String>,
    /// The version with the fix; none where the record does not tell.
    pub fixed: Option<String>,
    /// How it stands.
    pub holding: Holding,
    /// Only a subscription brings the fix.
    pub subscription: bool,
}

/// What an image or instance carries, by a list of its own.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The system that the list is of.
    pub base: Base,
    list: PackageList,
}

impl Carried {
    /// From a list that was taken at the end of an install.
    pub fn new(base: Base, listed: Listed) -> Self {
        let mut list = listed.list(&BaseSet::of(&base));
        // An image boots the newest kernel, whichever ran while it was installed.
        list.booted = None;
        Self { base, list }
    }

    /// How many packages.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How it stands to an advisory, by the gravest of its packages.
    pub fn holding(&self, advisory: &Advisory) -> Holding {
        let parts = self.parts(advisory);
        let gravest = parts.iter().map(|part| part.holding).max();
        gravest.unwrap_or(Holding::NotConcerned)
    }

    /// The installed packages that an advisory concerns: one for each source and fate, which is the one that listens, else
    /// the source's namesake, else the first. None for an advisory of another system or release.
    pub fn parts(&self, advisory: &Advisory) -> Vec<Part> {
        let Base { os, release, arch } = &self.base;
        if advisory.os != *os || advisory.release != *release {
            return Vec::new();
        }
        let ours = |fix: &&Fix| fix.reach != Reach::Unused && fix.arch.is_none_or(|of| of == *arch);
        let found = advisory.fixes.iter().filter(ours);
        let mut found: Vec<Part> = found.flat_map(|fix| self.by_fix(fix)).collect();
        if advisory.fixes.is_empty() {
            found.extend(advisory.titled.iter().filter_map(|name| self.titled(name)));
        }
        let mut rows: BTreeMap<(Option<String>, Holding, Option<String>), Part> = BTreeMap::new();
        let rank = |part: &Part| {
            let name = part.package.clone();
            let namesake = part.source.as_deref() == Some(&name);
            (
                !is_exposed(&name),
                !name.ends_with("-server"),
                is_harmless(&name),
                !namesake,
                name,
            )
        };
        for part in found {
            let key = (part.source.clone(), part.holding, part.fixed.clone());
            let better = rows.get(&key).is_none_or(|row| rank(&part) < rank(row));
            if better {
                rows.insert(key, part);
            }
        }
        rows.into_values().collect()
    }

    fn by_fix(&self, fix: &Fix) -> Vec<Part> {
        let os = self.base.os;
        let order = os.order();
        let source = fix.source.as_deref().unwrap_or(&fix.package);
        let part = |package: &str, installed: Option<&str>, holding| Part {
            package: package.to_owned(),
            // rpm's records name no source, and the list does.
            source: fix.source.clone().or_else(|| {
                let listed = self.list.installed(package, order);
                listed.and_then(|listed| listed.source.clone())
            }),
            installed: installed.map(str::to_owned),
            fixed: fix.fixed.clone(),
            holding,
            subscription: fix.reach == Reach::Subscription,
        };
        match kernel::flavour(os, source) {
            Flavour::Foreign => return Vec::new(),
            Flavour::Ours => {
                let found = self.by_kernel(fix);
                let found =
                    found.map(|(package, version, holding)| part(package, Some(version), holding));
                return found.into_iter().collect();
            }
            Flavour::Other => {}
        }
        let names = lists::names(fix, &self.list, os);
        if names.is_empty() {
            // A list that does not tell of which sources its packages are.
            let bare = order == Order::Deb && fix.package == source && fix.reach == Reach::Plain;
            let related = bare.then(|| self.list.related(source)).flatten();
            let unsure = related.map(|name| {
                let package = self.list.installed(name, order);
                let version = package.map(|package| package.version.as_str());
                part(name, version, Holding::Unknown)
            });
            return unsure.into_iter().collect();
        }
        let by_source = lists::is_of_source(fix, os);
        let judged = names.into_iter().filter_map(|name| {
            let package = self.list.installed(name, order)?;
            let fixed = fix.fixed.as_deref();
            let other = |fixed| kernel::is_line_of_another(os, name, Some(package), fixed);
            if fixed.is_some_and(other) {
                return None;
            }
            let version = match name != fix.package || by_source {
                true => package.as_source(),
                false => &package.version,
            };
            let told = package.is_comparable(order);
            let fixed = fixed.filter(|fixed| told && is_version(fixed, order));
            let holding = fixed.map_or(Holding::Unknown, |fixed| by_version(order, version, fixed));
            let shown = Some(package.version.as_str()).filter(|version| !version.is_empty());
            Some(part(name, shown, holding))
        });
        judged.collect()
    }

    /// The kernel's package, its version, and how it stands; none for a fix of another line than it is of.
    fn by_kernel(&self, fix: &Fix) -> Option<(&str, &str, Holding)> {
        let os = self.base.os;
        let (package, version) = kernel::running(os, &self.list)?;
        let order = os.order();
        let Some(fixed) = fix.fixed.as_deref().filter(|text| is_version(text, order)) else {
            return Some((package, version, Holding::Unknown));
        };
        if !is_version(version, order) {
            return Some((package, version, Holding::Unknown));
        }
        let same = kernel::line(version) == kernel::line(fixed);
        same.then(|| (package, version, by_version(order, version, fixed)))
    }

    /// A package that only an advisory's title names.
    fn titled(&self, name: &str) -> Option<Part> {
        let os = self.base.os;
        if kernel::flavour(os, name) == Flavour::Foreign {
            return None;
        }
        let built = || self.list.of_source(name).next();
        let package = self.list.installed(name, os.order());
        let package =
            package.or_else(|| built().and_then(|of| self.list.installed(of, os.order())))?;
        Some(Part {
            package: package.name.clone(),
            source: package.source.clone(),
            installed: Some(package.version.clone()),
            fixed: None,
            holding: Holding::Unknown,
            subscription: false,
        })
    }
}

fn by_version(order: Order, installed: &str, fixed: &str) -> Holding {
    match compare_to_fix(order, installed, fixed).is_lt() {
        true => Holding::Vulnerable,
        false => Holding::Fixed,
    }
}

/// The base image whose system calls itself so in its list: `Ubuntu 22.04.4 LTS`, `AlmaLinux release 9.4 (Seafoam Ocelot)`.
pub fn system(release: &str, arch: crate::arch::Arch) -> Option<Base> {
    const NAMES: [(&str, Os); 6] = [
        ("ubuntu", Os::Ubuntu),
        ("debian", Os::Debian),
        ("rocky", Os::Rocky),
        ("almalinux", Os::AlmaLinux),
        ("amazon linux", Os::Amazon),
        ("red hat enterprise linux", Os::Rhel),
    ];
    let text = release.trim().to_ascii_lowercase();
    let (_, os) = NAMES.iter().find(|(name, _)| text.starts_with(name))?;
    let numbers = |c: char| !c.is_ascii_digit() && c != '.';
    let number = text.split(numbers).find(|word| !word.is_empty())?;
    let mut parts = number.split('.');
    let major = parts.next()?;
    let known = match (os, parts.next()) {
        (Os::Ubuntu, Some(minor)) => format!("{major}.{minor}"),
        _ => major.to_owned(),
    };
    let release = os.releases().iter().find(|release| **release == known)?;
    Some(Base {
        os: *os,
        release: (*release).to_owned(),
        arch,
    })
}

#[cfg(test)]
mod tests;
