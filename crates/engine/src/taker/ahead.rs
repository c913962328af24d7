//! How many tasks may be claimed ahead of free permits: what visits took lately says how many more would begin in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Moment};

use super::permits::MOST;

/// How long a claimed task may wait for a permit by what visits took lately: hardly longer than a claim and a commit take,
/// so that no other worker would have begun much sooner.
const AHEAD: Duration = Duration::from_millis(10);
/// Most tasks that wait for a permit: one claim that is being visited, and the next.
pub(super) const AHEAD_MOST: usize = 2 * MOST;

/// What visits took lately.
#[derive(Debug)]
pub(super) struct Lately {
    /// The mean, in microseconds; nothing is claimed ahead before the first visit.
    mean: AtomicU64,
    /// When the last visit ended, in microseconds since `began`.
    pub(super) ended: AtomicU64,
    pub(super) began: Moment,
}

impl Lately {
    pub(super) fn new() -> Self {
        Self {
            mean: AtomicU64::new(u64::MAX),
            ended: AtomicU64::new(0),
            began: Moment::now(),
        }
    }

    /// Notes what a visit took. A long one is believed at once, short ones when there are some.
    pub(super) fn felt(&self, took: Duration) {
        let took = micros(took);
        self.ended
            .store(micros(self.began.elapsed()), Ordering::Relaxed);
        // Two visits that end together may lose one of them: it is a mean.
        let known = self.mean.load(Ordering::Relaxed);
        self.mean.store(mean(known, took), Ordering::Relaxed);
    }

    /// How many tasks may wait for one of `concurrency` permits, of which `free` are free.
    pub(super) fn room(&self, concurrency: usize, free: usize) -> usize {
        // All permits are with visits of which none has ended lately: what they take is not known yet.
        let ended = self.ended.load(Ordering::Relaxed);
        if free == 0 && micros(self.began.elapsed()) > ended.saturating_add(micros(AHEAD)) {
            return 0;
        }
        within(AHEAD, self.mean.load(Ordering::Relaxed), concurrency)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The mean after one more visit, in microseconds: halfway to a longer one, an eighth of the way to a shorter one.
fn mean(known: u64, took: u64) -> u64 {
    if took >= known {
        known + (took - known) / 2
    } else if known == u64::MAX {
        took
    } else {
        known - (known - took).div_ceil(8)
    }
}

/// How many visits of this mean so many permits begin within a time.
fn within(time: Duration, mean: u64, permits: usize) -> usize {
    let each = usize::try_from(micros(time) / mean.max(1)).unwrap_or(usize::MAX);
    permits.saturating_mul(each).min(AHEAD_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tasks_that_permits_reach_in_time_are_claimed_ahead() {
        // mean in µs, permits, tasks claimed ahead
        let cases = [
            (u64::MAX, 64, 0),
            (20_000, 8, 0),
            (10_001, 64, 0),
            (10_000, 64, 64),
            (5_000, 8, 16),
            (1_000, 1, 10),
            (20, 64, AHEAD_MOST),
            (0, 1, AHEAD_MOST),
        ];
        for (mean, permits, ahead) in cases {
            assert_eq!(
                within(AHEAD, mean, permits),
                ahead,
                "{mean} µs, {permits} permits"
            );
        }
    }

    #[test]
    fn a_long_visit_is_believed_sooner_than_a_short_one() {
        assert_eq!(mean(u64::MAX, 300), 300, "the first is believed");
        assert_eq!(mean(300, 20_300), 10_300, "halfway to a longer one");
        assert_eq!(mean(10_300, 300), 9_050, "an eighth of the way back");
        let mut lately = 20_000;
        for _ in 0..200 {
            lately = mean(lately, 10);
        }
        assert_eq!(lately, 10, "and all of it in the end");
    }
}
