//! Every effect's answer lost once (FAULTS F03): the effect has happened, the visit does not know. It looks, or repeats what
//! may be repeated; one instance, one AMI, nothing left behind.

use ingot_client::Deployment;
use ingot_tests::{Options, Stack};
use serde_json::json;

use super::crash_points::LONG;
use super::proof;

/// Calls with an effect. Each loses more answers than the SDK asks again, so that the visit itself meets the doubt.
const EFFECTS: [&str; 8] = [
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "RunInstances",
    "CreateImage",
    "DeregisterImage",
    "DeleteSnapshot",
    "TerminateInstances",
    "DeleteSecurityGroup",
];

#[tokio::test]
async fn every_effects_answer_is_lost_and_nothing_is_lost_doubled_or_left() {
    let stack = Stack::embedded_with(Options {
        pace: 600,
        ..Options::default()
    })
    .await
    .unwrap();
    for action in EFFECTS {
        let lost = json!({ "action": action, "kind": "lost_answer", "times": 4 });
        stack.region.post("faults", &lost).await.unwrap();
    }
    let failed = json!({ "state": "failed", "reason": "no luck", "times": 1 });
    stack.region.post("next_image", &failed).await.unwrap();
    let asked = stack.deploy("v7.3.0").await.unwrap();
    let seen = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.ami_creation_status.as_deref()),
        ("success", Some("completed")),
        "{seen:#?}"
    );
    stack.client.act(&asked.id, "destroy").await.unwrap();
    let gone = |seen: &Deployment| seen.status == "destroyed";
    let seen = stack.wait_deployment(&asked.id, gone, LONG).await.unwrap();
    let lives = [asked.id.clone()];
    assert_eq!(proof::crashes(&proof::quiet(&stack, &lives).await), 0);
    proof::story_is_whole(&stack, &seen).await;
    proof::no_orphan(&stack).await;
    assert_eq!(proof::instances(&stack).await.get(&asked.id), Some(&1));
    let faults = stack.region.get("faults").await.unwrap();
    for fault in faults["faults"].as_array().unwrap() {
        assert!(fault["hit"].as_u64() >= Some(1), "never lost: {fault}");
    }
}
