//! Builds (`--build-only`): the AMI's id alone on stdout, nothing launched when there is one, and no instance left behind,
//! whatever happens; on both shapes.

use std::time::Duration;

use ingot_client::{ClientError, CreateDeployment, Deployment};
use ingot_tests::{Options, Stack, until};
use serde_json::json;

const LONG: Duration = Duration::from_secs(120);

/// What `ingot deploy … --build-only --wait` printed, its exit code and what it said.
async fn built(stack: &Stack, version: &str, more: &[&str]) -> (String, Option<i32>, String) {
    let mut words = vec![
        "deploy",
        "kamiwaza",
        "--version",
        version,
        "--region",
        "us-east-1",
    ];
    words.extend(["--build-only", "--wait", "--timeout", "2m"]);
    words.extend(more);
    let run = stack.ingot(&words).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&run.stdout), run.status.code(), text(&run.stderr))
}

fn is_one_id(out: &str) -> bool {
    let hex = |id: &str| id.bytes().all(|byte| byte.is_ascii_hexdigit());
    out.strip_prefix("ami-")
        .and_then(|rest| rest.strip_suffix('\n'))
        .is_some_and(hex)
}

async fn launches(stack: &Stack) -> usize {
    stack.region.calls("RunInstances").await.unwrap().len()
}

/// Waits until no instance runs in the region.
async fn nothing_runs(stack: &Stack) {
    until("no instance runs", LONG, async || {
        let all = stack.region.objects("us-east-1", "instances").await?;
        let over = |one: &serde_json::Value| one["state"] == "terminated";
        Ok(all.iter().all(over).then_some(()))
    })
    .await
    .unwrap();
}

async fn ordered(
    stack: &Stack,
    version: &str,
    more: impl FnOnce(&mut CreateDeployment),
) -> Deployment {
    let mut order = Stack::order(version);
    order.build_only = true;
    more(&mut order);
    let key = uuid::Uuid::new_v4().to_string();
    stack.client.create_deployment(&order, &key).await.unwrap()
}

