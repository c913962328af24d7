//! What a launch asks for, and how an instance is read.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    ArchitectureValues, DeviceType, Instance, InstanceState as SdkState, StateReason, Tag,
};

use super::*;

fn spec() -> LaunchSpec {
    LaunchSpec {
        token: "t".to_owned(),
        image_id: "ami-1".to_owned(),
        instance_type: "m6i.large".to_owned(),
        user_data: b"#!/bin/sh".to_vec(),
        root_device_name: "/dev/sda1".to_owned(),
        volume_size_gb: 30,
        volume_type: "gp3".to_owned(),
        iops: None,
        throughput: None,
        encrypted: true,
        kms_key_id: None,
        hop_limit: 1,
        zone: None,
        assign_public_ip: None,
        ipv6: false,
        subnet_id: None,
        security_group_ids: vec![],
        instance_profile: None,
        ends_itself: false,
        tags: BTreeMap::new(),
    }
}

#[test]
fn launches_are_hardened() {
    let volume = root_volume(&spec());
    let ebs = volume.ebs().expect("ebs");
    assert_eq!(volume.device_name(), Some("/dev/sda1"));
    assert_eq!(ebs.volume_type(), Some(&VolumeType::Gp3));
    assert_eq!(
        (
            ebs.encrypted(),
            ebs.volume_size(),
            ebs.delete_on_termination()
        ),
        (Some(true), Some(30), Some(true))
    );
    let metadata = metadata(1);
    assert_eq!(metadata.http_tokens(), Some(&HttpTokensState::Required));
    assert_eq!(metadata.http_put_response_hop_limit(), Some(1));
}

#[test]
fn what_the_template_gives_is_sent_and_nothing_is_asked_for_otherwise() {
    let plain = LaunchSpec {
        encrypted: false,
        ..spec()
    };
    assert_eq!(
        root_volume(&plain).ebs().and_then(|ebs| ebs.encrypted()),
        None
    );
    assert!(interface(&plain).is_none());
    let asked = LaunchSpec {
        iops: Some(4000),
        throughput: Some(500),
        kms_key_id: Some("alias/ebs".to_owned()),
        subnet_id: Some("subnet-1".to_owned()),
        security_group_ids: vec!["sg-1".to_owned()],
        assign_public_ip: Some(false),
        ipv6: true,
        ..spec()
    };
    let volume = root_volume(&asked);
    let ebs = volume.ebs().expect("ebs");
    assert_eq!(
        (ebs.iops(), ebs.throughput(), ebs.kms_key_id()),
        (Some(4000), Some(500), Some("alias/ebs"))
    );
    let own = interface(&asked).expect("an interface");
    assert_eq!(
        (
            own.subnet_id(),
            own.groups(),
            own.associate_public_ip_address(),
            own.ipv6_address_count()
        ),
        (
            Some("subnet-1"),
            &["sg-1".to_owned()][..],
            Some(false),
            Some(1)
        )
    );
    assert_eq!(metadata(2).http_put_response_hop_limit(), Some(2));
}

#[test]
fn launches_stored_before_read_back() {
    let old = r##"{"token":"t","image_id":"ami-1","instance_type":"m6i.large","user_data":"","root_device_name":"/dev/sda1",
        "volume_size_gb":30,"volume_type":"gp3","encrypted":true,"subnet_id":null,"security_group_ids":[],
        "instance_profile":null,"tags":{}}"##;
    let read: LaunchSpec = serde_json::from_str(old).expect("reads");
    assert_eq!((read.hop_limit, read.ipv6, read.zone), (1, false, None));
}

fn instance(state: InstanceStateName) -> aws_sdk_ec2::types::builders::InstanceBuilder {
    Instance::builder()
        .instance_id("i-1")
        .state(SdkState::builder().name(state).build())
}

#[test]
fn instances_are_read() {
    let found = instance(InstanceStateName::Running)
        .architecture(ArchitectureValues::Arm64)
        .instance_type(InstanceType::from("m7g.large"))
        .public_ip_address("198.51.100.7")
        .private_ip_address("")
        .root_device_type(DeviceType::InstanceStore)
        .instance_lifecycle(InstanceLifecycleType::Spot)
        .state_reason(
            StateReason::builder()
                .message("Server.SpotInstanceTermination")
                .build(),
        )
        .state_transition_reason("User initiated")
        .launch_time(aws_sdk_ec2::primitives::DateTime::from_secs(1_700_000_000))
        .tags(Tag::builder().key("a").value("b").build())
        .build();
    let found = facts(&found).expect("facts");
    assert_eq!(
        (found.state, found.architecture, found.spot),
        (InstanceState::Running, Arch::Arm64, true)
    );
    assert_eq!(
        found.public_ip.map(|ip| ip.to_string()).as_deref(),
        Some("198.51.100.7")
    );
    assert_eq!(found.private_ip, None);
    assert_eq!(found.root_device_type, "instance-store");
    assert_eq!(
        found.state_reason.as_deref(),
        Some("Server.SpotInstanceTermination")
    );
    assert_eq!(
        found.launched_at.map(|at| at.timestamp()),
        Some(1_700_000_000)
    );
    assert_eq!(found.tags["a"], "b");
}

#[test]
fn what_can_not_be_read_is_left_out() {
    assert!(facts(&instance(InstanceStateName::from("dreaming")).build()).is_none());
    assert!(facts(&Instance::builder().build()).is_none());
    let bare = facts(&instance(InstanceStateName::Terminated).build()).expect("facts");
    assert!(bare.state.is_ending() && bare.state_reason.is_none());
}
