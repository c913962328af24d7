//! Lengths of time as policies write them: `immediate`, `4 hours`, `30m` (AUTO-AMI 3). Templates write theirs otherwise
//! ([`crate::span`]).

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How to write one, for messages.
pub const HOW: &str = "write `immediate`, or a whole number from 1 on with m, min, minutes, h, hours, d, days, w or weeks: `4 hours`, `30m`";
/// The longest that is read: a hundred years.
const LONGEST: u64 = 36_525 * 86_400;

/// A length of time in whole seconds; `immediate` is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Length(u64);

impl Length {
    /// So many minutes.
    pub const fn minutes(count: u64) -> Self {
        Self(count * 60)
    }

    /// So many hours.
    pub const fn hours(count: u64) -> Self {
        Self(count * 3_600)
    }

    /// So many days of 24 hours.
    pub const fn days(count: u64) -> Self {
        Self(count * 86_400)
    }

    /// Whether it is `immediate`.
    pub fn is_immediate(self) -> bool {
        self.0 == 0
    }

    /// The same for calculations.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.0).unwrap_or(i64::MAX / 1_000))
    }

    /// Reads one; what is not understood is refused with [`HOW`] to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "immediate" {
            return Ok(Self(0));
        }
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = match unit.trim_start_matches(' ') {
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return Err(HOW.to_owned()),
        };
        if number.is_empty() || number.starts_with('0') {
            return Err(HOW.to_owned());
        }
        let count: Option<u64> = number.parse().ok();
        count
            .and_then(|count| count.checked_mul(unit))
            .filter(|seconds| *seconds <= LONGEST)
            .map(Self)
            .ok_or_else(|| "it is longer than a hundred years; write a shorter one".to_owned())
    }
}

/// `4 hours`, in the largest unit that is whole: text that [`Length::parse`] reads.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (604_800, "week"),
            (86_400, "day"),
            (3_600, "hour"),
            (60, "minute"),
        ];
        let unit = units
            .iter()
            .find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit));
        match unit {
            Some((unit, name)) if self.0 == *unit => f.pad(&format!("1 {name}")),
            Some((unit, name)) => f.pad(&format!("{} {name}s", self.0 / unit)),
            None => f.pad("immediate"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_everything_else_is_refused() {
        for (text, seconds, back) in [
            ("immediate", 0, "immediate"),
            ("1 hour", 3_600, "1 hour"),
            ("4 hours", 14_400, "4 hours"),
            ("30m", 1_800, "30 minutes"),
            ("30 min", 1_800, "30 minutes"),
            ("1 minute", 60, "1 minute"),
            ("90 minutes", 5_400, "90 minutes"),
            ("24 hours", 86_400, "1 day"),
            ("24h", 86_400, "1 day"),
            ("7 days", 604_800, "1 week"),
            ("7d", 604_800, "1 week"),
            ("2w", 1_209_600, "2 weeks"),
            ("2  weeks", 1_209_600, "2 weeks"),
        ] {
            let read = Length::parse(text).expect(text);
            assert_eq!(
                (read.0, read.to_string().as_str()),
                (seconds, back),
                "{text}"
            );
            assert_eq!(Length::parse(back), Ok(read));
        }
        for text in [
            "",
            "0",
            "30",
            "0m",
            "-1h",
            "1.5h",
            "h",
            "1h30m",
            "4 Hours",
            "Immediate",
            "now",
            "soon",
            "1 month",
            "1y",
            "90s",
            "010m",
            "1 h ",
            " 1h",
            "1e3 m",
            "mins",
            "5 mins",
            "1 hr",
            "٣ days",
        ] {
            assert_eq!(Length::parse(text), Err(HOW.to_owned()), "{text}");
        }
        for text in ["9999999 weeks", "99999999999999999999 m"] {
            let wrong = Length::parse(text).expect_err(text);
            assert!(wrong.contains("hundred years"), "{text}");
        }
    }
}
