//! The pace of time: 1 in production, 60 in the demo ("simulated minutes are seconds"), more in tests. Only the waits
//! that belong to the cloud's rhythm are divided by it; leases and heartbeats are about our own processes and are not.

use std::time::Duration;

/// Divides the waits of the work; at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pace {
    /// A pace from 1 to 100 000; `None` for anything else.
    pub fn new(factor: f64) -> Option<Self> {
        (1.0..=100_000.0).contains(&factor).then_some(Self(factor))
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// The factor in millionths, for sums that must be exact.
    pub fn millionths(self) -> i128 {
        #[expect(clippy::cast_possible_truncation, reason = "at most 100 000 millions")]
        let whole = (self.0 * 1_000_000.0).round() as i128;
        whole
    }

    /// A wait at this pace.
    pub fn wait(self, wait: Duration) -> Duration {
        wait.div_f64(self.0)
    }

    /// A wait of whole seconds at this pace.
    pub fn seconds(self, seconds: u32) -> Duration {
        self.wait(Duration::from_secs(u64::from(seconds)))
    }

    /// The simulated length of a real span: what a person in the simulated world would have waited.
    pub fn felt(self, span: Duration) -> Duration {
        span.mul_f64(self.0)
    }
}
