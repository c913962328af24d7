//! Cached launches are ready when their first boot is over and not when their page answers (REAL-AWS H6), on both shapes;
//! and what an instance says of its own installation and scrub is heard (L1, M4).

use std::time::Duration;

use ingot_client::{Deployment, Event, RevisionFilter};
use ingot_tests::{Options, Stack};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);
const PACE: u32 = 300;

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

/// Another template: the built-in one with lines of its YAML changed.
async fn template(stack: &Stack, name: &str, changes: &[(&str, &str)]) {
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default())
        .await
        .unwrap();
    let mut yaml = built_in.replace("name: kamiwaza\n", &format!("name: {name}\n"));
    for (from, to) in changes {
        assert!(yaml.contains(from), "`{from}` is in\n{yaml}");
        yaml = yaml.replace(from, to);
    }
    stack.client.apply_template(&yaml, name).await.unwrap();
}

const NO_PROFILE: (&str, &str) = ("instance_profile: ingot-ssm\n", "");

async fn deploy(stack: &Stack, template: &str) -> Deployment {
    let mut order = Stack::order("v0.9.2");
    order.template = template.to_owned();
    let key = uuid::Uuid::new_v4().to_string();
    let deployment = stack.client.create_deployment(&order, &key).await.unwrap();
    stack.wait_finished(&deployment.id, LONG).await.unwrap()
}

async fn next_guest(stack: &Stack, order: serde_json::Value) {
    stack.region.post("next_guest", &order).await.unwrap();
}

fn place(story: &[Event], kind: &str) -> usize {
    let at = story.iter().position(|event| event.kind == kind);
    at.unwrap_or_else(|| panic!("no {kind} in {story:#?}"))
}

#[tokio::test]
async fn a_page_before_the_end_of_the_first_boot_is_not_ready_embedded() {
    not_ready_early(&embedded().await).await;
}

#[tokio::test]
async fn a_page_before_the_end_of_the_first_boot_is_not_ready_scaled() {
    not_ready_early(&scaled().await).await;
}

async fn not_ready_early(stack: &Stack) {
    let first = deploy(stack, "kamiwaza").await;
    assert_eq!(first.first_boot, None, "a fresh install has none");
    let image = first.created_ami_id.clone().unwrap();
    let image = stack.client.image(&image).await.unwrap();
    assert_eq!(image.scrub.as_deref(), Some("done"), "{image:#?}");

    next_guest(stack, json!({ "first_boot": 900 })).await;
    let cached = deploy(stack, "kamiwaza").await;
    assert_eq!(cached.launch_path.as_deref(), Some("cached"));
    assert_eq!(cached.status, "success", "{cached:#?}");
    assert_eq!(cached.first_boot.as_deref(), Some("observed"));
    let story = stack.story(&cached.id).await.unwrap();
    let answered = story
        .iter()
        .position(|event| event.message.contains("HTTP 200, found"))
        .unwrap();
    let over = place(&story, "readiness.first_boot");
    assert!(
        answered < over && over < place(&story, "deployment.ready"),
        "{story:#?}"
    );
    // 240 s to the page and 900 s of first boot, in which the page also went away.
    let seconds = cached.time_to_ready_seconds.unwrap();
    assert!(seconds >= 240.0 + 900.0, "{seconds} s\n{story:#?}");
    // It is asked again and again, and not every two seconds of a quarter of an hour (L10).
    let asked = stack.region.calls("SendCommand").await.unwrap();
    let looked = stack.region.calls("GetCommandInvocation").await.unwrap();
    assert!(
        asked.len() + looked.len() < 200,
        "{} and {}",
        asked.len(),
        looked.len()
    );
}

#[tokio::test]
async fn without_a_profile_the_story_says_that_first_boot_was_not_observed_embedded() {
    not_observed(&embedded().await).await;
}

#[tokio::test]
async fn without_a_profile_the_story_says_that_first_boot_was_not_observed_scaled() {
    not_observed(&scaled().await).await;
}

