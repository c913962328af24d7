//! What must hold once a drill is over and everything is quiet (FAULTS I1 to I4, I6), read from the API and from the region.

use std::collections::{BTreeMap, BTreeSet};

use ingot_client::{Deployment, ImageFilter, Task, TaskFilter};
use ingot_tests::{Stack, until};
use serde_json::Value;

use super::crash_points::LONG;

const HERE: &str = "us-east-1";

/// Every task of a deployment, with its attempts.
pub(super) async fn tasks(stack: &Stack, id: &str) -> Vec<Task> {
    let filter = TaskFilter {
        deployment_id: Some(id.to_owned()),
        limit: Some(200),
        ..TaskFilter::default()
    };
    let mut tasks = Vec::new();
    for task in stack.client.tasks(&filter).await.unwrap().items {
        tasks.push(stack.client.task(&task.id).await.unwrap());
    }
    tasks
}

/// Waits until no task of these deployments is alive, and answers all of them.
pub(super) async fn quiet(stack: &Stack, ids: &[String]) -> Vec<Task> {
    let mut all = Vec::new();
    for id in ids {
        let over = until("a deployment's tasks to be over", LONG, async || {
            let tasks = tasks(stack, id).await;
            let over = tasks.iter().all(|task| task.finished_at.is_some());
            Ok((over && !tasks.is_empty()).then_some(tasks))
        });
        match over.await {
            Ok(tasks) => all.extend(tasks),
            Err(error) => {
                let story = stack.story(id).await.unwrap();
                let tasks = tasks(stack, id).await;
                panic!("{error:#}\n{tasks:#?}\n{story:#?}");
            }
        }
    }
    all
}

fn tag<'a>(object: &'a Value, name: &str) -> &'a str {
    object["tags"][name].as_str().unwrap_or_default()
}

/// I1: nothing is in the region that no row wants. Every instance has ended, no group is left, each image that is there has
/// its row, each snapshot its image.
pub(super) async fn no_orphan(stack: &Stack) {
    let there = async |kind: &str| stack.region.objects(HERE, kind).await.unwrap();
    let alive = there("instances").await;
    let alive: Vec<_> = alive
        .iter()
        .filter(|one| one["state"] != "terminated")
        .collect();
    assert!(alive.is_empty(), "instances left: {alive:#?}");
    let groups = there("security_groups").await;
    let groups: Vec<_> = groups
        .iter()
        .filter(|one| !tag(one, "ingot:deployment").is_empty())
        .collect();
    assert!(groups.is_empty(), "groups left: {groups:#?}");
    let filter = ImageFilter {
        limit: Some(200),
        ..ImageFilter::default()
    };
    let rows = stack.client.images(&filter).await.unwrap().items;
    let held: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.status == "available" && row.region == HERE)
        .filter_map(|row| row.ami_id.as_deref())
        .collect();
    let images = there("images").await;
    let images: BTreeSet<_> = images
        .iter()
        .filter(|one| one["state"] != "deregistered")
        .filter_map(|one| one["id"].as_str())
        .collect();
    assert_eq!(images, held, "images in the region and rows of them");
    for snapshot in there("snapshots").await {
        let user = snapshot["used_by"].as_str().unwrap_or_default();
        assert!(
            held.contains(user),
            "a snapshot without its AMI: {snapshot:#?}"
        );
    }
}

/// I2: how many instances were ever made for each deployment, terminated ones included.
pub(super) async fn instances(stack: &Stack) -> BTreeMap<String, usize> {
    let mut made = BTreeMap::new();
    for one in stack.region.objects(HERE, "instances").await.unwrap() {
        *made
            .entry(tag(&one, "ingot:deployment").to_owned())
            .or_insert(0) += 1;
    }
    made
}

/// I4 and the story: numbered without gap, each thing that happens once told once.
pub(super) async fn story_is_whole(stack: &Stack, seen: &Deployment) {
    let story = stack.story(&seen.id).await.unwrap();
    for (event, seq) in story.iter().zip(1..) {
        assert_eq!(event.seq, seq, "no gap, no double");
    }
    for once in [
        "deployment.instance_created",
        "deployment.running",
        "ami.completed",
        "deployment.destroyed",
        "deployment.cancelled",
    ] {
        let told = story.iter().filter(|event| event.kind == once).count();
        assert!(told <= 1, "{once} is told {told} times: {story:#?}");
    }
}

/// I6: every task is over, none was given up, and its crashes are on record.
pub(super) fn crashes(tasks: &[Task]) -> usize {
    for task in tasks {
        assert!(
            matches!(task.state.as_str(), "completed" | "cancelled"),
            "{task:#?}"
        );
    }
    let attempts = tasks.iter().flat_map(|task| &task.attempts);
    attempts
        .filter(|attempt| attempt.outcome == "crashed")
        .count()
}
