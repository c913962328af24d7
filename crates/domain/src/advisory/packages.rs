//! Which packages an image carries: its own list, or until one is known the set a base of its kind usually has.

use std::collections::{BTreeMap, BTreeSet};

use super::base::{Base, Os};
use super::order::{Order, without_rebuild};

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The binary package, without `:amd64`.
    pub name: String,
    /// Version with epoch and release.
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
        let highest = || {
            all.iter()
                .max_by(|a, b| order.compare(&a.version, &b.version))
        };
        all.iter().find(boots).or_else(highest)
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

impl Package {
    /// The version to hold against a fix that names sources.
    pub fn as_source(&self) -> &str {
        self.source_version
            .as_deref()
            .unwrap_or_else(|| without_rebuild(&self.version))
    }
}

/// What base images of one operating system usually carry.
#[derive(Debug, Clone, Default)]
pub struct BaseSet {
    names: BTreeSet<String>,
    source_of: BTreeMap<String, String>,
}

const EL: &str = include_str!("set/el.txt");
const DEB: &str = include_str!("set/deb.txt");
const AMAZON: &str = include_str!("set/amazon.txt");

impl BaseSet {
    /// The set Ingot knows for a base.
    pub fn of(base: &Base) -> Self {
        match base.os {
            Os::Ubuntu | Os::Debian => Self::read(DEB),
            Os::Rocky | Os::AlmaLinux | Os::Rhel => Self::read(EL),
            Os::Amazon => Self::read(AMAZON),
            // A bulletin names the product as a whole.
            Os::Windows => Self::read_names([format!("Windows Server {}", base.release)]),
        }
    }

    /// Reads lines of names, or `source: binary binary`; `#` begins a comment.
    pub fn read(text: &str) -> Self {
        let mut set = Self::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let (source, binaries) = match line.split_once(": ") {
                Some((source, binaries)) => (Some(source.trim()), binaries),
                None => (None, line),
            };
            for name in binaries.split_whitespace() {
                set.names.insert(name.to_owned());
                if let Some(source) = source {
                    set.source_of.insert(name.to_owned(), source.to_owned());
                }
            }
            set.names.extend(source.map(str::to_owned));
        }
        set
    }

    fn read_names(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
            source_of: BTreeMap::new(),
        }
    }

    /// Adds names, such as those of a manifest of a similar image.
    pub fn extend(&mut self, names: impl IntoIterator<Item = String>) {
        self.names.extend(names);
    }

    /// Puts another list of names in place of the built-in one, and keeps what is known of sources.
    pub fn replace(&mut self, names: impl IntoIterator<Item = String>) {
        self.names = names.into_iter().collect();
    }

    /// Whether a binary or source package of this name belongs to it.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The source of a binary package.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        self.source_of.get(name).map(String::as_str)
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
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: None,
            source_version: None,
        }
    }

    #[test]
    fn the_highest_version_stands_for_the_image_unless_another_boots() {
        let kernels = vec![
            package("kernel-core", "5.14.0-9.el9"),
            package("kernel-core", "5.14.0-10.el9"),
        ];
        let mut list = PackageList::new(kernels, &BaseSet::default());
        let version = |list: &PackageList| {
            list.installed("kernel-core", Order::Rpm)
                .map(|p| p.version.clone())
        };
        assert_eq!(version(&list).as_deref(), Some("5.14.0-10.el9"));
        list.booted = Some("5.14.0-9.el9.x86_64".to_owned());
        assert_eq!(version(&list).as_deref(), Some("5.14.0-9.el9"));
    }

    #[test]
    fn the_base_set_knows_sources() {
        let set = BaseSet::of(&Base::parse("debian-12").expect("base"));
        let list = PackageList::new(vec![package("libssl3", "3.0.19-1+b2")], &set);
        assert_eq!(list.of_source("openssl").collect::<Vec<_>>(), ["libssl3"]);
        let installed = list.installed("libssl3", Order::Deb).expect("installed");
        assert_eq!(installed.as_source(), "3.0.19-1");
        for name in [
            "openssh-server",
            "openssh",
            "policykit-1",
            "sudo",
            "glibc",
            "libc6",
        ] {
            assert!(set.has(name), "{name}");
        }
    }

    #[test]
    fn harmless_packages_are_told_from_running_ones() {
        for name in [
            "linux-libc-dev",
            "linux-headers-6.8.0-36",
            "libssl-dev",
            "kernel-tools-libs-devel",
            "linux-firmware",
        ] {
            assert!(is_harmless(name), "{name}");
        }
        for name in [
            "linux-image-6.8.0-36-aws",
            "kernel-core",
            "linux-aws",
            "openssh-server",
            "microcode_ctl",
        ] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}
