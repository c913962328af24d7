//! `ingot aws check --launch`: the smallest instance settles what no dry run can, each refusal is told with its call, and the
//! instance is over in time, whatever becomes of the workers.

use std::time::Duration;

use ingot_client::{AwsCheck, NewAwsCheck, NewTrial};
use ingot_tests::{Options, Stack, until};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(90);
/// Slow enough that the instance lives longer than it takes to see it and to kill its worker.
const SLOW: u32 = 60;
const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn slow(workers: usize) -> Options {
    Options {
        workers,
        pace: SLOW,
        ..Options::default()
    }
}

async fn embedded() -> Stack {
    Stack::embedded_with(slow(1)).await.unwrap()
}

async fn scaled(workers: usize) -> Stack {
    Stack::scaled_with(slow(workers)).await.unwrap()
}

/// Everything is allowed to every caller, but for these.
async fn deny(stack: &Stack, actions: &[&str]) {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": actions, "Resource": "*" },
    ]});
    let order = json!({ "access_key": "*", "policy": policy, "profiles": { "ingot-ssm": "ssm" } });
    stack.region.post("iam", &order).await.unwrap();
}

async fn allow_all(stack: &Stack) {
    let order = json!({ "access_key": "*", "policy": null });
    stack.region.post("iam", &order).await.unwrap();
}

async fn ask(stack: &Stack, trial: NewTrial) -> AwsCheck {
    let asked = NewAwsCheck {
        region: Some("us-east-1".to_owned()),
        launch: Some(trial),
    };
    stack.client.ask_aws_check(&asked).await.unwrap()
}

async fn answer(stack: &Stack, id: &str) -> AwsCheck {
    let answered = until("the check's answer", LONG, async || {
        let seen = stack.client.aws_check(id).await?;
        Ok((seen.state != "asked").then_some(seen))
    });
    answered
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", stack.said()))
}

async fn tried(stack: &Stack) -> AwsCheck {
    let asked = ask(stack, NewTrial::default()).await;
    answer(stack, &asked.id).await
}

fn verdict(check: &AwsCheck, call: &str) -> String {
    let calls = &check.trial.as_ref().unwrap().calls;
    let found = calls.iter().find(|one| one.action == call);
    found
        .unwrap_or_else(|| panic!("{call}: {check:#?}"))
        .verdict
        .clone()
}

/// Instances that the region has shown so far, and whether each is over.
async fn instances(stack: &Stack) -> Vec<Value> {
    stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap()
}

async fn all_over(stack: &Stack) -> bool {
    let over = |one: &Value| one["state"] == "terminated" || one["state"] == "shutting-down";
    instances(stack).await.iter().all(over)
}

#[tokio::test]
async fn a_trial_launch_settles_what_no_dry_run_can_embedded() {
    settles(&embedded().await).await;
}

#[tokio::test]
async fn a_trial_launch_settles_what_no_dry_run_can_scaled() {
    settles(&scaled(2).await).await;
}

async fn settles(stack: &Stack) {
    let line = ["aws", "check", "--launch", "--region", "us-east-1"];
    let unasked = stack.ingot(&line).await.unwrap();
    let said = String::from_utf8_lossy(&unasked.stderr).into_owned();
    for word in ["t3.micro", "within 5", "0.01 USD", "--yes"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!unasked.status.success());
    assert!(instances(stack).await.is_empty(), "nothing without consent");

    let line = [&line[..], &["--yes"]].concat();
    let check = stack.ingot_json(&line).await.unwrap();
    let check: AwsCheck = serde_json::from_value(check).unwrap();
    let trial = check.trial.clone().unwrap();
    assert!(trial.passed, "{check:#?}");
    let calls: Vec<_> = trial.calls.iter().map(|one| one.action.as_str()).collect();
    let expected = [
        "ec2:RunInstances",
        "iam:PassRole",
        "ssm:SendCommand",
        "ssm:GetCommandInvocation",
        "ec2:TerminateInstances",
    ];
    assert_eq!(calls, expected);
    for call in expected {
        assert_eq!(verdict(&check, call), "allowed");
        // The verdicts count among the permissions, too.
        let known = check.permissions.iter().find(|one| one.action == call);
        assert_eq!(known.unwrap().verdict, "allowed", "{call}");
    }
    let made = instances(stack).await;
    assert_eq!(made.len(), 1, "{made:#?}");
    assert_eq!(made[0]["id"].as_str(), trial.instance_id.as_deref());
    assert_eq!(made[0]["instance_type"], "t3.micro");
    assert_eq!(made[0]["tags"]["ManagedBy"], "Ingot");
    assert!(all_over(stack).await, "{made:#?}");

    // A check without a launch keeps the last trial, with its time.
    let dry = stack.ingot_json(&["aws", "check"]).await.unwrap();
    let dry: AwsCheck = serde_json::from_value(dry).unwrap();
    assert_eq!(dry.trial.as_ref(), Some(&trial), "{dry:#?}");
    assert_eq!(instances(stack).await.len(), 1);
    let shown = stack.ingot(&["aws", "check", "--last"]).await.unwrap();
    assert!(shown.status.success());

    refusals(stack).await;
}

