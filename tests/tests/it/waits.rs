//! What AWS refuses, in whole stacks: waited out as long as it is worth it, told, and ended with the way out. Simulated
//! hours are seconds here.

use std::time::Duration;

use ingot_client::{Deployment, Event};
use ingot_tests::{Options, Stack, until};
use serde_json::json;

use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(120);
/// What AWS says to credentials that are over.
const EXPIRED: &str = "ExpiredToken";

async fn stack() -> Stack {
    at_pace(600).await
}

async fn at_pace(pace: u32) -> Stack {
    let options = Options {
        pace,
        ..Options::default()
    };
    Stack::embedded_with(options).await.unwrap()
}

/// AWS answers this to these calls until the faults are taken away.
async fn refuse(stack: &Stack, action: &str, code: &str) {
    let fault = json!({ "action": action, "kind": "error", "code": code, "times": 0 });
    stack.region.post("faults", &fault).await.unwrap();
}

async fn heal(stack: &Stack) {
    stack.region.delete("faults").await.unwrap();
}

/// The deployment, once it waits for this.
async fn waiting_for(stack: &Stack, id: &str, on: &str) -> Deployment {
    let waits = |seen: &Deployment| seen.waiting.as_ref().is_some_and(|wait| wait.on == on);
    stack.wait_deployment(id, waits, LONG).await.unwrap()
}

async fn told(stack: &Stack, id: &str, kind: &str) -> Vec<Event> {
    let story = stack.story(id).await.unwrap();
    story.into_iter().filter(|one| one.kind == kind).collect()
}

/// No attempt of any task of the deployment was burnt.
async fn nothing_burnt(stack: &Stack, id: &str) {
    let filter = ingot_client::TaskFilter {
        deployment_id: Some(id.to_owned()),
        ..Default::default()
    };
    for task in stack.client.tasks(&filter).await.unwrap().items {
        assert!(task.attempt <= 1 && task.last_error.is_none(), "{task:#?}");
    }
}

/// An hour without credentials, from the moment the deployment is at `stage`; afterwards it ends as if nothing had been.
async fn an_hour_away(version: &str, stage: impl Fn(&Deployment) -> bool, hold: bool) {
    let stack = stack().await;
    if hold {
        let plan = json!({ "hold": true, "times": 1 });
        stack.region.post("next_image", &plan).await.unwrap();
    }
    let made = stack.deploy(version).await.unwrap();
    stack.wait_deployment(&made.id, stage, LONG).await.unwrap();
    refuse(&stack, "*", EXPIRED).await;
    let seen = waiting_for(&stack, &made.id, "credentials").await;
    let wait = seen.waiting.unwrap();
    assert_eq!(wait.code.as_deref(), Some(EXPIRED));
    assert!(wait.way_out.contains("renew"), "{wait:#?}");
    assert_eq!(
        wait.until.unwrap() - wait.since.unwrap(),
        chrono::TimeDelta::milliseconds(7 * 24 * 3600 * 1000 / 600),
    );
    // Six seconds are an hour.
    tokio::time::sleep(Duration::from_secs(7)).await;
    let seen = stack.client.deployment(&made.id).await.unwrap();
    assert!(!seen.finished, "{seen:#?}");
    let lines = told(&stack, &made.id, "deployment.cloud_waits").await;
    assert_eq!(lines.len(), 1, "told once: {lines:#?}");
    assert!(lines[0].message.contains("credentials"), "{lines:#?}");
    // What EC2 finishes meanwhile is seen afterwards.
    if let (true, Some(ami)) = (hold, &seen.created_ami_id) {
        let finished = json!({ "state": "available" });
        let image = format!("images/{ami}");
        stack.region.post(&image, &finished).await.unwrap();
    }
    heal(&stack).await;
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("completed")),
        "{seen:#?}"
    );
    nothing_burnt(&stack, &made.id).await;
    one_effect_each(&stack, 1, 1).await;
}

#[tokio::test]
async fn credentials_away_before_the_launch() {
    let stack = stack().await;
    refuse(&stack, "*", EXPIRED).await;
    let made = stack.deploy("v8.0.0").await.unwrap();
    waiting_for(&stack, &made.id, "credentials").await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    heal(&stack).await;
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    assert_eq!(seen.status, "success", "{seen:#?}");
    nothing_burnt(&stack, &made.id).await;
}

#[tokio::test]
async fn credentials_away_while_the_instance_starts() {
    an_hour_away("v8.0.1", |seen| seen.instance_id.is_some(), false).await;
}

#[tokio::test]
async fn credentials_away_while_it_is_probed() {
    an_hour_away("v8.0.2", |seen| seen.readiness_checks > 0, false).await;
}

#[tokio::test]
async fn credentials_away_before_its_image() {
    an_hour_away("v8.0.3", |seen| seen.status == "success", false).await;
}

#[tokio::test]
async fn credentials_away_while_ec2_makes_the_image() {
    an_hour_away("v8.0.4", |seen| seen.created_ami_id.is_some(), true).await;
}

