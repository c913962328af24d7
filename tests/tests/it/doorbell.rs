//! The doorbell of either kind: what is rung is heard soon, all of it, and nothing one ticket does stops the others.

mod door;
mod ringer;
mod trouble;

use std::time::{Duration, Instant};

use ingot_queue::{DEPTH, Doorbell, LocalBell, RedisBell};
use ingot_tests::Redis;

use door::{Door, SOON};

/// A bell on the run's Redis; queues on it have names of their own.
async fn redis() -> Doorbell {
    let url = Redis::shared().await.expect("a Redis");
    Doorbell::Redis(Box::new(RedisBell::connect(&url).await.expect("a bell")))
}

async fn local() -> Doorbell {
    Doorbell::Local(LocalBell::new())
}

macro_rules! of_either_kind {
    ($($case:ident),+ $(,)?) => {
        mod redis {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() { super::$case(super::redis().await).await })+
        }
        mod local {
            $(#[tokio::test(flavor = "multi_thread")] async fn $case() { super::$case(super::local().await).await })+
        }
    };
}

of_either_kind!(
    a_ring_is_heard_within_a_second,
    three_hundred_tickets_are_all_handled,
    a_panic_stops_no_other_handler,
    no_more_handlers_than_allowed_run_at_once,
    room_is_what_the_depth_leaves,
    the_end_waits_for_the_running_handler,
    every_queue_has_its_own_door,
);

async fn a_ring_is_heard_within_a_second(bell: Doorbell) {
    let door = Door::open(bell, 4);
    door.ring(&["first"]).await;
    door.wait_for(&["first".to_owned()]).await;
    for round in 0..10 {
        let began = Instant::now();
        let id = format!("tsk_{round}");
        door.ring(&[&id]).await;
        door.wait_for(std::slice::from_ref(&id)).await;
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }
    door.close().await;
}

async fn three_hundred_tickets_are_all_handled(bell: Doorbell) {
    let door = Door::open(bell, 8);
    let ids: Vec<String> = (0..300).map(|n| format!("tsk_{n}")).collect();
    for id in &ids {
        door.ring(&[id]).await;
    }
    door.wait_for(&ids).await;
    let room = door.bell.room(&door.queue).await.expect("room");
    assert_eq!(room, DEPTH, "nothing is left in the queue");
    door.close().await;
}

async fn a_panic_stops_no_other_handler(bell: Doorbell) {
    let door = Door::open(bell, 2);
    for round in 0..5 {
        // As many panics as there are slots: a slot that leaks is missed at once.
        door.ring(&["panic"]).await;
        door.ring(&["panic"]).await;
        let id = format!("tsk_{round}");
        door.ring(&[&id]).await;
        door.wait_for(&[id]).await;
    }
    door.close().await;
}

async fn no_more_handlers_than_allowed_run_at_once(bell: Doorbell) {
    let door = Door::open(bell, 3);
    for _ in 0..6 {
        door.ring(&["hold"]).await;
    }
    door.until_holding(3).await;
    // The others stay in the queue, where another process could take them.
    door.ring(&["tsk_after"]).await;
    assert_eq!(door.holding(), 3);
    assert_eq!(door.most(), 3);
    door.release(6);
    door.wait_for(&["tsk_after".to_owned()]).await;
    assert_eq!(door.most(), 3);
    door.close().await;
}

async fn room_is_what_the_depth_leaves(bell: Doorbell) {
    let door = Door::unserved(bell);
    let room = || async { door.bell.room(&door.queue).await.expect("room") };
    assert_eq!(room().await, DEPTH);
    for _ in 0..10 {
        door.ring(&["tsk_1", "tsk_2"]).await;
    }
    assert_eq!(room().await, DEPTH - 10, "a batch is one ticket");
    for _ in 10..DEPTH + 5 {
        door.ring(&["tsk_1"]).await;
    }
    assert_eq!(room().await, 0);
}

async fn the_end_waits_for_the_running_handler(bell: Doorbell) {
    let mut door = Door::open(bell, 2);
    door.ring(&["hold"]).await;
    door.until_holding(1).await;
    door.shutdown.cancel();
    assert!(!door.ended_within(Duration::from_millis(300)).await);
    door.release(1);
    assert!(door.ended_within(SOON).await);
    assert_eq!(door.holding(), 0);
    assert!(!door.pulse.all_up());
}

async fn every_queue_has_its_own_door(bell: Doorbell) {
    let one = Door::open(bell.clone(), 2);
    let other = Door::open(bell, 2);
    one.ring(&["tsk_one"]).await;
    other.ring(&["tsk_other"]).await;
    one.wait_for(&["tsk_one".to_owned()]).await;
    other.wait_for(&["tsk_other".to_owned()]).await;
    assert!(!one.heard().contains(&"tsk_other".to_owned()));
    one.close().await;
    other.close().await;
}
