//! Lists of packages: `dpkg-query -W`, `rpm -qa --qf`, and the manifests of Ubuntu and Debian.

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

const ARCHES: [&str; 9] = [
    "amd64", "arm64", "all", "any", "x86_64", "aarch64", "noarch", "i686", "(none)",
];

/// Reads a list: name and version, then in any order the architecture, the source or source RPM, the source's version. A
/// line `uname -r <release>` tells the kernel that boots. Snaps, comments and lines without a version are passed over.
pub fn read(text: &str) -> Result<Listing, String> {
    let mut listing = Listing::default();
    for line in text.lines() {
        let line = line.trim();
        if let Some(release) = line.trim_start_matches(['#', ' ']).strip_prefix("uname -r") {
            listing.booted = check::word(release.trim_start_matches(':')).map(str::to_owned);
            continue;
        }
        if line.starts_with('#') || line.starts_with("snap:") || line.starts_with("gpg-pubkey") {
            continue;
        }
        let mut cells = line.split_whitespace();
        let (Some(name), Some(version)) = (cells.next(), cells.next()) else {
            continue;
        };
        if !version.starts_with(|c: char| c.is_ascii_digit() || c == '(')
            && !version.contains(['.', '-', ':'])
        {
            continue;
        }
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        let mut package = Package {
            name: name.to_owned(),
            version: version.replacen("(none):", "", 1),
            source: None,
            source_version: None,
        };
        for cell in cells.filter(|cell| !ARCHES.contains(cell)) {
            let cell = cell.trim_matches(['(', ')']);
            if let Some(rpm) = cell.strip_suffix(".src.rpm") {
                package.source = rpm.rsplitn(3, '-').nth(2).map(str::to_owned);
            } else if package.source.is_none() {
                package.source = Some(cell.to_owned());
            } else if package.source_version.is_none() {
                package.source_version = Some(cell.to_owned());
            }
        }
        listing.packages.push(package);
    }
    if listing.packages.is_empty() {
        return Err("lists no package: each line is a name and a version, as `dpkg-query -W` or `rpm -qa --qf '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n'` write them".to_owned());
    }
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_dpkg_and_rpm_are_read() {
        let text = "# uname -r: 6.8.0-36-aws\nlibc6:amd64\t2.39-0ubuntu8.2\nsnap:core22\tlatest/stable\t1439\n\
                    libssl3\t3.0.2-1\tamd64\topenssl\t3.0.2-1\nopenssh-server\t0:8.7p1-38.el9\tx86_64\topenssh-8.7p1-38.el9.src.rpm\n";
        let listing = read(text).expect("a list");
        let told: Vec<_> = listing
            .packages
            .iter()
            .map(|p| (p.name.as_str(), p.version.as_str(), p.source.as_deref()))
            .collect();
        let wanted = [
            ("libc6", "2.39-0ubuntu8.2", None),
            ("libssl3", "3.0.2-1", Some("openssl")),
            ("openssh-server", "0:8.7p1-38.el9", Some("openssh")),
        ];
        assert_eq!(told, wanted);
        assert_eq!(listing.booted.as_deref(), Some("6.8.0-36-aws"));
        assert!(read("nothing here\n").is_err());
    }
}
