//! Ringing in the background: in batches, never deeper than a queue may be, and what could not be rung is handed back.

use std::sync::{Arc, Mutex};

use ingot_queue::{BATCH, DEPTH, Ringer};
use ingot_tests::until;
use tokio_util::sync::CancellationToken;

use super::door::{Door, SOON};
use super::{local, redis};

type Unrung = Arc<Mutex<Vec<String>>>;

fn ringer(door: &Door, stop: &CancellationToken) -> (Ringer, Unrung) {
    let unrung = Unrung::default();
    let back = Arc::clone(&unrung);
    let (ringer, work) = Ringer::start(
        door.bell.clone(),
        move |ids| {
            back.lock().expect("no panic").extend(ids);
            async {}
        },
        stop.clone(),
    );
    tokio::spawn(work);
    (ringer, unrung)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_handed_over_is_heard() {
    for bell in [local().await, redis().await] {
        let door = Door::open(bell, 4);
        let stop = CancellationToken::new();
        let (ringer, unrung) = ringer(&door, &stop);
        let ids: Vec<String> = (0..1000).map(|n| format!("tsk_{n}")).collect();
        for id in &ids {
            ringer.ring(&door.queue, id);
        }
        door.wait_for(&ids).await;
        assert!(unrung.lock().expect("no panic").is_empty());
        stop.cancel();
        door.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_stays_as_deep_as_it_may_be() {
    for bell in [local().await, redis().await] {
        let door = Door::unserved(bell);
        let stop = CancellationToken::new();
        let (ringer, unrung) = ringer(&door, &stop);
        let many = 2 * DEPTH * BATCH;
        for n in 0..many {
            ringer.ring(&door.queue, &format!("tsk_{n}"));
        }
        let full = || async { door.bell.room(&door.queue).await.expect("room") == 0 };
        until("a full queue", SOON, || async {
            Ok(full().await.then_some(()))
        })
        .await
        .expect("a full queue");
        // What does not fit needs no bell: a worker that hears one of those that do looks for everything that is due.
        assert!(unrung.lock().expect("no panic").is_empty());
        stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_there_at_the_end_is_still_tried() {
    let door = Door::open(local().await, 4);
    let stop = CancellationToken::new();
    let unrung = Unrung::default();
    let back = Arc::clone(&unrung);
    let keep = move |ids: Vec<String>| {
        back.lock().expect("no panic").extend(ids);
        async {}
    };
    let (ringer, work) = Ringer::start(door.bell.clone(), keep, stop.clone());
    ringer.ring(&door.queue, "tsk_late");
    stop.cancel();
    tokio::time::timeout(SOON, work).await.expect("it ends");
    door.wait_for(&["tsk_late".to_owned()]).await;
    door.close().await;
}
