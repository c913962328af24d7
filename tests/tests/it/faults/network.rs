//! One process cut off from one server: Redis, Postgres, the region, or the answer to its COMMIT.

use std::time::{Duration, Instant};

use ingot_client::{CreateDeployment, Deployment};
use ingot_tests::{COMMIT, Moment, Stack, Trouble, until};

use super::{LONG, Site, object};

/// FAULTS F13, F14, F18 and I10, one after the other on one stack while a third worker gets no answer from Postgres.
#[tokio::test(flavor = "multi_thread")]
async fn f13_f14_f18_i10_processes_cut_off_from_their_servers() {
    let mut site = Site::with_edges(3, 600).await;
    // It is deaf from now on and must end by itself.
    site.stack.edges[2].postgres.set(Trouble::BlackHole);
    let deaf_since = Instant::now();
    f13_a_worker_cut_off_from_redis_is_unready_and_alone(&mut site).await;
    f14_a_worker_cut_off_from_postgres_during_a_launch_is_fenced(&mut site).await;
    f18_a_commit_of_unknown_outcome_is_read_again(&mut site).await;
    i10_a_deaf_worker_is_unready_and_ends(&mut site, deaf_since).await;
    site.holds().await;
}

/// F13: only that worker is unready, the others go on, and it comes back by itself.
async fn f13_a_worker_cut_off_from_redis_is_unready_and_alone(site: &mut Site) {
    site.stack.edges[0].redis.cut();
    site.until_ready(0, false, Duration::from_secs(30)).await;
    let ids = site.load(3).await;
    site.succeed(&ids).await;
    assert!(site.ready(1).await, "the other one is not concerned");
    assert!(!site.ready(0).await, "the cut lasts");
    site.stack.edges[0].redis.heal();
    site.until_ready(0, true, LONG).await;
    site.holds().await;
}

/// F14: who loses Postgres between an effect and its outcome is fenced when he comes back.
async fn f14_a_worker_cut_off_from_postgres_during_a_launch_is_fenced(site: &mut Site) {
    site.fault(object!({ "action": "RunInstances", "kind": "delay", "ms": 3000, "times": 1 }))
        .await;
    let id = site.deploy().await;
    site.reaches(&id, |seen| seen.status == "deploying").await;
    let holder = site.holder(&id, "launch").await;
    let before = site.counter(holder, "ingot_fenced_writes").await;
    site.stack.edges[holder].postgres.set(Trouble::BlackHole);
    site.until_ready(holder, false, Duration::from_secs(30))
        .await;
    // The other one takes over and finds what was launched; what the first had to say comes too late.
    site.reaches(&id, |seen| seen.instance_id.is_some()).await;
    site.stack.edges[holder].postgres.heal();
    until("a fenced write", LONG, async || {
        let now = site.counter(holder, "ingot_fenced_writes").await;
        Ok((now > before).then_some(()))
    })
    .await
    .unwrap();
    site.until_ready(holder, true, LONG).await;
    site.succeed(&[id]).await;
    site.holds().await;
}

/// In the statement that accepts a deployment of version 8, which is its own transaction.
const ACCEPTED: &[u8] = b"\"v8.";

/// F18: a connection lost at COMMIT, before and after it counted, in the worker and in the api.
async fn f18_a_commit_of_unknown_outcome_is_read_again(site: &mut Site) {
    for (round, moment) in [Moment::Before, Moment::After].into_iter().enumerate() {
        let workers = &site.stack.edges[..2];
        for edges in workers {
            edges.postgres.cut_at(COMMIT, moment, 3);
        }
        let ids = site.load(2).await;
        site.succeed(&ids).await;
        let cut = |edges: &ingot_tests::Edges| edges.postgres.sprung();
        let cut: usize = site.stack.edges[..2].iter().map(cut).sum();
        assert_eq!(cut, 6, "every commit that shall be cut was cut");

        // The caller repeats with the same key and gets one deployment, whichever way it went.
        let edge = &site.stack.api_edges.as_ref().unwrap().postgres;
        edge.cut_at(ACCEPTED, moment, 1);
        let order = Stack::order(&format!("v8.0.{round}"));
        let (client, key) = (&site.stack.client, format!("{moment:?}"));
        let first = client.create_deployment(&order, &key).await;
        assert_eq!(edge.sprung(), 1);
        let second = client.create_deployment(&order, &key).await.unwrap();
        if let Ok(first) = first {
            assert_eq!(first.id, second.id);
        }
        let sql = "SELECT to_jsonb(count(*)) FROM deployment WHERE version LIKE 'v8.0.%'";
        assert_eq!(site.one(sql).await, round + 1, "one per key");
        site.checker.accepted(&second.id);
        site.holds().await;

        // The API must not tell a client without a key that its request failed when it did not.
        edge.cut_at(ACCEPTED, moment, 1);
        let order = Stack::order(&format!("v8.1.{round}"));
        let answer = without_key(site, &order).await;
        assert_eq!(edge.sprung(), 1);
        let sql = format!(
            "SELECT to_jsonb(count(*)) FROM deployment WHERE version = '{}'",
            order.version
        );
        let rows = u64::from(answer.is_ok());
        assert_eq!(site.one(&sql).await, rows, "{moment:?}: {answer:?}");
        assert_eq!(moment == Moment::After, answer.is_ok(), "{answer:?}");
        if let Ok(accepted) = answer {
            site.checker.accepted(&accepted.id);
        }
    }
}

/// What curl would send: the request without an Idempotency-Key.
async fn without_key(site: &Site, order: &CreateDeployment) -> Result<Deployment, String> {
    let url = format!("{}/v1/deployments", site.stack.client.base());
    let request = reqwest::Client::new().post(url).json(order);
    let answer = request.bearer_auth(&site.stack.token).send().await.unwrap();
    match answer.status().as_u16() {
        202 => Ok(answer.json().await.unwrap()),
        503 => Err(answer.text().await.unwrap()),
        other => panic!("{other}: {}", answer.text().await.unwrap()),
    }
}

/// I10: unready within 30 s, at an end with a failure two minutes later. One that is only without Redis works on (F13).
async fn i10_a_deaf_worker_is_unready_and_ends(site: &mut Site, deaf_since: Instant) {
    if site.stack.workers[2].runs() {
        assert!(!site.ready(2).await, "deaf since {deaf_since:?}");
    }
    let deaf = &mut site.stack.workers[2];
    let status = deaf.wait(LONG * 2).await.unwrap();
    assert!(!status.success(), "{}", deaf.said());
    let took = deaf_since.elapsed();
    assert!(
        took >= Duration::from_secs(110),
        "not at the first hiccup: {took:?}"
    );
}

/// FAULTS F04: the region accepts connections and answers nothing for longer than a call may last.
#[tokio::test(flavor = "multi_thread")]
async fn f04_a_region_that_never_answers_costs_time_and_no_attempt() {
    let mut site = Site::with_edges(2, 600).await;
    let mut ids = site.load(2).await;
    site.reaches(&ids[0], |seen| seen.instance_id.is_some())
        .await;
    for edges in &site.stack.edges {
        edges.region.set(Trouble::BlackHole);
    }
    ids.extend(site.load(2).await);
    tokio::time::sleep(Duration::from_secs(28)).await;
    for edges in &site.stack.edges {
        assert!(edges.region.connections() > 0, "a worker waits for it");
        edges.region.cut();
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    for edges in &site.stack.edges {
        edges.region.heal();
    }
    site.succeed(&ids).await;
    site.burnt_nothing(&ids).await;
    site.holds().await;
}
