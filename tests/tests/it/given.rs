//! `--image ami-…` of another version or mode than was ordered (N11 of FIELD): refused at the request when the ledger knows
//! the AMI, at the launch when only its tags tell, and with `--force` recorded as what the AMI is.

use std::time::Duration;

use ingot_client::{ClientError, CreateDeployment, Deployment, Problem};
use ingot_tests::Stack;
use serde_json::Value;

use super::orphans::made;

const LONG: Duration = Duration::from_secs(120);

/// An order of v5.0.1 (full) from this AMI.
fn order(ami: &str) -> CreateDeployment {
    let mut order = Stack::order("v5.0.1");
    order.image = Some(ami.to_owned());
    order
}

async fn asked(stack: &Stack, order: &CreateDeployment) -> Result<Deployment, ClientError> {
    let key = uuid::Uuid::new_v4().to_string();
    stack.client.create_deployment(order, &key).await
}

async fn refused(stack: &Stack, order: &CreateDeployment) -> Problem {
    match asked(stack, order).await {
        Err(ClientError::Problem(problem)) => *problem,
        other => panic!("{other:#?}"),
    }
}

async fn finished(stack: &Stack, order: &CreateDeployment) -> Deployment {
    let asked = asked(stack, order).await.unwrap();
    stack.wait_finished(&asked.id, LONG).await.unwrap()
}

async fn story(stack: &Stack, id: &str) -> String {
    let lines = stack.story(id).await.unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.message).collect();
    lines.join("\n")
}

async fn tags(stack: &Stack, deployment: &Deployment) -> Value {
    let all = stack.region.objects("us-east-1", "instances").await;
    let id = deployment.instance_id.as_deref().unwrap();
    let found = all.unwrap().into_iter().find(|one| one["id"] == id);
    found.unwrap()["tags"].clone()
}

/// It is v5.0.0 (lite) everywhere: in its row, its story and its instance's tags.
async fn is_what_its_ami_is(stack: &Stack, done: &Deployment, ami: &str) {
    let seen = (done.status.as_str(), done.source_ami_id.as_deref());
    assert_eq!(seen, ("success", Some(ami)), "{done:#?}");
    let recorded = (done.version.as_str(), done.mode.as_str());
    assert_eq!(recorded, ("v5.0.0", "lite"), "{done:#?}");
    assert_eq!(done.job_name, "kamiwaza v5.0.0");
    let tags = tags(stack, done).await;
    for (name, value) in [
        ("Name", "kamiwaza v5.0.0"),
        ("KamiwazaVersion", "v5.0.0"),
        ("Mode", "lite"),
    ] {
        assert_eq!(tags[name], value, "{tags:#}");
    }
    let said = story(stack, &done.id).await;
    for words in [
        "its version is v5.0.0, the order's v5.0.1",
        "its mode is lite, the order's full",
        "as forced",
        "the demo of the last release",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn an_image_of_another_version_or_mode_is_refused_or_recorded_as_what_it_is_embedded() {
    another_image(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn an_image_of_another_version_or_mode_is_refused_or_recorded_as_what_it_is_scaled() {
    another_image(&Stack::scaled(2).await.unwrap()).await;
}

async fn another_image(stack: &Stack) {
    let mut lite = Stack::order("v5.0.0");
    lite.mode = Some("lite".to_owned());
    let first = finished(stack, &lite).await;
    let ami = first.created_ami_id.clone().unwrap();

    // What the ledger knows is refused at the request, each contradiction by its field.
    let problem = refused(stack, &order(&ami)).await;
    assert_eq!(problem.status, 422, "{problem:#?}");
    let named: Vec<_> = problem
        .errors
        .iter()
        .map(|one| one.field.as_str())
        .collect();
    assert_eq!(named, ["version", "mode"], "{problem:#?}");
    for (error, ordered, is) in [
        (&problem.errors[0], "v5.0.1", "v5.0.0"),
        (&problem.errors[1], "full", "lite"),
    ] {
        assert_eq!(error.value, ordered, "{problem:#?}");
        for word in [is, &ami, "`--force`"] {
            assert!(error.message.contains(word), "{word}: {problem:#?}");
        }
    }
    // What no force could launch is refused with it, too.
    let mut elsewhere = order(&ami);
    elsewhere.region = "eu-west-1".to_owned();
    elsewhere.force = true;
    let problem = refused(stack, &elsewhere).await;
    assert!(problem.detail.contains("us-east-1"), "{problem:#?}");
    // A launch of what it is needs no word.
    let mut right = order(&ami);
    (right.version, right.mode) = ("5.0.0".to_owned(), Some("lite".to_owned()));
    right.create_ami = Some(false);
    let done = finished(stack, &right).await;
    assert_eq!(done.source_ami_id.as_ref(), Some(&ami), "{done:#?}");

    let mut line = vec![
        "deploy",
        "kamiwaza",
        "--version",
        "v5.0.1",
        "--region",
        "us-east-1",
        "--image",
        &ami,
        "--image-reason",
        "the demo of the last release",
    ];
    let run = stack.ingot(&line).await.unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success());
    for word in ["version", "v5.0.1", "v5.0.0", "mode", "--force"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    line.push("--force");
    let forced = stack.ingot_json(&line).await.unwrap();
    assert_eq!(forced["version"], "v5.0.0", "{forced:#}");
    assert_eq!(forced["mode"], "lite", "{forced:#}");
    let done = forced["id"].as_str().unwrap();
    let done = stack.wait_finished(done, LONG).await.unwrap();
    is_what_its_ami_is(stack, &done, &ami).await;

    unknown_to_the_ledger(stack, first.instance_id.as_deref().unwrap()).await;
}

/// An AMI that a person made of the instance, whose tags say what it is.
async fn unknown_to_the_ledger(stack: &Stack, instance: &str) {
    let call = [
        ("Action", "CreateImage"),
        ("InstanceId", instance),
        ("Name", "by hand"),
        ("NoReboot", "true"),
    ];
    let tags = [("KamiwazaVersion", "v5.0.0"), ("Mode", "lite")];
    let ami = made(stack, "image", "imageId", &call, &tags).await;
    let available = serde_json::json!({ "state": "available" });
    let path = format!("images/{ami}");
    stack.region.post(&path, &available).await.unwrap();

    let mut order = order(&ami);
    let done = finished(stack, &order).await;
    assert_eq!(done.status, "failed", "{done:#?}");
    assert_eq!(done.version, "v5.0.1", "{done:#?}");
    let why = done.error_message.unwrap();
    assert!(why.contains("its version is v5.0.0"), "{why}");
    order.force = true;
    order.image_reason = Some("the demo of the last release".to_owned());
    let done = finished(stack, &order).await;
    is_what_its_ami_is(stack, &done, &ami).await;
}
