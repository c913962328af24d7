//! When apalis looks into Redis: whenever our own subscription hears the bell, and once a second in case it did not. The
//! crate's own interval strategy loses wake-ups (APALIS.md defect 4) and its push never publishes (defect 2).

use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use futures::StreamExt;
use futures::channel::mpsc;

#[derive(Debug)]
pub(crate) struct Wake {
    tick: tokio::time::Interval,
    bells: mpsc::UnboundedReceiver<()>,
}

impl Wake {
    pub(crate) fn new(bells: mpsc::UnboundedReceiver<()>) -> Self {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { tick, bells }
    }
}

impl PollStrategy for Wake {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut rung = false;
        while self.tick.poll_tick(cx).is_ready() {
            rung = true;
        }
        while let Poll::Ready(Some(())) = self.bells.poll_next_unpin(cx) {
            rung = true;
        }
        if rung {
            cx.waker().wake_by_ref();
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}
