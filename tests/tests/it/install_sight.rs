//! The installation of a fresh launch is told while it runs, and a step that fails ends its deployment at once (N3, G22),
//! on both shapes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ingot_client::{Deployment, Event};
use ingot_tests::{Options, Stack};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
/// The figure is promised up to this pace.
const PACE: u32 = 10;

async fn embedded() -> Stack {
    let options = Options {
        pace: PACE,
        ..Options::default()
    };
    Stack::embedded_with(options).await.unwrap()
}

async fn scaled() -> Stack {
    let options = Options {
        pace: PACE,
        workers: 2,
        ..Options::default()
    };
    Stack::scaled_with(options).await.unwrap()
}

/// The built-in template with two steps of its own, and other lines changed.
async fn template(stack: &Stack, name: &str, changes: &[(&str, &str)]) {
    let built_in = stack.client.template_yaml("kamiwaza").await.unwrap();
    let begins = built_in
        .find("\nuser_data: |")
        .or_else(|| built_in.find("\nsteps:"))
        .unwrap();
    let ends = begins + 1 + built_in[begins + 1..].find("\nfirst_boot: |").unwrap();
    let steps = "\nsteps:\n  - name: update\n    run: |\n      echo 'Hit:1 noble'\n      echo 'password=hunter2'\n  \
        - name: install nginx\n    run: |\n      echo 'Setting up nginx'\n";
    let mut yaml = format!("{}{steps}{}", &built_in[..begins], &built_in[ends..]);
    yaml = yaml.replace("name: kamiwaza\n", &format!("name: {name}\n"));
    for (from, to) in changes {
        assert!(yaml.contains(from), "`{from}` is in\n{yaml}");
        yaml = yaml.replace(from, to);
    }
    stack.client.apply_template(&yaml, name).await.unwrap();
}

async fn start(stack: &Stack, template: &str) -> Deployment {
    let mut order = Stack::order("v0.9.2");
    order.template = template.to_owned();
    let key = uuid::Uuid::new_v4().to_string();
    stack.client.create_deployment(&order, &key).await.unwrap()
}

async fn next_guest(stack: &Stack, order: serde_json::Value) {
    stack.region.post("next_guest", &order).await.unwrap();
}

/// What the story tells of the installation: kind without `install.`, and message.
fn installation(story: &[Event]) -> Vec<(&str, &str)> {
    let told = story.iter().filter_map(|event| {
        let kind = event.kind.strip_prefix("install.")?;
        Some((kind, event.message.as_str()))
    });
    told.collect()
}

#[tokio::test]
async fn steps_and_output_are_told_while_it_installs_embedded() {
    told(&embedded().await).await;
}

#[tokio::test]
async fn steps_and_output_are_told_while_it_installs_scaled() {
    told(&scaled().await).await;
}

async fn told(stack: &Stack) {
    template(stack, "steps", &[]).await;
    let deployment = start(stack, "steps").await;
    let finished = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let want = [
        ("step", "step 1 of 2: update"),
        ("output", "Hit:1 noble"),
        ("output", "password=[redacted]"),
        ("step", "step 2 of 2: install nginx"),
    ];
    let heard = installation(&story);
    assert_eq!(heard.get(..want.len()), Some(&want[..]), "{story:#?}");
    // The rest may come with the page, at the same moment.
    let rest = [
        ("output", "Setting up nginx"),
        (
            "done",
            "The installation's script ended with exit code 0; waiting until it answers",
        ),
    ];
    assert!(rest.starts_with(&heard[want.len()..]), "{story:#?}");
}

#[tokio::test]
async fn a_failing_step_fails_the_deployment_at_once_embedded() {
    failing(&embedded().await).await;
}

#[tokio::test]
async fn a_failing_step_fails_the_deployment_at_once_scaled() {
    failing(&scaled().await).await;
}

