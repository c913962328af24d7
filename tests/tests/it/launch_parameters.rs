//! What a template or a request asks of a launch reaches EC2 in a form that EC2 takes (FIELD W9, W10, W24; REAL-AWS
//! H7, M5, M8). Both shapes; what was made is asked of the region.

mod from_image;

use std::time::Duration;

use ingot_client::deployment::CreateDeployment;
use ingot_client::{Deployment, Event};
use ingot_tests::Stack;
use serde_json::{Value, json};

pub(super) const LONG: Duration = Duration::from_secs(120);
const AL2023: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/// A template that the simulated region brings up soon; `more` replaces its keys.
pub(super) fn template(name: &str, more: &Value) -> Value {
    let mut spec = json!({
        "name": name,
        "base_image": { "ssm": AL2023 },
        "instance_types": ["t3.micro"],
        "volume": { "size_gb": 10 },
        "user_data": "#!/bin/sh\necho hello\n",
        "probe": { "scheme": "https", "port": 443, "body_contains": ["login"], "first_check_seconds": 30, "interval_seconds": 30, "max_attempts": 60 },
        "install_finished": "none",
        "images": { "settle_seconds": 0 },
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    spec
}

/// Applies it; YAML reads JSON.
pub(super) async fn apply(stack: &Stack, spec: &Value) {
    let key = uuid::Uuid::new_v4().to_string();
    let yaml = serde_json::to_string_pretty(spec).unwrap();
    stack.client.apply_template(&yaml, &key).await.unwrap();
}

/// An order of version `v1.0.0` of a template.
pub(super) fn order(template: &str) -> CreateDeployment {
    CreateDeployment {
        template: template.to_owned(),
        ..Stack::order("v1.0.0")
    }
}

pub(super) async fn finished(stack: &Stack, order: &CreateDeployment) -> Deployment {
    let key = uuid::Uuid::new_v4().to_string();
    let made = stack.client.create_deployment(order, &key).await.unwrap();
    stack.wait_finished(&made.id, LONG).await.unwrap()
}

/// It is up and its image is made, or was not wanted.
pub(super) async fn succeeded(stack: &Stack, order: &CreateDeployment) -> Deployment {
    let seen = finished(stack, order).await;
    assert_eq!(seen.status, "success", "{seen:#?}");
    let made = seen.ami_creation_status.as_deref();
    assert!(matches!(made, Some("completed" | "skipped")), "{seen:#?}");
    seen
}

pub(super) async fn told(stack: &Stack, id: &str, kind: &str) -> Vec<String> {
    let story: Vec<Event> = stack.story(id).await.unwrap();
    let of_kind = story.into_iter().filter(|event| event.kind == kind);
    of_kind.map(|event| event.message).collect()
}

/// The parameters of the launches that EC2 took, oldest first.
pub(super) async fn launches(stack: &Stack) -> Vec<Value> {
    let calls = stack.region.calls("RunInstances").await.unwrap();
    let taken = calls.into_iter().filter(|call| call["outcome"] == "ok");
    taken.map(|call| call["params"].clone()).collect()
}

/// The root volume of an instance, as EC2 shows it.
pub(super) async fn volume(stack: &Stack, instance: &str) -> String {
    let by = [
        ("Action", "DescribeVolumes"),
        ("Filter.1.Name", "attachment.instance-id"),
        ("Filter.1.Value.1", instance),
    ];
    stack.region.ec2(&by).await.unwrap()
}

pub(super) fn field<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(value, _)| value)
}

/// Runs a test on each shape, at this pace: the embedded one and the scaled one with two workers.
macro_rules! on_both {
    ($($embedded:ident, $scaled:ident: $test:ident at $pace:expr;)*) => {$(
        #[tokio::test]
        async fn $embedded() {
            let options = ingot_tests::Options { pace: $pace, ..Default::default() };
            $test(&Stack::embedded_with(options).await.unwrap()).await;
        }

        #[tokio::test]
        async fn $scaled() {
            let options = ingot_tests::Options { pace: $pace, workers: 2, ..Default::default() };
            $test(&Stack::scaled_with(options).await.unwrap()).await;
        }
    )*};
}
pub(super) use on_both;

