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

#[cfg(test)]
mod tests {
    use super::*;
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
