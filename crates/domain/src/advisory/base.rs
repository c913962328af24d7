//! Base images by name and their builds: `ubuntu-22.04` and `20240629`.

use std::fmt;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::level::Vocabulary;
use super::order::Order;
use crate::Instant;
use crate::arch::Arch;

/// An operating system with a feed of advisories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    /// Canonical's Ubuntu.
    Ubuntu,
    /// Debian.
    Debian,
    /// Rocky Linux.
    Rocky,
    /// AlmaLinux.
    AlmaLinux,
    /// Amazon Linux 2 and 2023.
    Amazon,
    /// Red Hat Enterprise Linux.
    Rhel,
    /// Windows Server.
    Windows,
}

impl Os {
    /// All of them.
    pub const ALL: [Os; 7] = [
        Os::Ubuntu,
        Os::Debian,
        Os::Rocky,
        Os::AlmaLinux,
        Os::Amazon,
        Os::Rhel,
        Os::Windows,
    ];

    /// What base images are named by, before the release.
    pub fn prefix(self) -> &'static str {
        match self {
            Os::Ubuntu => "ubuntu",
            Os::Debian => "debian",
            Os::Rocky => "rocky",
            Os::AlmaLinux => "almalinux",
            Os::Amazon => "amazon-linux",
            Os::Rhel => "rhel",
            Os::Windows => "windows",
        }
    }

    /// The feed, as people name it.
    pub fn feed(self) -> &'static str {
        match self {
            Os::Ubuntu => "USN",
            Os::Debian => "DSA",
            Os::Rocky => "RLSA",
            Os::AlmaLinux => "ALSA",
            Os::Amazon => "ALAS",
            Os::Rhel => "RHSA",
            Os::Windows => "MSRC",
        }
    }

    /// Whose words its severities are.
    pub fn vocabulary(self) -> Vocabulary {
        match self {
            Os::Ubuntu => Vocabulary::Ubuntu,
            Os::Debian => Vocabulary::Debian,
            Os::Rocky | Os::AlmaLinux | Os::Rhel => Vocabulary::RedHat,
            Os::Amazon => Vocabulary::Amazon,
            Os::Windows => Vocabulary::Msrc,
        }
    }

    /// Whose rule orders its versions.
    pub fn order(self) -> Order {
        match self {
            Os::Ubuntu | Os::Debian => Order::Deb,
            Os::Rocky | Os::AlmaLinux | Os::Amazon | Os::Rhel => Order::Rpm,
            Os::Windows => Order::Numbers,
        }
    }

    /// Releases that base images have.
    pub fn releases(self) -> &'static [&'static str] {
        match self {
            Os::Ubuntu => &["18.04", "20.04", "22.04", "24.04", "26.04"],
            Os::Debian => &["10", "11", "12", "13"],
            Os::Rocky | Os::AlmaLinux | Os::Rhel => &["8", "9", "10"],
            Os::Amazon => &["2", "2023"],
            Os::Windows => &["2016", "2019", "2022", "2025"],
        }
    }
}

/// A base image as its track is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The operating system.
    pub os: Os,
    /// `22.04`, `9`, `2023`.
    pub release: String,
    /// The architecture.
    pub arch: Arch,
}

/// A name that is no base image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no base image: name one such as {1}, with `-arm64` behind it for Graviton")]
pub struct NoBase(String, String);

/// A text that names no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no build: a build is named by its vendor and holds its day, such as 20240629, 9.6.20251113, \
     2023.5.20240701.0 or 2024.08.14"
)]
pub struct NoBuild(String);

impl Base {
    /// Reads a track's name.
    pub fn parse(text: &str) -> Result<Self, NoBase> {
        let (name, arch) = match text.strip_suffix("-arm64") {
            Some(name) => (name, Arch::Arm64),
            None => (text, Arch::X86_64),
        };
        let found = Os::ALL.into_iter().find_map(|os| {
            let release = name.strip_prefix(os.prefix())?.strip_prefix('-')?;
            let known = os.releases().contains(&release);
            known.then(|| (os, release.to_owned()))
        });
        // Windows Server images are for x86-64 alone.
        let found = found.filter(|(os, _)| *os != Os::Windows || arch == Arch::X86_64);
        let Some((os, release)) = found else {
            let known = Os::ALL.map(|os| {
                let releases = os.releases();
                format!("{}-{}", os.prefix(), releases[releases.len() - 2])
            });
            let text: String = text.chars().take(80).collect();
            return Err(NoBase(text, known.join(", ")));
        };
        Ok(Self { os, release, arch })
    }

