//! Processes that are asked to stop, at each stage, twice, and one after the other under load.

use std::time::Duration;

use futures::future::join_all;
use ingot_client::Deployment;
use ingot_tests::{Options, Stack};

use super::{Site, object};

/// What the deployment shows in each stage, and the call that is slowed so that the stage lasts.
type Stage = (Option<&'static str>, fn(&Deployment) -> bool);

const STAGES: [Stage; 5] = [
    (Some("RunInstances"), |seen| seen.status == "deploying"),
    (None, |seen| seen.instance_id.is_some()),
    (None, |seen| seen.status == "running"),
    (Some("CreateImage"), |seen| {
        seen.ami_creation_status.as_deref() == Some("creating")
    }),
    (None, |seen| seen.created_ami_id.is_some()),
];

/// FAULTS F32: SIGTERM in each stage, and twice at once: the visit is finished, no attempt is burnt, no lease lapses.
#[tokio::test(flavor = "multi_thread")]
async fn f32_sigterm_in_each_stage_burns_no_attempt() {
    let mut site = Site::start(Options {
        workers: 1,
        pace: 120,
        ..Options::default()
    })
    .await;
    for (slowed, _) in STAGES {
        if let Some(action) = slowed {
            site.fault(object!({ "action": action, "kind": "delay", "ms": 1500, "times": 1 }))
                .await;
        }
    }
    let hold = object!({ "hold": true, "times": 1 });
    site.stack.region.post("next_image", &hold).await.unwrap();
    let id = site.deploy().await;
    for (number, (_, reached)) in STAGES.iter().enumerate() {
        let seen = site
            .reaches(&id, |seen| reached(seen) || seen.finished)
            .await;
        assert!(!seen.finished, "stage {number} was missed: {seen:#?}");
        let worker = &mut site.stack.workers[0];
        worker.terminate().await.unwrap();
        if number % 2 == 0 {
            worker.terminate().await.unwrap();
        }
        let status = worker.wait(Duration::from_secs(45)).await.unwrap();
        assert!(
            status.success(),
            "stage {number}: {status} {}",
            worker.said()
        );
        site.stack.restart_worker(0).await.unwrap();
    }
    let ami = site
        .stack
        .client
        .deployment(&id)
        .await
        .unwrap()
        .created_ami_id
        .unwrap();
    let ready = object!({ "state": "available" });
    site.stack
        .region
        .post(&format!("images/{ami}"), &ready)
        .await
        .unwrap();
    let ids = [id];
    site.succeed(&ids).await;
    site.burnt_nothing(&ids).await;
    site.holds().await;
}

/// FAULTS F32: api and workers restarted one after the other under load, without a failed deployment or a burnt attempt.
/// FAULTS F33: an api killed in the middle of fifty requests with one key makes one deployment. `make chaos` does more
/// rounds, and with the binary of the release before.
#[tokio::test(flavor = "multi_thread")]
async fn f32_f33_a_rolling_restart_and_a_killed_api_under_load() {
    let mut site = Site::start(Options {
        workers: 2,
        pace: 120,
        ..Options::default()
    })
    .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.extend(site.load(3).await);
        site.stack.restart_api().await.unwrap();
        for place in [0, 1] {
            let worker = &mut site.stack.workers[place];
            worker.terminate().await.unwrap();
            let status = worker.wait(Duration::from_secs(45)).await.unwrap();
            assert!(status.success(), "{status} {}", worker.said());
            site.stack.restart_worker(place).await.unwrap();
        }
    }
    let order = Stack::order("v9.9.9");
    let client = site.stack.client.clone();
    let asking = tokio::spawn(async move {
        let ask = async |_| client.create_deployment(&order, "one-key").await;
        join_all((0..50).map(ask)).await;
        client.clone()
    });
    tokio::time::sleep(Duration::from_millis(60)).await;
    site.stack.api.kill9().await.unwrap();
    site.stack.restart_api().await.unwrap();
    asking.await.unwrap();
    let client = &site.stack.client;
    let one = client
        .create_deployment(&Stack::order("v9.9.9"), "one-key")
        .await
        .unwrap();
    let sql = "SELECT to_jsonb(count(*)) FROM deployment WHERE version = 'v9.9.9'";
    assert_eq!(site.one(sql).await, 1);
    site.checker.accepted(&one.id);
    ids.push(one.id);
    site.succeed(&ids).await;
    site.burnt_nothing(&ids).await;
    site.holds().await;
}