on_both! {
    the_newest_base_is_of_the_templates_architecture_embedded, the_newest_base_is_of_the_templates_architecture_scaled: architecture at 600;
    volumes_are_made_as_the_template_says_embedded, volumes_are_made_as_the_template_says_scaled: volumes at 600;
    addresses_hops_and_key_reach_ec2_embedded, addresses_hops_and_key_reach_ec2_scaled: addresses at 600;
}

/// W9: of the images that the pattern fits, the newest is for arm64.
async fn architecture(stack: &Stack) {
    for (name, kind, wanted) in [
        ("intel", "t3.micro", "x86_64"),
        ("graviton", "t4g.micro", "arm64"),
    ] {
        let newest = json!({ "newest": { "owner": "amazon", "name": "al2023-ami-2023*" } });
        let more = json!({ "base_image": newest, "instance_types": [kind], "architecture": wanted, "images": { "create": false } });
        apply(stack, &template(name, &more)).await;
        let seen = succeeded(stack, &order(name)).await;
        let sent = launches(stack).await.pop().unwrap();
        let base = sent["ImageId"].as_str().unwrap();
        let shown = stack
            .region
            .ec2(&[("Action", "DescribeImages"), ("ImageId.1", base)])
            .await
            .unwrap();
        assert_eq!(field(&shown, "architecture"), Some(wanted), "{seen:#?}");
        assert!(field(&shown, "name").unwrap().contains(wanted), "{shown}");
    }
    // What names no architecture that its types have is refused before anything is launched.
    let fixed = stack.region.ec2(&[
        ("Action", "DescribeImages"),
        ("Owner.1", "amazon"),
        ("Filter.1.Name", "architecture"),
        ("Filter.1.Value.1", "arm64"),
    ]);
    let fixed = fixed.await.unwrap();
    let arm = field(&fixed, "imageId").unwrap();
    let more = json!({ "base_image": { "ami": arm } });
    apply(stack, &template("mixed", &more)).await;
    let before = launches(stack).await.len();
    let seen = finished(stack, &order("mixed")).await;
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("arm64") && why.contains("x86_64") && why.contains(arm),
        "{why}"
    );
    assert_eq!(launches(stack).await.len(), before);
}

/// W10: what the check accepts, EC2 takes; what EC2 would refuse, the check refuses with the way out.
async fn volumes(stack: &Stack) {
    let table = [
        (
            "io1",
            json!({ "type": "io1", "iops": 500 }),
            [("iops", "500"), ("volumeType", "io1")],
        ),
        (
            "io2",
            json!({ "type": "io2", "iops": 2000 }),
            [("iops", "2000"), ("volumeType", "io2")],
        ),
        (
            "gp3",
            json!({ "type": "gp3", "iops": 4000, "throughput": 500 }),
            [("iops", "4000"), ("throughput", "500")],
        ),
        (
            "gp2",
            json!({ "type": "gp2" }),
            [("volumeType", "gp2"), ("size", "10")],
        ),
    ];
    for (name, volume_of, wanted) in table {
        let mut spec = json!({ "size_gb": 10 });
        for (key, value) in volume_of.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let more = json!({ "volume": spec, "images": { "create": false } });
        apply(stack, &template(name, &more)).await;
        let seen = succeeded(stack, &order(name)).await;
        let root = volume(stack, seen.instance_id.as_deref().unwrap()).await;
        for (key, value) in wanted {
            assert_eq!(field(&root, key), Some(value), "{name}: {root}");
        }
    }
    let file = stack.data_dir().join("bad.yaml");
    for (volume, part) in [
        (json!({ "size_gb": 10, "type": "io1" }), "volume.iops"),
        (json!({ "size_gb": 10, "type": "io2" }), "volume.iops"),
        (
            json!({ "size_gb": 10, "type": "gp2", "iops": 3000 }),
            "volume.iops",
        ),
        (
            json!({ "size_gb": 10, "type": "gp3", "throughput": 100 }),
            "volume.throughput",
        ),
    ] {
        let spec = template("bad", &json!({ "volume": volume }));
        std::fs::write(&file, spec.to_string()).unwrap();
        let check = stack
            .ingot(&["templates", "check", &file.to_string_lossy()])
            .await
            .unwrap();
        let said = [check.stdout, check.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!check.status.success(), "{volume}: {said}");
        assert!(said.contains(part), "{part} in {said}");
    }
    // A request's size is held against the template's operations, too.
    let small = CreateDeployment {
        volume_size_gb: Some(8),
        ..order("io1")
    };
    let refused = stack
        .client
        .create_deployment(&small, "small")
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("iops"), "{refused}");
}

