//! What users see while something is down: which part, since when, what waits; and what the story says afterwards.

use std::time::Duration;

use ingot_client::{Part, TaskFilter};
use ingot_tests::{Options, Stack, until};
use serde_json::json;

use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(120);

async fn part(stack: &Stack, name: &str, state: &str) -> Part {
    let what = format!("{name} to be {state}");
    let wanted = until(&what, LONG, async || {
        let parts = stack.client.status().await?.parts;
        let part = parts.into_iter().find(|part| part.name == name);
        Ok(part.filter(|part| part.state == state))
    });
    wanted.await.unwrap()
}

async fn front_page(stack: &Stack) -> String {
    let page = reqwest::Client::new()
        .get(format!("{}/", stack.client.base()))
        .bearer_auth(&stack.token)
        .send();
    page.await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_lost_worker_is_told_while_it_is_missed_and_in_the_story() {
    let options = Options {
        workers: 1,
        ..Options::default()
    };
    let mut stack = Stack::scaled_with(options).await.unwrap();
    part(&stack, "workers", "up").await;
    assert!(!front_page(&stack).await.contains("What is down"));
    let slow = json!({ "action": "RunInstances", "kind": "delay", "ms": 20_000, "times": 1 });
    stack.region.post("faults", &slow).await.unwrap();
    let deployment = stack.deploy("v7.0.0").await.unwrap();
    let deploying = |seen: &ingot_client::Deployment| seen.status == "deploying";
    stack
        .wait_deployment(&deployment.id, deploying, LONG)
        .await
        .unwrap();
    let held = until("the launching visit", LONG, async || {
        let filter = TaskFilter {
            deployment_id: Some(deployment.id.clone()),
            state: Some("running".to_owned()),
            ..TaskFilter::default()
        };
        Ok(stack.client.tasks(&filter).await?.items.pop())
    });
    held.await.unwrap();
    stack.kill_worker(0).await.unwrap();

    let down = part(&stack, "workers", "down").await;
    assert!(down.since.is_some(), "{down:#?}");
    assert_eq!(down.detail, "no worker has been seen; 1 deployment waits");
    let page = front_page(&stack).await;
    assert!(
        page.contains("no worker has been seen; 1 deployment waits"),
        "{page}"
    );
    let shown = stack
        .ingot(&["deployments", "show", &deployment.id])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(
        said.contains("it may wait because of workers: down since"),
        "{said}"
    );
    let doctor = stack.ingot(&["doctor"]).await.unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(said.contains("silent"), "{said}");

    stack.add_worker().await.unwrap();
    let seen = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(seen.status, "success", "{seen:#?}");
    one_effect_each(&stack, 1, 1).await;
    let story = stack.story(&deployment.id).await.unwrap();
    let told: Vec<&str> = story
        .iter()
        .filter(|line| line.kind == "deployment.worker_lost")
        .map(|line| line.message.as_str())
        .collect();
    assert_eq!(
        told,
        ["Its worker was lost; another one continues"],
        "{story:#?}"
    );
    part(&stack, "workers", "up").await;
    let sound = until("nothing to be wrong", LONG, async || {
        let doctor = stack.ingot(&["doctor"]).await?;
        Ok(doctor.status.success().then_some(()))
    });
    sound.await.unwrap();

    stack.redis.as_mut().unwrap().kill().await.unwrap();
    let down = part(&stack, "redis", "down").await;
    assert!(
        down.since.is_some() && down.detail == "does not answer",
        "{down:#?}"
    );
    assert!(front_page(&stack).await.contains("redis: down since"));
    // What is accepted without Redis is found by the relay: the API stays in its load balancer, and says what is away.
    let ready = stack.client.ready().await.unwrap();
    let redis = ready.checks.iter().find(|check| check.name == "redis");
    assert!(ready.ready && redis.is_some_and(|redis| !redis.ok));
    let seen = stack.deploy("v7.0.1").await.unwrap();
    assert_eq!(seen.status, "queued");

    // So does one that starts meanwhile, and rings again when Redis is back.
    stack.restart_api().await.unwrap();
    let ready = stack.client.ready().await.unwrap();
    assert!(ready.ready && ready.impaired == ["redis"], "{ready:#?}");
    assert!(stack.api.said().contains("Redis does not answer"));
    let seen = stack.deploy("v7.0.2").await.unwrap();
    assert_eq!(seen.status, "queued");
    stack.redis_mut().unwrap().restart_empty().await.unwrap();
    let whole = until("nothing impaired", LONG, async || {
        let ready = stack.client.ready().await?;
        Ok(ready.impaired.is_empty().then_some(()))
    });
    whole.await.unwrap();
    let taken = |one: &ingot_client::Deployment| one.status != "queued";
    stack.wait_deployment(&seen.id, taken, LONG).await.unwrap();
}
