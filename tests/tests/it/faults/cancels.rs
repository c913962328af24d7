//! Cancellations in the middle (FAULTS F39) and a reconciler that sees an instance before its row does (F41).

use std::time::Duration;

use ingot_client::Deployment;
use ingot_tests::until;

use super::crash_points::LONG;
use super::drill::{Drill, points};
use super::proof;

/// The steps of a life that can still be cancelled or destroyed in the middle.
const STEPS: [&str; 3] = ["launch.", "create_group.", "create_image."];
/// More than there are points, because a cancellation may meet the point of the one before.
const MOST: usize = 45;

#[tokio::test]
async fn a_deployment_ended_at_each_crash_point_leaves_nothing_alive() {
    let wanted: Vec<String> = points()
        .await
        .into_iter()
        .filter(|point| STEPS.iter().any(|step| point.starts_with(step)))
        .collect();
    let plan: Vec<String> = STEPS
        .iter()
        .chain(&["terminate.", "delete_group."])
        .map(|step| format!("{step}*=abort*1"))
        .collect();
    let mut drill = Drill::start(4, &plan.join(";")).await;
    let mut lives = Vec::new();
    while !wanted
        .iter()
        .all(|point| drill.acted().contains(&format!("{point}.1")))
    {
        let acted = drill.acted();
        assert!(lives.len() < MOST, "only reached {acted:?}");
        let asked = drill
            .stack
            .deploy(&format!("v7.4.{}", lives.len()))
            .await
            .unwrap();
        let id = asked.id;
        // The next point anybody dies at, or the end: then this one is ended, whatever it was doing.
        let moment = until("a death or an end", LONG, async || {
            let died = drill.acted().len() > acted.len();
            Ok((died || drill.stack.client.deployment(&id).await?.finished).then_some(()))
        });
        moment.await.unwrap();
        drill.check();
        let seen = drill.stack.client.deployment(&id).await.unwrap();
        let word = if matches!(seen.status.as_str(), "queued" | "deploying" | "running") {
            "cancel"
        } else {
            "destroy"
        };
        // It may have become ready between the look and the word; then it is destroyed.
        if drill.stack.client.act(&id, word).await.is_err() {
            drill.stack.client.act(&id, "destroy").await.unwrap();
        }
        // Twice is once.
        let _ = drill.stack.client.act(&id, word).await;
        lives.push(id);
    }
    for id in &lives {
        let over = |seen: &Deployment| matches!(seen.status.as_str(), "cancelled" | "destroyed");
        let seen = drill.stack.wait_deployment(id, over, LONG).await.unwrap();
        proof::story_is_whole(&drill.stack, &seen).await;
    }
    proof::crashes(&proof::quiet(&drill.stack, &lives).await);
    proof::no_orphan(&drill.stack).await;
    for (id, made) in proof::instances(&drill.stack).await {
        assert_eq!(made, 1, "of {id}");
    }
    let (_, _, deaths) = drill.end().await;
    assert!(deaths >= wanted.len());
}

#[tokio::test]
async fn an_instance_whose_row_is_not_committed_yet_is_left_alone_by_the_reconciler() {
    // The launch stands still after its effect for longer than two rounds of the reconciler (5 s each at this pace).
    let drill = Drill::start(2, "launch.after_effect=sleep(25000)*1").await;
    // Two, because only a region with an instance on record is looked at: one stands still, the other makes the record.
    let mut lives = Vec::new();
    for version in ["v7.5.0", "v7.5.1"] {
        lives.push(drill.stack.deploy(version).await.unwrap().id);
    }
    let standing = until("one on record and one not", LONG, async || {
        let made = drill.stack.region.objects("us-east-1", "instances").await?;
        let mut standing = Vec::new();
        for id in &lives {
            let seen = drill.stack.client.deployment(id).await?;
            standing.extend(seen.instance_id.is_none().then(|| id.clone()));
        }
        Ok((made.len() == 2 && standing.len() == 1).then(|| standing.remove(0)))
    });
    let standing = standing.await.unwrap();
    let looks = async || {
        let calls = drill.stack.region.calls("DescribeInstances").await.unwrap();
        let by_tag = |call: &&serde_json::Value| {
            call["region"] == "us-east-1" && call["params"].to_string().contains("ingot:install")
        };
        calls.iter().filter(by_tag).count()
    };
    let before = looks().await;
    let looked = until(
        "two rounds of the reconciler",
        Duration::from_secs(60),
        async || Ok((looks().await >= before + 2).then_some(())),
    );
    looked.await.unwrap();
    let seen = drill.stack.client.deployment(&standing).await.unwrap();
    assert_eq!(seen.instance_id, None, "its row is not committed yet");
    for id in &lives {
        let seen = drill.stack.wait_finished(id, LONG).await.unwrap();
        assert_eq!(seen.status, "success", "{seen:#?}");
        assert_eq!(proof::instances(&drill.stack).await.get(id), Some(&1));
    }
    let ended = drill
        .stack
        .region
        .calls("TerminateInstances")
        .await
        .unwrap();
    assert!(ended.is_empty(), "{ended:#?}");
    drill.end().await;
}
