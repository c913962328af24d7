//! What AWS does to us: answers lost after the effect, throttles, failed images, taken names, things gone by hand. The
//! faults come from the simulated region's control endpoint; every deployment ends as it must, with one effect each.

use std::time::Duration;

use ingot_client::Deployment;
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json};

use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(120);

async fn embedded() -> Stack {
    Stack::embedded_with(Options {
        pace: 600,
        ..Options::default()
    })
    .await
    .unwrap()
}

async fn finished(stack: &Stack, version: &str) -> Deployment {
    let deployment = stack.deploy(version).await.unwrap();
    stack.wait_finished(&deployment.id, LONG).await.unwrap()
}

fn assert_completed(seen: &Deployment) {
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("completed")),
        "{seen:#?}"
    );
}

#[tokio::test]
async fn lost_answers_are_looked_up_and_never_repeated() {
    let stack = embedded().await;
    for action in ["RunInstances", "CreateImage"] {
        for kind in ["lost_answer", "half_answer"] {
            // More than the SDK's own attempts, so that the visit itself meets the doubt.
            let fault = json!({ "action": action, "kind": kind, "times": 4 });
            stack.region.post("faults", &fault).await.unwrap();
        }
    }
    assert_completed(&finished(&stack, "v5.0.0").await);
    one_effect_each(&stack, 1, 1).await;
}

#[tokio::test]
async fn dropped_throttled_and_failing_calls_are_waited_out_without_burning_attempts() {
    let stack = embedded().await;
    for action in [
        "RunInstances",
        "CreateImage",
        "DescribeInstances",
        "DescribeImages",
        "GetParameter",
    ] {
        let drop = json!({ "action": action, "kind": "drop", "times": 4 });
        stack.region.post("faults", &drop).await.unwrap();
        let throttle = json!({ "action": action, "kind": "error", "code": "RequestLimitExceeded", "status": 503, "times": 6 });
        stack.region.post("faults", &throttle).await.unwrap();
        let broken = json!({ "action": action, "kind": "error", "code": "InternalError", "status": 500, "times": 4 });
        stack.region.post("faults", &broken).await.unwrap();
    }
    let seen = finished(&stack, "v5.0.1").await;
    assert_completed(&seen);
    one_effect_each(&stack, 1, 1).await;
    let filter = ingot_client::TaskFilter {
        deployment_id: Some(seen.id),
        ..Default::default()
    };
    for task in stack.client.tasks(&filter).await.unwrap().items {
        assert_eq!(task.attempt, 1, "{task:#?}");
    }
}

#[tokio::test]
async fn an_image_ec2_fails_is_cleaned_up_and_tried_again_three_times_at_most() {
    let stack = embedded().await;
    stack
        .region
        .post(
            "next_image",
            &json!({ "state": "failed", "reason": "Client.InternalError", "times": 1 }),
        )
        .await
        .unwrap();
    let seen = finished(&stack, "v5.1.0").await;
    assert_completed(&seen);
    let images = stack.region.objects("us-east-1", "images").await.unwrap();
    let ours = |image: &&Value| {
        image["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("kamiwaza-golden"))
    };
    assert_eq!(
        images
            .iter()
            .filter(ours)
            .filter(|image| image["state"] == "failed")
            .count(),
        0,
        "{images:#?}"
    );

    stack
        .region
        .post(
            "next_image",
            &json!({ "state": "failed", "reason": "no luck", "times": 3 }),
        )
        .await
        .unwrap();
    let seen = finished(&stack, "v5.1.1").await;
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("failed")),
        "{seen:#?}"
    );
    assert!(seen.ami_creation_error.unwrap().contains("no luck"));
}

#[tokio::test]
async fn an_instance_terminated_by_hand_while_its_image_is_made_is_told_clearly() {
    let stack = embedded().await;
    stack
        .region
        .post("next_image", &json!({ "hold": true, "times": 1 }))
        .await
        .unwrap();
    let deployment = stack.deploy("v5.2.0").await.unwrap();
    let seen = stack
        .wait_deployment(&deployment.id, |seen| seen.created_ami_id.is_some(), LONG)
        .await
        .unwrap();
    let (instance, ami) = (seen.instance_id.unwrap(), seen.created_ami_id.unwrap());
    stack
        .region
        .post(
            &format!("instances/{instance}"),
            &json!({ "state": "terminated" }),
        )
        .await
        .unwrap();
    stack
        .region
        .post(
            &format!("images/{ami}"),
            &json!({ "state": "failed", "reason": "source gone" }),
        )
        .await
        .unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("failed"));
    let error = seen.ami_creation_error.unwrap();
    assert!(
        error.contains("the instance disappeared during imaging"),
        "{error}"
    );
}

