//! The tracks that every installation has (ADVISORIES 1.1), and the names their vendors give to builds.

use super::{Owners, Track};
use crate::advisory::base::{Base, Os};
use crate::arch::Arch;

/// Releases that are watched, by system. Older and newer ones can be added by a person.
const RELEASES: [(Os, &[&str]); 7] = [
    (Os::Ubuntu, &["20.04", "22.04", "24.04"]),
    (Os::Debian, &["11", "12", "13"]),
    (Os::Rocky, &["8", "9", "10"]),
    (Os::AlmaLinux, &["8", "9", "10"]),
    (Os::Amazon, &["2", "2023"]),
    (Os::Rhel, &["8", "9", "10"]),
    (Os::Windows, &["2019", "2022", "2025"]),
];

/// All of them, in the order in which people read them.
pub fn all() -> Vec<Track> {
    let mut tracks = Vec::new();
    for (os, releases) in RELEASES {
        for release in releases {
            for arch in [Arch::X86_64, Arch::Arm64] {
                let base = Base {
                    os,
                    release: (*release).to_owned(),
                    arch,
                };
                if arch == Arch::X86_64 || os != Os::Windows {
                    tracks.push(track(&base));
                }
            }
        }
    }
    tracks
}

/// The track of a name, if it is one that every installation has.
pub fn find(name: &str) -> Option<Track> {
    all().into_iter().find(|track| track.name == name)
}

/// Whose accounts a system's images are published by.
pub fn owners(os: Os) -> Owners {
    let (aws, gov, cn) = match os {
        Os::Ubuntu => ("099720109477", Some("513442679011"), Some("837727238323")),
        Os::Debian => ("136693071363", None, None),
        Os::Rocky => ("792107900819", None, None),
        Os::AlmaLinux => ("764336703387", None, None),
        Os::Amazon => ("137112412989", Some("045324592363"), Some("141808717104")),
        Os::Rhel => ("309956199498", Some("219670896067"), Some("841258680906")),
        Os::Windows => ("801119661308", None, None),
    };
    Owners {
        aws: Some(aws.to_owned()),
        aws_us_gov: gov.map(str::to_owned),
        aws_cn: cn.map(str::to_owned),
    }
}

/// Filter, rule and parameter of a base, as its vendor names images.
fn track(base: &Base) -> Track {
    let release = base.release.as_str();
    // Canonical and Debian say amd64; Amazon, Red Hat and Rocky x86_64; EC2 itself x86_64 (ADVISORIES 1.1).
    let arm = base.arch == Arch::Arm64;
    let deb = if arm { "arm64" } else { "amd64" };
    let amazon = if arm { "arm64" } else { "x86_64" };
    let rpm = if arm { "aarch64" } else { "x86_64" };
    let (filter, pattern, parameter) = match base.os {
        Os::Ubuntu => ubuntu(base, deb),
        Os::Debian => (
            format!("debian-{release}-{deb}-*"),
            format!(r"debian-{release}-{deb}-(?<build>\d{{8}}-\d+)"),
            Some(format!(
                "/aws/service/debian/release/{release}/latest/{deb}"
            )),
        ),
        Os::Rocky => (
            format!("Rocky-{release}-EC2-Base-{release}.*.{rpm}"),
            format!(r"Rocky-{release}-EC2-Base-(?<build>{release}\.\d+-\d{{8}}\.\d+)\.{rpm}"),
            None,
        ),
        Os::AlmaLinux => (
            format!("AlmaLinux OS {release}*"),
            format!(r"AlmaLinux OS (?<build>{release}\.\d+\.\d{{8}}(?:\.\d+)?) {rpm}"),
            None,
        ),
        Os::Amazon if release == "2" => (
            format!("amzn2-ami-kernel-5.10-hvm-2.0.*-{amazon}-gp2"),
            format!(
                r"amzn2-ami-(?:(?<product>kernel-[\d.]+)-)?hvm-(?<build>2\.0\.\d{{8}}\.\d+)-{amazon}-gp2"
            ),
            Some(format!(
                "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-{amazon}-gp2"
            )),
        ),
        Os::Amazon => (
            format!("al2023-ami-2023.*-kernel-*-{amazon}"),
            format!(
                r"al2023-ami-(?<build>2023\.\d+\.\d{{8}}\.\d+)-(?<product>kernel-\d+\.\d+)-{amazon}"
            ),
            Some(format!(
                "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{amazon}"
            )),
        ),
        // No parameter of Red Hat's is known to exist.
        Os::Rhel => (
            format!("RHEL-{release}.*_HVM-*-{amazon}-*-Hourly2-GP3"),
            format!(
                r"RHEL-(?<release>{release}\.\d+)\.\d+_HVM-(?<day>\d{{8}})-{amazon}-(?<respin>\d+)-Hourly2-GP3"
            ),
            None,
        ),
        Os::Windows => (
            format!("Windows_Server-{release}-English-Full-Base-*"),
            format!(r"Windows_Server-{release}-English-Full-Base-(?<build>\d{{4}}\.\d\d\.\d\d)"),
            Some(format!(
                "/aws/service/ami-windows-latest/Windows_Server-{release}-English-Full-Base"
            )),
        ),
    };
    Track {
        name: base.to_string(),
        like: Some(base.to_string()),
        arch: base.arch,
        owners: owners(base.os),
        filter,
        pattern,
        parameter,
    }
}

