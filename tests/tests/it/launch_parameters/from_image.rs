//! A cached launch gets what its image needs; whatever EC2 refuses about the image leads to a fresh install with the reason
//! (FIELD W1, REAL-AWS H1). Both shapes.

use ingot_client::deployment::CreateDeployment;
use ingot_tests::Stack;
use serde_json::json;

use super::{apply, field, finished, launches, on_both, order, succeeded, template, told, volume};

on_both! {
    a_cached_launch_gets_the_volume_of_its_image_embedded, a_cached_launch_gets_the_volume_of_its_image_scaled: larger_volume at 600;
    whatever_ec2_refuses_about_an_image_is_a_fresh_install_embedded, whatever_ec2_refuses_about_an_image_is_a_fresh_install_scaled: refused_image at 600;
    an_instance_that_its_image_ends_is_installed_fresh_embedded, an_instance_that_its_image_ends_is_installed_fresh_scaled: ended_by_image at 600;
}

/// W1: the first volume is larger than every later one is ordered.
async fn larger_volume(stack: &Stack) {
    apply(stack, &template("grown", &json!({}))).await;
    let large = CreateDeployment {
        volume_size_gb: Some(100),
        ..order("grown")
    };
    let first = succeeded(stack, &large).await;
    let ami = first.created_ami_id.clone().unwrap();
    for _ in 0..2 {
        let next = succeeded(stack, &order("grown")).await;
        assert_eq!(
            (next.launch_path.as_deref(), next.source_ami_id.as_ref()),
            (Some("cached"), Some(&ami)),
            "{next:#?}"
        );
        let said = told(stack, &next.id, "deployment.volume_grown").await;
        assert_eq!(said.len(), 1, "{said:?}");
        for part in ["100 GB", &ami, "10 GB"] {
            assert!(said[0].contains(part), "{part} in {said:?}");
        }
        let root = volume(stack, next.instance_id.as_deref().unwrap()).await;
        assert_eq!(field(&root, "size"), Some("100"), "{root}");
    }
    let larger = CreateDeployment {
        volume_size_gb: Some(120),
        ..order("grown")
    };
    let larger = succeeded(stack, &larger).await;
    let root = volume(stack, larger.instance_id.as_deref().unwrap()).await;
    assert_eq!(
        field(&root, "size"),
        Some("120"),
        "the order is more: {root}"
    );
    assert!(
        told(stack, &larger.id, "deployment.volume_grown")
            .await
            .is_empty()
    );
}

/// W1, its kind: EC2 may refuse other things about an image that is there; each leads to a fresh install, is told with EC2's
/// own words, and leaves the image as it is.
async fn refused_image(stack: &Stack) {
    apply(stack, &template("refused", &json!({}))).await;
    let first = succeeded(stack, &order("refused")).await;
    let ami = first.created_ami_id.clone().unwrap();
    let refusals = [
        (
            "InvalidBlockDeviceMapping",
            "The device name /dev/xvda is not the root's",
        ),
        (
            "Unsupported",
            "ENA must be enabled on the AMI for this instance type",
        ),
        (
            "InvalidParameterValue",
            "The boot mode of the AMI is not supported by the instance type",
        ),
        (
            "InvalidParameterCombination",
            "The KMS key of the snapshot cannot be used",
        ),
        ("InvalidAMIID.Unavailable", "The image ID is pending"),
        (
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-0' does not exist.",
        ),
        (
            "InvalidKmsKey.InvalidState",
            "The KMS key of snap-0 is disabled",
        ),
    ];
    for (code, message) in refusals {
        let fault = json!({
            "action": "RunInstances", "kind": "error", "code": code, "message": message, "times": 0, "match": { "ImageId": ami },
        });
        stack.region.post("faults", &fault).await.unwrap();
        let next = succeeded(stack, &order("refused")).await;
        assert_eq!(
            next.launch_path.as_deref(),
            Some("fresh"),
            "{code}: {next:#?}"
        );
        let said = told(stack, &next.id, "deployment.image_refused").await;
        assert_eq!(said.len(), 1, "{code}: {said:?}");
        for part in [code, message, &ami, "fresh install"] {
            assert!(said[0].contains(part), "{part} in {said:?}");
        }
        assert_eq!(
            next.created_ami_id.as_ref(),
            Some(&ami),
            "no second one is made"
        );
        let image = stack.client.image(&ami).await.unwrap();
        assert_eq!(image.status, "available", "{code}: {image:#?}");
        stack.region.delete("faults").await.unwrap();
    }
    let next = succeeded(stack, &order("refused")).await;
    assert_eq!(next.source_ami_id.as_ref(), Some(&ami), "it is used again");
}

/// The same when EC2 takes the launch and ends the instance: the image's snapshot is under a key that is disabled by now.
async fn ended_by_image(stack: &Stack) {
    let key =
        |enabled| json!({ "keys": [{ "id": "old", "alias": "alias/old", "enabled": enabled }] });
    let default = |key: &str| json!({ "default_key": key });
    stack.region.post("kms", &key(true)).await.unwrap();
    stack
        .region
        .post("kms", &default("alias/old"))
        .await
        .unwrap();
    apply(stack, &template("keyed", &json!({}))).await;
    let first = succeeded(stack, &order("keyed")).await;
    let ami = first.created_ami_id.clone().unwrap();
    stack.region.post("kms", &default("aws/ebs")).await.unwrap();
    let next = succeeded(stack, &order("keyed")).await;
    assert_eq!(next.launch_path.as_deref(), Some("cached"), "{next:#?}");
    stack.region.post("kms", &key(false)).await.unwrap();
    let next = succeeded(stack, &order("keyed")).await;
    assert_eq!(next.launch_path.as_deref(), Some("fresh"), "{next:#?}");
    let said = told(stack, &next.id, "deployment.image_refused").await;
    assert_eq!(said.len(), 1, "{said:?}");
    for part in ["Client.InvalidKMSKey.InvalidState", &ami, "fresh install"] {
        assert!(said[0].contains(part), "{part} in {said:?}");
    }
    // A base of that kind has nothing to fall back to, and is not tried again and again.
    stack
        .region
        .post("kms", &default("alias/old"))
        .await
        .unwrap();
    let before = launches(stack).await.len();
    let fresh = CreateDeployment {
        image: Some("fresh".to_owned()),
        ..order("keyed")
    };
    let seen = finished(stack, &fresh).await;
    assert_eq!(seen.status, "failed", "{seen:#?}");
    assert!(seen.error_message.unwrap().contains("InvalidKMSKey"));
    assert_eq!(launches(stack).await.len(), before + 1);
}
