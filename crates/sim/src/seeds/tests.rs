//! What the seeds promise: names, sizes and parameters as vendors have them.

use std::collections::BTreeSet;

use super::*;
use crate::filters::glob;

#[test]
fn every_parameter_resolves_to_an_image_of_its_region() {
    let images = images("eu-west-1", None);
    let parameters = parameters("eu-west-1", None);
    assert!(parameters.len() > 60, "{}", parameters.len());
    for (name, versions) in &parameters {
        let image = &images[&versions[0].value];
        let arm = name.contains("arm64");
        assert_eq!(image.architecture == "arm64", arm, "{name}");
        assert_eq!(image.id.len(), "ami-0123456789abcdef0".len());
    }
    assert!(
        images
            .keys()
            .all(|id| !super::images("us-east-1", None).contains_key(id))
    );
}

#[test]
fn parameters_are_those_aws_has() {
    let parameters = parameters("us-east-1", None);
    let ubuntu = "/aws/service/canonical/ubuntu";
    for (name, there) in [
        (
            format!("{ubuntu}/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"),
            true,
        ),
        (
            format!("{ubuntu}/server/noble/stable/current/arm64/hvm/ebs-gp3/ami-id"),
            true,
        ),
        (
            format!("{ubuntu}/server/24.04/stable/20261115/amd64/hvm/ebs-gp3/ami-id"),
            true,
        ),
        (
            format!("{ubuntu}/server-minimal/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"),
            true,
        ),
        (
            format!("{ubuntu}/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"),
            true,
        ),
        (
            format!("{ubuntu}/server/22.04/stable/current/amd64/hvm/ebs-gp3/ami-id"),
            false,
        ),
        (
            format!("{ubuntu}/server/24.04/stable/current/amd64/hvm/ebs-gp2/ami-id"),
            false,
        ),
        (
            "/aws/service/debian/release/13/latest/amd64".to_owned(),
            true,
        ),
        ("/aws/service/rocky/9/latest".to_owned(), false),
        (
            "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2".to_owned(),
            true,
        ),
        (
            "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base".to_owned(),
            true,
        ),
    ] {
        assert_eq!(parameters.contains_key(&name), there, "{name}");
    }
}

#[test]
fn vendors_ship_roots_of_their_own_sizes_and_names() {
    let table = [
        (
            "099720109477",
            "ubuntu/images/*",
            "/dev/sda1",
            8,
            "Linux/UNIX",
        ),
        (
            "137112412989",
            "al2023-ami-2023*",
            "/dev/xvda",
            8,
            "Linux/UNIX",
        ),
        (
            "137112412989",
            "al2023-ami-minimal-*",
            "/dev/xvda",
            2,
            "Linux/UNIX",
        ),
        ("136693071363", "debian-13-*", "/dev/xvda", 8, "Linux/UNIX"),
        ("792107900819", "Rocky-*", "/dev/sda1", 10, "Linux/UNIX"),
        (
            "764336703387",
            "AlmaLinux OS *",
            "/dev/sda1",
            10,
            "Linux/UNIX",
        ),
        (
            "309956199498",
            "RHEL-*",
            "/dev/sda1",
            10,
            "Red Hat Enterprise Linux",
        ),
        (
            "801119661308",
            "Windows_Server-*",
            "/dev/sda1",
            30,
            "Windows",
        ),
        (
            "591542846629",
            "al2023-ami-ecs-*",
            "/dev/xvda",
            30,
            "Linux/UNIX",
        ),
    ];
    let images = images("us-east-1", None);
    for (owner, pattern, device, gib, platform) in table {
        let found: Vec<_> = images
            .values()
            .filter(|image| image.owner == owner && glob(pattern, &image.name))
            .collect();
        assert!(!found.is_empty(), "{pattern}");
        for image in found {
            let root = &image.devices[0];
            let told = (root.name.as_str(), root.size_gib, image.platform.details());
            assert_eq!(told, (device, gib, platform), "{}", image.name);
            assert_eq!(image.root_device, root.name);
        }
    }
}

/// A greedy pattern catches what its author did not mean (REAL-AWS M5).
#[test]
fn greedy_patterns_catch_other_lines() {
    let images = images("us-east-1", None);
    let caught = |pattern: &str| -> BTreeSet<String> {
        let names = images.values().filter(|image| glob(pattern, &image.name));
        names
            .map(|image| image.owner.clone() + &image.name)
            .collect()
    };
    let exact = caught("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*");
    let starred = caught("*ubuntu-jammy-22.04-amd64-server-*");
    assert_eq!((exact.len(), starred.len()), (1, 2), "{starred:?}");
    assert!(
        caught("al2023-ami-*-x86_64")
            .iter()
            .any(|name| name.contains("ecs"))
    );
    let kernels = caught("al2023-ami-2023.*-x86_64");
    assert!(
        kernels.iter().any(|name| name.contains("6.12")),
        "{kernels:?}"
    );
}

#[test]
fn a_release_is_a_new_image_of_the_same_line() {
    let parameter =
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";
    let (new, moved) =
        release("r", parameter, "2", "2026-12-01T00:00:00.000Z").expect("a known line");
    assert!(!images("r", None).contains_key(&new.id));
    assert_eq!(
        new.name,
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261201.2"
    );
    assert!(
        moved
            .iter()
            .any(|name| name.contains("/noble/stable/current/"))
    );
    assert!(
        moved.iter().all(|name| !name.contains("/20261115/")),
        "pinned ones stay"
    );
    assert!(release("r", "/other", "2", "2026-12-01T00:00:00.000Z").is_none());
}

#[test]
fn later_releases_are_named_as_their_vendor_does() {
    for (newest, later) in [
        (
            "al2023-ami-2023.9.20261109.0-kernel-6.1-x86_64",
            "al2023-ami-2023.9.20261201.3-kernel-6.1-x86_64",
        ),
        (
            "debian-12-amd64-20261102-2573",
            "debian-12-amd64-20261201.3-2573",
        ),
        (
            "RHEL-9.8.0_HVM-20260618-x86_64-0-Hourly2-GP3",
            "RHEL-9.8.0_HVM-20261201.3-x86_64-0-Hourly2-GP3",
        ),
        (
            "Windows_Server-2022-English-Full-Base-2026.11.12",
            "Windows_Server-2022-English-Full-Base-2026.11.12.3",
        ),
    ] {
        assert_eq!(
            lines::renamed(newest, "2026-12-01T00:00:00.000Z", "3"),
            later
        );
    }
}

#[test]
fn a_region_of_another_day_has_what_was_published_by_then() {
    let day = "2024-06-30T12:00:00.000Z";
    let images = images("us-east-1", Some(day));
    assert!(images.len() > 15, "{}", images.len());
    assert!(
        images
            .values()
            .all(|image| image.creation_date.as_str() <= day)
    );
    let parameters = parameters("us-east-1", Some(day));
    let name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id";
    let jammy = &images[&parameters[name][0].value];
    assert!(jammy.name.ends_with("-20240629"), "{}", jammy.name);
}
