//! Real orphans of ours: what a call made that was taken for refused.

use ingot_client::Deployment;
use ingot_tests::{Stack, until};
use serde_json::json;

use super::LONG;

/// A finished deployment whose first launch was refused for good: its effect made nothing that the ledger knows of.
pub(super) async fn launched_twice(stack: &Stack, version: &str) -> (Deployment, String) {
    let spent = json!({ "action": "RunInstances", "kind": "error", "code": "IdempotentInstanceTerminated", "times": 1 });
    stack.region.post("faults", &spent).await.unwrap();
    let done = stack.deploy(version).await.unwrap();
    let done = stack.wait_finished(&done.id, LONG).await.unwrap();
    let calls = stack.region.calls("RunInstances").await.unwrap();
    let refused = calls
        .iter()
        .find(|call| call["outcome"] == "IdempotentInstanceTerminated")
        .unwrap();
    let token = refused["params"]["ClientToken"].as_str().unwrap();
    (done, token.to_owned())
}

/// A CreateImage call of ours that was refused for good, made all the same: as one whose answer was lost would be.
pub(super) async fn late_image(stack: &Stack, version: &str) -> String {
    let refused = json!({ "action": "CreateImage", "kind": "error", "code": "InvalidParameterValue", "times": 1 });
    stack.region.post("faults", &refused).await.unwrap();
    let done = stack.deploy(version).await.unwrap();
    stack.wait_finished(&done.id, LONG).await.unwrap();
    let calls = stack.region.calls("CreateImage").await.unwrap();
    let call = calls
        .iter()
        .find(|call| call["outcome"] == "InvalidParameterValue")
        .unwrap();
    let params = call["params"].as_object().unwrap();
    let again: Vec<(&str, &str)> = params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .chain([("Action", "CreateImage")])
        .collect();
    let answer = until("the late image", LONG, async || {
        Ok(Some(stack.region.ec2(&again).await?))
    });
    let answer = answer.await.unwrap();
    let begin = answer.find("<imageId>").unwrap() + "<imageId>".len();
    answer[begin..].split('<').next().unwrap().to_owned()
}
