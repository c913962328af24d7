//! Canonical's Ubuntu: server, minimal, pro, nodes of EKS, and daily builds.
//!
//! 22.04 is published on gp2 only; volume type gp3 begins with 23.10
//! (canonical/ubuntu-cloud-docs#183).

use super::lines::{Line, Vendor};
use crate::state::images::Platform;

const CANONICAL: Vendor = Vendor {
    owner: "099720109477",
    alias: Some("amazon"),
    root_device: "/dev/sda1",
    platform: Platform::Linux,
};

/// A release of Ubuntu as AWS has it.
struct Series {
    number: &'static str,
    codename: &'static str,
    /// Path of its images and ending of its parameters.
    path: &'static str,
    volume: &'static str,
    kubernetes: &'static str,
}

const FOCAL: Series = Series {
    number: "20.04",
    codename: "focal",
    path: "hvm-ssd",
    volume: "gp2",
    kubernetes: "1.29",
};

const JAMMY: Series = Series {
    number: "22.04",
    codename: "jammy",
    path: "hvm-ssd",
    volume: "gp2",
    kubernetes: "1.29",
};

const NOBLE: Series = Series {
    number: "24.04",
    codename: "noble",
    path: "hvm-ssd-gp3",
    volume: "gp3",
    kubernetes: "1.34",
};

pub(super) fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for arch in ["amd64", "arm64"] {
        let old = (arch == "amd64").then_some("20261011");
        let noble = old.into_iter().chain(["20261115"]);
        lines.extend(series(&NOBLE, arch, &noble.collect::<Vec<_>>()));
        lines.extend(series(&JAMMY, arch, &["20261112"]));
        // The last one before the end of its standard support.
        let system = format!("ubuntu/images/hvm-ssd/ubuntu-focal-20.04-{arch}-server");
        lines.push(line(&FOCAL, arch, &["20250603"], "server", &system));
    }
    lines
}

fn series(series: &Series, arch: &'static str, serials: &[&str]) -> Vec<Line> {
    let Series {
        number,
        codename,
        path,
        kubernetes,
        ..
    } = series;
    let system = format!("ubuntu-{codename}-{number}-{arch}");
    vec![
        line(
            series,
            arch,
            serials,
            "server",
            &format!("ubuntu/images/{path}/{system}-server"),
        ),
        line(
            series,
            arch,
            serials,
            "server-minimal",
            &format!("ubuntu-minimal/images/{path}/{system}-minimal"),
        ),
        line(
            series,
            arch,
            serials,
            "pro-server",
            &format!("ubuntu-pro-server/images/{path}/{system}-pro-server"),
        ),
        // Caught by a pattern with a leading `*`.
        node(
            series,
            arch,
            &format!("ubuntu-eks/k8s_{kubernetes}/images/{path}/{system}-server"),
        ),
        daily(
            series,
            arch,
            &format!("ubuntu/images-testing/{path}/ubuntu-{codename}-daily-{arch}-server"),
        ),
    ]
}

fn architecture(arch: &str) -> &'static str {
    if arch == "arm64" { "arm64" } else { "x86_64" }
}

fn empty(series: &Series, arch: &str, gib: u64, note: &str) -> Line {
    let Series {
        number, codename, ..
    } = series;
    let description =
        format!("Canonical, Ubuntu{note}, {number}, {arch} {codename} image build on {{serial}}");
    Line::new(CANONICAL, architecture(arch), gib, description).volume(series.volume)
}

fn line(series: &Series, arch: &str, serials: &[&str], product: &str, prefix: &str) -> Line {
    let note = match product {
        "server-minimal" => " Minimal",
        "pro-server" => " Pro",
        _ => "",
    };
    let ending = format!("{arch}/hvm/ebs-{}/ami-id", series.volume);
    let root = format!("/aws/service/canonical/ubuntu/{product}");
    let mut line = empty(series, arch, 8, note);
    for serial in serials {
        line = line.release(format!("{prefix}-{serial}"), &published(serial, arch));
    }
    for name in [series.number, series.codename] {
        line = line.parameter(format!("{root}/{name}/stable/current/{ending}"));
        for (release, serial) in line.releases.iter_mut().zip(serials) {
            let pinned = format!("{root}/{name}/stable/{serial}/{ending}");
            release.parameters.push(pinned);
        }
    }
    line
}

fn node(series: &Series, arch: &str, prefix: &str) -> Line {
    let (number, kubernetes) = (series.number, series.kubernetes);
    empty(series, arch, 20, &format!(" EKS Node OS (k8s_{kubernetes})"))
        .release(format!("{prefix}-20261116"), &published("20261116", arch))
        .parameter(format!(
            "/aws/service/canonical/ubuntu/eks/{number}/{kubernetes}/stable/current/{arch}/hvm/ebs-{}/ami-id",
            series.volume
        ))
}

/// No parameter points at a daily build.
fn daily(series: &Series, arch: &str, prefix: &str) -> Line {
    empty(series, arch, 8, " UNSUPPORTED daily")
        .release(format!("{prefix}-20261117"), &published("20261117", arch))
}

fn published(serial: &str, arch: &str) -> String {
    let (year, month, day) = (&serial[..4], &serial[4..6], &serial[6..8]);
    let minute = if arch == "arm64" { "03" } else { "02" };
    format!("{year}-{month}-{day}T07:{minute}:11.000Z")
}
