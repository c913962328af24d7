//! Readiness by a command on the instance (`probe.command`), on both shapes: software without any port is ready, imaged and
//! launched from its image; what does not end with 0 is told with what it printed.

use ingot_client::ClientError;
use ingot_tests::Stack;
use serde_json::{Value, json};

use super::launch_parameters::{apply, finished, on_both, order, succeeded, template, told};

on_both! {
    a_command_makes_it_ready_embedded, a_command_makes_it_ready_scaled: asked at 600;
}

fn asking(name: &str) -> Value {
    let probe = json!({
        "command": "pg_isready -q", "first_check_seconds": 30, "interval_seconds": 30, "max_attempts": 60,
    });
    template(
        name,
        &json!({ "probe": probe, "instance_profile": "ingot-ssm" }),
    )
}

async fn asked(stack: &Stack) {
    apply(stack, &asking("asked")).await;
    let fresh = succeeded(stack, &order("asked")).await;
    assert_eq!(
        (fresh.launch_path.as_deref(), &fresh.access_url),
        (Some("fresh"), &None),
        "{fresh:#?}"
    );
    let checks = told(stack, &fresh.id, "readiness.checked").await;
    // While it installs the command fails, as everything does there; the first check may come before its agent.
    let failed = |check: &String| check.contains("the command ended with 1");
    assert!(checks.iter().any(failed), "{checks:#?}");
    assert!(
        checks.last().unwrap().ends_with("the command ended with 0"),
        "{checks:#?}"
    );
    let cached = succeeded(stack, &order("asked")).await;
    assert_eq!(cached.launch_path.as_deref(), Some("cached"), "{cached:#?}");
    // After the reboot for its AMI the same command is asked again.
    let story = stack.story(&fresh.id).await.unwrap();
    let again = story
        .iter()
        .any(|event| event.kind == "readiness.reverified");
    assert!(again, "{story:#?}");

    let refuses = json!({ "answers": [{ "contains": "pg_isready", "exit_code": 2, "stdout": "no response\n" }] });
    stack.region.post("next_guest", &refuses).await.unwrap();
    let mut never = asking("never");
    never["probe"]["max_attempts"] = json!(2);
    apply(stack, &never).await;
    let seen = finished(stack, &order("never")).await;
    assert_eq!(
        (seen.status.as_str(), seen.readiness_class.as_deref()),
        ("readiness_timeout", Some("command"))
    );
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("the command ended with 2: no response"),
        "{why}"
    );

    // Without a profile SSM could not run it.
    let mut bare = asking("bare");
    bare.as_object_mut().unwrap().remove("instance_profile");
    let yaml = serde_json::to_string_pretty(&bare).unwrap();
    match stack.client.apply_template(&yaml, "bare").await {
        Err(ClientError::Problem(problem)) => {
            let text = format!("{problem:?}");
            assert!(
                text.contains("probe.command") && text.contains("AmazonSSMManagedInstanceCore"),
                "{text}"
            );
        }
        other => panic!("{other:#?}"),
    }
}
