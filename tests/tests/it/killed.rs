//! kill -9 of the worker in each stage of one deployment: another one takes over, and there is one instance and one AMI.

use std::time::Duration;

use ingot_client::Deployment;
use ingot_tests::{Options, Stack};
use serde_json::json;

use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(90);

/// Each stage: what is slowed down so that the kill meets it, and how the stage is recognised.
type Stage = (&'static str, Option<&'static str>, fn(&Deployment) -> bool);

const STAGES: [Stage; 6] = [
    (
        "the launch's answer is awaited",
        Some("RunInstances"),
        |seen| seen.status == "deploying",
    ),
    ("the launch is recorded", None, |seen| {
        seen.instance_id.is_some()
    }),
    ("readiness is checked", None, |seen| {
        seen.status == "running" && seen.readiness_checks > 0
    }),
    (
        "the installation is asked for",
        Some("SendCommand"),
        |seen| seen.ami_creation_status.as_deref() == Some("pending"),
    ),
    (
        "the image's answer is awaited",
        Some("CreateImage"),
        |seen| seen.ami_creation_status.as_deref() == Some("creating"),
    ),
    ("the image is in the making", None, |seen| {
        seen.created_ami_id.is_some()
    }),
];

#[tokio::test]
async fn a_worker_killed_in_each_stage_of_one_deployment_loses_and_doubles_nothing() {
    // Slow enough that each stage lasts longer than it takes to see and to kill.
    let mut stack = Stack::scaled_with(Options {
        workers: 1,
        pace: 120,
        ..Options::default()
    })
    .await
    .unwrap();
    for (_, slowed, _) in STAGES {
        if let Some(action) = slowed {
            // Commands ask about the installation from its first minute on, so all are slowed down.
            let times = u32::from(action != "SendCommand");
            let fault = json!({ "action": action, "kind": "delay", "ms": 1500, "times": times });
            stack.region.post("faults", &fault).await.unwrap();
        }
    }
    // Held in the stages that would be over before a kill could meet them: the installation, and the image.
    let held = json!({ "hold_install": true, "times": 1 });
    stack.region.post("next_instance", &held).await.unwrap();
    stack
        .region
        .post("next_image", &json!({ "hold": true, "times": 1 }))
        .await
        .unwrap();
    let deployment = stack.deploy("v2.0.0").await.unwrap();
    for (stage, _, reached) in STAGES {
        let seen = stack
            .wait_deployment(&deployment.id, |seen| reached(seen) || seen.finished, LONG)
            .await;
        let seen = seen.unwrap_or_else(|error| panic!("{stage}: {error:#}"));
        assert!(!seen.finished, "{stage} was missed: {seen:#?}");
        stack.replace_worker(0).await.unwrap();
        if stage == "readiness is checked" {
            let instance = seen.instance_id.unwrap();
            let over = json!({ "installed": true });
            stack
                .region
                .post(&format!("instances/{instance}"), &over)
                .await
                .unwrap();
        }
    }
    let seen = stack.client.deployment(&deployment.id).await.unwrap();
    let ami = seen.created_ami_id.unwrap();
    stack
        .region
        .post(&format!("images/{ami}"), &json!({ "state": "available" }))
        .await
        .unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("completed")),
        "{seen:#?}"
    );
    one_effect_each(&stack, 1, 1).await;
    let story = stack.story(&deployment.id).await.unwrap();
    let created = story
        .iter()
        .filter(|event| event.kind == "deployment.instance_created")
        .count();
    let completed = story
        .iter()
        .filter(|event| event.kind == "ami.completed")
        .count();
    assert!(created <= 1 && completed == 1, "{story:#?}");
    for (event, seq) in story.iter().zip(1..) {
        assert_eq!(event.seq, seq, "no gap, no double");
    }
}

#[tokio::test]
async fn a_worker_asked_to_stop_finishes_its_visits_and_burns_no_attempt() {
    let mut stack = Stack::scaled_with(Options {
        workers: 2,
        pace: 300,
        ..Options::default()
    })
    .await
    .unwrap();
    let deployment = stack.deploy("v2.1.0").await.unwrap();
    stack
        .wait_deployment(&deployment.id, |seen| seen.status == "running", LONG)
        .await
        .unwrap();
    let mut leaving = stack.workers.remove(0);
    leaving.terminate().await.unwrap();
    let status = leaving.wait(Duration::from_secs(40)).await.unwrap();
    assert!(status.success(), "{status}: {}", leaving.said());
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("completed"));
    let filter = ingot_client::TaskFilter {
        deployment_id: Some(deployment.id),
        ..Default::default()
    };
    let tasks = stack.client.tasks(&filter).await.unwrap();
    for task in tasks.items {
        assert_eq!(
            (task.crashes, task.attempt, task.state.as_str()),
            (0, 1, "completed"),
            "{task:#?}"
        );
    }
}