async fn story(stack: &Stack, id: &str) -> String {
    let lines = stack.story(id).await.unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.message).collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_build_prints_its_ami_and_leaves_no_instance_embedded() {
    a_build(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_build_prints_its_ami_and_leaves_no_instance_scaled() {
    a_build(&Stack::scaled(2).await.unwrap()).await;
}

async fn a_build(stack: &Stack) {
    let (ami, code, said) = built(stack, "v1.4.2", &[]).await;
    assert!(is_one_id(&ami) && code == Some(0), "{ami} {code:?} {said}");
    for words in ["Creating AMI:", "Build only: instance", "built"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    nothing_runs(stack).await;

    // There is one: its id at once, and nothing is launched.
    let before = launches(stack).await;
    let (same, code, said) = built(stack, "v1.4.2", &[]).await;
    assert_eq!((&same, code), (&ami, Some(0)), "{said}");
    assert!(said.contains("nothing was launched"), "{said}");
    assert_eq!(launches(stack).await, before);

    // The next generation, and then that one is the answer.
    let (next, code, said) = built(stack, "v1.4.2", &["--again"]).await;
    assert!(is_one_id(&next) && code == Some(0), "{next} {said}");
    assert_ne!(next, ami);
    let image = stack.client.image(next.trim()).await.unwrap();
    assert_eq!((image.generation, image.status.as_str()), (2, "available"));
    assert_eq!(built(stack, "v1.4.2", &[]).await.0, next);
    nothing_runs(stack).await;

    // An ordinary deployment launches from what a build made.
    let from = stack.deploy("v1.4.2").await.unwrap();
    let from = stack.wait_finished(&from.id, LONG).await.unwrap();
    assert_eq!(from.source_ami_id.as_deref(), Some(next.trim()));
    stack.client.act(&from.id, "destroy").await.unwrap();

    // Two at a time are one AMI, also for the one that comes while it is in the making.
    let (first, second) = (
        ordered(stack, "v2.0.0", |_| {}).await,
        ordered(stack, "v2.0.0", |_| {}).await,
    );
    let making = |seen: &Deployment| seen.ami_creation_status.as_deref() == Some("creating");
    let creating = until("one of them makes it", LONG, async || {
        let both = [
            stack.client.deployment(&first.id).await?,
            stack.client.deployment(&second.id).await?,
        ];
        Ok(both
            .iter()
            .any(|one| making(one) || one.finished)
            .then_some(()))
    });
    creating.await.unwrap();
    let third = ordered(stack, "v2.0.0", |_| {}).await;
    let mut ids = Vec::new();
    for one in [&first, &second, &third] {
        let done = stack.wait_finished(&one.id, LONG).await.unwrap();
        assert!(done.went_well() && done.build_only, "{done:#?}");
        ids.push(done.created_ami_id.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    nothing_runs(stack).await;
    let over = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&first.id, over, LONG).await.unwrap();
    let image = stack.client.image(&ids[0]).await.unwrap();
    assert_eq!(image.status, "available");
}

#[tokio::test]
async fn a_build_that_fails_keeps_its_instance_for_as_long_as_was_asked_embedded() {
    a_failure(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_build_that_fails_keeps_its_instance_for_as_long_as_was_asked_scaled() {
    a_failure(&Stack::scaled(2).await.unwrap()).await;
}

/// Its instance refuses connections.
async fn refusing(
    stack: &Stack,
    more: impl FnOnce(&mut CreateDeployment),
    version: &str,
) -> Deployment {
    let asked = ordered(stack, version, more).await;
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
    asked
}

async fn a_failure(stack: &Stack) {
    let asked = refusing(stack, |_| {}, "v3.0.0").await;
    let kept = refusing(
        stack,
        |order| order.keep_for_seconds = Some(86_400),
        "v3.0.1",
    )
    .await;
    let failed = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(failed.status, "readiness_timeout", "{failed:#?}");
    assert!(!failed.went_well());
    let gone = |seen: &Deployment| seen.instance_id.is_none();
    let gone = stack.wait_deployment(&asked.id, gone, LONG).await.unwrap();
    // What failed stays so, and can be retried.
    assert_eq!(gone.status, "readiness_timeout", "{gone:#?}");
    let said = story(stack, &asked.id).await;
    assert!(said.contains("there will be no AMI"), "{said}");

    let failed = stack.wait_finished(&kept.id, LONG).await.unwrap();
    let instance = failed.instance_id.clone().unwrap();
    assert!(failed.ends_at.is_some(), "{failed:#?}");
    let cost = failed.running_cost.unwrap();
    assert!(cost.contains("USD per day (m6i.xlarge"), "{cost}");
    let said = story(stack, &kept.id).await;
    for words in [
        &format!("Instance {instance} runs on and costs"),
        "(kept for 1d)",
        &cost,
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        doctor.contains(&instance) && doctor.contains("Together about"),
        "{doctor}"
    );

    // A retry drops it and begins anew; the end of the first run is forgotten.
    stack.client.act(&kept.id, "retry").await.unwrap();
    let done = stack.wait_finished(&kept.id, LONG).await.unwrap();
    assert!(done.went_well(), "{done:#?}");
    nothing_runs(stack).await;
}

#[tokio::test]
async fn a_build_that_contradicts_itself_is_refused_with_the_way_out() {
    let stack = Stack::embedded().await.unwrap();
    let words = [
        "deploy",
        "kamiwaza",
        "--version",
        "v1.0.0",
        "--region",
        "us-east-1",
        "--build-only",
        "--no-ami",
    ];
    let run = stack.ingot(&words).await.unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(3), "{said}");
    assert!(
        said.contains("create_ami") && said.contains("--no-ami"),
        "{said}"
    );
    let mut order = Stack::order("v1.0.0");
    order.keep_for_seconds = Some(60);
    match stack.client.create_deployment(&order, "one").await {
        Err(ClientError::Problem(problem)) => {
            assert_eq!(
                (problem.status, problem.errors.len()),
                (422, 1),
                "{problem:#?}"
            );
            assert_eq!(problem.errors[0].field, "keep_for_seconds");
        }
        other => panic!("{other:#?}"),
    }
}

/// The task that ends the instance is written with the AMI: whichever worker lives does it.
#[tokio::test]
async fn a_worker_killed_when_the_ami_is_there_leaves_no_instance() {
    let options = Options {
        pace: 600,
        ..Options::default()
    };
    let mut stack = Stack::scaled_with(options).await.unwrap();
    let asked = ordered(&stack, "v4.0.0", |_| {}).await;
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    stack.kill_worker(0).await.unwrap();
    assert!(done.went_well(), "{done:#?}");
    stack.restart_worker(0).await.unwrap();
    nothing_runs(&stack).await;
}
