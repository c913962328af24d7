//! Redis flushed, killed and restarted empty in the middle of the work; twenty deployments of one version at once.

use std::time::Duration;

use futures::future::join_all;
use ingot_tests::{Options, Stack};

use super::life::one_effect_each;

const LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn twenty_at_once_make_one_ami_and_nineteen_are_skipped() {
    let stack = Stack::scaled_with(Options {
        workers: 3,
        pace: 300,
        ..Options::default()
    })
    .await
    .unwrap();
    let asked = join_all((0..20).map(|_| stack.deploy("v3.0.0"))).await;
    let finished = join_all(asked.into_iter().map(async |deployment| {
        stack
            .wait_finished(&deployment.unwrap().id, LONG)
            .await
            .unwrap()
    }))
    .await;
    let count = |status: &str| {
        finished
            .iter()
            .filter(|seen| seen.ami_creation_status.as_deref() == Some(status))
            .count()
    };
    assert_eq!(
        (count("completed"), count("skipped")),
        (1, 19),
        "{finished:#?}"
    );
    let ami = finished[0].created_ami_id.clone();
    assert!(ami.is_some());
    for seen in &finished {
        assert_eq!(
            (seen.status.as_str(), &seen.created_ami_id),
            ("success", &ami)
        );
    }
    one_effect_each(&stack, 20, 1).await;
}

#[tokio::test]
async fn a_flushed_and_a_restarted_redis_lose_nothing() {
    let mut stack = Stack::scaled_with(Options {
        workers: 2,
        pace: 200,
        ..Options::default()
    })
    .await
    .unwrap();
    let mut ids = Vec::new();
    for version in ["v4.0.0", "v4.0.1", "v4.0.2"] {
        ids.push(stack.deploy(version).await.unwrap().id);
        stack.redis.as_ref().unwrap().flushall().await.unwrap();
    }
    stack
        .wait_deployment(&ids[0], |seen| seen.status == "running", LONG)
        .await
        .unwrap();
    stack.redis.as_ref().unwrap().flushall().await.unwrap();
    let redis = stack.redis.as_mut().unwrap();
    redis.kill().await.unwrap();
    // Redis is down: the request is accepted all the same, and worked off when it is back.
    ids.push(stack.deploy("v4.0.3").await.unwrap().id);
    stack.redis.as_mut().unwrap().restart_empty().await.unwrap();
    for id in &ids {
        let seen = stack.wait_finished(id, LONG).await.unwrap();
        assert_eq!(
            seen.ami_creation_status.as_deref(),
            Some("completed"),
            "{seen:#?}"
        );
    }
    one_effect_each(&stack, 4, 4).await;
}
