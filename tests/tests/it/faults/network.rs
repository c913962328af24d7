//! One process cut off from one server: Redis, Postgres, or the answer to its COMMIT.

use std::time::Duration;

use ingot_tests::{COMMIT, Moment, Stack, Trouble};

use super::{LONG, Site, object};

/// FAULTS F13: only that worker is unready, the others go on, and it comes back by itself.
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_worker_cut_off_from_redis_is_unready_and_alone() {
    let mut site = Site::with_edges(2, 600).await;
    site.stack.edges[0].redis.cut();
    site.until_ready(0, false, Duration::from_secs(30)).await;
    let ids = site.load(3).await;
    site.succeed(&ids).await;
    assert!(site.ready(1).await, "the other one is not concerned");
    assert!(!site.ready(0).await, "the cut lasts");
    site.stack.edges[0].redis.heal();
    site.until_ready(0, true, LONG).await;
    let ids = site.load(2).await;
    site.succeed(&ids).await;
    site.holds().await;
}

/// FAULTS F14: who loses Postgres between an effect and its outcome is fenced when he comes back.
#[tokio::test(flavor = "multi_thread")]
async fn f14_a_worker_cut_off_from_postgres_during_a_launch_is_fenced() {
    let mut site = Site::with_edges(2, 600).await;
    for trouble in [Trouble::BlackHole, Trouble::Cut] {
        site.fault(object!({ "action": "RunInstances", "kind": "delay", "ms": 3000, "times": 1 }))
            .await;
        let id = site.deploy().await;
        site.reaches(&id, |seen| seen.status == "deploying").await;
        let holder = site.holder(&id, "launch").await;
        let before = site.counter(holder, "ingot_fenced_writes").await;
        site.stack.edges[holder].postgres.set(trouble);
        site.until_ready(holder, false, Duration::from_secs(30))
            .await;
        // The other one takes over, finds what was launched and goes on.
        site.succeed(std::slice::from_ref(&id)).await;
        site.stack.edges[holder].postgres.heal();
        site.until_ready(holder, true, LONG).await;
        if trouble == Trouble::BlackHole {
            // What it had to say was held back on the way and comes too late.
            ingot_tests::until("a fenced write", LONG, async || {
                let now = site.counter(holder, "ingot_fenced_writes").await;
                Ok((now > before).then_some(()))
            })
            .await
            .unwrap();
        }
        site.holds().await;
    }
}

/// FAULTS F18: a connection lost at COMMIT, before and after it counted, in the worker and in the api.
#[tokio::test(flavor = "multi_thread")]
async fn f18_a_commit_of_unknown_outcome_is_read_again() {
    let mut site = Site::with_edges(2, 600).await;
    for (round, moment) in [Moment::Before, Moment::After].into_iter().enumerate() {
        for edges in &site.stack.edges {
            edges.postgres.cut_at(COMMIT, moment, 6);
        }
        let ids = site.load(3).await;
        site.succeed(&ids).await;
        let cut: usize = site
            .stack
            .edges
            .iter()
            .map(|edges| edges.postgres.sprung())
            .sum();
        assert_eq!(cut, 12, "every commit that shall be cut was cut");

        // The api: the caller repeats with the same key and gets one deployment, whichever way it went.
        let edge = &site.stack.api_edges.as_ref().unwrap().postgres;
        edge.cut_at(COMMIT, moment, 1);
        let (order, key) = (
            Stack::order(&format!("v8.0.{round}")),
            format!("{moment:?}"),
        );
        let client = &site.stack.client;
        let first = client.create_deployment(&order, &key).await;
        assert_eq!(edge.sprung(), 1);
        let second = client.create_deployment(&order, &key).await.unwrap();
        if let Ok(first) = first {
            assert_eq!(first.id, second.id);
        }
        let sql = "SELECT to_jsonb(count(*)) FROM deployment WHERE version LIKE 'v8.%'";
        assert_eq!(site.one(sql).await, round + 1, "one per key");
        site.checker.accepted(&second.id);
        site.holds().await;
    }
}
