//! What SSM does not reach is watched through its console, where the template allows that.

use ingot_tests::Stack;
use serde_json::json;

use super::{
    AT_ONCE, LONG, PACE, STEPS, embedded, installation, late, next_guest, scaled, start, template,
};

const CONSOLE: (&str, &str) = ("probe:\n", "progress: console\nprobe:\n");

#[tokio::test]
async fn a_failing_step_is_heard_of_through_the_console_embedded() {
    failing(&embedded(PACE).await).await;
}

#[tokio::test]
async fn a_failing_step_is_heard_of_through_the_console_scaled() {
    failing(&scaled(PACE).await).await;
}

async fn failing(stack: &Stack) {
    template(stack, "steps", STEPS, &[CONSOLE]).await;
    let step = json!({ "number": 2, "exit_code": 100, "output": ["token=abc", "E: no nginxx"] });
    next_guest(
        stack,
        json!({ "install": 120, "agent": false, "step": step }),
    )
    .await;
    let deployment = start(stack, "steps").await;
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    let why = failed.error_message.clone().unwrap();
    assert_eq!(
        (failed.status.as_str(), why.as_str()),
        (
            "failed",
            "step 2 of 2 \"install nginx\" failed with exit code 100: token=[redacted] | E: no nginxx"
        )
    );
    let story = stack.story(&deployment.id).await.unwrap();
    let want = [
        ("step", "step 1 of 2: update"),
        ("output", "Hit:1 noble"),
        ("output", "password=[redacted]"),
        ("step", "step 2 of 2: install nginx"),
        ("output", "token=[redacted]"),
        ("output", "E: no nginxx"),
    ];
    let heard = installation(&story);
    assert_eq!(heard[..want.len()], want, "{story:#?}");
    let told = story.iter().find(|event| event.kind == "deployment.failed");
    let late = late(stack, &failed, told.unwrap().at).await;
    assert!(late <= AT_ONCE, "{late:?}");
}

#[tokio::test]
async fn what_has_no_profile_is_watched_through_the_console() {
    let stack = embedded(30).await;
    let changes = [
        CONSOLE,
        ("instance_profile: ingot-ssm\n", ""),
        ("install_finished: cloud_init", "install_finished: none"),
    ];
    template(&stack, "unreached", STEPS, &changes).await;
    next_guest(&stack, json!({ "install": 120 })).await;
    let deployment = start(&stack, "unreached").await;
    let finished = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!((heard.len(), heard[5].0), (6, "done"), "{story:#?}");
    assert_eq!(stack.region.calls("SendCommand").await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_console_that_ec2_does_not_show_is_said_once() {
    let stack = embedded(30).await;
    template(&stack, "steps", STEPS, &[CONSOLE]).await;
    let fault = json!({
        "action": "GetConsoleOutput", "kind": "error", "code": "UnauthorizedOperation",
        "status": 403, "times": 0,
    });
    stack.region.post("faults", &fault).await.unwrap();
    next_guest(&stack, json!({ "install": 120, "agent": false })).await;
    let deployment = start(&stack, "steps").await;
    let finished = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(finished.status, "success", "{finished:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard.len(), 1, "{story:#?}");
    assert!(heard[0].1.contains("ec2:GetConsoleOutput") || heard[0].1.contains("GetConsoleOutput"));
}

#[tokio::test]
async fn a_console_before_nitro_is_told_when_the_deployment_has_ended() {
    let stack = embedded(30).await;
    let changes = [
        CONSOLE,
        ("max_attempts: 180", "max_attempts: 3"),
        ("- m6i.xlarge\n", "- t2.xlarge\n- m6i.xlarge\n"),
    ];
    template(&stack, "old", STEPS, &changes).await;
    let step = json!({ "number": 2, "exit_code": 100, "output": ["E: no nginxx"] });
    next_guest(
        &stack,
        json!({ "install": 200, "agent": false, "step": step }),
    )
    .await;
    let deployment = start(&stack, "old").await;
    let id = &deployment.id;
    let finished = stack.wait_finished(id, LONG).await.unwrap();
    assert_eq!(finished.status, "readiness_timeout", "{finished:#?}");
    let story = stack.story(id).await.unwrap();
    let heard = installation(&story);
    assert_eq!(heard[0].0, "unread", "{story:#?}");
    assert!(
        heard[0].1.contains("on the Nitro system only"),
        "{story:#?}"
    );
    // What EC2 kept shortly after the boot.
    let after_the_boot = [("step", "step 1 of 2: update"), ("output", "Hit:1 noble")];
    assert_eq!(heard[1..], after_the_boot, "{story:#?}");

    stack.client.act(id, "destroy").await.unwrap();
    let gone = |seen: &ingot_client::Deployment| seen.status == "destroyed";
    stack.wait_deployment(id, gone, LONG).await.unwrap();
    let story = stack.story(id).await.unwrap();
    let heard = installation(&story);
    let late = heard.iter().find(|(kind, _)| *kind == "late").unwrap().1;
    assert!(
        late.contains("step 2 of 2 \"install nginx\" failed with exit code 100"),
        "{story:#?}"
    );
    assert!(heard.contains(&("output", "E: no nginxx")), "{story:#?}");
}
