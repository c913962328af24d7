//! A Redis in trouble: flushed, killed, stalled or full of rubbish. Rings may be lost; the queue must go on (FAULTS F08, F09,
//! F24, X1, X2). Each test has a server of its own.

use std::time::Duration;

use ingot_queue::{Doorbell, RedisBell};
use ingot_tests::{Redis, until};
use redis::AsyncCommands;

use super::door::{Door, SOON};

async fn start() -> (Redis, Door) {
    let redis = Redis::start().await.expect("a Redis");
    let bell = RedisBell::connect(&redis.url()).await.expect("a bell");
    let door = Door::open(Doorbell::Redis(Box::new(bell)), 4);
    door.ring_until_heard("tsk_first").await;
    (redis, door)
}

impl Door {
    fn key(&self, of: &str) -> String {
        format!("ingot-{}:{of}", self.queue)
    }
}

async fn workers(redis: &Redis, door: &Door) -> Vec<String> {
    let mut connection = redis.connection().await.expect("a connection");
    connection
        .zrange(door.key("workers"), 0, -1)
        .await
        .expect("the workers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_costs_a_restart_under_a_new_name() {
    let (redis, door) = start().await;
    let before = workers(&redis, &door).await;
    redis.flushall().await.expect("a flush");
    door.ring_until_heard("tsk_after").await;
    until("the consumer", SOON, || async {
        let states = door.pulse.states();
        let up = states.values().all(|state| state.up && state.restarts > 0);
        Ok(up.then_some(()))
    })
    .await
    .expect("up again");
    let after = workers(&redis, &door).await;
    assert!(!after.is_empty());
    assert!(
        after.iter().all(|name| !before.contains(name)),
        "a name is never used twice: {before:?} {after:?}"
    );
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bell_calls_all_workers_while_few_listen() {
    let (server, door) = start().await;
    until("a call", SOON, || async {
        door.ring(&["tsk_few"]).await;
        Ok((door.calls() > 0).then_some(()))
    })
    .await
    .expect("the only one is called");
    let mut others = Vec::new();
    for _ in 0..4 {
        let other = redis::Client::open(server.url()).expect("a client");
        let mut other = other.get_async_pubsub().await.expect("a connection");
        other.psubscribe("ingot-bell-*").await.expect("one more");
        others.push(other);
    }
    // The bell that finds out how many they are still calls.
    let before = door.calls() + 1;
    door.ring(&["tsk_found_out"]).await;
    let called = async || Ok((door.calls() == before).then_some(()));
    until("its call", SOON, called).await.expect("called");
    door.ring(&["tsk_many"]).await;
    door.wait_for(&["tsk_many".to_owned()]).await;
    assert_eq!(door.calls(), before, "five at once are not called");
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_in_place_of_a_killed_one() {
    let (mut redis, door) = start().await;
    redis.kill().await.expect("a kill");
    let lost = door.bell.ring(&door.queue, vec!["tsk_lost".into()]).await;
    assert!(lost.is_err(), "a dead Redis does not ring");
    redis.restart_empty().await.expect("a restart");
    door.ring_until_heard("tsk_after").await;
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_of_two_seconds_takes_no_running_handler_with_it() {
    let (redis, door) = start().await;
    door.ring(&["hold"]).await;
    door.until_holding(1).await;
    redis.stall().await.expect("a stall");
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.resume().await.expect("its end");
    assert_eq!(door.holding(), 1);
    door.ring_until_heard("tsk_after").await;
    door.release(1);
    door.until_holding(0).await;
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_in_redis_does_not_stop_the_queue() {
    let (redis, door) = start().await;
    let mut connection = redis.connection().await.expect("a connection");
    let (data, active) = (door.key("data"), door.key("active"));
    let rubbish: [(&str, Option<Vec<u8>>); 5] = [
        ("no-payload", None),
        ("no-text", Some(vec![0xff; 64])),
        ("no-ids", Some(b"{\"half\": ".to_vec())),
        ("huge", Some(vec![b'x'; 10 * 1024 * 1024])),
        ("no ulid\nat all", Some(b"tsk_stray".to_vec())),
    ];
    for (id, payload) in rubbish {
        if let Some(payload) = payload {
            let _: () = connection
                .hset(&data, id, payload)
                .await
                .expect("a payload");
        }
        let _: () = connection.rpush(&active, id).await.expect("an id");
        door.ring_until_heard(&format!("tsk_after_{}", id.len()))
            .await;
    }
    // With everything apalis keeps beside a payload, rubbish reaches the handler, which finds no task of that id.
    let _: () = connection
        .hset_multiple(
            door.key("meta:whole"),
            &[
                ("attempts", "0"),
                ("max_attempts", "5"),
                ("status", "Pending"),
            ],
        )
        .await
        .expect("its meta");
    let _: () = connection
        .hset(&data, "whole", vec![0xfe; 16])
        .await
        .expect("a payload");
    let _: () = connection.rpush(&active, "whole").await.expect("an id");
    door.ring_until_heard("tsk_last").await;
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_wrong_type_is_survived_once_it_is_gone() {
    let (redis, door) = start().await;
    let mut connection = redis.connection().await.expect("a connection");
    let scheduled = door.key("scheduled");
    let _: () = connection.del(&scheduled).await.expect("gone");
    let _: () = connection
        .set(&scheduled, "rubbish")
        .await
        .expect("rubbish");
    let ring = door.bell.ring(&door.queue, vec!["tsk_lost".into()]).await;
    assert!(ring.is_err(), "who rings is told");
    until("a consumer that fails", SOON, || async {
        let restarts = door.pulse.states().values().any(|state| state.restarts > 0);
        Ok(restarts.then_some(()))
    })
    .await
    .expect("restarts");
    let _: () = connection.del(&scheduled).await.expect("gone");
    door.ring_until_heard("tsk_after").await;
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_janitor_removes_finished_tickets() {
    let (redis, door) = start().await;
    let ids: Vec<String> = (0..50).map(|n| format!("tsk_{n}")).collect();
    for id in &ids {
        door.ring(&[id]).await;
    }
    door.wait_for(&ids).await;
    let mut connection = redis.connection().await.expect("a connection");
    let (done, data) = (door.key("done"), door.key("data"));
    let finished: Vec<String> = until("finished tickets", SOON, || async {
        let members: Vec<String> = connection.clone().smembers(&done).await?;
        Ok((members.len() > ids.len()).then_some(members))
    })
    .await
    .expect("acknowledged");
    // All but one ended an hour ago; the janitor keeps what has just ended.
    for id in &finished[1..] {
        let _: () = connection
            .hset(door.key(&format!("meta:{id}")), "done_at", 1)
            .await
            .expect("an older end");
    }
    until("the janitor", SOON, || async {
        let (left, payloads): (usize, usize) = redis::pipe()
            .scard(&done)
            .hlen(&data)
            .query_async(&mut connection.clone())
            .await?;
        Ok((left == 1 && payloads == 1).then_some(()))
    })
    .await
    .expect("swept");
    let kept: Vec<String> = connection.smembers(&done).await.expect("the rest");
    assert_eq!(kept, finished[..1]);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_of_one_queue_share_it_under_two_names() {
    let (redis, mut one) = start().await;
    let bell = RedisBell::connect(&redis.url()).await.expect("a bell");
    let mut other = Door::unserved(Doorbell::Redis(Box::new(bell)));
    other.queue.clone_from(&one.queue);
    other.serve(4);
    until("two names", SOON, || async {
        Ok((workers(&redis, &one).await.len() == 2).then_some(()))
    })
    .await
    .expect("two names");
    let ids: Vec<String> = (0..100).map(|n| format!("tsk_{n}")).collect();
    for id in &ids {
        one.ring(&[id]).await;
    }
    until("all tickets", SOON, || async {
        let (mine, theirs) = (one.heard(), other.heard());
        let all = ids
            .iter()
            .all(|id| mine.contains(id) || theirs.contains(id));
        Ok(all.then_some(()))
    })
    .await
    .expect("all heard");
    let twice = ids
        .iter()
        .filter(|id| one.heard().contains(id) && other.heard().contains(id))
        .count();
    assert_eq!(twice, 0, "each ticket has one holder");
    one.shutdown.cancel();
    assert!(one.ended_within(SOON).await);
    other.close().await;
}