/// W24: addresses, hops and key are what the template says, also where the subnet says otherwise.
async fn addresses(stack: &Stack) {
    let subnet = async |family: &str, public: bool| {
        let order = json!({ "family": family, "public": public });
        let made = stack.region.post("subnets", &order).await.unwrap();
        made["subnet_id"].as_str().unwrap().to_owned()
    };
    let (private, public, six, dual) = (
        subnet("ipv4", false).await,
        subnet("ipv4", true).await,
        subnet("ipv6", false).await,
        subnet("dual", false).await,
    );
    let key = json!({ "keys": [{ "id": "11111111-2222-3333-4444-555555555555", "alias": "alias/golden", "grants": true }] });
    stack.region.post("kms", &key).await.unwrap();
    let more = json!({
        "volume": { "size_gb": 10, "kms_key_id": "alias/golden" },
        "metadata_hop_limit": 2,
        "images": { "create": false },
    });
    apply(stack, &template("plain", &more)).await;
    let table = [
        // Subnet, public address asked for, IPv6 asked for: whether it gets them.
        (&private, None, None, false, false),
        (&private, Some(true), None, true, false),
        (&public, None, None, true, false),
        (&public, Some(false), None, false, false),
        (&six, None, None, false, true),
        (&six, None, Some(true), false, true),
        (&dual, Some(true), Some(true), true, true),
    ];
    for (subnet, assign_public_ip, ipv6, has_public, has_six) in table {
        let asked = CreateDeployment {
            subnet_id: Some(subnet.clone()),
            assign_public_ip,
            ipv6,
            ..order("plain")
        };
        let seen = succeeded(stack, &asked).await;
        let id = seen.instance_id.clone().unwrap();
        let what = format!("{subnet} {assign_public_ip:?} {ipv6:?}: {seen:#?}");
        let objects = stack
            .region
            .objects("us-east-1", "instances")
            .await
            .unwrap();
        let made = objects.iter().find(|one| one["id"] == id.as_str()).unwrap();
        assert_eq!(made["subnet_id"], subnet.as_str(), "{what}");
        assert_eq!(made["public"], has_public, "{what}");
        assert_eq!(made["ipv6"].is_string(), has_six, "{what}");
        let shown = stack
            .region
            .ec2(&[("Action", "DescribeInstances"), ("InstanceId.1", &id)])
            .await
            .unwrap();
        assert_eq!(
            field(&shown, "httpPutResponseHopLimit"),
            Some("2"),
            "{shown}"
        );
        assert_eq!(field(&shown, "httpTokens"), Some("required"), "{shown}");
        let root = volume(stack, &id).await;
        assert!(
            field(&root, "kmsKeyId")
                .is_some_and(|key| key.ends_with("11111111-2222-3333-4444-555555555555")),
            "{root}"
        );
        if !has_public && has_six {
            assert!(
                seen.public_ip.is_some_and(|ip| ip.starts_with("2001:db8:")),
                "probed and shown"
            );
            assert!(
                seen.access_url
                    .is_some_and(|url| url.starts_with("https://[2001:db8:"))
            );
        }
    }
    // The template's own words do the same as the request's.
    let network = json!({ "network": { "assign_public_ip": true, "ipv6": true }, "images": { "create": false } });
    apply(stack, &template("connected", &network)).await;
    let asked = CreateDeployment {
        subnet_id: Some(dual.clone()),
        ..order("connected")
    };
    succeeded(stack, &asked).await;
    let sent = launches(stack).await.pop().unwrap();
    assert_eq!(
        sent["NetworkInterface.1.AssociatePublicIpAddress"], "true",
        "{sent}"
    );
    assert_eq!(sent["NetworkInterface.1.Ipv6AddressCount"], "1", "{sent}");
}
