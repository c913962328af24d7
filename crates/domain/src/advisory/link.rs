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
        Os::Debian if id.starts_with('D') => {
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

/// The page about the new build (ADVISORIES 4.5); `headline` is the advisory that matters most.
pub fn changelog(base: &Base, new: &Build, headline: Option<&str>) -> Option<String> {
    let of_headline = || advisory(base.os, &base.release, headline?);
    match base.os {
        Os::Ubuntu => {
            let serial = &new.name;
            let codename = base.codename()?;
            Some(format!("https://cloud-images.ubuntu.com/releases/{codename}/release-{serial}/"))
        }
        Os::Amazon if base.release == "2" => {
            let day = new.date.format("%Y%m%d");
            Some(format!("https://docs.aws.amazon.com/AL2/latest/relnotes/relnotes-{day}.html"))
        }
        Os::Amazon => {
            let version = &new.name;
            Some(format!("https://docs.aws.amazon.com/linux/al2023/release-notes/relnotes-{version}.html"))
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
