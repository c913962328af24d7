//! EC2's rates over three workers: the region's journal never shows more calls than one bucket gives out, every replica gets
//! its part, and a Redis killed in the middle stops no worker and gives none more.

use std::time::Duration;

use futures::future::join_all;
use ingot_tests::{Options, Stack, repository, until};
use serde_json::Value;

const AT_ONCE: f64 = 5.0;
const PER_SECOND: f64 = 5.0;
/// Calls leave in order and arrive as a busy machine lets them.
const UNDER_WAY: f64 = 2.0;
const MANY: usize = 40;
const LONG: Duration = Duration::from_secs(180);

async fn stack() -> Stack {
    let rates = format!("RunInstances={AT_ONCE}/{PER_SECOND}");
    Stack::scaled_with(Options {
        workers: 3,
        pace: 120,
        // Few hands each, so that one worker can not hold all the work: what is shared out here is the bucket.
        environment: vec![
            ("INGOT_EC2_RATES".to_owned(), rates),
            ("INGOT_CONCURRENCY".to_owned(), "4".to_owned()),
        ],
        ..Options::default()
    })
    .await
    .unwrap()
}

/// The instants of all launches so far, in the region's seconds.
async fn launches(stack: &Stack) -> Vec<f64> {
    let calls = stack.region.calls("RunInstances").await.unwrap();
    let at = |call: &Value| call["real_seconds"].as_f64().unwrap();
    calls.iter().map(at).collect()
}

async fn ask(stack: &Stack, versions: &str) -> Vec<String> {
    let deploy = async |n: usize| stack.deploy(&format!("{versions}.{n}")).await.unwrap().id;
    join_all((0..MANY).map(deploy)).await
}

fn never_more_than_the_bucket_gives(launches: &[f64]) {
    for (first, from) in launches.iter().enumerate() {
        for (last, to) in launches.iter().enumerate().skip(first) {
            let count = (last - first + 1) as f64;
            let allowed = AT_ONCE + PER_SECOND * (to - from) + UNDER_WAY;
            assert!(
                count <= allowed,
                "{count} launches from {from} to {to}: {launches:?}"
            );
        }
    }
}

/// Launches each worker was allowed, from its metrics.
async fn parts(stack: &Stack) -> Vec<f64> {
    let part = async |base: &String| {
        let text = reqwest::get(format!("{base}/metrics"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let ours = |line: &&str| {
            line.starts_with("ingot_ec2_rate_total{op=\"RunInstances\"")
                && (line.contains("\"passed\"") || line.contains("\"waited\""))
        };
        let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        text.lines().filter(ours).map(value).sum::<f64>()
    };
    join_all(stack.metrics.iter().map(part)).await
}

#[tokio::test]
async fn three_workers_never_exceed_one_bucket_and_none_starves() {
    let stack = stack().await;
    let asked = ask(&stack, "v1.0").await;
    let all = until("every launch", LONG, async || {
        let launches = launches(&stack).await;
        Ok((launches.len() >= MANY).then_some(launches))
    });
    never_more_than_the_bucket_gives(&all.await.unwrap());
    let parts = parts(&stack).await;
    assert_eq!(parts.iter().sum::<f64>(), MANY as f64, "{parts:?}");
    for part in &parts {
        assert!(*part >= MANY as f64 / 10.0, "{parts:?}");
    }
    // Waiting for a place burns no attempt.
    for deployment in asked {
        let filter = ingot_client::TaskFilter {
            deployment_id: Some(deployment),
            ..Default::default()
        };
        for task in stack.client.tasks(&filter).await.unwrap().items {
            assert!(task.attempt <= 1, "{task:#?}");
        }
    }
}

#[tokio::test]
async fn a_redis_killed_in_the_middle_stops_no_worker_and_gives_none_more() {
    let mut stack = stack().await;
    let asked = ask(&stack, "v2.0").await;
    let some = until("some launches", LONG, async || {
        Ok((launches(&stack).await.len() >= 10).then_some(()))
    });
    some.await.unwrap();
    stack.redis.as_ref().unwrap().kill().await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    stack.redis.as_mut().unwrap().restart_empty().await.unwrap();
    for deployment in asked {
        stack
            .wait_deployment(
                &deployment,
                |seen| matches!(seen.status.as_str(), "running" | "success"),
                LONG,
            )
            .await
            .unwrap();
    }
    never_more_than_the_bucket_gives(&launches(&stack).await);
    let instances = stack.region.objects("us-east-1", "instances").await;
    assert_eq!(instances.unwrap().len(), MANY);
}

/// A call without a bucket of its own would be counted with strangers, as `other`.
#[test]
fn every_ec2_call_of_the_adapter_has_a_bucket() {
    let folder = repository().join("crates/cloud/src/aws");
    let mut operations = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for part in text.split("service: \"ec2\",").skip(1) {
            // A helper of many calls is given the name.
            let Some(rest) = part.trim_start().strip_prefix("operation: \"") else {
                continue;
            };
            let action = rest.split_once('"').unwrap().0;
            operations += 1;
            assert_eq!(ingot_throttle::word(action), action, "{path:?}");
        }
    }
    assert!(operations >= 10, "{operations}");
}
