//! Periodic work: a period is cut into ticks, and the replica that inserts a tick's row first runs it, exactly once
//! (FAULTS decision 10). Missed ticks are skipped but the latest (FAULTS F22).

use std::time::Duration;

use chrono::{DateTime, TimeDelta};

use crate::Instant;

/// The start of the tick `now` lies in; ticks are aligned to the epoch so that all replicas agree without talking.
pub fn tick(now: Instant, period: Duration) -> Instant {
    let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1);
    let millis = now.timestamp_millis();
    DateTime::from_timestamp_millis(millis - millis.rem_euclid(period)).unwrap_or(now)
}

/// The start of the tick after the one `now` lies in.
pub fn next_tick(now: Instant, period: Duration) -> Instant {
    tick(now, period) + TimeDelta::from_std(period).unwrap_or(TimeDelta::MAX)
}

/// How many ticks lie between two that were fired (FAULTS F22).
pub fn missed(before: Instant, due: Instant, period: Duration) -> u64 {
    let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1);
    let between = (due - before).num_milliseconds() / period - 1;
    u64::try_from(between).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ticks_between_two_that_were_fired_are_missed() {
        let at =
            |minutes: i64| DateTime::from_timestamp_millis(minutes * 60_000).expect("in range");
        let minute = Duration::from_secs(60);
        for (before, due, count) in [(0, 1, 0), (0, 2, 1), (3, 363, 359), (5, 5, 0), (6, 5, 0)] {
            assert_eq!(missed(at(before), at(due), minute), count, "{before} {due}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_exactly_one_tick(millis in 0i64..4_000_000_000_000, period in 1u64..86_400_000) {
            let now = DateTime::from_timestamp_millis(millis).expect("in range");
            let period = Duration::from_millis(period);
            let (start, end) = (tick(now, period), next_tick(now, period));
            prop_assert!(start <= now && now < end);
            prop_assert_eq!(tick(start, period), start);
            prop_assert_eq!(tick(end, period), end);
        }
    }
}
