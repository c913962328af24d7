//! The resources of each call, as tables.

use super::*;
use crate::state::{PlaceKey, World};
use serde_json::json;

const GROUP: &str = "sg-00000000000000001";

fn asked(action: &str, body: &str) -> Vec<String> {
    let key = PlaceKey {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
    };
    let mut world = World::new(1, 16);
    let place = world.place(&key);
    let vpc = place.network.vpcs[0].id.clone();
    let roles = BTreeMap::from([("web".to_owned(), "web-role".to_owned())]);
    let short = |ask: &Ask| {
        let resource = ask
            .resource
            .replace("arn:aws:ec2:us-east-1:123456789012:", "")
            .replace("arn:aws:ec2:us-east-1::", "::")
            .replace(&vpc, "VPC");
        let action = ask.action.trim_start_matches("ec2:").to_owned();
        let because = ask.fact("ec2:createaction");
        let because = because.map(|because| format!(" for {because}"));
        format!("{action} {resource}{}", because.unwrap_or_default())
    };
    let asks = ec2(place, &roles, action, &Params::parse(body));
    asks.iter().map(short).collect()
}

#[test]
fn a_launch_asks_for_all_it_uses_and_makes() {
    let body = format!(
        "ImageId=ami-1&SubnetId=subnet-1&SecurityGroupId.1={GROUP}&KeyName=k\
         &IamInstanceProfile.Name=web&BlockDeviceMapping.1.DeviceName=/dev/sdf\
         &BlockDeviceMapping.1.Ebs.SnapshotId=snap-1\
         &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a\
         &TagSpecification.2.ResourceType=volume&TagSpecification.2.Tag.1.Key=b"
    );
    let group = format!("RunInstances security-group/{GROUP}");
    assert_eq!(
        asked("RunInstances", &body),
        [
            "RunInstances instance/*",
            "RunInstances ::image/ami-1",
            "RunInstances subnet/subnet-1",
            group.as_str(),
            "RunInstances network-interface/*",
            "RunInstances volume/*",
            "RunInstances ::snapshot/snap-1",
            "RunInstances key-pair/k",
            "iam:PassRole arn:aws:iam::123456789012:role/web-role",
            "CreateTags instance/* for RunInstances",
            "CreateTags volume/* for RunInstances",
        ]
    );
    let arn = "IamInstanceProfile.Arn=arn:aws:iam::123456789012:instance-profile/path/ops";
    let last = asked("RunInstances", arn).pop();
    assert_eq!(
        last.as_deref(),
        Some("iam:PassRole arn:aws:iam::123456789012:role/ops")
    );
}

#[test]
fn other_calls_ask_for_what_they_make_and_name() {
    let table: &[(&str, &str, &[&str])] = &[
        (
            "CreateImage",
            "InstanceId=i-1&TagSpecification.1.ResourceType=image&TagSpecification.1.Tag.1.Key=a",
            &[
                "CreateImage ::image/*",
                "CreateImage instance/i-1",
                "CreateImage ::snapshot/*",
                "CreateTags ::image/* for CreateImage",
            ],
        ),
        (
            "CreateSecurityGroup",
            "GroupName=g",
            &[
                "CreateSecurityGroup vpc/VPC",
                "CreateSecurityGroup security-group/*",
            ],
        ),
        (
            "TerminateInstances",
            "InstanceId.1=i-1&InstanceId.2=i-2",
            &[
                "TerminateInstances instance/i-1",
                "TerminateInstances instance/i-2",
            ],
        ),
        (
            "DeregisterImage",
            "ImageId=ami-1",
            &["DeregisterImage ::image/ami-1"],
        ),
        (
            "DeleteSnapshot",
            "SnapshotId=snap-1",
            &["DeleteSnapshot ::snapshot/snap-1"],
        ),
        (
            "DeleteSecurityGroup",
            "GroupId=sg-1",
            &["DeleteSecurityGroup security-group/sg-1"],
        ),
        (
            "AuthorizeSecurityGroupIngress",
            "GroupId=sg-1&IpPermissions.1.Groups.1.GroupId=sg-2",
            &["AuthorizeSecurityGroupIngress security-group/sg-1"],
        ),
        (
            "CreateTags",
            "ResourceId.1=ami-1&ResourceId.2=i-1&Tag.1.Key=a",
            &["CreateTags ::image/ami-1", "CreateTags instance/i-1"],
        ),
        (
            "DescribeInstances",
            "InstanceId.1=i-1",
            &["DescribeInstances *"],
        ),
        (
            "GetConsoleOutput",
            "InstanceId=i-1",
            &["GetConsoleOutput instance/i-1"],
        ),
        (
            "DescribeInstanceAttribute",
            "InstanceId=i-1",
            &["DescribeInstanceAttribute instance/i-1"],
        ),
        (
            "EnableEbsEncryptionByDefault",
            "",
            &["EnableEbsEncryptionByDefault *"],
        ),
    ];
    for (action, body, want) in table {
        assert_eq!(asked(action, body), *want, "{action} {body}");
    }
}

#[test]
fn systems_manager_asks_for_parameters_documents_and_instances() {
    let key = PlaceKey {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
    };
    let mut world = World::new(1, 16);
    let place = world.place(&key);
    let tags = Tags::from([("ManagedBy".to_owned(), "us".to_owned())]);
    place.tags.put("i-1", &tags).expect("one tag");
    let resources = |action: &str, body: serde_json::Value| -> Vec<String> {
        let asks = ssm(place, action, &body).into_iter();
        asks.map(|ask| ask.resource).collect()
    };
    let of = |name: &str| resources("GetParameter", json!({"Name": name}));
    assert_eq!(
        of("/aws/service/x/y"),
        ["arn:aws:ssm:us-east-1::parameter/aws/service/x/y"]
    );
    assert_eq!(
        of("/ingot/x:3"),
        ["arn:aws:ssm:us-east-1:123456789012:parameter/ingot/x"]
    );
    assert_eq!(
        of("plain"),
        ["arn:aws:ssm:us-east-1:123456789012:parameter/plain"]
    );
    let body = json!({"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"]});
    let asks = ssm(place, "SendCommand", &body);
    assert_eq!(
        asks[0].resource,
        "arn:aws:ssm:us-east-1::document/AWS-RunShellScript"
    );
    assert_eq!(
        asks[1].resource,
        "arn:aws:ec2:us-east-1:123456789012:instance/i-1"
    );
    assert_eq!(asks[1].fact("ssm:resourcetag/managedby"), Some("us"));
    assert_eq!(
        resources("GetCommandInvocation", json!({})),
        ["arn:aws:ssm:us-east-1:123456789012:*"]
    );
}