async fn not_observed(stack: &Stack) {
    let finished = ("install_finished: cloud_init", "install_finished: none");
    template(stack, "unreached", &[NO_PROFILE, finished]).await;
    let first = deploy(stack, "unreached").await;
    let image = stack
        .client
        .image(first.created_ami_id.as_deref().unwrap())
        .await
        .unwrap();
    assert_eq!(image.scrub.as_deref(), Some("not_run"));
    assert!(image.scrub_reason.unwrap().contains("instance_profile"));

    let cached = deploy(stack, "unreached").await;
    assert_eq!(
        (cached.launch_path.as_deref(), &*cached.status),
        (Some("cached"), "success")
    );
    let said = cached.first_boot.clone().unwrap();
    assert!(
        said.starts_with("not observed: ") && said.contains("instance_profile"),
        "{said}"
    );
    let story = stack.story(&cached.id).await.unwrap();
    let told = &story[place(&story, "readiness.first_boot_not_observed")];
    assert!(
        told.message.contains("First boot was not observed"),
        "{told:?}"
    );
    // EC2's status checks first, then two good answers half a minute apart.
    let checks = stack.region.calls("DescribeInstanceStatus").await.unwrap();
    assert!(!checks.is_empty());
    let good = story
        .iter()
        .skip(place(&story, "readiness.first_boot_not_observed"))
        .filter(|event| event.message.contains("HTTP 200, found"));
    assert!(good.count() >= 2, "{story:#?}");
    assert_eq!(stack.region.calls("SendCommand").await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_image_without_agent_and_a_denied_question_are_not_observed_either() {
    let stack = embedded().await;
    deploy(&stack, "kamiwaza").await;
    next_guest(&stack, json!({ "agent": false })).await;
    let cached = deploy(&stack, "kamiwaza").await;
    assert_eq!(cached.status, "success", "{cached:#?}");
    assert!(cached.first_boot.unwrap().contains("SSM does not reach"));

    let denied = json!({
        "action": "SendCommand", "kind": "error", "code": "AccessDeniedException", "times": 0,
    });
    stack.region.post("faults", &denied).await.unwrap();
    let cached = deploy(&stack, "kamiwaza").await;
    assert_eq!(cached.status, "success", "{cached:#?}");
    assert!(cached.first_boot.unwrap().contains("AccessDeniedException"));
}

#[tokio::test]
async fn a_first_boot_that_is_no_script_is_over_when_cloud_init_says_so() {
    let stack = embedded().await;
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default())
        .await
        .unwrap();
    let (before, rest) = built_in.split_once("first_boot: |\n").unwrap();
    let (_, after) = rest.split_once("\nprobe:").unwrap();
    let config =
        "first_boot: |\n  #cloud-config\n  runcmd: [[systemctl, restart, kamiwaza]]\n\nprobe:";
    let yaml = format!("{before}{config}{after}").replace("name: kamiwaza\n", "name: config\n");
    stack.client.apply_template(&yaml, "config").await.unwrap();
    deploy(&stack, "config").await;
    next_guest(&stack, json!({ "first_boot": 300 })).await;
    let cached = deploy(&stack, "config").await;
    assert_eq!(cached.first_boot.as_deref(), Some("observed"));
    assert!(
        cached.time_to_ready_seconds.unwrap() >= 540.0,
        "{cached:#?}"
    );
    let story = stack.story(&cached.id).await.unwrap();
    let told = &story[place(&story, "readiness.first_boot")];
    assert!(told.message.contains("cloud-init says so"), "{told:?}");
}

#[tokio::test]
async fn a_first_boot_that_fails_fails_the_deployment_embedded() {
    failing(&embedded().await).await;
}

#[tokio::test]
async fn a_first_boot_that_fails_fails_the_deployment_scaled() {
    failing(&scaled().await).await;
}

async fn failing(stack: &Stack) {
    deploy(stack, "kamiwaza").await;
    next_guest(stack, json!({ "first_boot": 120, "cloud_init": "error" })).await;
    let cached = deploy(stack, "kamiwaza").await;
    assert_eq!(cached.status, "failed", "{cached:#?}");
    let why = cached.error_message.unwrap();
    assert!(
        why.starts_with("its first boot failed: exit code 1"),
        "{why}"
    );
    // While the page does not answer at all it is found out as well, long before the last check.
    next_guest(stack, json!({ "cloud_init": "error" })).await;
    let silent = json!({ "serve": "502" });
    stack.region.post("next_instance", &silent).await.unwrap();
    let cached = deploy(stack, "kamiwaza").await;
    assert_eq!(cached.status, "failed", "{cached:#?}");
    assert!(
        cached
            .error_message
            .unwrap()
            .starts_with("its first boot failed")
    );
    assert!(cached.readiness_checks < 60, "{}", cached.readiness_checks);
}

#[tokio::test]
async fn an_error_of_cloud_init_ends_the_wait_for_the_installation_at_once() {
    let stack = embedded().await;
    // A script's failure would be heard of before the page answers; cloud-config writes nothing down.
    let built_in = stack
        .client
        .template_yaml("kamiwaza", RevisionFilter::default())
        .await
        .unwrap();
    let begins = built_in.find("\n  #!/bin/bash\n  # Installs").unwrap();
    let ends = built_in.find("\nfirst_boot: |").unwrap();
    let script = &built_in[begins..ends];
    let config = "\n  #cloud-config\n  runcmd: [/opt/install]\n";
    template(&stack, "configured", &[(script, config)]).await;
    next_guest(&stack, json!({ "cloud_init": "error" })).await;
    let fresh = deploy(&stack, "configured").await;
    assert_eq!(
        (fresh.status.as_str(), fresh.ami_creation_status.as_deref()),
        ("success", Some("failed")),
        "{fresh:#?}"
    );
    let why = fresh.ami_creation_error.unwrap();
    assert!(why.contains("cloud-init says `error`"), "{why}");
    assert!(
        why.contains("scripts_user"),
        "cloud-init's own words: {why}"
    );
    let story = stack.story(&fresh.id).await.unwrap();
    let [ready, failed] =
        ["deployment.ready", "ami.failed"].map(|kind| &story[place(&story, kind)]);
    let took = (failed.at - ready.at).to_std().unwrap() * PACE;
    assert!(
        took < Duration::from_secs(30 * 60),
        "{took:?} and not 90 minutes"
    );
}

#[tokio::test]
async fn a_scrub_can_be_switched_off_and_is_not_done_without_a_reboot() {
    let stack = embedded().await;
    template(
        &stack,
        "as_it_is",
        &[("  no_reboot: false", "  scrub: false")],
    )
    .await;
    template(
        &stack,
        "running",
        &[("no_reboot: false", "no_reboot: true")],
    )
    .await;
    for (name, word) in [
        ("as_it_is", "scrub: false"),
        ("running", "without a reboot"),
    ] {
        let deployment = deploy(&stack, name).await;
        let image = deployment.created_ami_id.unwrap();
        let shown = stack.ingot(&["images", "show", &image]).await.unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let line = shown
            .lines()
            .find(|line| line.starts_with("scrub"))
            .unwrap();
        assert!(line.contains("not_run") && line.contains(word), "{shown}");
        let story = stack.story(&deployment.id).await.unwrap();
        assert_eq!(story[place(&story, "ami.scrub")].level, "warn");
    }
}

#[tokio::test]
async fn a_scrub_that_the_instance_cannot_run_is_said_on_the_image_and_holds_nothing_up() {
    let stack = embedded().await;
    let refuses = json!({ "contains": "ingot-scrub.service", "exit_code": 3 });
    next_guest(&stack, json!({ "answers": [refuses] })).await;
    let deployment = deploy(&stack, "kamiwaza").await;
    assert_eq!(deployment.ami_creation_status.as_deref(), Some("completed"));
    let image = deployment.created_ami_id.unwrap();
    let image = stack.client.image(&image).await.unwrap();
    assert_eq!(image.scrub.as_deref(), Some("not_run"), "{image:#?}");
    assert!(image.scrub_reason.unwrap().contains("systemd"));

    let partly = json!({ "contains": "cat /var/lib/ingot/scrub-", "exit_code": 3, "stdout": " truncate -s 0 /etc/machine-id;" });
    next_guest(&stack, json!({ "answers": [partly] })).await;
    let mut order = Stack::order("v0.9.3");
    order.image = Some("fresh".to_owned());
    let key = uuid::Uuid::new_v4().to_string();
    let deployment = stack.client.create_deployment(&order, &key).await.unwrap();
    let deployment = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    let image = deployment.created_ami_id.unwrap();
    let image = stack.client.image(&image).await.unwrap();
    assert_eq!(image.scrub.as_deref(), Some("failed"), "{image:#?}");
    assert!(image.scrub_reason.unwrap().contains("truncate"));
}
