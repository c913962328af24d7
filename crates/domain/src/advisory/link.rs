//! Where a person reads on. Addresses are made of checked ids by templates here and never taken from a feed's text.

use super::base::{Base, Build, Os};

/// The page of one advisory; none for an id that fits no template.
pub fn advisory(os: Os, release: &str, id: &str) -> Option<String> {
    // Ids come from feeds: what a URL must not hold is refused by `crates/advisories`, and here again.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    if id.is_empty() || id.len() > 64 || id.contains("..") || !id.chars().all(plain) {
        return None;
    }
    let link = match os {
        Os::Ubuntu if id.starts_with("USN-") => format!("https://ubuntu.com/security/notices/{id}"),
        Os::Debian if id.starts_with('D') || id.starts_with("CVE-") => {
            format!("https://security-tracker.debian.org/tracker/{id}")
        }
        Os::Rocky if id.starts_with('R') => format!("https://errata.rockylinux.org/{id}"),
        Os::AlmaLinux if id.starts_with("AL") => {
            let page = id.replace(':', "-");
            format!("https://errata.almalinux.org/{release}/{page}.html")
        }
        Os::Amazon if id.starts_with("ALAS") => {
            let folder = if release == "2023" { "AL2023" } else { "AL2" };
            // The feed says ALAS2023-2024-649, the page ALAS-2024-649.
            let page = id
                .replacen("ALAS2023-", "ALAS-", 1)
                .replacen("ALAS2-", "ALAS-", 1);
            format!("https://alas.aws.amazon.com/{folder}/{page}.html")
        }
        Os::Rhel if id.starts_with("RH") => format!("https://access.redhat.com/errata/{id}"),
        Os::Windows => format!("https://msrc.microsoft.com/update-guide/releaseNote/{id}"),
        _ => return None,
    };
    Some(link)
}

/// The page of a CVE in the national database; the id is checked.
pub fn cve(id: &str) -> String {
    format!("https://nvd.nist.gov/vuln/detail/{id}")
}

/// The page about the new build (ADVISORIES 4.5), for Rocky also of a new minor release; `headline` is the advisory that
/// matters most.
pub fn changelog(base: &Base, old: &Build, new: &Build, headline: Option<&str>) -> Option<String> {
    let of_headline = || advisory(base.os, &base.release, headline?);
    match base.os {
        Os::Ubuntu => {
            let serial = &new.name;
            let page = |codename: &str| {
                format!("https://cloud-images.ubuntu.com/releases/{codename}/release-{serial}/")
            };
            base.codename().map(page).or_else(of_headline)
        }
        Os::Amazon if base.release == "2" => {
            let day = new.date.format("%Y%m%d");
            Some(format!("https://docs.aws.amazon.com/AL2/latest/relnotes/relnotes-{day}.html"))
        }
        Os::Amazon => {
            // The page is the repository's: `2023.5.20240701`, without the respin of the image.
            let (release, day) = (new.release_text(), new.date.format("%Y%m%d"));
            Some(format!("https://docs.aws.amazon.com/linux/al2023/release-notes/relnotes-{release}.{day}.html"))
        }
        Os::Rocky if new.release.len() == 2 && old.release != new.release && !old.release.is_empty() => {
            let [major, minor] = [new.release[0], new.release[1]];
            Some(format!("https://rockylinux.org/news/rocky-linux-{major}-{minor}-ga-release/"))
        }
        Os::Windows => Some(
            "https://docs.aws.amazon.com/ec2/latest/windows-ami-reference/windows-ami-versions.html".to_owned(),
        ),
        Os::Debian | Os::Rocky | Os::AlmaLinux | Os::Rhel => of_headline(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_builds_are_named_by_the_vendors_templates() {
        let table = [
            (
                "ubuntu-22.04",
                "20240629",
                "20240701",
                None,
                Some("https://cloud-images.ubuntu.com/releases/jammy/release-20240701/"),
            ),
            (
                "ubuntu-26.04",
                "20260629",
                "20260701",
                Some("USN-1-1"),
                Some("https://ubuntu.com/security/notices/USN-1-1"),
            ),
            (
                "amazon-linux-2",
                "2.0.20240610.0",
                "2.0.20240620.0",
                None,
                Some("https://docs.aws.amazon.com/AL2/latest/relnotes/relnotes-20240620.html"),
            ),
            (
                "amazon-linux-2023",
                "2023.5.20240624.0",
                "2023.5.20240701.0",
                None,
                Some(
                    "https://docs.aws.amazon.com/linux/al2023/release-notes/relnotes-2023.5.20240701.html",
                ),
            ),
            (
                "rocky-9",
                "9.3.20231113.0",
                "9.4.20240509.0",
                Some("RLSA-2024:4312"),
                Some("https://rockylinux.org/news/rocky-linux-9-4-ga-release/"),
            ),
            (
                "rocky-9",
                "9.4.20240509.0",
                "9.4.20240709.0",
                Some("RLSA-2024:4312"),
                Some("https://errata.rockylinux.org/RLSA-2024:4312"),
            ),
            ("debian-12", "20240701-1795", "20240717-1811", None, None),
            (
                "windows-2022",
                "2024.07.10",
                "2024.08.14",
                None,
                Some(
                    "https://docs.aws.amazon.com/ec2/latest/windows-ami-reference/windows-ami-versions.html",
                ),
            ),
        ];
        for (base, old, new, headline, wanted) in table {
            let base = Base::parse(base).expect(base);
            let build = |text| Build::parse(text).expect(text);
            let page = changelog(&base, &build(old), &build(new), headline);
            assert_eq!(page.as_deref(), wanted, "{base} {new}");
        }
    }

    #[test]
    fn pages_are_named_by_the_vendors_templates() {
        let table = [
            (
                Os::Ubuntu,
                "22.04",
                "USN-6859-1",
                "https://ubuntu.com/security/notices/USN-6859-1",
            ),
            (
                Os::Debian,
                "12",
                "DSA-5724-1",
                "https://security-tracker.debian.org/tracker/DSA-5724-1",
            ),
            (
                Os::AlmaLinux,
                "9",
                "ALSA-2024:4312",
                "https://errata.almalinux.org/9/ALSA-2024-4312.html",
            ),
            (
                Os::Rocky,
                "9",
                "RLSA-2024:4312",
                "https://errata.rockylinux.org/RLSA-2024:4312",
            ),
            (
                Os::Amazon,
                "2023",
                "ALAS2023-2024-649",
                "https://alas.aws.amazon.com/AL2023/ALAS-2024-649.html",
            ),
            (
                Os::Rhel,
                "9",
                "RHSA-2023:7435",
                "https://access.redhat.com/errata/RHSA-2023:7435",
            ),
        ];
        for (os, release, id, wanted) in table {
            assert_eq!(advisory(os, release, id).as_deref(), Some(wanted));
        }
        for id in [
            "../../x",
            "USN-1/../2",
            "USN-1?a=b",
            "",
            "javascript:alert(1)",
            "USN-1\n",
        ] {
            assert_eq!(advisory(Os::Ubuntu, "22.04", id), None, "{id}");
        }
    }
}
