//! What is asked for again: a failed deployment by the newest revision of its template (N7 of FIELD), and a failed AMI of a
//! deployment that is ready (N5); on both shapes.

use std::time::Duration;

use ingot_client::{ClientError, Deployment};
use ingot_tests::Stack;
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(120);

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn story(stack: &Stack, id: &str) -> String {
    let lines = stack.story(id).await.unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.message).collect();
    lines.join("\n")
}

/// A template of a plain page; what it answers and how large its volume is.
fn web(status: u16, size: u32) -> String {
    let template = json!({
        "name": "again-web",
        "base_image": {"ssm": "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"},
        "instance_types": ["t3.large"],
        "volume": {"size_gb": size},
        "user_data": format!("#!/bin/sh\necho {status}\n"),
        "probe": {
            "scheme": "http", "port": 8080, "path": "/ok", "expected_status": [200],
            "first_check_seconds": 60, "max_attempts": 40,
        },
        "install_finished": "none",
    });
    template.to_string()
}

async fn apply(stack: &Stack, yaml: &str) -> Value {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("web.yaml");
    std::fs::write(&file, yaml).unwrap();
    stack
        .ingot_json(&["templates", "apply", file.to_str().unwrap()])
        .await
        .unwrap()
}

#[tokio::test]
async fn a_retry_says_its_revision_and_takes_the_newest_embedded() {
    retried(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_retry_says_its_revision_and_takes_the_newest_scaled() {
    retried(&Stack::scaled(2).await.unwrap()).await;
}

async fn retried(stack: &Stack) {
    apply(stack, &web(200, 20)).await;
    let mut order = Stack::order("1.0.0");
    order.template = "again-web".to_owned();
    let asked = stack
        .client
        .create_deployment(&order, "again")
        .await
        .unwrap();
    let launched = |seen: &Deployment| seen.instance_id.is_some();
    let seen = stack
        .wait_deployment(&asked.id, launched, LONG)
        .await
        .unwrap();
    let path = format!("instances/{}", seen.instance_id.unwrap());
    stack
        .region
        .post(&path, &json!({ "serve": "refuse" }))
        .await
        .unwrap();
    let failed = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        (failed.status.as_str(), failed.template_revision),
        ("readiness_timeout", Some(1))
    );
    let why = text(&stack.ingot(&["why", &asked.id]).await.unwrap().stdout);
    for words in [
        "readiness_timeout",
        "runs on",
        "what to do  ingot deployments retry",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }

    apply(stack, &web(201, 30)).await;
    let shown = stack.client.deployment(&asked.id).await.unwrap();
    assert_eq!(shown.newer_revision, Some(2));
    // A retry as before says so; the region plays it again, and this time it is fine.
    let run = stack
        .ingot(&[
            "deployments",
            "retry",
            &asked.id,
            "--wait",
            "--timeout",
            "2m",
        ])
        .await
        .unwrap();
    let (out, said) = (text(&run.stdout), text(&run.stderr));
    assert!(
        run.status.success() && out.starts_with("ami-"),
        "{out} {said}"
    );
    for words in [
        "it is made by revision 1 of again-web; revision 2 is newer",
        "by revision 1 of again-web as before; revision 2 is there",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // Only what is new is told.
    assert!(!said.contains("was requested by"), "{said}");

    let second = stack
        .client
        .create_deployment(&order, "fail")
        .await
        .unwrap();
    assert_eq!(second.template_revision, Some(2));
    let mut old = order.clone();
    old.image = Some("fresh".to_owned());
    apply(stack, &web(202, 40)).await;
    let seen = stack
        .wait_deployment(&second.id, launched, LONG)
        .await
        .unwrap();
    let path = format!("instances/{}", seen.instance_id.unwrap());
    stack
        .region
        .post(&path, &json!({ "serve": "refuse" }))
        .await
        .unwrap();
    stack.wait_finished(&second.id, LONG).await.unwrap();
    let renewed = stack
        .ingot_json(&["deployments", "retry", &second.id, "--latest"])
        .await
        .unwrap();
    assert_eq!(renewed["template_revision"], 3, "{renewed:#}");
    assert_eq!(renewed["newer_revision"], Value::Null);
    let done = stack.wait_finished(&second.id, LONG).await.unwrap();
    assert!(done.went_well(), "{done:#?}");
    // What the request left to the template is the new revision's.
    assert_eq!(done.volume_size_gb, 40);
    let said = story(stack, &second.id).await;
    assert!(
        said.contains("by revision 3 of again-web (it was 2)"),
        "{said}"
    );
    let image = stack
        .client
        .image(&done.created_ami_id.unwrap())
        .await
        .unwrap();
    let template = stack
        .client
        .template("again-web", ingot_client::RevisionFilter::default())
        .await
        .unwrap();
    assert_eq!(image.fingerprint, template.fingerprint);

    // What does not fit the newest revision is named.
    match stack.client.act(&done.id, "retry").await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.status, 409, "{problem:#?}"),
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn a_failed_ami_is_made_anew_and_a_pending_one_given_up_embedded() {
    an_ami(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_failed_ami_is_made_anew_and_a_pending_one_given_up_scaled() {
    an_ami(&Stack::scaled(2).await.unwrap()).await;
}

async fn an_ami(stack: &Stack) {
    // EC2 fails the three generations that are tried.
    let fail = json!({ "state": "failed", "reason": "no luck", "times": 3 });
    stack.region.post("next_image", &fail).await.unwrap();
    let asked = stack.deploy("v8.0.0").await.unwrap();
    let failed = |seen: &Deployment| seen.ami_creation_status.as_deref() == Some("failed");
    let failed = stack
        .wait_deployment(&asked.id, failed, LONG)
        .await
        .unwrap();
    assert_eq!(failed.status, "success", "{failed:#?}");
    let why = text(&stack.ingot(&["why", &asked.id]).await.unwrap().stdout);
    assert!(
        why.contains(&format!("ingot deployments image {}", asked.id)),
        "{why}"
    );
    let words = [
        "deployments",
        "image",
        &asked.id,
        "--reason",
        "it was bad luck",
    ];
    let again = stack.ingot_json(&words).await.unwrap();
    assert_eq!(again["ami_creation_status"], "pending", "{again:#}");
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        done.ami_creation_status.as_deref(),
        Some("completed"),
        "{done:#?}"
    );
    // The instance it was ready on, not another.
    assert_eq!(done.instance_id, failed.instance_id);
    let said = story(stack, &asked.id).await;
    assert!(said.contains(": it was bad luck"), "{said}");

    let pending = stack.deploy("v8.0.1").await.unwrap();
    let waits = |seen: &Deployment| seen.ami_creation_status.as_deref() == Some("pending");
    stack
        .wait_deployment(&pending.id, waits, LONG)
        .await
        .unwrap();
    let gone = stack
        .ingot(&["deployments", "image", &pending.id, "--cancel"])
        .await
        .unwrap();
    // It may have begun in between; then that is said, and it goes on.
    let shown = stack.wait_finished(&pending.id, LONG).await.unwrap();
    match gone.status.code() {
        Some(0) => {
            assert_eq!(
                shown.ami_creation_status.as_deref(),
                Some("skipped"),
                "{shown:#?}"
            );
            assert_eq!(shown.status, "success");
            let said = story(stack, &pending.id).await;
            assert!(said.contains("cancelled by"), "{said}");
        }
        _ => assert!(text(&gone.stderr).contains("has not begun"), "{gone:?}"),
    }
}
