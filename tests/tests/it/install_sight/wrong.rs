//! The ways in which an installation goes wrong, beside a step that fails: a script with an error in its middle, a step
//! that hangs, no agent, no profile.

use std::time::Duration;

use ingot_tests::Stack;
use serde_json::json;

use super::{LONG, STEPS, embedded, installation, next_guest, scaled, start, template};

const FAST: u32 = 30;

#[tokio::test]
async fn a_script_with_an_error_in_its_middle_fails_at_once_embedded() {
    error_in_the_middle(&embedded(FAST).await).await;
}

#[tokio::test]
async fn a_script_with_an_error_in_its_middle_fails_at_once_scaled() {
    error_in_the_middle(&scaled(FAST).await).await;
}

async fn error_in_the_middle(stack: &Stack) {
    let script =
        "user_data: |\n  #!/bin/bash\n  set -e\n  echo 'one'\n  /opt/missing\n  echo 'two'\n";
    template(stack, "script", script, &[]).await;
    let output = [
        "one",
        "/part-001: line 4: /opt/missing: No such file or directory",
    ];
    let step = json!({ "exit_code": 127, "output": output });
    next_guest(stack, json!({ "install": 120, "step": step })).await;
    let deployment = start(stack, "script").await;
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    let why = failed.error_message.clone().unwrap();
    assert_eq!(
        (failed.status.as_str(), why.as_str()),
        (
            "failed",
            "step 1 of 1 \"user_data\" failed with exit code 127: one | \
             /part-001: line 4: /opt/missing: No such file or directory"
        )
    );
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    let want = [
        ("step", "step 1 of 1: user_data"),
        ("output", output[0]),
        ("output", output[1]),
    ];
    assert_eq!(heard[..3], want, "{story:#?}");
    assert_eq!((heard.len(), heard[3].0), (4, "way_out"), "{story:#?}");
}

#[tokio::test]
async fn a_step_that_hangs_fails_after_its_timeout_embedded() {
    hanging(&embedded(FAST).await).await;
}

#[tokio::test]
async fn a_step_that_hangs_fails_after_its_timeout_scaled() {
    hanging(&scaled(FAST).await).await;
}

async fn hanging(stack: &Stack) {
    let short = ("  - name: update\n", "  - name: update\n    timeout: 2m\n");
    template(stack, "steps", STEPS, &[short]).await;
    let step = json!({ "number": 1, "hangs": true, "output": ["waiting for a lock"] });
    next_guest(stack, json!({ "install": 120, "step": step })).await;
    let deployment = start(stack, "steps").await;
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    let why = failed.error_message.clone().unwrap();
    assert_eq!(
        (failed.status.as_str(), why.as_str()),
        (
            "failed",
            "step 1 of 2 \"update\" failed with exit code 124: waiting for a lock | \
             [ingot] ended after 120 s, the timeout of the step"
        )
    );
}

#[tokio::test]
async fn a_readiness_timeout_names_the_step_that_is_under_way_embedded() {
    under_way(&embedded(FAST).await).await;
}

#[tokio::test]
async fn a_readiness_timeout_names_the_step_that_is_under_way_scaled() {
    under_way(&scaled(FAST).await).await;
}

async fn under_way(stack: &Stack) {
    let long = ("  - name: update\n", "  - name: update\n    timeout: 6h\n");
    let few = ("max_attempts: 180", "max_attempts: 4");
    template(stack, "steps", STEPS, &[long, few]).await;
    let step = json!({ "number": 1, "hangs": true, "output": ["waiting for a lock"] });
    let bundle = "== disk\n/dev/root 10G 10G 0 100% /\nSECRET_TOKEN=abc\n== memory\n";
    let answers = [json!({ "contains": "echo '== disk'", "stdout": bundle })];
    next_guest(
        stack,
        json!({ "install": 120, "step": step, "answers": answers }),
    )
    .await;
    let deployment = start(stack, "steps").await;
    let at_first = |seen: &ingot_client::Deployment| seen.stage.contains("step 1 of 2: update");
    stack
        .wait_deployment(&deployment.id, at_first, LONG)
        .await
        .unwrap();
    let ended = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(ended.status, "readiness_timeout", "{ended:#?}");
    let why = ended.error_message.unwrap();
    assert!(why.contains("at step 1 of 2: update"), "{why}");
    let story = stack.story(&deployment.id).await.unwrap();
    let want = [
        ("step", "step 1 of 2: update"),
        ("output", "waiting for a lock"),
    ];
    assert_eq!(installation(&story)[..2], want, "{story:#?}");
    let asked: Vec<&str> = story
        .iter()
        .filter(|event| event.kind == "readiness.bundle")
        .map(|event| event.message.as_str())
        .collect();
    let want = [
        "== disk",
        "/dev/root 10G 10G 0 100% /",
        "SECRET_TOKEN=[redacted]",
        "== memory: nothing",
    ];
    assert_eq!(asked, want, "{story:#?}");
    assert!(
        story.last().unwrap().message.contains("USD per day"),
        "{story:#?}"
    );
}

