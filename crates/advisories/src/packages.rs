//! Lists of packages: `dpkg-query -W`, `dpkg -l`, `rpm -qa` with a format or without, and the manifests of Ubuntu and Debian.

use ingot_domain::advisory::base::{Base, Os};
use ingot_domain::advisory::packages::Package;

use crate::check;

/// A list as it was written: its packages and `uname -r`, where it is recorded with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The packages.
    pub packages: Vec<Package>,
    /// The kernel that boots.
    pub booted: Option<String>,
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
    Ok(listing)
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
    let [version, rest @ ..] = rest else {
        return of_rpm(name);
    };
    if !version.starts_with(|c: char| c.is_ascii_digit() || c == '(')
        && !version.contains(['.', '-', ':'])
    {
        return None;
    }
    let name = name.split_once(':').map_or(*name, |(name, _)| name);
    let mut package = Package {
        name: check::word(name)?.to_owned(),
        version: check::word(version)?.replacen("(none):", "0:", 1),
        source: None,
        source_version: None,
    };
    for cell in rest.iter().filter(|cell| !ARCHES.contains(cell)) {
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

impl Listing {
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
        if found.is_none() && named("dpkg") && (named("libc6") || named("apt")) {
            // Canonical marks each package that it changes, and dpkg is one of them.
            let ubuntu = share(&|package| package.version.contains("ubuntu"))
                || self
                    .packages
                    .iter()
                    .any(|package| package.name == "dpkg" && package.version.contains("ubuntu"));
            found = Some(if ubuntu {
                ("ubuntu", "Ubuntu")
            } else {
                ("debian", "Debian")
            });
        }
        let (mark, what) = found?;
        let own = match base.os {
            Os::Amazon => mark == format!(".amzn{}", base.release),
            Os::Rocky | Os::AlmaLinux | Os::Rhel => mark == format!(".el{}", base.release),
            Os::Ubuntu | Os::Debian => mark == base.os.prefix(),
            Os::Windows => false,
        };
        (!own).then(|| format!("lists the packages of {what}, and the base is {base}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_dpkg_and_rpm_are_read() {
        let text = "# uname -r: 6.8.0-36-aws\nlibc6:amd64\t2.39-0ubuntu8.2\nsnap:core22\tlatest/stable\t1439\n\
                    libssl3\t3.0.2-1\tamd64\topenssl\t3.0.2-1\nopenssh-server\t0:8.7p1-38.el9\tx86_64\topenssh-8.7p1-38.el9.src.rpm\n\
                    ii  bash  5.2.15-2+b7  amd64  GNU Bourne Again SHell\nrc  nano  7.2-1  amd64  small editor\n\
                    kernel-core-5.14.0-427.el9.x86_64\nopenssl-libs\t(none):3.0.7-27.el9\n";
        let listing = read(text).expect("a list");
        let told: Vec<_> = listing
            .packages
            .iter()
            .map(|p| {
                let source = (p.source.as_deref(), p.source_version.as_deref());
                (p.name.as_str(), p.version.as_str(), source)
            })
            .collect();
        let wanted = [
            ("libc6", "2.39-0ubuntu8.2", (None, None)),
            ("libssl3", "3.0.2-1", (Some("openssl"), Some("3.0.2-1"))),
            (
                "openssh-server",
                "0:8.7p1-38.el9",
                (Some("openssh"), Some("8.7p1-38.el9")),
            ),
            ("bash", "5.2.15-2+b7", (None, None)),
            ("kernel-core", "5.14.0-427.el9", (None, None)),
            ("openssl-libs", "0:3.0.7-27.el9", (None, None)),
        ];
        assert_eq!(told[..3], wanted[..3]);
        assert_eq!((told[3].0, told[3].1), (wanted[3].0, wanted[3].1));
        assert_eq!(told[4..], wanted[4..]);
        assert_eq!(listing.booted.as_deref(), Some("6.8.0-36-aws"));
        for text in ["", "nothing here\n", "\0\0\n", "# only a comment\n"] {
            assert_eq!(read(text).map(|_| ()), Err(EMPTY.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_list_of_another_distribution_is_told() {
        let ubuntu = "dpkg\t1.22.6ubuntu6\nlibc6\t2.39-0ubuntu8.2\nbash\t5.2.21-2ubuntu4\n";
        let debian = "dpkg\t1.21.22\nlibc6\t2.36-9+deb12u4\nbash\t5.2.15-2+b2\n";
        let nine = "glibc\t0:2.34-100.el9\nopenssh\t0:8.7p1-38.el9_4.1\n";
        let amazon = "glibc\t0:2.34-52.amzn2023.0.10\nbash\t0:5.2.15-1.amzn2023.0.2\n";
        let table = [
            (ubuntu, "ubuntu-24.04", None),
            (ubuntu, "debian-12", Some("Ubuntu")),
            (ubuntu, "almalinux-9", Some("Ubuntu")),
            (debian, "debian-12", None),
            (debian, "ubuntu-24.04", Some("Debian")),
            (nine, "rocky-9", None),
            (nine, "rocky-8", Some("an Enterprise Linux 9")),
            (nine, "ubuntu-24.04", Some("an Enterprise Linux 9")),
            (amazon, "amazon-linux-2023", None),
            (amazon, "amazon-linux-2", Some("Amazon Linux 2023")),
            ("sudo\t1.9-1\n", "debian-12", None),
        ];
        for (text, base, wanted) in table {
            let base = Base::parse(base).expect(base);
            let said = read(text).expect("a list").foreign_to(&base);
            assert_eq!(said.is_some(), wanted.is_some(), "{base} {said:?}");
            let told = wanted.is_none_or(|what| said.is_some_and(|said| said.contains(what)));
            assert!(told, "{base}");
        }
    }
}
