//! Lists of packages: `dpkg-query -W`, `dpkg -l`, `rpm -qa` with a format or without, and the manifests of Ubuntu and Debian.

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::advisory::order::Order;
use ingot_domain::advisory::packages::{Package, is_version};
use ingot_domain::arch::Arch;

use crate::check;

/// A list as it was written: its packages and `uname -r`, where it is recorded with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The packages.
    pub packages: Vec<Package>,
    /// The kernel that boots.
    pub booted: Option<String>,
    /// The architecture that its packages name, unless they name several about as often.
    pub arch: Option<Arch>,
}

const ARCHES: [&str; 10] = [
    "amd64", "arm64", "all", "any", "x86_64", "aarch64", "noarch", "i686", "i386", "(none)",
];

const EMPTY: &str = "lists no package: each line is a name and a version, as `dpkg-query -W` or \
                     `rpm -qa --qf '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n'` write them";

/// Packages that are kept of one list; no image has as many.
const MOST: usize = 50_000;

/// Reads a list: name and version, then in any order the architecture, the source or source RPM, the source's version. A
/// line `uname -r <release>` tells the kernel that boots. Snaps, comments and lines without a version are passed over.
pub fn read(text: &str) -> Result<Listing, String> {
    let mut listing = Listing::default();
    let mut named = [0_usize; 2];
    for line in text.lines() {
        let line = line.trim();
        if let Some(release) = line.trim_start_matches(['#', ' ']).strip_prefix("uname -r") {
            let release = release.trim_start_matches([':', '=', ' ', '\t']);
            listing.booted = check::word(release).map(str::to_owned);
            continue;
        }
        if line.starts_with('#') || line.starts_with("snap:") || line.starts_with("gpg-pubkey") {
            continue;
        }
        if let Some(arch) = arch(line) {
            named[usize::from(arch == Arch::Arm64)] += 1;
        }
        listing.packages.extend(package(line));
        if listing.packages.len() > MOST {
            return Err(format!(
                "lists more than {MOST} packages: it is no list of one image"
            ));
        }
    }
    if listing.packages.is_empty() {
        return Err(EMPTY.to_owned());
    }
    // A system of one architecture may carry a few packages of another.
    listing.arch = match named {
        [intel, arm] if intel > arm * 4 => Some(Arch::X86_64),
        [intel, arm] if arm > intel * 4 => Some(Arch::Arm64),
        _ => None,
    };
    Ok(listing)
}

/// The architecture that a line names as a word of its own, or behind its package's name.
fn arch(line: &str) -> Option<Arch> {
    let mut words = line.split([' ', '\t', ':']);
    words.find_map(|word| {
        let end = word.rsplit('.').next().unwrap_or_default();
        match (word, end) {
            ("amd64", _) | (_, "x86_64") => Some(Arch::X86_64),
            ("arm64", _) | (_, "aarch64") => Some(Arch::Arm64),
            _ => None,
        }
    })
}

/// Whether a word can be a package's name. Prose and the heads of tables hold other signs, or capitals alone.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() > 1
        && text.chars().all(plain)
}

fn package(line: &str) -> Option<Package> {
    let mut cells: Vec<&str> = line.split_whitespace().collect();
    // dpkg's two letters before the name: `ii` and `hi` are installed, `rc` and the like are not.
    let state = cells.first().filter(|cell| is_state(cell)).copied();
    if let Some(state) = state {
        if !state.ends_with('i') {
            return None;
        }
        cells.remove(0);
        // What follows the architecture in `dpkg -l` is prose.
        let prose = cells.len() > 5 && !line.contains('\t');
        cells.truncate(if prose { 3 } else { cells.len() });
    }
    let [name, rest @ ..] = cells.as_slice() else {
        return None;
    };
    if rest.is_empty()
        && let Some(package) = of_rpm(name)
    {
        return Some(package);
    }
    // `bash.x86_64`, as dnf writes it, and `bash:amd64`.
    let name = name.split_once(':').map_or(*name, |(name, _)| name);
    let name = match name.rsplit_once('.') {
        Some((name, arch)) if ARCHES.contains(&arch) => name,
        _ => name,
    };
    if !is_name(name) {
        return None;
    }
    // A word that is no version says that the package is there, and no more. Two words that are none are prose.
    let (version, rest) = match rest {
        [version, rest @ ..] if is_version(version, Order::Rpm) => (*version, rest),
        [] | ["-" | "(none)" | "latest" | "unknown" | "*" | "?"] => ("", &[][..]),
        _ => return None,
    };
    let mut package = Package {
        name: check::word(name)?.to_owned(),
        version: check::word(version)
            .unwrap_or_default()
            .replacen("(none):", "0:", 1),
        source: None,
        source_version: None,
    };
    for cell in rest.iter().filter(|cell| !ARCHES.contains(cell)) {
        // dnf's last column is the repository.
        if cell.starts_with('@') {
            continue;
        }
        let cell = cell.trim_matches(['(', ')']);
        if let Some(rpm) = cell.strip_suffix(".src.rpm") {
            let mut parts = rpm.rsplitn(3, '-');
            let (release, version, source) = (parts.next(), parts.next(), parts.next());
            package.source = source.map(str::to_owned);
            package.source_version = Some(format!("{}-{}", version?, release?));
        } else if package.source.is_none() {
            package.source = Some(cell.to_owned());
        } else if package.source_version.is_none() {
            package.source_version = Some(cell.to_owned());
        }
    }
    Some(package)
}

