//! The calendar of an installation that does not live by the real one.

use chrono::{DateTime, Utc};
use ingot_domain::calendar::Calendar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A calendar of a simulated installation: windows, periods, deadlines and ages are judged by it. Times of deployments,
/// tasks and events are real ones all the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalendarSeen {
    /// What it shows.
    pub now: DateTime<Utc>,
    /// Calendar seconds per real second.
    pub pace: f64,
    /// What it showed when it began.
    pub origin: DateTime<Utc>,
    /// The real time at which it began.
    pub since: DateTime<Utc>,
}

// A pace is a number between 1 and 100 000.
impl Eq for CalendarSeen {}

impl CalendarSeen {
    /// What there is to say of a calendar at a real instant; nothing of the real one.
    pub fn of(calendar: &Calendar, real: DateTime<Utc>) -> Option<Self> {
        if calendar.is_real() {
            return None;
        }
        let (began, runs) = (calendar.began()?, calendar.runs()?);
        Some(Self {
            now: calendar.at(real),
            pace: runs.pace,
            origin: began.origin,
            since: began.since,
        })
    }

    /// It in one line for people.
    pub fn line(&self) -> String {
        let now = self.now.format("%Y-%m-%d %H:%M UTC");
        if self.pace == 1.0 {
            return format!("Calendar: {now}, at the pace of the real one");
        }
        format!(
            "Calendar: {now}, {} times as fast as the real one",
            self.pace
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_domain::pace::Pace;

    #[test]
    fn only_a_calendar_that_is_not_real_is_told() {
        let at =
            |hour: i64| DateTime::from_timestamp(1_719_748_800 + hour * 3600, 0).expect("a time");
        let seen = |origin, factor| {
            let pace = Pace::new(factor).expect("a pace");
            CalendarSeen::of(&Calendar::beginning(origin, at(24), pace), at(25))
        };
        assert_eq!(CalendarSeen::of(&Calendar::default(), at(0)), None);
        assert_eq!(seen(at(24), 1.0), None);
        for (origin, factor, line) in [
            (
                at(0),
                600.0,
                "Calendar: 2024-07-25 12:00 UTC, 600 times as fast as the real one",
            ),
            (
                at(0),
                1.5,
                "Calendar: 2024-06-30 13:30 UTC, 1.5 times as fast as the real one",
            ),
            (
                at(0),
                1.0,
                "Calendar: 2024-06-30 13:00 UTC, at the pace of the real one",
            ),
        ] {
            let seen = seen(origin, factor).expect("another one");
            assert_eq!(seen.line(), line);
            assert_eq!(
                (seen.origin, seen.since, seen.pace),
                (origin, at(24), factor)
            );
        }
    }
}