/// Canonical publishes on gp3 since 23.10 only, so 20.04 and 22.04 lie under `hvm-ssd` (ADVISORIES 1.2).
fn ubuntu(base: &Base, arch: &str) -> (String, String, Option<String>) {
    let release = base.release.as_str();
    let codename = base.codename().unwrap_or_default();
    let (path, volume) = match release {
        "20.04" | "22.04" => ("hvm-ssd", "gp2"),
        _ => ("hvm-ssd-gp3", "gp3"),
    };
    let begin = format!("ubuntu/images/{path}/ubuntu-{codename}-{release}-{arch}-server-");
    let pattern = format!(r"{}(?<build>\d{{8}}(?:\.\d+)?)", begin.replace('.', r"\."));
    let parameter = format!(
        "/aws/service/canonical/ubuntu/server/{release}/stable/current/{arch}/hvm/ebs-{volume}/ami-id"
    );
    (format!("{begin}*"), pattern, Some(parameter))
}

/// The name under which the vendor of a built-in track publishes a build: for the simulated region, which publishes them.
/// `None` if the track is none of them, or the build is none the vendor could name so.
pub fn image_name(track: &Track, build: &str) -> Option<String> {
    let base = track.base()?;
    let (begin, end) = track.filter.split_once('*')?;
    let name = match (base.os, base.release.as_str()) {
        (Os::Rocky, release) => {
            let begin = begin.strip_suffix(&format!("{release}."))?;
            format!("{begin}{build}{end}")
        }
        (Os::AlmaLinux, release) => {
            let begin = begin.strip_suffix(release)?;
            let rpm = if base.arch == Arch::Arm64 {
                "aarch64"
            } else {
                "x86_64"
            };
            format!("{begin}{build} {rpm}")
        }
        (Os::Amazon, "2") => format!("{}{build}{end}", begin.strip_suffix("2.0.")?),
        (Os::Amazon, _) => {
            let end = end.replace('*', "6.1");
            format!("{}{build}{end}", begin.strip_suffix("2023.")?)
        }
        (Os::Rhel, _) => {
            let [major, minor, day, respin] =
                build.split('.').collect::<Vec<_>>().try_into().ok()?;
            let arch = base.arch;
            format!("RHEL-{major}.{minor}.0_HVM-{day}-{arch}-{respin}-Hourly2-GP3")
        }
        _ => format!("{begin}{build}{end}"),
    };
    track.rule().ok()?.read(&name)?;
    Some(name)
}