    /// Ubuntu's name of the release, as its URLs have it.
    pub fn codename(&self) -> Option<&'static str> {
        match (self.os, self.release.as_str()) {
            (Os::Ubuntu, "18.04") => Some("bionic"),
            (Os::Ubuntu, "20.04") => Some("focal"),
            (Os::Ubuntu, "22.04") => Some("jammy"),
            (Os::Ubuntu, "24.04") => Some("noble"),
            (Os::Debian, "10") => Some("buster"),
            (Os::Debian, "11") => Some("bullseye"),
            (Os::Debian, "12") => Some("bookworm"),
            (Os::Debian, "13") => Some("trixie"),
            _ => None,
        }
    }

    /// The day after which the vendor gives plain images no more fixes, where that day is near or past.
    pub fn end_of_life(&self) -> Option<NaiveDate> {
        let (year, month, day) = match (self.os, self.release.as_str()) {
            (Os::Ubuntu, "18.04") => (2023, 5, 31),
            (Os::Ubuntu, "20.04") => (2025, 5, 31),
            (Os::Debian, "10") => (2024, 6, 30),
            (Os::Debian, "11") => (2026, 8, 31),
            (Os::Amazon, "2") => (2026, 6, 30),
            _ => return None,
        };
        NaiveDate::from_ymd_opt(year, month, day)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.os.prefix(), self.release)?;
        match self.arch {
            Arch::X86_64 => Ok(()),
            Arch::Arm64 => f.write_str("-arm64"),
        }
    }
}

/// One build of a base image, as its vendor names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The vendor's name.
    pub name: String,
    /// What stands before the day: `9.6`, `2023.5`; empty for Ubuntu.
    pub release: Vec<u32>,
    /// The day in the name.
    pub date: NaiveDate,
    /// What stands behind it.
    pub respin: Vec<u32>,
}

impl Build {
    /// Reads a build's name.
    pub fn parse(text: &str) -> Result<Self, NoBuild> {
        let refuse = || NoBuild(text.chars().take(80).collect());
        let numbers: Option<Vec<&str>> = text
            .split(['.', '-', '_'])
            .map(|part| {
                (!part.is_empty() && part.bytes().all(|c| c.is_ascii_digit())).then_some(part)
            })
            .collect();
        let numbers = numbers
            .filter(|numbers| text.len() <= 40 && numbers.iter().all(|part| part.len() <= 8))
            .ok_or_else(refuse)?;
        let day = |part: &&str| {
            (part.len() == 8).then(|| NaiveDate::parse_from_str(part, "%Y%m%d").ok())?
        };
        let number = |part: &&str| part.parse::<u32>().unwrap_or(u32::MAX);
        let at = numbers.iter().position(|part| day(part).is_some());
        let (release, date, respin) = match (at, numbers.as_slice()) {
            (Some(at), parts) => (
                &parts[..at],
                day(&parts[at]).ok_or_else(refuse)?,
                &parts[at + 1..],
            ),
            // Windows: 2024.08.14.
            (None, [year, month, day, rest @ ..]) if year.len() == 4 => {
                let date = NaiveDate::parse_from_str(&[*year, *month, *day].concat(), "%Y%m%d");
                (&[][..], date.map_err(|_| refuse())?, rest)
            }
            (None, _) => return Err(refuse()),
        };
        Ok(Self {
            name: text.to_owned(),
            release: release.iter().map(number).collect(),
            date,
            respin: respin.iter().map(number).collect(),
        })
    }

    /// Whether a build of this name can be of the base: `9.6.20251113` is none of `almalinux-8`.
    pub fn fits(&self, base: &Base) -> bool {
        let major: Option<u32> = base.release.split('.').next().and_then(|n| n.parse().ok());
        match base.os {
            // Canonical, Debian and Microsoft name builds by their day.
            Os::Ubuntu | Os::Debian | Os::Windows => self.release.is_empty(),
            Os::Rocky | Os::AlmaLinux | Os::Rhel | Os::Amazon => {
                self.release.is_empty() || self.release.first().copied() == major
            }
        }
    }

