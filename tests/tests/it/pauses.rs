//! A paused queue: nothing is claimed from it two seconds after the answer, with Redis away and a worker killed meanwhile; it
//! is told as what is waited for; and when it goes on, nothing is lost and no attempt was burnt.

use std::time::Duration;

use ingot_client::http::ClientError;
use ingot_client::{PauseQueue, QueueConcurrency, ResumeQueue, Task, TaskFilter};
use ingot_tests::{Options, Stack};

const LONG: Duration = Duration::from_secs(120);
/// From the answer until nothing is claimed.
const HEARD: Duration = Duration::from_secs(2);
const QUEUE: &str = "readiness";

/// Checks every quarter of a second.
fn brisk(workers: usize) -> Options {
    Options {
        workers,
        pace: 120,
        ..Options::default()
    }
}

#[tokio::test]
async fn a_pause_holds_and_burns_nothing_embedded() {
    let mut stack = Stack::embedded_with(brisk(1)).await.unwrap();
    held(&mut stack).await;
}

#[tokio::test]
async fn a_pause_holds_and_burns_nothing_scaled() {
    let mut stack = Stack::scaled_with(brisk(3)).await.unwrap();
    held(&mut stack).await;
}

async fn held(stack: &mut Stack) {
    let mut ids = Vec::new();
    for number in 1..=4 {
        let deployment = stack.deploy(&format!("v0.9.{number}")).await.unwrap();
        ids.push(deployment.id);
    }
    let checked = |seen: &ingot_client::Deployment| seen.readiness_checks > 0 || seen.finished;
    for id in &ids {
        let seen = stack.wait_deployment(id, checked, LONG).await.unwrap();
        assert!(!seen.finished, "{seen:#?}");
    }
    let pause = |even_cleanup| PauseQueue {
        reason: "AWS event".to_owned(),
        even_cleanup,
    };
    let refused = stack.client.pause_queue("launch", &pause(false)).await;
    let Err(ClientError::Problem(problem)) = refused else {
        panic!("the queue of destruction was paused: {refused:?}");
    };
    assert_eq!(problem.status, 409);
    assert!(problem.detail.contains("--even-cleanup"), "{problem:#?}");

    let paused = stack.client.pause_queue(QUEUE, &pause(false)).await;
    let paused = paused.unwrap().paused.unwrap();
    assert_eq!(paused.reason, "AWS event");
    tokio::time::sleep(HEARD).await;
    let before = visits(stack).await;
    if !stack.workers.is_empty() {
        stack.redis().unwrap().kill().await.unwrap();
        stack.kill_worker(0).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(visits(stack).await, before, "claimed although paused");
    for id in &ids {
        let seen = stack.client.deployment(id).await.unwrap();
        let waiting = seen.waiting.clone().unwrap_or_else(|| panic!("{seen:#?}"));
        assert_eq!(waiting.on, "paused", "{waiting:#?}");
        assert!(waiting.sentence.ends_with(": AWS event"), "{waiting:#?}");
    }
    let doctor = stack.client.status().await.unwrap();
    let part = doctor.parts.iter().find(|part| part.name == "queues");
    assert_eq!(part.map(|part| part.state.as_str()), Some("paused"));

    let wanted = QueueConcurrency {
        concurrency: Some(2),
        reason: "slowly".to_owned(),
    };
    let set = stack.client.set_concurrency(QUEUE, &wanted).await.unwrap();
    assert_eq!(set.concurrency, Some(2));
    let resume = ResumeQueue {
        reason: "it is over".to_owned(),
    };
    stack.client.resume_queue(QUEUE, &resume).await.unwrap();
    if !stack.workers.is_empty() {
        stack.redis_mut().unwrap().restart_empty().await.unwrap();
    }
    for id in &ids {
        let seen = stack.wait_finished(id, LONG).await.unwrap();
        assert_eq!(seen.status, "success", "{seen:#?}");
    }
    for task in tasks(stack).await {
        let seen = (task.state.as_str(), task.attempt, task.crashes);
        assert_eq!(seen, ("completed", 1, 0), "{task:#?}");
    }
}

async fn tasks(stack: &Stack) -> Vec<Task> {
    let filter = TaskFilter {
        queue: Some(QUEUE.to_owned()),
        ..TaskFilter::default()
    };
    stack.client.tasks(&filter).await.unwrap().items
}

/// How often each was claimed.
async fn visits(stack: &Stack) -> Vec<(String, u32)> {
    let tasks = tasks(stack).await.into_iter();
    tasks.map(|task| (task.id, task.visits)).collect()
}