async fn failing(stack: &Stack) {
    template(stack, "steps", &[]).await;
    let output: Vec<String> = (1..=30).map(|number| format!("line {number}")).collect();
    let mut output = output;
    output.push("E: Unable to locate package nginxx".to_owned());
    let step = json!({ "number": 2, "exit_code": 100, "output": output });
    next_guest(stack, json!({ "step": step })).await;
    let deployment = start(stack, "steps").await;
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(failed.status, "failed", "{failed:#?}");
    let why = failed.error_message.clone().unwrap();
    let begins = "step 2 of 2 \"install nginx\" failed with exit code 100: ";
    assert!(
        why.starts_with(begins) && why.ends_with("package nginxx"),
        "{why}"
    );
    assert!(
        why.contains("line 12 ") && !why.contains("line 11 "),
        "the last 20: {why}"
    );
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    for (at, line) in output.iter().enumerate() {
        let told = heard.iter().filter(|(_, said)| said == line).count();
        assert_eq!(told, 1, "line {at}: {story:#?}");
    }
    let (kind, way_out) = heard.last().unwrap();
    assert_eq!(*kind, "way_out");
    let id = format!("ingot deployments destroy {}", deployment.id);
    for said in [id.as_str(), "runs on", "ingot templates apply"] {
        assert!(way_out.contains(said), "{way_out}");
    }
    let failed_at = story
        .iter()
        .find(|event| event.kind == "deployment.failed")
        .unwrap()
        .at;
    let late = late(stack, &failed, failed_at).await;
    assert!(
        late <= Duration::from_secs(10),
        "{late:?} after the step's end"
    );
}

/// Simulated time between the end of an instance's script, by the region's own record of questions, and an instant: the
/// last question that heard of no end was answered before it.
async fn late(stack: &Stack, deployment: &Deployment, at: DateTime<Utc>) -> Duration {
    let id = deployment.instance_id.as_deref().unwrap();
    let commands = stack
        .region
        .get(&format!("commands?instance={id}"))
        .await
        .unwrap();
    let commands = commands["commands"].as_array().unwrap().clone();
    assert!(commands.len() >= 3, "{commands:#?}");
    let sent = |at: usize| commands[at]["sim_seconds"].as_f64().unwrap();
    // It ended between the last question but one and the last.
    let last = commands.len() - 1;
    let gap = Duration::from_secs_f64(sent(last) - sent(last - 1));
    let state = stack.region.get("state?region=us-east-1").await.unwrap();
    let now = state["sim_seconds"].as_f64();
    let told = (Utc::now() - at).to_std().unwrap().as_secs_f64() * f64::from(PACE);
    let told_at = now.map(|now| now - told);
    let heard = told_at.map_or(Duration::from_secs(2), |told| {
        Duration::from_secs_f64((told - sent(last)).max(0.0))
    });
    gap + heard
}

#[tokio::test]
async fn a_step_that_hangs_is_the_last_that_is_told() {
    let stack = embedded().await;
    template(&stack, "steps", &[]).await;
    next_guest(
        &stack,
        json!({ "step": { "number": 1, "hangs": true, "output": ["waiting for a lock"] } }),
    )
    .await;
    let deployment = start(&stack, "steps").await;
    let mut heard = Vec::new();
    for _ in 0..400 {
        heard = stack.story(&deployment.id).await.unwrap();
        if installation(&heard).len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let want = [
        ("step", "step 1 of 2: update"),
        ("output", "waiting for a lock"),
    ];
    assert_eq!(installation(&heard), want, "{heard:#?}");
    let shown = stack.client.deployment(&deployment.id).await.unwrap();
    assert_eq!(shown.status, "running");
    assert!(shown.stage.contains("step 1 of 2"), "{}", shown.stage);
}

#[tokio::test]
async fn what_cannot_be_watched_is_said_once() {
    let stack = embedded().await;
    let no_profile = ("instance_profile: ingot-ssm\n", "");
    template(
        &stack,
        "unreached",
        &[
            no_profile,
            ("install_finished: cloud_init", "install_finished: none"),
        ],
    )
    .await;
    let deployment = start(&stack, "unreached").await;
    let finished = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard.len(), 1, "{story:#?}");
    assert!(heard[0].1.contains("instance_profile"), "{heard:?}");
    assert_eq!(stack.region.calls("SendCommand").await.unwrap().len(), 0);
}