/// Each refusal is the verdict of its call, and leaves nothing behind.
async fn refusals(stack: &Stack) {
    deny(stack, &["ssm:SendCommand"]).await;
    let check = tried(stack).await;
    assert_eq!(verdict(&check, "ssm:SendCommand"), "denied");
    assert_eq!(verdict(&check, "ec2:TerminateInstances"), "allowed");
    assert!(!check.trial.as_ref().unwrap().passed);
    assert!(check.denied >= 1 && check.verdict().contains("ssm:SendCommand"));
    assert!(all_over(stack).await);

    deny(stack, &["iam:PassRole"]).await;
    let check = tried(stack).await;
    assert_eq!(verdict(&check, "iam:PassRole"), "denied");
    let before = instances(stack).await.len();

    deny(stack, &["ec2:RunInstances"]).await;
    let check = tried(stack).await;
    assert_eq!(verdict(&check, "ec2:RunInstances"), "denied");
    let trial = check.trial.clone().unwrap();
    let why = trial.error.unwrap();
    assert!(why.contains("ec2:RunInstances is denied"), "{why}");
    assert_eq!(instances(stack).await.len(), before, "nothing was launched");
    let line = ["aws", "check", "--launch", "--yes"];
    let run = stack.ingot(&line).await.unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("trial launch") && said.contains("FAILED"),
        "{said}"
    );

    allow_all(stack).await;
    let missing = json!({ "name": "nobodys", "state": "missing" });
    stack
        .region
        .post("instance_profiles", &missing)
        .await
        .unwrap();
    let asked = NewTrial {
        instance_profile: Some("nobodys".to_owned()),
        ..NewTrial::default()
    };
    let check = ask(stack, asked).await;
    let check = answer(stack, &check.id).await;
    assert_eq!(verdict(&check, "iam:PassRole"), "cannot_be_asked");
    let why = check.trial.unwrap().error.unwrap();
    assert!(why.contains("nobodys"), "{why}");
    assert_eq!(instances(stack).await.len(), before, "nothing was launched");
}

/// No agent registers, so that the instance lives as long as a trial may.
async fn mute(stack: &Stack) {
    let guest = json!({ "agent": false });
    stack.region.post("next_guest", &guest).await.unwrap();
}

async fn launched(stack: &Stack) -> String {
    let made = until("the instance", LONG, async || {
        let made = stack.region.objects("us-east-1", "instances").await?;
        let id = made.first().and_then(|one| one["id"].as_str());
        Ok(id.map(str::to_owned))
    });
    made.await.unwrap()
}

#[tokio::test]
async fn an_instance_that_ssm_never_sees_is_ended_in_time_and_says_why() {
    let stack = embedded().await;
    mute(&stack).await;
    let check = tried(&stack).await;
    assert_eq!(verdict(&check, "ssm:SendCommand"), "cannot_be_asked");
    let trial = check.trial.clone().unwrap();
    let reason = &trial
        .calls
        .iter()
        .find(|one| one.action == "ssm:SendCommand");
    assert!(
        reason
            .unwrap()
            .reason
            .contains("AmazonSSMManagedInstanceCore")
    );
    assert!(trial.passed, "nothing was denied: {check:#?}");
    assert!(all_over(&stack).await);
}

#[tokio::test]
async fn a_key_without_grants_is_denied_and_the_instance_is_over() {
    let stack = embedded().await;
    let keys = json!({ "keys": [{ "id": KEY, "grants": false }] });
    stack.region.post("kms", &keys).await.unwrap();
    let asked = NewTrial {
        kms_key_id: Some(KEY.to_owned()),
        ..NewTrial::default()
    };
    let check = ask(&stack, asked).await;
    let check = answer(&stack, &check.id).await;
    assert_eq!(verdict(&check, "kms:CreateGrant"), "denied");
    assert!(
        check
            .trial
            .unwrap()
            .error
            .unwrap()
            .contains("Client.InternalError")
    );
    assert!(all_over(&stack).await);
}

#[tokio::test]
async fn a_worker_killed_during_a_trial_launch_leaves_no_instance() {
    let mut stack = scaled(1).await;
    mute(&stack).await;
    let asked = ask(&stack, NewTrial::default()).await;
    let instance = launched(&stack).await;
    stack.kill_worker(0).await.unwrap();
    assert!(!all_over(&stack).await, "it was killed too late");
    // No worker lives: the instance ends itself, within five minutes of the region's time and some of the machine's.
    let own = until("its own end", Duration::from_secs(20), async || {
        Ok(all_over(&stack).await.then_some(()))
    });
    own.await.unwrap();
    assert!(
        stack
            .region
            .calls("TerminateInstances")
            .await
            .unwrap()
            .is_empty()
    );
    // A later worker answers, and launches no second one.
    stack.add_worker().await.unwrap();
    let check = answer(&stack, &asked.id).await;
    let trial = check.trial.unwrap();
    assert_eq!(trial.instance_id.as_ref(), Some(&instance));
    assert!(
        trial.ended_at.is_some() && trial.error.is_none(),
        "{trial:#?}"
    );
    assert_eq!(instances(&stack).await.len(), 1);
}

#[tokio::test]
async fn a_worker_that_takes_over_a_trial_launch_ends_its_instance() {
    let mut stack = scaled(1).await;
    // Its own end never comes, for it never runs.
    let stuck = json!({ "stuck": true, "times": 1 });
    stack.region.post("next_instance", &stuck).await.unwrap();
    let asked = ask(&stack, NewTrial::default()).await;
    let instance = launched(&stack).await;
    stack.replace_worker(0).await.unwrap();
    let check = answer(&stack, &asked.id).await;
    assert_eq!(verdict(&check, "ec2:TerminateInstances"), "allowed");
    let trial = check.trial.unwrap();
    assert_eq!(trial.instance_id.as_ref(), Some(&instance));
    assert!(all_over(&stack).await);
    assert_eq!(instances(&stack).await.len(), 1);
    // The reaper has nothing to tell of it.
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!said.contains(&instance), "{said}");
}