    /// The beginning of its day.
    pub fn begin(&self) -> Instant {
        self.date.and_time(NaiveTime::MIN).and_utc()
    }

    /// The end of its day, which stands for the time of publication where that is not known.
    pub fn end(&self) -> Instant {
        self.begin() + TimeDelta::days(1) - TimeDelta::seconds(1)
    }

    /// What orders builds: numbers, never the text of the name.
    pub fn key(&self) -> (&[u32], NaiveDate, &[u32]) {
        (&self.release, self.date, &self.respin)
    }

    /// `9.6`; empty where the vendor names none.
    pub fn release_text(&self) -> String {
        let parts: Vec<String> = self.release.iter().map(u32::to_string).collect();
        parts.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_images_are_named_by_system_release_and_architecture() {
        for name in [
            "ubuntu-22.04",
            "debian-12-arm64",
            "rocky-9",
            "almalinux-10",
            "amazon-linux-2",
            "amazon-linux-2023-arm64",
            "rhel-8",
            "windows-2022",
        ] {
            assert_eq!(
                Base::parse(name).map(|base| base.to_string()),
                Ok(name.to_owned())
            );
        }
        for name in [
            "ubuntu",
            "ubuntu-22.4",
            "amazon-linux-22",
            "centos-7",
            "windows-2022-arm64",
            "",
            "../x",
        ] {
            let refused = Base::parse(name).expect_err(name);
            assert!(refused.to_string().contains("ubuntu-24.04"), "{refused}");
        }
    }

    #[test]
    fn builds_are_read_as_their_vendors_name_them() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a day");
        let table = [
            ("20240629", "", date(2024, 6, 29), vec![]),
            ("20210119.1", "", date(2021, 1, 19), vec![1]),
            ("20240717-1811", "", date(2024, 7, 17), vec![1811]),
            ("9.6.20251113", "9.6", date(2025, 11, 13), vec![]),
            ("9.4-20240509.0", "9.4", date(2024, 5, 9), vec![0]),
            ("2023.5.20240701.0", "2023.5", date(2024, 7, 1), vec![0]),
            ("2.0.20240620.0", "2.0", date(2024, 6, 20), vec![0]),
            ("2024.08.14", "", date(2024, 8, 14), vec![]),
        ];
        for (text, release, date, respin) in table {
            let build = Build::parse(text).expect(text);
            let read = (build.release_text(), build.date, build.respin.clone());
            assert_eq!(read, (release.to_owned(), date, respin), "{text}");
        }
        for text in ["", "8.4", "latest", "20241332", "../20240629", "2024.13.01"] {
            assert!(Build::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn builds_are_of_their_base() {
        let table = [
            ("almalinux-9", "9.6.20251113", true),
            ("almalinux-8", "9.6.20251113", false),
            ("amazon-linux-2", "2.0.20240620.0", true),
            ("amazon-linux-2", "2023.5.20240701.0", false),
            ("amazon-linux-2023", "2023.5.20240701.0", true),
            ("ubuntu-22.04", "20240701.1", true),
            ("ubuntu-22.04", "9.6.20251113", false),
            ("windows-2022", "2024.08.14", true),
        ];
        for (base, build, wanted) in table {
            let (base, build) = (Base::parse(base), Build::parse(build).expect(build));
            assert_eq!(build.fits(&base.expect("base")), wanted, "{}", build.name);
        }
    }

    #[test]
    fn builds_are_ordered_by_numbers() {
        let keys = ["20210119", "20210119.1", "20210129", "20210129.10"];
        let builds: Vec<Build> = keys
            .iter()
            .map(|text| Build::parse(text).expect("build"))
            .collect();
        assert!(builds.is_sorted_by(|a, b| a.key() < b.key()));
        let (nine, ten) = (Build::parse("8.9.20240303"), Build::parse("8.10.20240530"));
        assert!(nine.expect("build").key() < ten.expect("build").key());
    }
}
