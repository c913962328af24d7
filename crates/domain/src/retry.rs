//! When to try again: exponential back-off with full jitter, and the age at which "not found" becomes true.

use std::time::Duration;

/// How long a fresh id may be unknown to EC2 before "not found" means gone (F39, EC2.md 18).
pub const YOUNG: Duration = Duration::from_secs(5 * 60);

/// First and longest wait after a failed attempt.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The wait before attempt `attempt + 1`: up to 2 s doubled per attempt, capped at 5 minutes. `chance` is in `0.0..1.0`
/// and comes from outside; half of the wait is fixed, so that two retries never meet a service in the same millisecond
/// nor at once.
pub fn backoff(attempt: u32, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1).min(20)));
    let full = doubled.min(LONGEST);
    full.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

/// So often in a row a task may come back at once; what it does in a row is never more.
const AT_ONCE: u32 = 12;

/// The pause of a task that comes back at once for the `times`th time in a row: none at first, then 100 ms doubled each
/// time, capped at a minute. Nothing loops without a pause, whatever makes it.
pub fn again(times: i32) -> Duration {
    let beyond = u32::try_from(times).unwrap_or(0).saturating_sub(AT_ONCE);
    match beyond {
        0 => Duration::ZERO,
        beyond => {
            let doubled = 2u32.saturating_pow(beyond.min(20) - 1);
            (Duration::from_millis(100) * doubled).min(Duration::from_secs(60))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_at_once_again_and_again_is_slowed_down() {
        let pause = |times| again(times).as_millis();
        assert_eq!((pause(-1), pause(0), pause(12)), (0, 0, 0));
        assert_eq!((pause(13), pause(14), pause(18)), (100, 200, 3_200));
        assert_eq!((pause(30), pause(i32::MAX)), (60_000, 60_000));
    }
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_grow_and_stay_bounded(attempt in 1u32..10_000, chance in 0.0f64..1.0) {
            let wait = backoff(attempt, chance);
            prop_assert!(wait >= FIRST / 2 && wait <= LONGEST);
            prop_assert!(backoff(attempt + 1, chance) >= wait);
        }
    }
}
