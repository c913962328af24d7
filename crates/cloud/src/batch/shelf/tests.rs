//! The shelf's rules, at chosen instants.

use std::time::Duration;

use tokio::time::Instant;

use super::{Asked, Shelf};
use crate::batch::BatchSettings;

fn settings(chunk: usize) -> BatchSettings {
    BatchSettings {
        chunk,
        ..BatchSettings::default()
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Asks, and tells whether it has to wait and from when on.
fn ask(shelf: &mut Shelf<u32>, id: &str, now: bool, at: Instant) -> Option<Option<Instant>> {
    match shelf.ask(id, now, at, &settings(3)) {
        Asked::Answered(_) => None,
        Asked::Waits(_, when) => Some(when),
    }
}

#[tokio::test]
async fn the_first_waits_a_window_and_takes_the_others_along() {
    let (mut shelf, start) = (Shelf::default(), Instant::now());
    let window = settings(3).window;
    assert_eq!(
        ask(&mut shelf, "a", false, start),
        Some(Some(start + window))
    );
    assert_eq!(ask(&mut shelf, "b", false, start), Some(None));
    assert_eq!(ask(&mut shelf, "a", true, start), Some(None));
    let chunks = shelf.take(start + window, &settings(3));
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].ids, ["a", "b"]);
    assert_eq!(chunks[0].waiters.len(), 3);
    // Right after a batch the next one keeps its distance; later it does not.
    let soon = start + window;
    assert_eq!(
        ask(&mut shelf, "a", false, soon),
        Some(Some(soon + window * 5))
    );
    assert_eq!(shelf.take(soon + window * 5, &settings(3)).len(), 1);
    let late = soon + seconds(9);
    assert_eq!(ask(&mut shelf, "c", false, late), Some(Some(late + window)));
}

#[tokio::test]
async fn young_answers_serve_and_old_ones_do_not() {
    let (mut shelf, start) = (Shelf::default(), Instant::now());
    ask(&mut shelf, "a", false, start);
    shelf.take(start, &settings(3));
    shelf.keep("a", start, Some(1));
    assert!(ask(&mut shelf, "a", false, start + seconds(10)).is_none());
    assert!(ask(&mut shelf, "a", true, start + seconds(1)).is_some());
    assert!(ask(&mut shelf, "a", false, start + seconds(11)).is_some());
    // An older call's late answer changes nothing.
    shelf.keep("a", start + seconds(12), Some(2));
    shelf.keep("a", start + seconds(11), Some(1));
    match shelf.ask("a", false, start + seconds(13), &settings(3)) {
        Asked::Answered(answer) => assert_eq!(answer, Some(2)),
        waits => panic!("{waits:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_came_meanwhile_serves_without_a_call() {
    let (mut shelf, start) = (Shelf::default(), Instant::now());
    let Asked::Waits(mut answer, _) = shelf.ask("a", false, start, &settings(3)) else {
        panic!("no answer yet")
    };
    let Asked::Waits(mut now, _) = shelf.ask("a", true, start, &settings(3)) else {
        panic!("no answer yet")
    };
    shelf.keep("a", start, None);
    let chunks = shelf.take(start, &settings(3));
    assert_eq!(
        answer.try_recv().expect("served").expect("facts"),
        None::<u32>
    );
    assert!(now.try_recv().is_err());
    assert_eq!(chunks.len(), 1);
}

#[tokio::test]
async fn the_oldest_ride_along_and_only_into_free_room() {
    let (mut shelf, start) = (Shelf::default(), Instant::now());
    for (id, age) in [("old", 0), ("older", 0), ("mid", 3), ("young", 7)] {
        ask(&mut shelf, id, false, start + seconds(age));
        shelf.take(start + seconds(age), &settings(1));
        let begun = if id == "older" {
            start - seconds(1)
        } else {
            start + seconds(age)
        };
        shelf.keep(id, begun, Some(1));
    }
    let later = start + seconds(9);
    ask(&mut shelf, "new", false, later);
    let chunks = shelf.take(later, &settings(3));
    assert_eq!(chunks.len(), 1);
    let mut ids = chunks[0].ids.clone();
    ids[1..].sort();
    assert_eq!(ids, ["new", "old", "older"]);
    for id in ["1", "2", "3"] {
        ask(&mut shelf, id, true, later);
    }
    assert_eq!(
        shelf
            .take(later, &settings(3))
            .iter()
            .map(|chunk| chunk.ids.len())
            .sum::<usize>(),
        3
    );
}

#[tokio::test]
async fn the_shelf_forgets_what_no_caller_asks_for() {
    let (mut shelf, start) = (Shelf::default(), Instant::now());
    ask(&mut shelf, "a", false, start);
    ask(&mut shelf, "b", false, start + seconds(60));
    shelf.take(start + seconds(60), &settings(3));
    shelf.expire(start + seconds(91), seconds(90));
    assert_eq!(shelf.len(), 1);
    shelf.forget("b");
    shelf.keep("b", start, Some(1));
    assert!(shelf.is_idle());
}
