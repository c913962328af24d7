//! Spot instances as sources (F24): never stopped, the reboot told as a risk, an interruption named as what it is.

use std::time::Duration;

use ingot_tests::{Options, Stack};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
const TAKEN: &str = "AWS took the Spot instance back (Server.SpotInstanceTermination";

async fn stack() -> Stack {
    let stack = Stack::embedded_with(Options {
        pace: 600,
        ..Options::default()
    });
    stack.await.unwrap()
}

async fn next_is_spot(stack: &Stack, more: serde_json::Value) {
    let mut order = json!({ "spot": true });
    order
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    stack.region.post("next_instance", &order).await.unwrap();
}

async fn nothing_was_stopped(stack: &Stack) {
    assert_eq!(stack.region.calls("StopInstances").await.unwrap().len(), 0);
}

#[tokio::test]
async fn its_image_is_made_with_the_risk_told_and_it_is_never_stopped() {
    let stack = stack().await;
    next_is_spot(&stack, json!({})).await;
    let first = stack.deploy("v7.0.0").await.unwrap();
    let seen = stack.wait_finished(&first.id, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("completed"));
    let story = stack.story(&first.id).await.unwrap();
    let told = story
        .iter()
        .filter(|event| event.kind == "ami.spot_reboot")
        .count();
    assert_eq!(told, 1, "{story:#?}");
    // An on-demand instance runs no such risk.
    let second = stack.deploy("v7.0.1").await.unwrap();
    stack.wait_finished(&second.id, LONG).await.unwrap();
    let story = stack.story(&second.id).await.unwrap();
    assert!(story.iter().all(|event| event.kind != "ami.spot_reboot"));
    nothing_was_stopped(&stack).await;
}

#[tokio::test]
async fn an_interruption_before_it_answers_fails_the_deployment_with_that_reason() {
    let stack = stack().await;
    next_is_spot(&stack, json!({ "hold_install": true, "dies_after": 300 })).await;
    let deployment = stack.deploy("v7.1.0").await.unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(seen.status, "failed", "{seen:#?}");
    assert!(seen.error_message.unwrap().starts_with(TAKEN));
    nothing_was_stopped(&stack).await;
}

#[tokio::test]
async fn an_interruption_while_its_image_is_made_fails_the_ami_with_that_reason() {
    let stack = stack().await;
    next_is_spot(&stack, json!({})).await;
    let hold = json!({ "hold": true, "times": 1 });
    stack.region.post("next_image", &hold).await.unwrap();
    let deployment = stack.deploy("v7.2.0").await.unwrap();
    let seen = stack
        .wait_deployment(&deployment.id, |seen| seen.created_ami_id.is_some(), LONG)
        .await
        .unwrap();
    let (instance, ami) = (seen.instance_id.unwrap(), seen.created_ami_id.unwrap());
    let taken = json!({ "state": "terminated", "reason": "Server.SpotInstanceTermination" });
    let instance = format!("instances/{instance}");
    stack.region.post(&instance, &taken).await.unwrap();
    let broken = json!({ "state": "failed", "reason": "source gone" });
    stack
        .region
        .post(&format!("images/{ami}"), &broken)
        .await
        .unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("failed")),
        "{seen:#?}"
    );
    assert!(seen.ami_creation_error.unwrap().starts_with(TAKEN));
}
