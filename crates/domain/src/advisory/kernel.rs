//! Which kernel an image runs: vendors publish one per cloud and line, and only one of them boots.

use super::base::{Base, Os};
use super::order::Order;
use super::packages::{Package, PackageList};

/// What a source package is to an image on EC2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// No kernel.
    Other,
    /// A kernel that images on EC2 run.
    Ours,
    /// A kernel of another cloud, another machine or another line.
    Foreign,
}

/// Sources that begin with `linux-` and are no kernel.
const NO_KERNELS: [&str; 6] = [
    "linux-base",
    "linux-firmware",
    "linux-libc-dev",
    "linux-tools",
    "linux-kbuild",
    "linux-atm",
];

/// Tells a kernel's source package from others.
pub fn flavour(os: Os, source: &str) -> Flavour {
    let line = |rest: &str| {
        rest.split('.').count() == 2 && rest.split('.').all(|part| part.parse::<u32>().is_ok())
    };
    match os {
        Os::Ubuntu if source == "linux-aws" => Flavour::Ours,
        Os::Ubuntu if source.strip_prefix("linux-aws-").is_some_and(line) => Flavour::Ours,
        Os::Ubuntu if source == "linux" => Flavour::Foreign,
        Os::Debian if source == "linux" => Flavour::Ours,
        Os::Ubuntu | Os::Debian
            if source.starts_with("linux-")
                && !NO_KERNELS.iter().any(|no| source.starts_with(no)) =>
        {
            Flavour::Foreign
        }
        Os::Rocky | Os::AlmaLinux | Os::Rhel | Os::Amazon
            if source.starts_with("kernel-rt") || source.starts_with("kernel-livepatch") =>
        {
            Flavour::Foreign
        }
        _ => Flavour::Other,
    }
}

/// The kernel of a Debian or Ubuntu image: its package and version.
pub fn running(os: Os, list: &PackageList) -> Option<(&str, &str)> {
    let kernel = |name: &str| {
        let rest = ["linux-image-unsigned-", "linux-image-", "linux-modules-"]
            .iter()
            .find_map(|head| name.strip_prefix(head));
        let versioned = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        versioned && (os != Os::Ubuntu || name.ends_with("-aws"))
    };
    let kernels = || list.packages().filter(|package| kernel(&package.name));
    let booted = list.booted.as_deref();
    let boots =
        kernels().find(|package| booted.is_some_and(|booted| package.name.ends_with(booted)));
    let found =
        boots.or_else(|| kernels().max_by(|a, b| Order::Deb.compare(&a.version, &b.version)))?;
    Some((&found.name, &found.version))
}

/// Whether a fix is for a kernel line that images of this base do not boot: Amazon Linux 2 images come with 5.10, while its
/// core repository still fixes 4.14 under the same package name.
pub fn is_other_line(base: &Base, package: &str, fixed: Option<&str>) -> bool {
    base.os == Os::Amazon
        && base.release == "2"
        && is_amazon(package)
        && fixed.is_some_and(|fixed| line(fixed) != "5.10")
}

/// Whether a fix is for another line than the kernel that a list shows.
pub fn is_line_of_another(os: Os, name: &str, installed: Option<&Package>, fixed: &str) -> bool {
    os == Os::Amazon
        && is_amazon(name)
        && installed.is_some_and(|package| line(&package.version) != line(fixed))
}

fn is_amazon(package: &str) -> bool {
    package == "kernel" || package.starts_with("kernel-")
}

/// `5.13` of `5.13.0-1017.19~20.04.1`.
pub fn line(version: &str) -> String {
    let version = version.rsplit(':').next().unwrap_or_default();
    version
        .split(['.', '-'])
        .take(2)
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::packages::{BaseSet, Package};

    #[test]
    fn images_on_ec2_run_the_kernels_made_for_it() {
        let table = [
            (Os::Ubuntu, "linux-aws", Flavour::Ours),
            (Os::Ubuntu, "linux-aws-5.13", Flavour::Ours),
            (Os::Ubuntu, "linux-aws-fips", Flavour::Foreign),
            (Os::Ubuntu, "linux-azure-5.13", Flavour::Foreign),
            (Os::Ubuntu, "linux-hwe-5.13", Flavour::Foreign),
            (Os::Ubuntu, "linux", Flavour::Foreign),
            (Os::Ubuntu, "linux-firmware", Flavour::Other),
            (Os::Debian, "linux", Flavour::Ours),
            (Os::Debian, "linux-6.1", Flavour::Foreign),
            (Os::AlmaLinux, "kernel", Flavour::Other),
            (Os::AlmaLinux, "kernel-rt", Flavour::Foreign),
            (Os::Ubuntu, "openssh", Flavour::Other),
        ];
        for (os, source, wanted) in table {
            assert_eq!(flavour(os, source), wanted, "{source}");
        }
    }

    #[test]
    fn the_kernel_that_boots_stands_for_the_image() {
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: None,
            source_version: None,
        };
        let packages = vec![
            package("linux-image-5.13.0-1014-aws", "5.13.0-1014.15~20.04.1"),
            package("linux-image-5.13.0-1017-aws", "5.13.0-1017.19~20.04.1"),
            package("linux-image-5.15.0-33-generic", "5.15.0-33.34"),
        ];
        let mut list = PackageList::new(packages, &BaseSet::default());
        let version =
            |list: &PackageList| running(Os::Ubuntu, list).map(|(_, version)| line(version));
        assert_eq!(
            running(Os::Ubuntu, &list).map(|(name, _)| name),
            Some("linux-image-5.13.0-1017-aws")
        );
        list.booted = Some("5.13.0-1014-aws".to_owned());
        assert_eq!(
            running(Os::Ubuntu, &list).map(|(name, _)| name),
            Some("linux-image-5.13.0-1014-aws")
        );
        assert_eq!(version(&list).as_deref(), Some("5.13"));
    }
}