#[tokio::test]
async fn an_image_deregistered_by_hand_becomes_missing_and_the_next_deployment_installs_afresh() {
    let stack = embedded().await;
    let first = finished(&stack, "v5.3.0").await;
    let ami = first.created_ami_id.unwrap();
    stack
        .region
        .post(&format!("images/{ami}"), &json!({ "state": "gone" }))
        .await
        .unwrap();
    let next = finished(&stack, "v5.3.0").await;
    assert_completed(&next);
    assert_eq!(next.launch_path.as_deref(), Some("fresh"), "{next:#?}");
    assert_ne!(next.created_ami_id.as_ref(), Some(&ami));
    let missing = until("the image to be missing", LONG, async || {
        let image = stack.client.image(&ami).await?;
        Ok((image.status == "missing").then_some(()))
    });
    missing.await.unwrap();
}

#[tokio::test]
async fn an_instance_terminated_by_hand_is_noticed_by_the_reconciler() {
    let stack = embedded().await;
    let seen = finished(&stack, "v5.4.0").await;
    let instance = seen.instance_id.unwrap();
    stack
        .region
        .post(
            &format!("instances/{instance}"),
            &json!({ "state": "terminated" }),
        )
        .await
        .unwrap();
    let lost = stack
        .wait_deployment(&seen.id, |seen| seen.status == "destroyed", LONG)
        .await
        .unwrap();
    assert_eq!(lost.instance_id, None);
    assert_eq!(
        lost.ami_creation_status.as_deref(),
        Some("completed"),
        "the AMI stays"
    );
}

#[tokio::test]
async fn a_cancelled_launch_leaves_no_instance_behind() {
    let stack = embedded().await;
    let slow = json!({ "action": "RunInstances", "kind": "delay", "ms": 1000, "times": 1 });
    stack.region.post("faults", &slow).await.unwrap();
    let deployment = stack.deploy("v5.5.0").await.unwrap();
    stack
        .wait_deployment(&deployment.id, |seen| seen.status == "deploying", LONG)
        .await
        .unwrap();
    stack.client.act(&deployment.id, "cancel").await.unwrap();
    // The cancellation may come before or after the request was sent; either way its task ends with nothing alive.
    let clean = until("the cancellation to be over", LONG, async || {
        let filter = ingot_client::TaskFilter {
            deployment_id: Some(deployment.id.clone()),
            ..Default::default()
        };
        let tasks = stack.client.tasks(&filter).await?.items;
        let over = tasks
            .iter()
            .filter(|task| task.kind == "destroy")
            .all(|task| task.state == "completed");
        Ok((over && tasks.iter().any(|task| task.kind == "destroy")).then_some(()))
    });
    clean.await.unwrap();
    let instances = stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap();
    assert!(
        instances.iter().all(|one| one["state"] == "terminated"),
        "{instances:#?}"
    );
    let seen = stack.client.deployment(&deployment.id).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.ami_skip_reason.as_deref()),
        ("cancelled", Some("ended"))
    );
}

/// Ubuntu's root volume is `/dev/sda1`, Amazon Linux's `/dev/xvda`: a second volume under the wrong name would be empty.
#[tokio::test]
async fn a_given_ami_is_launched_with_its_own_root_device() {
    let stack = embedded().await;
    let parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let released = json!({ "parameter": parameter });
    let released = stack.region.post("base_images", &released).await.unwrap();
    let ami = released["image_id"].as_str().unwrap();
    for (image, device) in [(None, "/dev/sda1"), (Some(ami.to_owned()), "/dev/xvda")] {
        let order = ingot_client::deployment::CreateDeployment {
            image,
            ..Stack::order("v5.6.0")
        };
        let key = uuid::Uuid::new_v4().to_string();
        let asked = stack.client.create_deployment(&order, &key).await.unwrap();
        let launched = |seen: &Deployment| seen.instance_id.is_some();
        stack
            .wait_deployment(&asked.id, launched, LONG)
            .await
            .unwrap();
        let calls = stack.region.calls("RunInstances").await.unwrap();
        let sent = &calls.last().unwrap()["params"];
        assert_eq!(sent["BlockDeviceMapping.1.DeviceName"], device, "{sent}");
    }
}