fn is_state(cell: &str) -> bool {
    let letters = cell.as_bytes();
    (2..=3).contains(&letters.len())
        && b"uihrp".contains(&letters[0])
        && b"ncHUFWti".contains(&letters[1])
        && letters.get(2).is_none_or(|c| *c == b'R')
}

/// `openssh-server-8.7p1-38.el9.x86_64`, as `rpm -qa` writes without a format.
fn of_rpm(text: &str) -> Option<Package> {
    let (rest, arch) = text.rsplit_once('.')?;
    ARCHES.contains(&arch).then_some(())?;
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some(Package {
        name: check::word(name)?.to_owned(),
        version: check::word(&format!("{version}-{release}"))?.to_owned(),
        source: None,
        source_version: None,
    })
}

/// The C library that each release of Debian and Ubuntu has from its first day to its last.
const LIBC: [(Os, &str, &str); 9] = [
    (Os::Debian, "10", "2.28"),
    (Os::Debian, "11", "2.31"),
    (Os::Debian, "12", "2.36"),
    (Os::Debian, "13", "2.41"),
    (Os::Ubuntu, "18.04", "2.27"),
    (Os::Ubuntu, "20.04", "2.31"),
    (Os::Ubuntu, "22.04", "2.35"),
    (Os::Ubuntu, "24.04", "2.39"),
    (Os::Ubuntu, "26.04", "2.43"),
];

impl Listing {
    /// The release whose C library is listed.
    fn release_by_libc(&self, os: Os) -> Option<&'static str> {
        let libc = self
            .packages
            .iter()
            .find(|package| package.name == "libc6")?;
        let known = LIBC.iter().find(|(of, _, version)| {
            let rest = libc.version.strip_prefix(version);
            *of == os && rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        });
        known.map(|(_, release, _)| *release)
    }

    /// Why this cannot be a list of an image of `base`; none where nothing speaks against it.
    pub fn foreign_to(&self, base: &Base) -> Option<String> {
        let share = |fits: &dyn Fn(&Package) -> bool| {
            let count = self.packages.iter().filter(|package| fits(package)).count();
            // A few packages of another release lie on every image.
            count * 5 > self.packages.len()
        };
        let marked = |mark: &'static str| {
            move |package: &Package| {
                let at = package.version.find(mark).map(|at| at + mark.len());
                at.is_some_and(|at| {
                    let next = package.version.as_bytes().get(at);
                    !mark.ends_with(|c: char| c.is_ascii_digit())
                        || !next.is_some_and(u8::is_ascii_digit)
                })
            }
        };
        const RPM: [(&str, &str); 6] = [
            (".amzn2023", "Amazon Linux 2023"),
            (".amzn2", "Amazon Linux 2"),
            (".el8", "an Enterprise Linux 8"),
            (".el9", "an Enterprise Linux 9"),
            (".el10", "an Enterprise Linux 10"),
            (".fc", "Fedora"),
        ];
        let named = |name: &str| self.packages.iter().any(|package| package.name == name);
        let mut found = RPM
            .iter()
            .find(|(mark, _)| share(&marked(mark)))
            .map(|(mark, what)| (*mark, *what));
        let dpkg = self.packages.iter().find(|package| package.name == "dpkg");
        if let Some(dpkg) = dpkg.filter(|dpkg| found.is_none() && !dpkg.version.is_empty())
            && (named("libc6") || named("apt"))
        {
            // Canonical marks each package that it changes, and dpkg is one of them.
            let ubuntu = share(&|package| package.version.contains("ubuntu"))
                || dpkg.version.contains("ubuntu");
            found = Some(if ubuntu {
                ("ubuntu", "Ubuntu")
            } else {
                ("debian", "Debian")
            });
        }
        // Names without versions still tell whose package manager is there.
        let deb = base.os.order() == Order::Deb;
        if found.is_none() && named("dpkg") != named("glibc") && named("dpkg") != deb {
            let other = if deb {
                "an rpm system"
            } else {
                "a Debian or Ubuntu"
            };
            return Some(format!(
                "lists the packages of {other}, and the base is {base}"
            ));
        }
        if let Some((mark, what)) = found {
            let own = match base.os {
                Os::Amazon => mark == format!(".amzn{}", base.release),
                Os::Rocky | Os::AlmaLinux | Os::Rhel => mark == format!(".el{}", base.release),
                Os::Ubuntu | Os::Debian => mark == base.os.prefix(),
                Os::Windows => false,
            };
            let libc = own.then(|| self.release_by_libc(base.os)).flatten();
            let other = libc.filter(|release| *release != base.release);
            if !own || other.is_some() {
                let release = other.map(|release| format!(" {release}"));
                return Some(format!(
                    "lists the packages of {what}{}, and the base is {base}",
                    release.unwrap_or_default()
                ));
            }
        }
        let arch = self.arch.filter(|arch| *arch != base.arch)?;
        Some(format!(
            "lists packages for {arch}, and the base {base} is of {}",
            base.arch
        ))
    }
}

#[cfg(test)]
mod tests;
