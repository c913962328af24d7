//! AWS in bad mood: throttles, answers that lag behind, images that take hours, refusals of every class. Lost answers and
//! requests that never arrive are in `it/doubts.rs` (FAULTS F03).

use std::time::Duration;

use ingot_tests::{Options, until};
use serde_json::Value;

use super::{LONG, Site, object};

async fn site(pace: u32) -> Site {
    Site::start(Options {
        workers: 2,
        pace,
        ..Options::default()
    })
    .await
}

/// FAULTS F05: everything throttled for a while. The rate of calls falls, no attempt is burnt, and then all goes on.
#[tokio::test(flavor = "multi_thread")]
async fn f05_throttled_calls_become_fewer_and_burn_no_attempt() {
    // Slow, so that back-off is seconds and the curve can be seen.
    let mut site = site(6).await;
    let throttle = object!({ "action": "RunInstances", "kind": "error", "code": "RequestLimitExceeded", "times": 0 });
    site.fault(throttle).await;
    let ids = site.load(6).await;
    tokio::time::sleep(Duration::from_secs(16)).await;
    let calls = site.stack.region.calls("RunInstances").await.unwrap();
    let at = |call: &Value| call["real_seconds"].as_f64().unwrap();
    let first = at(&calls[0]);
    let within = |from: f64, to: f64| {
        calls
            .iter()
            .filter(|call| (from..to).contains(&(at(call) - first)))
            .count()
    };
    // About ten a second, then five; at most three quarters, which jitter hardly ever makes of them.
    let (early, late) = (within(0.0, 3.0), within(8.0, 16.0));
    assert!(
        early > 0 && late <= early * 2,
        "{early} calls in 3 s, then {late} in 8"
    );
    let mut moments: Vec<u64> = calls.iter().map(|call| (at(call) * 100.0) as u64).collect();
    moments.dedup();
    assert!(
        moments.len() * 2 > calls.len(),
        "not all at the same instant: {moments:?}"
    );
    site.stack.region.delete("faults").await.unwrap();
    for id in &ids {
        site.reaches(id, |seen| seen.instance_id.is_some()).await;
    }
    site.burnt_nothing(&ids).await;
    for id in &ids {
        site.stack.client.act(id, "destroy").await.unwrap();
    }
    site.holds().await;
}

/// FAULTS F06: what was just made is not found for a while, and told in its old state.
#[tokio::test(flavor = "multi_thread")]
async fn f06_what_ec2_does_not_know_yet_is_not_lost() {
    // The five minutes in which EC2 may not know what it made are five seconds: time for three visits on a busy machine.
    let mut site = site(60).await;
    for (action, code) in [
        ("DescribeInstances", "InvalidInstanceID.NotFound"),
        ("SendCommand", "InvalidInstanceId"),
        ("AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound"),
        ("RunInstances", "InvalidGroup.NotFound"),
    ] {
        site.fault(
            object!({ "action": action, "kind": "error", "code": code, "status": 400, "times": 3 }),
        )
        .await;
    }
    let ids = site.load(2).await;
    site.succeed(&ids).await;
    site.holds().await;
}

/// FAULTS F07: an image that is pending past our patience is reaped with its snapshots; one that vanishes while it is made
/// is told. One that EC2 fails is in `it/doubts.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn f07_a_late_image_is_reaped_and_a_vanished_one_told() {
    let mut site = site(2400).await;
    let hold = object!({ "hold": true, "times": 2 });
    site.stack.region.post("next_image", &hold).await.unwrap();
    let late = site.deploy().await;
    let seen = site
        .reaches(&late, |seen| seen.created_ami_id.is_some())
        .await;
    let ami = seen.created_ami_id.unwrap();
    let given_up = site.reaches(&late, |seen| seen.finished).await;
    let why = given_up.ami_creation_error.clone().unwrap_or_default();
    assert_eq!(
        given_up.ami_creation_status.as_deref(),
        Some("failed"),
        "{given_up:#?}"
    );
    assert!(why.contains("hours"), "{why}");
    let images = site
        .stack
        .region
        .objects("us-east-1", "images")
        .await
        .unwrap();
    let left = images.iter().find(|image| image["id"] == ami.as_str());
    assert!(
        left.is_none_or(|image| image["state"] == "deregistered"),
        "{left:#?}"
    );

    let vanished = site.deploy().await;
    let seen = site
        .reaches(&vanished, |seen| seen.created_ami_id.is_some())
        .await;
    let ami = seen.created_ami_id.unwrap();
    // Deregistering leaves an image's snapshots: the ledger must know them by then.
    let known = format!("SELECT snapshots FROM image WHERE ami_id = '{ami}' AND snapshots <> '[]'");
    until("its snapshots to be known", LONG, async || {
        Ok((!site.one(&known).await.is_null()).then_some(()))
    })
    .await
    .unwrap();
    let gone = object!({ "state": "gone" });
    site.stack
        .region
        .post(&format!("images/{ami}"), &gone)
        .await
        .unwrap();
    let seen = site.reaches(&vanished, |seen| seen.finished).await;
    let told = site.stack.story(&vanished).await.unwrap();
    assert!(
        seen.ami_creation_status.as_deref() == Some("failed")
            || seen.created_ami_id.as_deref() != Some(&ami),
        "never available: {seen:#?} {told:#?}"
    );
    site.holds().await;
}

/// FAULTS F30: what is refused for good fails the deployment with AWS's reason and no secret; what may change is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn f30_refusals_are_classed_and_tell_no_secret() {
    let mut site = site(600).await;
    let refusal = |code: &str, times: u32| {
        object!({ "action": "RunInstances", "kind": "error", "code": code, "times": times,
            "message": "You are not authorized. Encoded authorization failure message: c2VjcmV0LWF1dGhvcml6YXRpb24tZGV0YWls" })
    };
    for code in [
        "InsufficientInstanceCapacity",
        "VcpuLimitExceeded",
        "ExpiredToken",
        "RequestExpired",
        "AuthFailure",
    ] {
        site.fault(refusal(code, 2)).await;
        let id = site.deploy().await;
        site.succeed(&[id]).await;
    }
    for code in ["InvalidParameterValue", "UnsupportedOperation"] {
        site.fault(refusal(code, 1)).await;
        let id = site.deploy().await;
        let seen = site.reaches(&id, |seen| seen.finished).await;
        assert_eq!(seen.status, "failed", "{code}: {seen:#?}");
        let why = seen.error_message.unwrap_or_default();
        assert!(why.contains(code), "{why}");
        assert!(!why.contains("c2VjcmV0"), "{why}");
    }
    site.holds().await;
}
