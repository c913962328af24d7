//! When apalis looks into Redis: whenever our own subscription hears the bell, twice more shortly after it, and once a
//! second in case the subscription heard nothing. The crate's own interval strategy loses wake-ups (APALIS.md defect 4)
//! and its push never publishes (defect 2). Looking again is for a bell that rings while a look is under way: apalis
//! takes that look's answer, which may be older than the ticket, for the bell's and goes to sleep.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use futures::channel::mpsc;
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep};

/// After the bell: longer than a look takes, and longer than one takes on a busy machine.
const AGAIN: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(50)];

#[derive(Debug)]
pub(crate) struct Wake {
    tick: Interval,
    bells: mpsc::UnboundedReceiver<()>,
    again: Pin<Box<Sleep>>,
    /// How often it was looked again; all of `AGAIN` when nothing is left to be done.
    looked: usize,
}

impl Wake {
    pub(crate) fn new(bells: mpsc::UnboundedReceiver<()>) -> Self {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let again = Box::pin(tokio::time::sleep(AGAIN[0]));
        Self {
            tick,
            bells,
            again,
            looked: AGAIN.len(),
        }
    }
}

impl PollStrategy for Wake {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = false;
        while self.tick.poll_tick(cx).is_ready() {
            due = true;
        }
        while let Poll::Ready(Some(())) = self.bells.poll_next_unpin(cx) {
            due = true;
            self.looked = 0;
            self.again.as_mut().reset(Instant::now() + AGAIN[0]);
        }
        while self.looked < AGAIN.len() && self.again.poll_unpin(cx).is_ready() {
            due = true;
            self.looked += 1;
            if let Some(&wait) = AGAIN.get(self.looked) {
                self.again.as_mut().reset(Instant::now() + wait);
            }
        }
        if due {
            cx.waker().wake_by_ref();
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}
