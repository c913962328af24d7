//! The region against the ledger: what carries our installation's tag has a row, what has a row is there (I1), and each
//! effect made one thing at most (I2), by the journal of every call that ever arrived.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use ingot_domain::image::{EFFECT_TAG, INSTALL_TAG};
use serde_json::Value;

use super::{Rows, strangers, text};
use crate::stack::Stack;

pub(super) async fn violations(rows: &Rows, stack: &Stack) -> Result<Vec<String>> {
    let state = stack.region.get("state").await?;
    let calls = stack.region.calls("*").await?;
    let theirs = strangers::made(&calls);
    // Whatever tags it carries: what a stranger made needs no row.
    let list = |kind: &str| -> Vec<Value> {
        let mut all = list(&state, kind);
        all.retain(|one| !theirs.contains(&text(&one["id"])));
        all
    };
    let of = |action: &str| -> Vec<Value> {
        let ours = |call: &&Value| {
            call["action"] == action && call["access_key"] != crate::region::STRANGER
        };
        calls.iter().filter(ours).cloned().collect()
    };
    let mut wrong = instances(rows, &list("instances"));
    wrong.extend(own_images(rows, &list("images")));
    wrong.extend(snapshots(rows, &list("snapshots")));
    wrong.extend(groups(rows, &list("security_groups")));
    wrong.extend(doubles(
        &of("RunInstances"),
        "ClientToken",
        "i-",
        "launch token",
    ));
    wrong.extend(doubles(&of("CreateImage"), "Name", "ami-", "image name"));
    let copies = of("CopyImage");
    wrong.extend(doubles(&copies, "ClientToken", "ami-", "copy's token"));
    wrong.extend(repeated(rows));
    wrong.extend(strangers::violations(&calls, &theirs));
    Ok(wrong)
}

fn list(state: &Value, kind: &str) -> Vec<Value> {
    state[kind].as_array().cloned().unwrap_or_default()
}

fn is_ours(rows: &Rows, object: &Value) -> bool {
    !rows.install.is_empty() && object["tags"][INSTALL_TAG] == rows.install.as_str()
}

fn is_over(instance: &Value) -> bool {
    ["terminated", "shutting-down"].contains(&text(&instance["state"]).as_str())
}

fn instances(rows: &Rows, there: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for instance in there.iter().filter(|one| is_ours(rows, one)) {
        let id = text(&instance["id"]);
        let effect = text(&instance["tags"][EFFECT_TAG]);
        let row = rows.effects.iter().find(|row| text(&row["id"]) == effect);
        if row.is_none_or(|row| text(&row["cloud_id"]) != id) {
            wrong.push(format!(
                "I1: instance {id} was made by effect `{effect}`, which does not say so"
            ));
        }
        let owner = rows
            .deployments
            .iter()
            .find(|row| text(&row["instance_id"]) == id);
        let wanted = owner.is_some_and(|row| {
            !["cancelled", "destroyed"].contains(&text(&row["status"]).as_str())
        });
        if !is_over(instance) && !wanted {
            wrong.push(format!(
                "I1: instance {id} is {} and no deployment wants it",
                text(&instance["state"])
            ));
        }
    }
    for row in rows
        .deployments
        .iter()
        .filter(|row| !row["instance_id"].is_null())
    {
        let id = text(&row["instance_id"]);
        let alive = there
            .iter()
            .any(|one| text(&one["id"]) == id && !is_over(one));
        if !alive {
            wrong.push(format!(
                "I1: deployment {} believes in instance {id}, which is gone",
                text(&row["id"])
            ));
        }
    }
    wrong
}

fn own_images(rows: &Rows, there: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for image in there.iter().filter(|one| is_ours(rows, one)) {
        let (id, state) = (text(&image["id"]), text(&image["state"]));
        let row = rows.images.iter().find(|row| text(&row["ami_id"]) == id);
        let status = row.map(|row| text(&row["status"]));
        let agrees = match state.as_str() {
            "deregistered" => !matches!(status.as_deref(), Some("available" | "pending")),
            _ => status.as_deref() == Some(state.as_str()),
        };
        if !agrees {
            wrong.push(format!(
                "I1: image {id} is `{state}` in EC2 and {status:?} in the ledger"
            ));
        }
    }
    for row in rows
        .images
        .iter()
        .filter(|row| row["status"] == "available")
    {
        let id = text(&row["ami_id"]);
        if !there.iter().any(|one| text(&one["id"]) == id) {
            wrong.push(format!(
                "I1: the ledger believes in image {id}, which is gone"
            ));
        }
    }
    for row in rows.images.iter().filter(|row| row["status"] == "claimed") {
        wrong.push(format!(
            "I1: image row {} holds its key and was never made",
            text(&row["id"])
        ));
    }
    wrong
}

fn snapshots(rows: &Rows, there: &[Value]) -> Vec<String> {
    let lonely = there
        .iter()
        .filter(|one| is_ours(rows, one) && one["used_by"].is_null());
    lonely
        .map(|one| format!("I1: snapshot {} has no image", text(&one["id"])))
        .collect()
}