#[tokio::test]
async fn an_instance_without_an_agent_is_said_to_be_unwatched_once_embedded() {
    no_agent(&embedded(FAST).await).await;
}

#[tokio::test]
async fn an_instance_without_an_agent_is_said_to_be_unwatched_once_scaled() {
    no_agent(&scaled(FAST).await).await;
}

async fn no_agent(stack: &Stack) {
    template(stack, "steps", STEPS, &[]).await;
    next_guest(stack, json!({ "install": 600, "agent": false })).await;
    let deployment = start(stack, "steps").await;
    let finished = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard.len(), 1, "{story:#?}");
    let said = "SSM does not reach the instance";
    assert!(
        heard[0].0 == "unread" && heard[0].1.contains(said),
        "{heard:?}"
    );
}

#[tokio::test]
async fn what_has_no_profile_is_said_to_be_unwatched_once_embedded() {
    no_profile(&embedded(FAST).await).await;
}

#[tokio::test]
async fn what_has_no_profile_is_said_to_be_unwatched_once_scaled() {
    no_profile(&scaled(FAST).await).await;
}

async fn no_profile(stack: &Stack) {
    let changes = [
        ("instance_profile: ingot-ssm\n", ""),
        ("install_finished: cloud_init", "install_finished: none"),
    ];
    template(stack, "unreached", STEPS, &changes).await;
    next_guest(stack, json!({ "install": 120 })).await;
    let deployment = start(stack, "unreached").await;
    let within = LONG.min(Duration::from_secs(60));
    let finished = stack.wait_finished(&deployment.id, within).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard.len(), 1, "{story:#?}");
    assert!(heard[0].1.contains("instance_profile"), "{heard:?}");
    assert_eq!(stack.region.calls("SendCommand").await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_base_without_an_agent_gets_one_and_is_watched_from_then_on_embedded() {
    agent_installed(&embedded(FAST).await).await;
}

#[tokio::test]
async fn a_base_without_an_agent_gets_one_and_is_watched_from_then_on_scaled() {
    agent_installed(&scaled(FAST).await).await;
}

/// Debian's images bring no agent: the step that installs it is the first, and what the next one prints comes through SSM
/// while it runs.
async fn agent_installed(stack: &Stack) {
    let debian = [(
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
        "/aws/service/debian/release/12/latest/amd64",
    )];
    template(stack, "bare", STEPS, &debian).await;
    next_guest(stack, json!({ "install": 150 })).await;
    let bare = start(stack, "bare").await;
    // The next guest's orders are for the next instance.
    let runs = |seen: &ingot_client::Deployment| seen.instance_id.is_some();
    stack.wait_deployment(&bare.id, runs, LONG).await.unwrap();
    let installs = format!("ssm_agent: install\n{STEPS}");
    template(stack, "agent", &installs, &debian).await;
    let step = json!({ "number": 3, "exit_code": 100, "output": ["E: no nginxx"] });
    next_guest(stack, json!({ "install": 300, "step": step })).await;
    let deployment = start(stack, "agent").await;
    let at_second = |seen: &ingot_client::Deployment| seen.stage.contains("step 2 of 3: update");
    stack
        .wait_deployment(&deployment.id, at_second, LONG)
        .await
        .unwrap();
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    let why = failed.error_message.clone().unwrap();
    assert_eq!(
        why,
        "step 3 of 3 \"install nginx\" failed with exit code 100: E: no nginxx"
    );
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard[0], ("step", "step 1 of 3: install the SSM agent"));
    let story = stack.story(&bare.id).await.unwrap();
    let heard = installation(&story);
    assert!(
        heard.iter().all(|(kind, _)| *kind == "unread"),
        "nothing comes without an agent: {story:#?}"
    );
}
