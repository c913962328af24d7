//! Debian, Rocky Linux, AlmaLinux and Red Hat Enterprise Linux.

use super::lines::{Line, Vendor};
use crate::state::images::Platform;

const DEBIAN: Vendor = Vendor {
    owner: "136693071363",
    alias: None,
    root_device: "/dev/xvda",
    platform: Platform::Linux,
};

const ROCKY: Vendor = Vendor {
    owner: "792107900819",
    alias: None,
    root_device: "/dev/sda1",
    platform: Platform::Linux,
};

const ALMA: Vendor = Vendor {
    owner: "764336703387",
    ..ROCKY
};

const RED_HAT: Vendor = Vendor {
    owner: "309956199498",
    alias: Some("amazon"),
    root_device: "/dev/sda1",
    platform: Platform::RedHat,
};

pub(super) fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for (arch, machine) in [("x86_64", "x86_64"), ("arm64", "aarch64")] {
        for (number, build) in [
            ("11", "20260831-2510"),
            ("12", "20261102-2573"),
            ("13", "20261102-2573"),
        ] {
            lines.push(debian(arch, number, build));
        }
        for (major, minor) in [("8", "8.10"), ("9", "9.8"), ("10", "10.2")] {
            lines.push(rocky(arch, machine, major, minor, "Base"));
            lines.push(rocky(arch, machine, major, minor, "LVM"));
            lines.push(alma(arch, machine, minor));
            lines.push(red_hat(arch, minor));
        }
    }
    lines
}

fn debian(arch: &'static str, number: &str, build: &str) -> Line {
    let word = if arch == "arm64" { "arm64" } else { "amd64" };
    let description = format!("Debian {number} ({build})");
    Line::new(DEBIAN, arch, 8, description)
        .release(
            format!("debian-{number}-{word}-{build}"),
            &format!(
                "{}-{}-{}T05:20:33.000Z",
                &build[..4],
                &build[4..6],
                &build[6..8]
            ),
        )
        .parameter(format!(
            "/aws/service/debian/release/{number}/latest/{word}"
        ))
}

/// The `LVM` flavour differs from the `Base` one by a word in its name only.
fn rocky(arch: &'static str, machine: &str, major: &str, minor: &str, flavour: &str) -> Line {
    let name = format!("Rocky-{major}-EC2-{flavour}-{minor}-20260605.0.{machine}");
    Line::new(ROCKY, arch, 10, name.clone()).release(name, "2026-06-07T22:41:10.000Z")
}

fn alma(arch: &'static str, machine: &str, minor: &str) -> Line {
    let name = format!("AlmaLinux OS {minor}.20260602 {machine}");
    let description = format!("Official AlmaLinux OS {minor} {machine} Amazon Machine Image");
    Line::new(ALMA, arch, 10, description).release(name, "2026-06-03T14:02:55.000Z")
}

fn red_hat(arch: &'static str, minor: &str) -> Line {
    let full = format!("{minor}.0");
    let name = format!("RHEL-{full}_HVM-20260618-{arch}-0-Hourly2-GP3");
    let description = "Provided by Red Hat, Inc.";
    Line::new(RED_HAT, arch, 10, description).release(name, "2026-06-19T09:30:01.000Z")
}
