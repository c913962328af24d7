//! Nothing of a stranger's is changed, commanded or launched from (REAL-AWS C1, C2), by the journal of every call: strangers
//! sign with a key of their own, and what their calls made is theirs, whatever tags it carries.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text;
use crate::region::STRANGER;

/// Ids of what strangers made.
pub(super) fn made(calls: &[Value]) -> BTreeSet<String> {
    let theirs = calls
        .iter()
        .filter(|call| call["outcome"] == "ok" && call["access_key"] == STRANGER)
        .filter(|call| {
            let action = text(&call["action"]);
            ["Create", "Run", "Copy", "Import", "Register", "Restore"]
                .iter()
                .any(|begin| action.starts_with(begin))
        });
    theirs
        .flat_map(|call| ids(&call["effect"]))
        .filter(|id| id.contains('-'))
        .collect()
}

fn ids(effect: &Value) -> Vec<String> {
    text(effect)
        .split([',', ' '])
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Calls of ours that name one of them and do more than look.
pub(super) fn violations(calls: &[Value], strangers: &BTreeSet<String>) -> Vec<String> {
    let looks = ["Describe", "Get", "List"];
    let acts = calls.iter().filter(|call| {
        let action = text(&call["action"]);
        call["access_key"] != STRANGER && !looks.iter().any(|look| action.starts_with(look))
    });
    let mut wrong = Vec::new();
    for call in acts {
        let params = call["params"].to_string();
        // Whole ids: `i-1` is the end of `ami-1`.
        let named: BTreeSet<&str> = params
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .collect();
        for id in strangers.iter().filter(|id| named.contains(id.as_str())) {
            let action = text(&call["action"]);
            wrong.push(format!(
                "provenance: {action} named {id}, which a stranger made"
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A checker that finds nothing proves nothing.
    #[test]
    fn a_call_on_a_strangers_object_is_found_whatever_it_does() {
        let call = |key: &str, action: &str, params: Value, effect: &str| json!({ "access_key": key, "action": action, "params": params, "effect": effect, "outcome": "ok" });
        let begin = vec![
            call(STRANGER, "RunInstances", json!({}), "i-theirs,vol-theirs"),
            call(
                STRANGER,
                "CreateImage",
                json!({ "InstanceId": "i-ours" }),
                "ami-theirs,snap-theirs",
            ),
            call(
                "test",
                "RunInstances",
                json!({ "ImageId": "ami-base" }),
                "i-ours",
            ),
            call(
                "test",
                "DescribeInstances",
                json!({ "Filter.1.Value.1": "i-theirs" }),
                "",
            ),
            call(
                STRANGER,
                "TerminateInstances",
                json!({ "InstanceId.1": "i-theirs" }),
                "i-theirs",
            ),
        ];
        let strangers = made(&begin);
        assert!(strangers.contains("i-theirs") && strangers.contains("snap-theirs"));
        assert!(!strangers.contains("i-ours"), "{strangers:?}");
        let none: Vec<String> = Vec::new();
        assert_eq!(violations(&begin, &strangers), none);
        for (action, params) in [
            ("TerminateInstances", json!({ "InstanceId.1": "i-theirs" })),
            ("SendCommand", json!({ "InstanceIds": "[\"i-theirs\"]" })),
            ("CreateImage", json!({ "InstanceId": "i-theirs" })),
            ("RunInstances", json!({ "ImageId": "ami-theirs" })),
            ("DeregisterImage", json!({ "ImageId": "ami-theirs" })),
            ("DeleteSnapshot", json!({ "SnapshotId": "snap-theirs" })),
        ] {
            let mut calls = begin.clone();
            calls.push(call("test", action, params, ""));
            assert_eq!(violations(&calls, &strangers).len(), 1, "{action}");
        }
    }
}