#[tokio::test]
async fn credentials_away_at_the_end_of_an_instance() {
    let stack = stack().await;
    let made = stack.deploy("v8.0.5").await.unwrap();
    stack.wait_finished(&made.id, LONG).await.unwrap();
    refuse(&stack, "*", EXPIRED).await;
    stack.client.act(&made.id, "destroy").await.unwrap();
    waiting_for(&stack, &made.id, "credentials").await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    heal(&stack).await;
    let gone = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&made.id, gone, LONG).await.unwrap();
    nothing_burnt(&stack, &made.id).await;
}

#[tokio::test]
async fn a_region_without_a_default_vpc_ends_at_once_with_the_way_out() {
    let stack = stack().await;
    for code in [
        "VPCIdNotSpecified",
        "VPCResourceNotSpecified",
        "MissingInput",
    ] {
        heal(&stack).await;
        refuse(&stack, "CreateSecurityGroup", code).await;
        refuse(&stack, "RunInstances", code).await;
        let mut order = Stack::order("v8.1.0");
        order.ingress = Some(vec![ingot_client::deployment::Ingress {
            port: 443,
            to_port: None,
            cidr: "203.0.113.0/24".to_owned(),
        }]);
        let made = stack.client.create_deployment(&order, code).await.unwrap();
        let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
        let why = seen.error_message.unwrap();
        assert_eq!(seen.status, "failed", "{why}");
        assert!(
            why.contains("no default VPC in us-east-1: name a subnet"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_missing_permission_is_tried_a_few_times_and_named() {
    let stack = stack().await;
    refuse(&stack, "RunInstances", "UnauthorizedOperation").await;
    let made = stack.deploy("v8.2.0").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let why = seen.error_message.unwrap();
    assert!(why.contains("allow `ec2:RunInstances`"), "{why}");
    let calls = stack.region.calls("RunInstances").await.unwrap().len();
    // A busy machine makes fewer of the same ten minutes.
    assert!((2..=20).contains(&calls), "{calls}");
    let lines = told(&stack, &made.id, "deployment.cloud_waits").await;
    assert_eq!(lines.len(), 1, "the first refusal is told: {lines:#?}");
}

/// What the instance is asked through SSM is a call like any other: its refusal is told, waited for and ends in time.
#[tokio::test]
async fn a_question_to_the_instance_that_aws_does_not_allow_is_told() {
    let stack = at_pace(60).await;
    refuse(&stack, "SendCommand", "AccessDeniedException").await;
    let made = stack.deploy("v8.5.1").await.unwrap();
    waiting_for(&stack, &made.id, "permission").await;
    let why = stack.ingot(&["why", &made.id]).await.unwrap();
    let why = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(why.contains("AccessDeniedException"), "{why}");
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let why = seen.ami_creation_error.unwrap();
    assert!(
        why.contains("ssm:SendCommand") && why.contains("policy"),
        "{why}"
    );
    let lines = told(&stack, &made.id, "deployment.cloud_waits").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[tokio::test]
async fn a_profile_made_just_now_is_waited_for_and_a_wrong_one_is_told() {
    // Five minutes must hold several looks, on a busy machine, too.
    let stack = at_pace(60).await;
    let young = |times: u32| {
        json!({ "action": "RunInstances", "kind": "error", "code": "InvalidParameterValue", "times": times,
            "message": "Value (ingot-ssm) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name" })
    };
    stack.region.post("faults", &young(2)).await.unwrap();
    let made = stack.deploy("v8.2.1").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    assert_eq!(seen.status, "success", "{seen:#?}");
    nothing_burnt(&stack, &made.id).await;
    stack.region.post("faults", &young(0)).await.unwrap();
    let made = stack.deploy("v8.2.2").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let why = seen.error_message.unwrap();
    assert!(why.contains("Invalid IAM Instance Profile name"), "{why}");
    assert!(why.contains("`instance_profile`"), "{why}");
}

#[tokio::test]
async fn a_subnet_that_does_not_exist_ends_in_minutes_and_is_told_before() {
    // Five minutes must hold several looks, on a busy machine, too.
    let stack = at_pace(30).await;
    refuse(&stack, "RunInstances", "InvalidSubnetID.NotFound").await;
    let made = stack.deploy("v8.1.1").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let why = seen.error_message.unwrap();
    assert!(why.contains("InvalidSubnetID.NotFound"), "{why}");
    let lines = told(&stack, &made.id, "deployment.cloud_waits").await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[tokio::test]
async fn a_quota_of_images_ends_in_its_time_and_holds_up_no_other() {
    let stack = stack().await;
    refuse(&stack, "CreateImage", "ResourceLimitExceeded").await;
    let made = stack.deploy("v8.3.0").await.unwrap();
    let seen = waiting_for(&stack, &made.id, "quota").await;
    assert_eq!(seen.status, "success");
    let why = stack.ingot(&["why", &made.id]).await.unwrap();
    let why = String::from_utf8_lossy(&why.stdout).into_owned();
    for word in [
        "quota",
        "ResourceLimitExceeded",
        "since",
        "ends",
        "what to do",
    ] {
        assert!(why.contains(word), "{word}: {why}");
    }
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("failed"));
    let error = seen.ami_creation_error.unwrap();
    assert!(error.contains("limit of the AWS account"), "{error}");
    let calls = stack.region.calls("CreateImage").await.unwrap().len();
    assert!(calls < 100, "minutes between them: {calls}");
    // The key is free again.
    heal(&stack).await;
    let next = stack.deploy("v8.3.0").await.unwrap();
    let next = stack.wait_finished(&next.id, LONG).await.unwrap();
    assert_eq!(next.ami_creation_status.as_deref(), Some("completed"));
}

#[tokio::test]
async fn a_limit_of_the_request_ends_the_image_at_once() {
    let stack = stack().await;
    refuse(&stack, "CreateImage", "TagLimitExceeded").await;
    let made = stack.deploy("v8.3.1").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let error = seen.ami_creation_error.unwrap();
    assert!(error.contains("50 tags"), "{error}");
    assert_eq!(stack.region.calls("CreateImage").await.unwrap().len(), 1);
    // No fresh install is needed to ask for it again.
    heal(&stack).await;
    let again = ["deployments", "image", &made.id];
    let asked = stack.ingot_json(&again).await.unwrap();
    assert_eq!(asked["ami_creation_status"], "pending", "{asked}");
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("completed"));
    assert_eq!(stack.region.calls("RunInstances").await.unwrap().len(), 1);
}

#[tokio::test]
async fn destroy_goes_on_while_an_image_never_began() {
    let stack = stack().await;
    refuse(&stack, "CreateImage", "SnapshotLimitExceeded").await;
    let made = stack.deploy("v8.3.2").await.unwrap();
    waiting_for(&stack, &made.id, "quota").await;
    stack.client.act(&made.id, "destroy").await.unwrap();
    let gone = |seen: &Deployment| seen.status == "destroyed";
    let seen = stack.wait_deployment(&made.id, gone, LONG).await.unwrap();
    assert_eq!(seen.ami_creation_status.as_deref(), Some("failed"));
}

#[tokio::test]
async fn destroy_never_gives_up_while_the_instance_runs() {
    let stack = stack().await;
    let made = stack.deploy("v8.4.0").await.unwrap();
    stack.wait_finished(&made.id, LONG).await.unwrap();
    refuse(&stack, "TerminateInstances", "OperationNotPermitted").await;
    stack.client.act(&made.id, "destroy").await.unwrap();
    let lines = until("the refusal to be told", LONG, async || {
        let lines = told(&stack, &made.id, "deployment.cloud_waits").await;
        Ok((!lines.is_empty()).then_some(lines))
    });
    let lines = lines.await.unwrap();
    assert!(lines[0].message.contains("protected"), "{lines:#?}");
    heal(&stack).await;
    let gone = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&made.id, gone, LONG).await.unwrap();
}

/// The next instance stays pending until EC2 ends it for this reason.
async fn ended_at_launch(stack: &Stack, version: &str, reason: &str) -> Deployment {
    let stuck = json!({ "stuck": true, "times": 1 });
    stack.region.post("next_instance", &stuck).await.unwrap();
    let made = stack.deploy(version).await.unwrap();
    let born = |seen: &Deployment| seen.instance_id.is_some();
    let seen = stack.wait_deployment(&made.id, born, LONG).await.unwrap();
    let ended = json!({ "state": "terminated", "reason": reason });
    let instance = format!("instances/{}", seen.instance_id.unwrap());
    stack.region.post(&instance, &ended).await.unwrap();
    stack.wait_finished(&made.id, LONG).await.unwrap()
}

#[tokio::test]
async fn why_ec2_ended_an_instance_is_told_and_the_key_is_named() {
    let stack = stack().await;
    let seen = ended_at_launch(&stack, "v8.5.0", "Client.InternalError").await;
    let why = seen.error_message.unwrap();
    assert_eq!(seen.status, "failed");
    assert!(why.contains("Client.InternalError"), "{why}");
    assert!(why.contains("kms:CreateGrant"), "{why}");
}

#[tokio::test]
async fn an_instance_that_ec2_ends_by_itself_is_launched_again() {
    let stack = stack().await;
    let seen = ended_at_launch(&stack, "v8.5.1", "Server.InternalError").await;
    assert_eq!(seen.status, "success", "{seen:#?}");
    let lines = told(&stack, &seen.id, "deployment.relaunched").await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].message.contains("Server.InternalError"));
}

#[tokio::test]
async fn a_code_that_is_not_known_is_told_as_such() {
    let stack = stack().await;
    refuse(&stack, "RunInstances", "BrandNewRefusal").await;
    let made = stack.deploy("v8.6.0").await.unwrap();
    let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("AWS answered `BrandNewRefusal`, which Ingot does not know"),
        "{why}"
    );
}
