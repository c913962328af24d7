//! The shared buckets on a real Redis: replicas draw from one, and a Redis that forgets, stalls or dies gives no
//! replica more than EC2 would.

use std::time::{Duration, Instant};

use futures::future::join_all;
use ingot_tests::Redis;
use ingot_throttle::{Leave, Place, Throttle};

const ZERO: Duration = Duration::ZERO;

fn place(action: &str) -> Place<'_> {
    Place {
        account: Some("123456789012"),
        region: "us-east-1",
        action,
    }
}

fn replica(redis: &Redis, rates: &str) -> Throttle {
    Throttle::shared(rates.parse().unwrap(), &redis.url()).unwrap()
}

/// Redis has been there for longer than any bucket takes to fill.
async fn old_server() -> Redis {
    let redis = Redis::start().await.unwrap();
    let mut connection = redis.connection().await.unwrap();
    redis::cmd("SET")
        .arg(&["ingot-bucket-since", "1000000000"])
        .query_async::<()>(&mut connection)
        .await
        .unwrap();
    redis
}

async fn asked(throttle: &Throttle, action: &str, times: usize) -> Vec<Leave> {
    join_all((0..times).map(|_| throttle.leave(place(action)))).await
}

fn at_once(said: &[Leave]) -> usize {
    said.iter()
        .filter(|leave| **leave == Leave::After(ZERO))
        .count()
}

#[tokio::test]
async fn three_replicas_draw_from_one_bucket_and_each_gets_places() {
    let redis = old_server().await;
    let replicas = [(); 3].map(|()| replica(&redis, "CreateImage=5/2"));
    let (mut waits, mut refused) = (Vec::new(), 0);
    for _ in 0..5 {
        for one in &replicas {
            match one.leave(place("CreateImage")).await {
                Leave::After(wait) => waits.push(wait),
                Leave::Never(_) => refused += 1,
            }
        }
    }
    let burst = waits.iter().take_while(|wait| wait.is_zero()).count();
    assert_eq!(burst, 5, "{waits:?}");
    assert!(
        waits[5..].is_sorted(),
        "first come, first served: {waits:?}"
    );
    assert!((9..=12).contains(&waits.len()), "{waits:?}");
    assert_eq!(waits.len() + refused, 15);
    for one in &replicas {
        assert!(!one.is_alone());
    }
    // Another action, region or account has a bucket of its own.
    assert_eq!(at_once(&asked(&replicas[0], "CopyImage", 3).await), 3);
    let elsewhere = Place {
        region: "eu-west-1",
        ..place("CreateImage")
    };
    assert_eq!(replicas[0].leave(elsewhere).await, Leave::After(ZERO));
}

#[tokio::test]
async fn every_key_ends_by_itself() {
    let redis = old_server().await;
    let one = replica(&redis, "");
    for action in ["RunInstances", "DescribeImages", "TerminateInstances"] {
        one.leave(place(action)).await;
    }
    let mut connection = redis.connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys.len(), 6, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("ingot-bucket-"), "{key}");
        let left: i64 = redis::cmd("TTL")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!((1..=604_800).contains(&left), "{key}: {left}");
    }
}

#[tokio::test]
async fn a_flushed_redis_gives_no_second_burst() {
    let redis = old_server().await;
    let one = replica(&redis, "CreateImage=50/2");
    assert_eq!(at_once(&asked(&one, "CreateImage", 50).await), 50);
    redis.flushall().await.unwrap();
    let said = asked(&one, "CreateImage", 5).await;
    assert!(at_once(&said) <= 1, "{said:?}");
    assert!(!one.is_alone());
}

#[tokio::test]
async fn what_ec2_refuses_empties_the_bucket_of_all() {
    let redis = old_server().await;
    let (one, other) = (replica(&redis, ""), replica(&redis, ""));
    assert_eq!(at_once(&asked(&other, "CreateImage", 3).await), 3);
    one.refused(place("CreateImage")).await;
    let said = asked(&other, "CreateImage", 3).await;
    assert_eq!(at_once(&said), 0, "{said:?}");
}

#[tokio::test]
async fn without_redis_each_keeps_to_its_part_and_none_is_blocked() {
    let mut redis = old_server().await;
    let rates = "DescribeImages=40/20";
    let replicas = [(); 2].map(|()| replica(&redis, rates));
    assert_eq!(
        at_once(&asked(&replicas[0], "DescribeImages", 40).await),
        40
    );
    for stalled in [true, false] {
        if stalled {
            redis.stall().await.unwrap();
        } else {
            redis.resume().await.unwrap();
            redis.kill().await.unwrap();
        }
        let began = Instant::now();
        let said = asked(&replicas[1], "DescribeImages", 30).await;
        // Half a second to give Redis up, on a machine that may be busy.
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(replicas[1].is_alone());
        let granted = said
            .iter()
            .filter(|leave| matches!(leave, Leave::After(_)))
            .count();
        // Nothing in hand and 5 per second: places for the two seconds a call may wait, and for what has passed; the
        // second time they are given out already.
        let least = if stalled { 5 } else { 0 };
        assert!((least..=25).contains(&granted), "{said:?}");
        assert!(at_once(&said) <= 15, "{said:?}");
    }
    redis.restart_empty().await.unwrap();
    let back = async {
        loop {
            let said = replicas[1].leave(place("DescribeImages")).await;
            if !replicas[1].is_alone() {
                break said;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // The server starts anew with an empty bucket, less what was taken meanwhile.
    let first = tokio::time::timeout(Duration::from_secs(30), back)
        .await
        .unwrap();
    assert_ne!(first, Leave::After(ZERO));
}

#[tokio::test]
async fn a_replica_that_does_not_know_its_account_keeps_to_its_part() {
    let redis = old_server().await;
    let one = replica(&redis, "CreateImage=40/4");
    let nobody = Place {
        account: None,
        ..place("CreateImage")
    };
    assert!(matches!(one.leave(nobody).await, Leave::After(wait) if wait > ZERO));
    // It does not know the others' account, so it takes nothing of theirs.
    assert_eq!(at_once(&asked(&one, "CreateImage", 40).await), 40);
}
