//! A Redis that forgets, stalls, dies, fills up or holds rubbish: it costs latency, never a deployment.

use std::time::{Duration, Instant};

use ingot_tests::{Options, until};
use redis::AsyncCommands;

use super::{LONG, Site};

async fn site() -> Site {
    Site::start(Options {
        workers: 2,
        pace: 300,
        ..Options::default()
    })
    .await
}

impl Site {
    fn redis(&self) -> &ingot_tests::Redis {
        self.stack.redis.as_ref().unwrap()
    }

    async fn redis_does(&self, command: &[&str]) {
        let mut connection = self.redis().connection().await.unwrap();
        redis::cmd(command[0])
            .arg(&command[1..])
            .query_async::<()>(&mut connection)
            .await
            .unwrap();
    }
}

/// FAULTS F08 and F24: flushed at any time, and what is left is rubbish: jobs without payload, of another kind, of 10 MiB,
/// of a newer version, and a key of the wrong type. At rest again within 30 s (I12).
#[tokio::test(flavor = "multi_thread")]
async fn f08_f24_a_redis_flushed_and_filled_with_rubbish_under_load() {
    let mut site = site().await;
    let mut ids = site.load(4).await;
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(400 * round)).await;
        site.redis().flushall().await.unwrap();
        let mut connection = site.redis().connection().await.unwrap();
        for queue in ["launch", "readiness", "ami"] {
            let key = |of: &str| format!("ingot-{queue}:{of}");
            let rubbish: [(&str, Vec<u8>); 3] = [
                ("half", b"{\"half\": ".to_vec()),
                ("huge", vec![b'x'; 10 * 1024 * 1024]),
                ("newer", b"v9|tsk_1;tsk_2".to_vec()),
            ];
            for (id, payload) in rubbish {
                let _: () = connection.hset(key("data"), id, payload).await.unwrap();
                let _: () = connection.rpush(key("active"), id).await.unwrap();
            }
            let _: () = connection.rpush(key("active"), "no-payload").await.unwrap();
        }
        ids.push(site.deploy().await);
    }
    // Of the wrong type until an operator deletes it: that queue stands still meanwhile, and nothing is lost.
    let _: () = site.redis_does(&["DEL", "ingot-launch:scheduled"]).await;
    let _: () = site
        .redis_does(&["SET", "ingot-launch:scheduled", "rubbish"])
        .await;
    ids.push(site.deploy().await);
    until("an unready worker", LONG, async || {
        Ok((!site.ready(0).await).then_some(()))
    })
    .await
    .unwrap();
    let _: () = site.redis_does(&["DEL", "ingot-launch:scheduled"]).await;
    site.succeed(&ids).await;
    let healed = Instant::now();
    site.holds().await;
    assert!(healed.elapsed() < Duration::from_secs(30), "I12");
}

/// FAULTS F10: stalls of 0.3 to 6 s, by the server's own pause and by stopping it, under load.
#[tokio::test(flavor = "multi_thread")]
async fn f10_a_redis_that_stalls_under_load() {
    let mut site = site().await;
    let mut ids = Vec::new();
    for stall in ["300", "700", "1500", "6000"] {
        ids.push(site.deploy().await);
        site.redis_does(&["CLIENT", "PAUSE", stall, "ALL"]).await;
        ids.push(site.deploy().await);
        let wait = Duration::from_millis(stall.parse::<u64>().unwrap() + 500);
        tokio::time::sleep(wait).await;
    }
    site.redis().stall().await.unwrap();
    ids.push(site.deploy().await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    site.redis().resume().await.unwrap();
    site.succeed(&ids).await;
    site.burnt_nothing(&ids).await;
    site.holds().await;
}

/// FAULTS F09 and F12: Redis dead for 10 s and back empty, then full, then told to evict. The api accepts meanwhile, the
/// workers are unready and say so (I10), and nothing is lost. That an evicting server is refused at start is in
/// `it/refusals.rs::a_redis_that_evicts`.
#[tokio::test(flavor = "multi_thread")]
async fn f09_f12_a_redis_that_is_dead_full_or_evicting() {
    let mut site = site().await;
    let mut ids = site.load(2).await;
    site.redis().kill().await.unwrap();
    ids.extend(site.load(2).await);
    site.until_ready(0, false, Duration::from_secs(30)).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    site.stack
        .redis
        .as_mut()
        .unwrap()
        .restart_empty()
        .await
        .unwrap();
    site.until_ready(0, true, LONG).await;
    site.succeed(&ids).await;

    site.redis_does(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let mut ids = site.load(2).await;
    site.until_ready(0, false, Duration::from_secs(40)).await;
    site.redis_does(&["CONFIG", "SET", "maxmemory", "0"]).await;
    site.until_ready(0, true, LONG).await;
    site.succeed(&ids).await;

    site.redis_does(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
        .await;
    site.until_ready(0, false, Duration::from_secs(30)).await;
    ids.push(site.deploy().await);
    site.redis_does(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    site.until_ready(0, true, LONG).await;
    site.succeed(&ids).await;
    site.holds().await;
}
