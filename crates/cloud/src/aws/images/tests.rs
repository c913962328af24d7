//! How an image is read and held against a query.

use aws_sdk_ec2::types::{
    ArchitectureValues, BlockDeviceMapping, EbsBlockDevice, StateReason, Tag,
};

use super::*;

fn disk(snapshot: Option<&str>, size: i32) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .set_snapshot_id(snapshot.map(str::to_owned))
        .volume_size(size)
        .build();
    BlockDeviceMapping::builder()
        .device_name("/dev/x")
        .ebs(ebs)
        .build()
}

fn image() -> ImageFacts {
    let image = Image::builder()
        .image_id("ami-1")
        .name("golden")
        .state(SdkState::Failed)
        .state_reason(
            StateReason::builder()
                .code("Server.InternalError")
                .message("it broke")
                .build(),
        )
        .owner_id("123456789012")
        .architecture(ArchitectureValues::X8664)
        .creation_date("2026-11-21T10:00:00.000Z")
        .source_instance_id("i-1")
        .block_device_mappings(disk(Some("snap-1"), 30))
        .block_device_mappings(disk(None, 8))
        .block_device_mappings(
            BlockDeviceMapping::builder()
                .virtual_name("ephemeral0")
                .build(),
        )
        .block_device_mappings(disk(Some("snap-2"), 100))
        .tags(Tag::builder().key("ingot:effect").value("e-1").build())
        .build();
    facts(&image).expect("facts")
}

#[test]
fn images_are_read() {
    let image = image();
    assert_eq!(
        (image.state, image.architecture),
        (ImageState::Failed, Some(Arch::X86_64))
    );
    assert_eq!(image.state_reason.as_deref(), Some("it broke"));
    assert_eq!(
        image.created_at.map(|at| at.timestamp()),
        Some(1_795_255_200)
    );
    let ids: Vec<_> = image
        .snapshots
        .iter()
        .map(|snapshot| snapshot.id.as_str())
        .collect();
    assert_eq!(ids, ["snap-1", "snap-2"]);
    assert_eq!(image.size_gb(), 130);
}

#[test]
fn every_condition_of_a_query_must_hold() {
    let image = image();
    let base = ImageQuery::default();
    let tag = |value: &str| [("ingot:effect".to_owned(), value.to_owned())].into();
    let table = [
        (base.clone(), true),
        (
            ImageQuery {
                name: Some("golden".to_owned()),
                ..base.clone()
            },
            true,
        ),
        (
            ImageQuery {
                name: Some("gold*".to_owned()),
                ..base.clone()
            },
            false,
        ),
        (
            ImageQuery {
                tags: tag("e-1"),
                ..base.clone()
            },
            true,
        ),
        (
            ImageQuery {
                tags: tag("e-2"),
                ..base.clone()
            },
            false,
        ),
        (
            ImageQuery {
                source_instance_id: Some("i-1".to_owned()),
                ..base.clone()
            },
            true,
        ),
        (
            ImageQuery {
                source_instance_id: Some("i-2".to_owned()),
                ..base.clone()
            },
            false,
        ),
        (
            ImageQuery {
                architecture: Some(Arch::Arm64),
                ..base.clone()
            },
            false,
        ),
        (
            ImageQuery {
                name: Some("golden".to_owned()),
                architecture: Some(Arch::Arm64),
                ..base
            },
            false,
        ),
    ];
    for (query, expected) in table {
        assert_eq!(matches(&query, &image), expected, "{query:?}");
    }
}

#[test]
fn every_state_is_known() {
    for known in SdkState::values() {
        assert!(state(&SdkState::from(*known)).is_some(), "{known}");
    }
    assert_eq!(state(&SdkState::from("dreaming")), None);
}

#[test]
fn descriptions_are_sent_as_ascii() {
    let table = [
        (
            "kamiwaza v1.0.0 (full) on Ubuntu 24.04",
            "kamiwaza v1.0.0 (full) on Ubuntu 24.04",
        ),
        (
            "Rocky Linux\u{ae} 9 \u{2013} f\u{fc}r alle\n",
            "Rocky Linux(R) 9 - f?r alle ",
        ),
        (
            "\u{201c}Windows\u{201d}\u{2122}\u{a0}2025\u{2026}",
            "\"Windows\"(TM) 2025...",
        ),
        ("", ""),
    ];
    for (text, sent) in table {
        assert_eq!(description(text), sent);
    }
    assert_eq!(
        description(&"\u{ae}".repeat(300)).len(),
        LONGEST_DESCRIPTION
    );
}
