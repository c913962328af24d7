//! How many calls thousands of pollers need, computed: half an hour of polls, batches and answers on a made-up
//! timeline, so that neither the machine nor a clock has a say in it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Asked, Chunk, Shelf};
use crate::batch::BatchSettings;

/// What happens at an instant.
enum Event {
    Poll(u32),
    Take,
    Answer(Instant, Chunk<u32>),
}

/// The future, in order.
#[derive(Default)]
struct Timeline {
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
}

impl Timeline {
    fn add(&mut self, at: Instant, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }
}

/// Polls, calls and the longest wait of `pollers`, each asking for its own id every `period`.
fn run(pollers: u32, period: Duration, lasting: Duration) -> (u64, u64, Duration) {
    let settings = BatchSettings::default();
    let (mut shelf, mut timeline, start) = (Shelf::default(), Timeline::default(), Instant::now());
    let period_ms = u64::try_from(period.as_millis()).expect("short");
    for n in 0..pollers {
        // Phases spread by a multiplicative hash: random enough, and the same in every run.
        let phase = u64::from(n.wrapping_mul(2_654_435_761)) % period_ms;
        timeline.add(start + Duration::from_millis(phase), Event::Poll(n));
    }
    let (mut polls, mut calls, mut slowest) = (0, 0, Duration::ZERO);
    let mut since: BTreeMap<String, Instant> = BTreeMap::new();
    while let Some(((at, _), event)) = timeline.events.pop_first() {
        match event {
            Event::Poll(n) => {
                polls += 1;
                if at + period < start + lasting {
                    timeline.add(at + period, Event::Poll(n));
                }
                if let Asked::Waits(_, when) = shelf.ask(&n.to_string(), false, at, &settings) {
                    since.insert(n.to_string(), at);
                    if let Some(when) = when {
                        timeline.add(when, Event::Take);
                    }
                }
            }
            Event::Take => {
                for chunk in shelf.take(at, &settings) {
                    calls += 1;
                    assert!(chunk.ids.len() <= settings.chunk);
                    timeline.add(at + Duration::from_millis(150), Event::Answer(at, chunk));
                }
            }
            Event::Answer(begun, chunk) => {
                for id in chunk.ids {
                    shelf.keep(&id, begun, Some(1));
                }
                for waiter in chunk.waiters {
                    let waited = since
                        .remove(&waiter.id)
                        .map_or(Duration::ZERO, |asked| at - asked);
                    slowest = slowest.max(waited);
                }
            }
        }
    }
    (polls, calls, slowest)
}

#[tokio::test]
async fn thousands_of_pollers_cost_one_call_per_fifty_polls() {
    let (period, lasting) = (Duration::from_secs(30), Duration::from_secs(15 * 60));
    let (instance_polls, instance_calls, slowest) = run(2000, period, lasting);
    let (image_polls, image_calls, slow) = run(500, period, lasting);
    let (polls, calls) = (instance_polls + image_polls, instance_calls + image_calls);
    assert!(polls >= 70_000, "{polls}");
    assert!(
        calls * 50 <= polls,
        "{polls} polls, {calls} calls: {} polls per call",
        polls / calls
    );
    assert!(
        slowest.max(slow) <= Duration::from_millis(700),
        "{slowest:?} {slow:?}"
    );
}

#[tokio::test]
async fn ten_thousand_pollers_cost_no_more_each() {
    let (polls, calls, _) = run(
        10_000,
        Duration::from_secs(30),
        Duration::from_secs(15 * 60),
    );
    assert!(
        calls * 50 <= polls,
        "{polls} polls, {calls} calls: {} polls per call",
        polls / calls
    );
}