fn groups(rows: &Rows, there: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for group in there {
        let name = text(&group["name"]);
        let Some(row) = rows
            .deployments
            .iter()
            .find(|row| name == format!("ingot-{}", text(&row["id"])))
        else {
            continue;
        };
        if row["security_group_id"] != group["id"] {
            wrong.push(format!("I1: security group {name} is left behind"));
        }
    }
    wrong
}

/// Calls with one identity that made more than one thing.
fn doubles(calls: &[Value], identity: &str, prefix: &str, what: &str) -> Vec<String> {
    let mut made: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call["outcome"] == "ok") {
        let ids = text(&call["effect"]);
        let ids = ids
            .split([',', ' '])
            .filter(|id| id.starts_with(prefix))
            .map(str::to_owned);
        made.entry(text(&call["params"][identity]))
            .or_default()
            .extend(ids);
    }
    made.into_iter()
        .filter(|(_, ids)| ids.len() > 1)
        .map(|(key, ids)| format!("I2: {what} `{key}` made {ids:?}"))
        .collect()
}

/// Launches of one run that were carried out more than once, whatever their tokens.
fn repeated(rows: &Rows) -> Vec<String> {
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    let launches = rows
        .effects
        .iter()
        .filter(|row| row["kind"] == "launch" && row["state"] == "done");
    for row in launches {
        *done
            .entry(format!(
                "{} run {}",
                text(&row["deployment_id"]),
                row["run"]
            ))
            .or_default() += 1;
    }
    done.into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(run, times)| format!("I2: {run} was launched {times} times"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Rows {
        Rows {
            deployments: vec![
                json!({ "id": "dep_1", "status": "success", "instance_id": "i-1", "security_group_id": "sg-1" }),
            ],
            tasks: Vec::new(),
            effects: vec![
                json!({ "id": "eff_1", "deployment_id": "dep_1", "run": 1, "kind": "launch",
                    "state": "done", "cloud_id": "i-1" }),
            ],
            images: vec![json!({ "id": "img_1", "ami_id": "ami-1", "status": "available" })],
            builds: Vec::new(),
            purses: Vec::new(),
            entries: Vec::new(),
            stories: Vec::new(),
            install: "us".to_owned(),
        }
    }

    fn instance(id: &str, state: &str) -> Value {
        json!({ "id": id, "state": state, "tags": { INSTALL_TAG: "us", EFFECT_TAG: "eff_1" } })
    }

    /// A checker that finds nothing proves nothing.
    #[test]
    fn each_kind_of_violation_is_found() {
        let none: Vec<String> = Vec::new();
        let mut rows = rows();
        let one = instance("i-1", "running");
        assert_eq!(instances(&rows, std::slice::from_ref(&one)), none);
        assert_eq!(
            instances(&rows, &[one.clone(), instance("i-2", "terminated")]).len(),
            1
        );
        assert_eq!(
            instances(&rows, &[one.clone(), instance("i-2", "running")]).len(),
            2
        );
        assert_eq!(instances(&rows, &[instance("i-1", "terminated")]).len(), 1);
        let image = json!({ "id": "ami-1", "state": "available", "tags": { INSTALL_TAG: "us" } });
        assert_eq!(own_images(&rows, std::slice::from_ref(&image)), none);
        assert_eq!(own_images(&rows, &[]).len(), 1);
        let mut gone = image.clone();
        gone["state"] = json!("deregistered");
        assert_eq!(own_images(&rows, std::slice::from_ref(&gone)).len(), 1);
        rows.images[0]["status"] = json!("failed");
        assert_eq!(own_images(&rows, &[gone]), none);
        assert_eq!(own_images(&rows, std::slice::from_ref(&image)).len(), 1);
        rows.images[0]["status"] = json!("available");
        let mut other = image.clone();
        other["id"] = json!("ami-2");
        assert_eq!(own_images(&rows, &[image, other]).len(), 1);
        let lonely = json!({ "id": "snap-1", "tags": { INSTALL_TAG: "us" }, "used_by": null });
        assert_eq!(snapshots(&rows, &[lonely]).len(), 1);
        let group = |id: &str| json!({ "id": id, "name": "ingot-dep_1" });
        assert_eq!(groups(&rows, &[group("sg-1")]), none);
        assert_eq!(groups(&rows, &[group("sg-2")]).len(), 1);
        let call = |ids: &str| json!({ "outcome": "ok", "effect": ids, "params": { "ClientToken": "eff_1" } });
        assert_eq!(
            doubles(&[call("i-1"), call("i-1")], "ClientToken", "i-", "token"),
            none
        );
        assert_eq!(
            doubles(
                &[call("i-1"), call("i-2,vol-1")],
                "ClientToken",
                "i-",
                "token"
            )
            .len(),
            1
        );
        let mut again = rows.effects[0].clone();
        again["id"] = json!("eff_2");
        rows.effects.push(again);
        assert_eq!(repeated(&rows).len(), 1);
        let mut strange = one;
        strange["tags"][INSTALL_TAG] = json!("them");
        assert_eq!(
            instances(&rows, &[strange]),
            none,
            "theirs is no business of ours"
        );
    }
}
