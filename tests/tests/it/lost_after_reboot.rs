//! An instance that does not come back from the reboot for its AMI (FIELD N13), on both shapes: asked again, told, counted
//! for the alert; the AMI is kept, whether EC2 finished it before or after.

use std::time::Duration;

use ingot_client::{Deployment, Event};
use ingot_tests::{Options, Stack, until};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
const LOST: &str = "readiness.lost_after_reboot";
const BACK: &str = "readiness.reverified";

fn options(workers: usize) -> Options {
    Options {
        pace: 60,
        workers,
        ..Options::default()
    }
}

#[tokio::test]
async fn an_instance_that_does_not_come_back_is_told_embedded() {
    does_not_come_back(&Stack::embedded_with(options(0)).await.unwrap()).await;
}

#[tokio::test]
async fn an_instance_that_does_not_come_back_is_told_scaled() {
    does_not_come_back(&Stack::scaled_with(options(2)).await.unwrap()).await;
}

async fn does_not_come_back(stack: &Stack) {
    let lost = away_at_reboot(stack, "v1.0.0").await;
    let told = wait_for(stack, &lost.id, LOST).await;
    assert!(told.message.contains("has not come back"), "{told:#?}");
    assert!(told.message.contains("no server listens"), "{told:#?}");
    let seen = stack.client.deployment(&lost.id).await.unwrap();
    assert_eq!(seen.status, "success");
    assert_eq!(seen.ami_creation_status.as_deref(), Some("completed"));
    let image = stack.client.image(&seen.created_ami_id.unwrap()).await;
    assert_eq!(image.unwrap().status, "available");

    let late = away_at_reboot(stack, "v2.0.0").await;
    serve(stack, &late, "auto").await;
    let back = wait_for(stack, &late.id, BACK).await;
    let story = stack.story(&late.id).await.unwrap();
    let made = story.iter().find(|event| event.kind == "ami.completed");
    assert!(made.unwrap().seq < back.seq, "{story:#?}");
    assert!(!story.iter().any(|event| event.kind == LOST), "{story:#?}");
}

/// A deployment whose AMI is there and whose instance has refused connections since the reboot for it.
async fn away_at_reboot(stack: &Stack, version: &str) -> Deployment {
    let asked = stack.deploy(version).await.unwrap();
    let creating = |seen: &Deployment| seen.created_ami_id.is_some();
    let seen = stack.wait_deployment(&asked.id, creating, LONG).await;
    let seen = seen.unwrap();
    serve(stack, &seen, "refuse").await;
    // EC2 is done at once: nearly all of the ten minutes is left to come back in.
    let path = format!("images/{}", seen.created_ami_id.unwrap());
    let order = json!({ "state": "available" });
    stack.region.post(&path, &order).await.unwrap();
    stack.wait_finished(&asked.id, LONG).await.unwrap()
}

async fn serve(stack: &Stack, deployment: &Deployment, what: &str) {
    let id = deployment.instance_id.as_deref().unwrap();
    let order = json!({ "serve": what });
    let path = format!("instances/{id}");
    stack.region.post(&path, &order).await.unwrap();
}

async fn wait_for(stack: &Stack, id: &str, kind: &str) -> Event {
    let told = until(kind, LONG, async || {
        let story = stack.story(id).await?;
        Ok(story.into_iter().find(|event| event.kind == kind))
    });
    told.await.unwrap()
}
