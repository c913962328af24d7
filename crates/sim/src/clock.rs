//! Simulated time: real monotonic time multiplied by the pace.
//!
//! A moment is a `Duration` since the start of the region. This is the only file that
//! reads a clock, so that everything else can be tested with plain numbers.

use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};

/// The clock of one region; it starts at the wall time of `Region::start`, or at an instant of its own.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    epoch: DateTime<Utc>,
    pace: f64,
}

impl Clock {
    /// A clock that shows `begins`, or the wall time, and runs `pace` simulated seconds per real second; senseless paces
    /// become 1.
    #[expect(
        clippy::disallowed_methods,
        reason = "simulated time starts at the wall time"
    )]
    pub(crate) fn start(pace: f64, begins: Option<DateTime<Utc>>) -> Self {
        let pace = if pace.is_finite() && pace > 0.0 {
            pace
        } else {
            1.0
        };
        Self {
            started: Instant::now(),
            epoch: begins.unwrap_or_else(Utc::now),
            pace,
        }
    }

    /// Simulated time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed().mul_f64(self.pace)
    }

    /// Real time since the start, for token buckets and the journal.
    pub(crate) fn real(&self) -> Duration {
        self.started.elapsed()
    }

    /// How long to wait in real time for the simulated moment `at`.
    pub(crate) fn until(&self, at: Duration) -> Duration {
        real_span(at.saturating_sub(self.now()), self.pace)
    }

    /// A simulated moment as EC2 writes it.
    pub(crate) fn stamp(&self, at: Duration) -> String {
        self.date(at).to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// A simulated moment in seconds since 1970, as SSM's JSON writes it.
    pub(crate) fn seconds(&self, at: Duration) -> f64 {
        self.date(at).timestamp_millis() as f64 / 1000.0
    }

    fn date(&self, at: Duration) -> DateTime<Utc> {
        let span = chrono::Duration::from_std(at).unwrap_or(chrono::Duration::MAX);
        self.epoch
            .checked_add_signed(span)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Wall time `seconds` of real time from now: SDKs compare a session's expiry with
    /// their own clock, which is not ours.
    #[expect(
        clippy::disallowed_methods,
        reason = "compared with other processes' clocks"
    )]
    pub(crate) fn wall_in(&self, seconds: u64) -> String {
        let span = chrono::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1000));
        (Utc::now() + span).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// The longest a task waits before it looks again, so that "for ever" needs no special case.
const LONGEST: Duration = Duration::from_secs(3600);

fn real_span(simulated: Duration, pace: f64) -> Duration {
    let seconds = simulated.as_secs_f64() / pace;
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |span| span.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_spans_shrink_by_the_pace() {
        let table = [
            (60, 60.0, 1.0),
            (600, 60.0, 10.0),
            (1, 0.5, 2.0),
            (0, 60.0, 0.0),
        ];
        for (simulated, pace, real) in table {
            let span = real_span(Duration::from_secs(simulated), pace);
            assert!(
                (span.as_secs_f64() - real).abs() < 1e-9,
                "{simulated} at {pace}"
            );
        }
        assert_eq!(real_span(Duration::MAX, 1.0), LONGEST);
    }

    #[test]
    fn a_senseless_pace_is_real_time() {
        for pace in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Clock::start(pace, None).pace, 1.0);
        }
    }

    #[test]
    fn it_begins_where_it_is_told_to() {
        let begins = DateTime::from_timestamp(1_719_748_800, 0).expect("a time");
        let clock = Clock::start(1.0, Some(begins));
        assert_eq!(clock.stamp(Duration::ZERO), "2024-06-30T12:00:00.000Z");
        assert_eq!(clock.seconds(Duration::from_secs(60)), 1_719_748_860.0);
    }

    #[test]
    fn stamps_are_what_ec2_writes_and_far_futures_do_not_panic() {
        let clock = Clock::start(60.0, None);
        let stamp = clock.stamp(Duration::from_secs(5));
        assert_eq!(stamp.len(), "2026-11-22T01:02:03.004Z".len(), "{stamp}");
        assert!(stamp.ends_with('Z'));
        assert!(!clock.stamp(Duration::MAX).is_empty());
    }
}
