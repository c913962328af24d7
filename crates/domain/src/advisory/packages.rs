//! Which packages an image carries: its own list, or until one is known the set a base of its kind usually has.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{Order, without_rebuild};

mod set;

pub use set::BaseSet;

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The binary package, without `:amd64`.
    pub name: String,
    /// Version with epoch and release; empty where the list tells none.
    pub version: String,
    /// Its source package, where the list tells.
    pub source: Option<String>,
    /// The source's version, where it differs and the list tells.
    pub source_version: Option<String>,
}

/// Everything an image carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageList {
    by_name: BTreeMap<String, Vec<Package>>,
    by_source: BTreeMap<String, BTreeSet<String>>,
    /// Packages of which neither the list nor the set tells the source.
    unsourced: BTreeSet<String>,
    /// `uname -r`, which says the kernel that boots.
    pub booted: Option<String>,
    /// The image's own list; the vendor's manifest of the cloud image has another kernel.
    pub own: bool,
}

impl PackageList {
    /// A list; `set` knows the sources of packages whose list does not tell them.
    pub fn new(packages: Vec<Package>, set: &BaseSet) -> Self {
        let mut list = Self::default();
        for mut package in packages {
            if package.source.is_none() {
                package.source = set.source_of(&package.name).map(str::to_owned);
            }
            if package.source.is_none() {
                list.unsourced.insert(package.name.clone());
            }
            let source = package
                .source
                .clone()
                .unwrap_or_else(|| package.name.clone());
            let names = list.by_source.entry(source).or_default();
            names.insert(package.name.clone());
            let same = list.by_name.entry(package.name.clone()).or_default();
            same.push(package);
        }
        list
    }

    /// How many packages.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All packages.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.by_name.values().flatten()
    }

    /// The package that stands for the image: of several versions the one that boots, else the highest.
    pub fn installed(&self, name: &str, order: Order) -> Option<&Package> {
        let all = self.by_name.get(name)?;
        let boots = |package: &&Package| {
            let version = package.version.rsplit(':').next().unwrap_or_default();
            all.len() > 1
                && self.booted.as_deref().is_some_and(|booted| {
                    booted == version || booted.starts_with(&format!("{version}."))
                })
        };
        // A version that tells nothing is no highest one, wherever it stands.
        let highest = || {
            all.iter().max_by(|a, b| {
                let told = |package: &Package| package.is_comparable(order);
                let by_order = || order.compare(&a.version, &b.version);
                told(a).cmp(&told(b)).then_with(by_order)
            })
        };
        all.iter().find(boots).or_else(highest)
    }

    /// Packages whose versions cannot be held against a fix.
    pub fn incomparable(&self, order: Order) -> impl Iterator<Item = &str> {
        let blank = move |package: &&Package| !package.is_comparable(order);
        self.packages()
            .filter(blank)
            .map(|package| package.name.as_str())
    }

    /// Whether the sources of some packages are not known, so that a fix that names a source alone may be for one of them.
    pub fn is_unsourced(&self) -> bool {
        !self.unsourced.is_empty()
    }

    /// A package of unknown source that may be built of this one by its name: `libtiff6` of `tiff`.
    pub fn related(&self, source: &str) -> Option<&str> {
        let wanted = stem(source);
        let built = |name: &&String| {
            name.split('-').any(|word| stem(word) == wanted)
                || (wanted.contains('-') && name.contains(wanted))
        };
        (wanted.len() > 1)
            .then(|| self.unsourced.iter().find(built))?
            .map(String::as_str)
    }

    /// Packages that each image has, and this list lacks: it is cut off, or none of a whole image.
    pub fn lacking(&self, order: Order) -> Vec<&'static str> {
        let every: &[&[&str]] = match order {
            Order::Deb => &[
                &["base-files"],
                &["dpkg"],
                &["libc6"],
                &["util-linux"],
                &["zlib1g"],
            ],
            Order::Rpm => &[
                &["bash"],
                &["filesystem"],
                &["glibc"],
                &["rpm"],
                &["systemd"],
                &["zlib", "zlib-ng-compat"],
            ],
            Order::Numbers => &[],
        };
        every
            .iter()
            .filter(|names| !names.iter().any(|name| self.by_name.contains_key(*name)))
            .filter_map(|names| names.first().copied())
            .collect()
    }

    /// The packages built of a source.
    pub fn of_source(&self, source: &str) -> impl Iterator<Item = &str> {
        self.by_source
            .get(source)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

/// What is left of a source's or package's name without what marks a language, a library or its version.
fn stem(name: &str) -> &str {
    let heads = ["python3-", "python-", "golang-", "node-", "ruby-", "lib"];
    let bare = heads
        .iter()
        .find_map(|head| name.strip_prefix(head))
        .unwrap_or(name);
    let bare = bare.trim_end_matches(|c: char| c.is_ascii_digit() || ".-+".contains(c));
    if bare.is_empty() { name } else { bare }
}

impl Package {
    /// Whether its version is one that the package manager could have written, and so can be held against a fix.
    pub fn is_comparable(&self, order: Order) -> bool {
        is_version(&self.version, order)
    }

    /// The version to hold against a fix that names sources.
    pub fn as_source(&self) -> &str {
        self.source_version
            .as_deref()
            .unwrap_or_else(|| without_rebuild(&self.version))
    }
}

/// Whether a text can be a version: Debian's begin with a digit, an rpm's hold one.
pub fn is_version(text: &str, order: Order) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    match order {
        Order::Deb => {
            let upstream = text.split_once(':').map_or(text, |(_, rest)| rest);
            upstream.trim_start().starts_with(digit)
        }
        Order::Rpm | Order::Numbers => text.contains(digit),
    }
}

/// Whether a package of a plain base listens to the network, so that a remote hole in it needs nothing else (rule R3).
pub fn is_exposed(name: &str) -> bool {
    matches!(name, "openssh-server" | "openssh" | "openssh-sftp-server")
}

/// Whether a package holds only headers, documentation or firmware of hardware that no instance has (rule C2).
pub fn is_harmless(name: &str) -> bool {
    let kernel = name.starts_with("linux-") || name.starts_with("kernel");
    name == "linux-libc-dev"
        || name == "linux-firmware"
        || name.starts_with("linux-headers")
        || name.starts_with("linux-kbuild")
        || (kernel
            && (name.contains("-headers") || name.contains("-tools") || name.contains("-doc")))
        || ["-dev", "-devel", "-doc", "-docs"]
            .iter()
            .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
