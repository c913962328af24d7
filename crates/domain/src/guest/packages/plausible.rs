//! Which lists are taken for what they say (issue 11): one that is empty, cut off, of another architecture or system, or
//! shorter than a tenth of the step before is refused, and the refusal says why.

use std::collections::BTreeMap;

use super::Listed;
use crate::advisory::base::Os;
use crate::arch::Arch;

/// A list as it was taken, with what tells whether it can be right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// What it says.
    pub listed: Listed,
    /// The architecture of most of its packages, in their own word.
    pub arch: Option<String>,
    /// It has its last line.
    pub whole: bool,
}

/// What an install is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The instance's architecture.
    pub arch: Arch,
    /// The base's operating system, where it is known.
    pub os: Option<Os>,
}

/// Lines that name no architecture a machine has.
const ANY: [&str; 4] = ["all", "noarch", "(none)", ""];

impl Taken {
    /// Reads the text of a list.
    pub fn read(text: &str) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let arch = line.split('\t').nth(2).unwrap_or_default().trim();
            if !ANY.contains(&arch) && arch.len() < 20 {
                *counts.entry(arch).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        Self {
            listed: Listed::read(text),
            arch: most.map(|(arch, _)| arch.to_owned()),
            whole: text.lines().next_back().map(str::trim) == Some("# whole"),
        }
    }

    /// Why this list, `which` in words, is not taken for what it says; `before` is the list of the step before.
    pub fn refused(
        &self,
        which: &str,
        before: Option<&Listed>,
        expected: Expected,
    ) -> Option<String> {
        let (count, system) = (self.listed.packages.len(), self.listed.system());
        if count == 0 {
            return Some(format!("the list of {which} names no package"));
        }
        if !self.whole {
            return Some(format!(
                "the list of {which} is cut off after {count} packages"
            ));
        }
        let wanted = match expected.arch {
            Arch::X86_64 => ["amd64", "x86_64"],
            Arch::Arm64 => ["arm64", "aarch64"],
        };
        if let Some(arch) = self.arch.as_deref()
            && !wanted.contains(&arch)
        {
            return Some(format!(
                "the list of {which} is of {arch}, and the instance is {}",
                expected.arch
            ));
        }
        let before_os = before.and_then(Listed::system).map(|(os, _)| os);
        let known = expected.os.or(before_os);
        if let (Some(known), Some((os, _))) = (known, &system)
            && *os != known
        {
            let (os, known) = (os.prefix(), known.prefix());
            return Some(format!(
                "the list of {which} is of {os}, and its base is {known}"
            ));
        }
        let had = before.map_or(0, |before| before.packages.len());
        (count * 10 < had).then(|| {
            format!("the list of {which} names {count} packages, and the one before it {had}")
        })
    }
}

/// How systems begin their names, the longer before the shorter.
const NAMES: [(&str, Os); 6] = [
    ("Ubuntu", Os::Ubuntu),
    ("Debian", Os::Debian),
    ("Rocky", Os::Rocky),
    ("AlmaLinux", Os::AlmaLinux),
    ("Amazon Linux", Os::Amazon),
    ("Red Hat Enterprise Linux", Os::Rhel),
];

impl Listed {
    /// The system and its release as advisories name them, by what it calls itself.
    pub fn system(&self) -> Option<(Os, String)> {
        let said = self.release.as_deref()?;
        let (_, os) = NAMES.iter().find(|(name, _)| said.starts_with(name))?;
        let digit = |c: char| c.is_ascii_digit();
        let number = said
            .split_whitespace()
            .find(|word| word.starts_with(digit))?;
        let mut parts = number.split('.');
        let major = parts.next()?;
        let release = match (os, parts.next()) {
            (Os::Ubuntu, Some(minor)) => format!("{major}.{minor}"),
            (Os::Ubuntu, None) => return None,
            _ => major.to_owned(),
        };
        Some((*os, release))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(release: &str, arch: &str, count: usize) -> String {
        let lines: String = (0..count)
            .map(|at| format!("package{at}\t1-{at}\t{arch}\tpackage\t1\n"))
            .collect();
        format!("# release: {release}\n{lines}data\t1\tall\tdata\t1\n# whole\n")
    }

    const INTEL: Expected = Expected {
        arch: Arch::X86_64,
        os: Some(Os::Ubuntu),
    };

    #[test]
    fn systems_are_known_by_what_they_call_themselves() {
        let table = [
            ("\"Ubuntu 22.04.4 LTS\"", Some((Os::Ubuntu, "22.04"))),
            ("Debian GNU/Linux 12 (bookworm)", Some((Os::Debian, "12"))),
            (
                "Rocky Linux release 9.4 (Blue Onyx)",
                Some((Os::Rocky, "9")),
            ),
            (
                "AlmaLinux release 8.10 (Cerulean)",
                Some((Os::AlmaLinux, "8")),
            ),
            (
                "Red Hat Enterprise Linux release 9.6 (Plow)",
                Some((Os::Rhel, "9")),
            ),
            (
                "Amazon Linux release 2023.5.20240701 (Amazon Linux)",
                Some((Os::Amazon, "2023")),
            ),
            ("Amazon Linux release 2 (Karoo)", Some((Os::Amazon, "2"))),
            ("Ubuntu", None),
            ("Debian GNU/Linux trixie/sid", None),
            ("Fedora release 40", None),
        ];
        for (said, wanted) in table {
            let listed = Listed::read(&format!("# release: {said}\n"));
            let wanted = wanted.map(|(os, release)| (os, release.to_owned()));
            assert_eq!(listed.system(), wanted, "{said}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_right_is_refused_and_why_is_said() {
        let ubuntu = "Ubuntu 22.04.4 LTS";
        let begin = Taken::read(&list(ubuntu, "amd64", 100)).listed;
        let cut = list(ubuntu, "amd64", 90).replace("# whole\n", "");
        let amid = list(ubuntu, "amd64", 90);
        let table = [
            (list(ubuntu, "amd64", 90), None),
            (list(ubuntu, "amd64", 20), None),
            (
                list(ubuntu, "amd64", 5),
                Some("names 6 packages, and the one before it 101"),
            ),
            (String::new(), Some("names no package")),
            ("# whole\n".to_owned(), Some("names no package")),
            (cut, Some("cut off after 91 packages")),
            (amid[..amid.len() - 20].to_owned(), Some("cut off")),
            (list(ubuntu, "arm64", 90), Some("is of arm64")),
            (
                list("AlmaLinux release 9.4", "x86_64", 90),
                Some("is of almalinux, and its base is ubuntu"),
            ),
            // What does not say its name is taken by its packages alone.
            (list("Something 1", "amd64", 90), None),
        ];
        for (text, wanted) in table {
            let said = Taken::read(&text).refused("the image", Some(&begin), INTEL);
            match wanted {
                None => assert_eq!(said, None),
                Some(wanted) => assert!(
                    said.as_ref().is_some_and(|said| said.contains(wanted)),
                    "{said:?}"
                ),
            }
        }
        let other = Expected { os: None, ..INTEL };
        let alma = Taken::read(&list("AlmaLinux release 9.4", "x86_64", 90));
        assert_eq!(alma.refused("the base", None, other), None);
        assert!(alma.refused("the image", Some(&begin), other).is_some());
        let arm = Expected {
            arch: Arch::Arm64,
            ..other
        };
        assert!(alma.refused("the base", None, arm).is_some());
    }
}
