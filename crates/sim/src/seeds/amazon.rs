//! Amazon Linux, and the Amazon images made from it that a greedy pattern catches with it.

use super::lines::{Line, Vendor};
use crate::state::images::Platform;

const fn amazon(owner: &'static str) -> Vendor {
    Vendor {
        owner,
        alias: Some("amazon"),
        root_device: "/dev/xvda",
        platform: Platform::Linux,
    }
}

const LINUX: Vendor = amazon("137112412989");
const ECS: Vendor = amazon("591542846629");
const EKS: Vendor = amazon("602401143452");
const BOTTLEROCKET: Vendor = amazon("092701018921");

/// The one image whose instances cannot be captured: its root is instance store.
const INSTANCE_STORE: &str = "amzn-ami-minimal-hvm-2018.03.0.20231218.0-x86_64-s3";

const LATEST: &str = "/aws/service/ami-amazon-linux-latest";

/// Day and time of the releases: of last month and of this month.
const OLD: (&str, &str) = ("20261005", "2026-10-06T21:14:09.000Z");
const NEW: (&str, &str) = ("20261109", "2026-11-10T20:31:44.000Z");

pub(super) fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for arch in ["x86_64", "arm64"] {
        for (edition, gib) in [("", 8), ("minimal-", 2)] {
            for kernel in ["6.1", "6.12"] {
                lines.push(al2023(arch, edition, gib, kernel));
            }
        }
        lines.extend([
            al2(arch, ""),
            al2(arch, "kernel-5.10-"),
            ecs(arch),
            eks(arch),
        ]);
        lines.push(bottlerocket(arch));
    }
    let mut store = Line::new(
        LINUX,
        "x86_64",
        0,
        "Amazon Linux AMI 2018.03 x86_64 Minimal HVM",
    )
    .release(INSTANCE_STORE, "2023-12-18T21:00:00.000Z");
    store.devices.clear();
    lines.push(store);
    lines
}

fn al2023(arch: &'static str, edition: &str, gib: u64, kernel: &str) -> Line {
    let name = |day: &str| format!("al2023-ami-{edition}2023.9.{day}.0-kernel-{kernel}-{arch}");
    let description = format!("Amazon Linux 2023 AMI 2023.9 {arch} HVM kernel-{kernel}");
    let line = Line::new(LINUX, arch, gib, description)
        .release(name(OLD.0), OLD.1)
        .release(name(NEW.0), NEW.1)
        .parameter(format!(
            "{LATEST}/al2023-ami-{edition}kernel-{kernel}-{arch}"
        ));
    if kernel == "6.1" {
        line.parameter(format!(
            "{LATEST}/al2023-ami-{edition}kernel-default-{arch}"
        ))
    } else {
        line
    }
}

fn al2(arch: &'static str, kernel: &str) -> Line {
    let name = format!("amzn2-ami-{kernel}hvm-2.0.20260622.0-{arch}-gp2");
    let description = format!("Amazon Linux 2 AMI 2.0.20260622.0 {arch} HVM gp2");
    Line::new(LINUX, arch, 8, description)
        .volume("gp2")
        .release(name, "2026-06-24T18:20:31.000Z")
        .parameter(format!("{LATEST}/amzn2-ami-{kernel}hvm-{arch}-gp2"))
}

/// Caught by `al2023-ami-*`.
fn ecs(arch: &'static str) -> Line {
    let name = format!("al2023-ami-ecs-hvm-2023.0.20261113-kernel-6.1-{arch}");
    let description = format!("Amazon Linux AMI 2023.0.20261113 {arch} ECS HVM EBS");
    let path = if arch == "arm64" { "/arm64" } else { "" };
    Line::new(ECS, arch, 30, description)
        .release(name, "2026-11-14T02:10:00.000Z")
        .parameter(format!(
            "/aws/service/ecs/optimized-ami/amazon-linux-2023{path}/recommended/image_id"
        ))
}

fn eks(arch: &'static str) -> Line {
    let name = format!("amazon-eks-node-al2023-{arch}-standard-1.34-v20261112");
    let description =
        format!("EKS-optimized Kubernetes node based on Amazon Linux 2023, 1.34, {arch}");
    Line::new(EKS, arch, 20, description)
        .release(name, "2026-11-12T19:05:40.000Z")
        .parameter(format!(
            "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/{arch}/standard/recommended/image_id"
        ))
}

/// Two volumes: the system, and one for containers.
fn bottlerocket(arch: &'static str) -> Line {
    let name = format!("bottlerocket-aws-k8s-1.34-{arch}-v1.52.0-8a3f2c11");
    let mut line = Line::new(BOTTLEROCKET, arch, 2, name.clone())
        .release(name, "2026-11-11T00:15:22.000Z")
        .parameter(format!(
            "/aws/service/bottlerocket/aws-k8s-1.34/{arch}/latest/image_id"
        ));
    line.devices.push(("/dev/xvdb", 20));
    line
}
