//! When the tracks of a region are looked at again.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Instant;
use crate::field::FieldError;

/// The setting that holds the interval, in seconds.
pub const SETTING: &str = "scan_interval";

/// Between two looks, unless the setting says otherwise. Vendors publish every few days.
pub const INTERVAL: Duration = Duration::from_secs(3600);

/// What the setting may hold.
pub const INTERVALS: std::ops::RangeInclusive<u64> = 60..=7 * 86_400;

/// Checks a wanted interval, in seconds.
pub fn checked_interval(seconds: u64) -> Result<Duration, FieldError> {
    if INTERVALS.contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    Err(FieldError::new(
        "scan_interval_seconds",
        seconds.to_string(),
        "looks lie from 60 seconds to 7 days (604800) apart",
    ))
}

/// The pause after a look at a region: the interval, give or take a twentieth by region and time, so that regions do not
/// come to be asked all at once.
pub fn pause(region: &str, looked_at: Instant, interval: Duration) -> Duration {
    let digest = Sha256::digest(format!("{region}/{}", looked_at.timestamp()));
    let share = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
    interval.mul_f64(0.95 + 0.1 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_lies_within_its_bounds() {
        for (seconds, fine) in [(59, false), (60, true), (604_800, true), (604_801, false)] {
            assert_eq!(checked_interval(seconds).is_ok(), fine, "{seconds}");
        }
        assert_eq!(checked_interval(1800), Ok(Duration::from_secs(1800)));
    }

    #[test]
    fn a_pause_is_near_its_interval_and_differs_by_region() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
        let pauses = regions.map(|region| pause(region, at, INTERVAL));
        for one in pauses {
            assert!(one >= INTERVAL.mul_f64(0.95) && one <= INTERVAL.mul_f64(1.05));
        }
        assert!(pauses.windows(2).any(|two| two[0] != two[1]));
        assert_eq!(pause("us-east-1", at, INTERVAL), pauses[0]);
    }
}
