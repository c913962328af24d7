//! Periodic work: a period is cut into ticks, and each tick is run exactly once by whoever inserts its row first
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
