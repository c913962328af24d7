//! The installation of a fresh launch is told while it runs, and a step that fails ends its deployment at once (N3, G22),
//! on both shapes. The other ways in which an installation goes wrong are in `install_sight/wrong.rs`.

mod console;
mod killed;
mod wrong;

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use ingot_client::{Deployment, Event, RevisionFilter};
use ingot_tests::{Options, Stack};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
/// Simulated; beside the readiness timeout of 90 minutes. How late it is on a quiet machine, `make bench FIGURES=installing`
/// measures.
const AT_ONCE: Duration = Duration::from_secs(300);
/// The figure is promised up to this pace.
const PACE: u32 = 10;

async fn embedded(pace: u32) -> Stack {
    let options = Options {
        pace,
        ..Options::default()
    };
    Stack::embedded_with(options).await.unwrap()
}

async fn scaled(pace: u32) -> Stack {
    let options = Options {
        pace,
        workers: 2,
        ..Options::default()
    };
    Stack::scaled_with(options).await.unwrap()
}

/// The steps of [`template`].
const STEPS: &str = "steps:\n  - name: update\n    run: |\n      echo 'Hit:1 noble'\n      echo 'password=hunter2'\n  \
    - name: install nginx\n    run: |\n      echo 'Setting up nginx'\n";

/// The built-in template with another installation, which makes no image, and with other lines changed.
async fn template(stack: &Stack, name: &str, installation: &str, changes: &[(&str, &str)]) {
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default())
        .await
        .unwrap();
    let begins = built_in.find("\nuser_data: |").unwrap() + 1;
    let ends = begins + built_in[begins..].find("\nfirst_boot: |").unwrap() + 1;
    let mut yaml = format!("{}{installation}{}", &built_in[..begins], &built_in[ends..]);
    yaml = yaml.replace("name: kamiwaza\n", &format!("name: {name}\n"));
    for (from, to) in changes
        .iter()
        .chain(&[("  create: true", "  create: false")])
    {
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
    told(&embedded(PACE).await).await;
}

#[tokio::test]
async fn steps_and_output_are_told_while_it_installs_scaled() {
    told(&scaled(PACE).await).await;
}

async fn told(stack: &Stack) {
    template(stack, "steps", STEPS, &[]).await;
    next_guest(stack, json!({ "install": 120 })).await;
    let deployment = start(stack, "steps").await;
    let id = &deployment.id;
    let at_second = |seen: &Deployment| seen.stage.contains("step 2 of 2");
    let installing = stack.wait_deployment(id, at_second, LONG).await.unwrap();
    assert_eq!(installing.stage, "installing: step 2 of 2: install nginx");
    let why = stack.ingot(&["why", id]).await.unwrap();
    let why = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(why.contains("step 2 of 2: install nginx"), "{why}");

    let finished = stack.wait_finished(id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(id).await.unwrap();
    let want = [
        ("step", "step 1 of 2: update"),
        ("output", "Hit:1 noble"),
        ("output", "password=[redacted]"),
        ("step", "step 2 of 2: install nginx"),
        ("output", "Setting up nginx"),
        (
            "done",
            "The installation's script ended with exit code 0; waiting until it answers",
        ),
    ];
    assert_eq!(installation(&story), want, "{story:#?}");
}

#[tokio::test]
async fn a_failing_step_fails_the_deployment_at_once_embedded() {
    failing(&embedded(PACE).await).await;
}

#[tokio::test]
async fn a_failing_step_fails_the_deployment_at_once_scaled() {
    failing(&scaled(PACE).await).await;
}

async fn failing(stack: &Stack) {
    template(stack, "steps", STEPS, &[]).await;
    let mut output: Vec<String> = (1..=30).map(|number| format!("line {number}")).collect();
    output.push("E: Unable to locate package nginxx".to_owned());
    let step = json!({ "number": 2, "exit_code": 100, "output": output });
    next_guest(stack, json!({ "install": 120, "step": step })).await;
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
    let id = &deployment.id;
    let runs_on = story
        .iter()
        .find(|event| event.kind == "deployment.runs_on");
    let (way_out, runs_on) = (*way_out, runs_on.unwrap().message.as_str());
    for (line, said) in [
        (way_out, "ingot templates apply".to_owned()),
        (way_out, format!("ingot deployments retry {id} --latest")),
        (runs_on, "runs on and costs about".to_owned()),
        (runs_on, "USD per day".to_owned()),
        (runs_on, format!("ingot deployments destroy {id}")),
    ] {
        assert!(line.contains(&said), "{line}");
    }
    let told = story.iter().find(|event| event.kind == "deployment.failed");
    let late = late(stack, &failed, told.unwrap().at).await;
    assert!(late <= AT_ONCE, "{late:?}");
}

/// Simulated time between the end of an instance's script and an instant.
async fn late(stack: &Stack, deployment: &Deployment, at: DateTime<Utc>) -> Duration {
    let id = deployment.instance_id.as_deref().unwrap();
    let guest = stack.region.get(&format!("guests/{id}")).await.unwrap();
    let since = guest["now"].as_f64().unwrap() - guest["script_ends"].as_f64().unwrap();
    let ago = (DateTime::<Utc>::from(SystemTime::now()) - at)
        .to_std()
        .unwrap()
        .as_secs_f64()
        * f64::from(PACE);
    Duration::from_secs_f64((since - ago).max(0.0))
}
