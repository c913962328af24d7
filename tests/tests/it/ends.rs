//! Times to live (`--ttl`, a template's `ttl`): counted from ready, told before, moved by a person, and ended for good; on
//! both shapes.

use std::time::Duration;

use ingot_client::{ClientError, Deployment};
use ingot_tests::{Stack, until};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_time_to_live_is_told_moved_and_kept_embedded() {
    lives(&Stack::embedded().await.unwrap()).await;
}

#[tokio::test]
async fn a_time_to_live_is_told_moved_and_kept_scaled() {
    lives(&Stack::scaled(2).await.unwrap()).await;
}

async fn ordered(stack: &Stack, version: &str, ttl: u32) -> Deployment {
    let mut order = Stack::order(version);
    order.ttl_seconds = Some(ttl);
    let key = uuid::Uuid::new_v4().to_string();
    stack.client.create_deployment(&order, &key).await.unwrap()
}

async fn story(stack: &Stack, id: &str) -> Vec<String> {
    let lines = stack.story(id).await.unwrap();
    lines
        .into_iter()
        .map(|line| format!("{} {}", line.kind, line.message))
        .collect()
}

async fn told(stack: &Stack, id: &str, kind: &str) -> String {
    until(kind, LONG, async || {
        let lines = story(stack, id).await;
        Ok(lines.into_iter().find(|line| line.starts_with(kind)))
    })
    .await
    .unwrap()
}

async fn lives(stack: &Stack) {
    // Two hours are twelve seconds here; the AMI is made meanwhile, and waited for.
    let short = ordered(stack, "v1.0.0", 7_200).await;
    let long = ordered(stack, "v1.0.1", 86_400 * 30).await;
    let ready = stack.wait_finished(&short.id, LONG).await.unwrap();
    let instance = ready.instance_id.clone().unwrap();
    let set = told(stack, &short.id, "deployment.ends_at").await;
    assert!(
        set.contains(&instance) && set.contains("time to live 2h"),
        "{set}"
    );
    let soon = told(stack, &short.id, "deployment.ends_soon").await;
    assert!(soon.contains("ingot deployments extend"), "{soon}");
    let over = |seen: &Deployment| seen.status == "destroyed";
    let over = stack.wait_deployment(&short.id, over, LONG).await.unwrap();
    assert_eq!((over.instance_id, over.ends_at), (None, None));
    let lines = story(stack, &short.id).await;
    let at = |kind: &str| lines.iter().position(|line| line.starts_with(kind));
    assert!(
        at("ami.completed").unwrap() < at("deployment.expired").unwrap(),
        "{lines:#?}"
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("deployment.ends_soon"))
            .count(),
        1
    );
    let image = stack
        .client
        .image(&over.created_ami_id.unwrap())
        .await
        .unwrap();
    assert_eq!(image.status, "available");

    let far = stack.wait_finished(&long.id, LONG).await.unwrap();
    let before = far.ends_at.unwrap();
    let moved = stack
        .ingot_json(&["deployments", "extend", &long.id, "--by", "10h"])
        .await
        .unwrap();
    let read = |shown: &Value| {
        shown["ends_at"]
            .as_str()
            .map(|at| at.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
    };
    // Ten hours are a minute at this pace.
    assert_eq!(
        read(&moved).unwrap() - before,
        chrono::TimeDelta::seconds(60)
    );
    let moved = stack
        .ingot_json(&["deployments", "extend", &long.id, "--never"])
        .await
        .unwrap();
    assert_eq!(read(&moved), None);
    let refused = stack
        .ingot(&["deployments", "extend", &long.id, "--by", "4h"])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(3) && said.contains("set one by `until`"),
        "{said}"
    );
    let now = stack.client.status().await.unwrap().at;
    let soon = (now + chrono::TimeDelta::seconds(2)).to_rfc3339();
    stack
        .ingot_json(&["deployments", "extend", &long.id, "--until", &soon])
        .await
        .unwrap();
    let over = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&long.id, over, LONG).await.unwrap();
    let gone = ingot_client::deployment::ExtendDeployment {
        never: true,
        ..Default::default()
    };
    match stack.client.extend(&long.id, &gone).await {
        Err(ClientError::Problem(problem)) => assert_eq!(problem.status, 409, "{problem:#?}"),
        other => panic!("{other:#?}"),
    }
}
