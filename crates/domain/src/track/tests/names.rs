//! The rules of tracks against names that vendors gave and look-alikes, and what a person may add.

use std::path::Path;

use super::{at, jammy, listing, look, track};
use crate::arch::Arch;
use crate::track::add::NewTrack;
use crate::track::newest::{Recorded, Verdict};
use crate::track::{Rule, Shown, known};

/// The listing of a file beside the specification, if it is there.
fn real(file: &str) -> Option<Vec<Shown>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/advisories");
    let text = std::fs::read_to_string(root.join("aws").join(file)).ok()?;
    let listing: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let images = listing["Images"].as_array().expect("images");
    let word = |image: &serde_json::Value, key: &str| image[key].as_str().map(str::to_owned);
    let read = images.iter().map(|image| Shown {
        id: word(image, "ImageId").expect("id"),
        owner: word(image, "OwnerId").expect("owner"),
        name: word(image, "Name").expect("name"),
        arch: word(image, "Architecture").and_then(|arch| Arch::parse(&arch)),
        created_at: word(image, "CreationDate").map(|date| at(&date)),
        deprecated_at: word(image, "DeprecationTime").map(|date| at(&date)),
        usable: word(image, "State").as_deref() == Some("available"),
    });
    Some(read.collect())
}

#[test]
fn every_installation_has_the_tracks_of_the_issue() {
    let all = known::all();
    assert_eq!(all.len(), 2 * (3 + 3 + 3 + 3 + 2 + 3) + 3);
    for name in [
        "ubuntu-20.04",
        "ubuntu-24.04-arm64",
        "debian-12",
        "rocky-9",
        "almalinux-10-arm64",
        "amazon-linux-2",
        "amazon-linux-2023",
        "rhel-8",
        "windows-2022",
    ] {
        let track = track(name);
        assert_eq!(track.base().expect("base").to_string(), name);
        assert!(track.rule().is_ok(), "{name}");
    }
    assert_eq!(known::find("windows-2022-arm64"), None);
    let gov = track("ubuntu-22.04").owners;
    assert_eq!(gov.of("us-gov-west-1"), Some("513442679011"));
    assert_eq!(gov.of("cn-north-1"), Some("837727238323"));
    assert_eq!(track("debian-12").owners.of("cn-north-1"), None);
}

#[test]
fn names_are_read_as_vendors_write_them_and_look_alikes_are_not() {
    let good = [
        ("ubuntu-22.04", jammy("20240701"), "20240701"),
        ("ubuntu-22.04", jammy("20210119.1"), "20210119.1"),
        (
            "ubuntu-24.04-arm64",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240701".to_owned(),
            "20240701",
        ),
        (
            "debian-12",
            "debian-12-amd64-20230910-1499".to_owned(),
            "20230910-1499",
        ),
        (
            "rocky-9",
            "Rocky-9-EC2-Base-9.4-20240509.0.x86_64".to_owned(),
            "9.4-20240509.0",
        ),
        (
            "almalinux-9",
            "AlmaLinux OS 9.6.20251113 x86_64".to_owned(),
            "9.6.20251113",
        ),
        (
            "amazon-linux-2023",
            "al2023-ami-2023.5.20240701.0-kernel-6.1-x86_64".to_owned(),
            "2023.5.20240701.0",
        ),
        (
            "amazon-linux-2",
            "amzn2-ami-kernel-5.10-hvm-2.0.20240620.0-x86_64-gp2".to_owned(),
            "2.0.20240620.0",
        ),
        (
            "rhel-9",
            "RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3".to_owned(),
            "9.4.20240605.82",
        ),
        (
            "windows-2022",
            "Windows_Server-2022-English-Full-Base-2024.08.14".to_owned(),
            "2024.08.14",
        ),
    ];
    for (name, image, build) in &good {
        let track = track(name);
        let read = track.rule().expect("rule").read(image).expect(image);
        assert_eq!(read.build.name, *build, "{image}");
        if *name != "amazon-linux-2" {
            assert_eq!(known::image_name(&track, build).as_ref(), Some(image));
        }
    }
    let bad = [
        // gp3 begins with 23.10.
        (
            "ubuntu-22.04",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-jammy-22.04-amd64-server-20240701",
        ),
        (
            "ubuntu-24.04",
            "ubuntu/images/hvm-ssd/ubuntu-noble-24.04-amd64-server-20240701",
        ),
        (
            "ubuntu-22.04",
            "ubuntu/images-testing/hvm-ssd/ubuntu-jammy-daily-amd64-server-20240703",
        ),
        (
            "ubuntu-22.04",
            "x/ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701",
        ),
        (
            "ubuntu-22.04",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701\n",
        ),
        (
            "ubuntu-22.04",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20241301",
        ),
        (
            "ubuntu-22.04",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22x04-amd64-server-20240701",
        ),
        (
            "debian-12",
            "debian-12-amd64-20230910-1499-prod-s2fy2g55okxhk",
        ),
        ("debian-12", "debian-12-amd64-daily-20231209-1589"),
        ("rocky-9", "Rocky-9-EC2-LVM-9.4-20240509.0.x86_64"),
        ("almalinux-9", "AlmaLinux OS 9.6.20251113 aarch64"),
        (
            "amazon-linux-2023",
            "al2023-ami-minimal-2023.5.20240701.0-kernel-6.1-x86_64",
        ),
        (
            "amazon-linux-2023",
            "al2023-ami-ecs-hvm-2023.0.20240701-kernel-6.1-x86_64",
        ),
        (
            "amazon-linux-2023",
            "al2023-ami-2023.5.20240701.0-kernel-6.1-amd64",
        ),
        (
            "rhel-9",
            "RHEL-9.4.0_HVM_BETA-20240605-x86_64-82-Hourly2-GP3",
        ),
        (
            "windows-2022",
            "Windows_Server-2022-English-Core-Base-2024.08.14",
        ),
    ];
    for (name, image) in bad {
        assert_eq!(
            track(name).rule().expect("rule").read(image),
            None,
            "{image}"
        );
    }
}

#[test]
fn a_person_adds_a_track_with_an_owner_and_a_rule() {
    let good = NewTrack {
        name: "team-web".to_owned(),
        like: Some("ubuntu-22.04".to_owned()),
        owner: "123456789012".to_owned(),
        aws_filter: "team-web-*".to_owned(),
        pattern: r"team-web-(?<build>\d{8})".to_owned(),
        ..NewTrack::default()
    };
    let track = good.check().expect("a track");
    assert_eq!(track.base().expect("base").to_string(), "ubuntu-22.04");
    type Spoilt = (&'static str, fn(&mut NewTrack));
    let bad: [Spoilt; 14] = [
        ("owner", |new| new.owner.clear()),
        ("owner", |new| new.owner = "amazon".to_owned()),
        ("owner", |new| new.owner = "*".to_owned()),
        ("name", |new| new.name = "ubuntu-22.04".to_owned()),
        ("name", |new| new.name = "../x".to_owned()),
        ("name", |new| new.name = "a".repeat(61)),
        ("aws_filter", |new| new.aws_filter = "*".to_owned()),
        ("aws_filter", |new| new.aws_filter.clear()),
        ("pattern", |new| new.pattern = "team-web-.*".to_owned()),
        ("pattern", |new| new.pattern = "(?<build>".to_owned()),
        ("pattern", |new| {
            new.pattern = r"(?<build>(\d{1000}){1000})".to_owned()
        }),
        ("parameter", |new| {
            new.parameter = Some("no slash".to_owned())
        }),
        ("like", |new| new.like = Some("centos-7".to_owned())),
        ("architecture", |new| new.arch = Some("arm64".to_owned())),
    ];
    for (field, spoil) in bad {
        let mut new = good.clone();
        spoil(&mut new);
        let errors = new.check().expect_err(field);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].field, field, "{errors:?}");
    }
    assert!(Rule::new(&"a".repeat(301)).is_err());
}

#[test]
fn real_listings_lead_to_the_vendors_release() {
    let cases = [
        (
            "describe_images_debian12.json",
            "debian-12",
            "debian-12-amd64-20231013-1532",
        ),
        (
            "describe_images_ubuntu_jammy.json",
            "ubuntu-22.04",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701",
        ),
    ];
    for (file, name, expected) in cases {
        let Some(images) = real(file) else { continue };
        let found = look(&track(name), Recorded::default(), listing(&images));
        let Verdict::Baseline(newest) = found.verdict else {
            panic!("{file}: {found:?}")
        };
        assert_eq!(newest.image.name, expected);
    }
}
