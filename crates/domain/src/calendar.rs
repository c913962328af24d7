//! The calendar: by which instants windows, periods, deadlines, popularity, age, scan intervals and re-assessment are
//! judged (AUTO-AMI 9). In production it is the database's clock. A simulated installation lives faster, so that nights
//! and weeks pass there, too: its calendar began at an instant of its own and runs at a pace. Leases, heartbeats, due
//! times of tasks and what is kept for how long are about our own processes and stay on real time ([`crate::pace`]).

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::pace::Pace;

/// A calendar may begin in these years: advisories are younger than the first, and at a quick pace the last is far enough
/// from the end of what an instant can be written as.
pub const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// Between these, in microseconds since 1970, every instant has a year of four digits: here the calendar stands still.
const FIRST: i128 = 0;
const LAST: i128 = 253_402_300_799_999_999;

/// A part of a calendar that runs evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// The calendar's instant at its beginning.
    pub origin: Instant,
    /// The real instant, by the database's clock, of the same moment.
    pub since: Instant,
    /// Calendar seconds per real second.
    pub pace: f64,
}

/// A calendar; without stretches it is the real one. Every change of pace adds a stretch that begins where the last one
/// stands: the calendar never jumps, and instants from before keep their place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calendar {
    stretches: Vec<Stretch>,
}

impl Calendar {
    /// One that stands at `origin` at the real instant `since` and runs at a pace.
    pub fn beginning(origin: Instant, since: Instant, pace: Pace) -> Self {
        let pace = pace.factor();
        Self {
            stretches: vec![Stretch {
                origin,
                since,
                pace,
            }],
        }
    }

    /// It tells the real time: nothing needs to be said of it.
    pub fn is_real(&self) -> bool {
        let real = |one: &Stretch| one.origin == one.since && one.pace == 1.0;
        self.stretches.iter().all(real)
    }

    /// Where it began; nothing for the real one.
    pub fn began(&self) -> Option<Stretch> {
        self.stretches.first().copied()
    }

    /// The stretch in force; nothing for the real one.
    pub fn runs(&self) -> Option<Stretch> {
        self.stretches.last().copied()
    }

    /// Whether it runs at this pace now.
    pub fn is_at(&self, pace: Pace) -> bool {
        millionths(self.runs().map_or(1.0, |one| one.pace)) == pace.millionths()
    }

    /// The same calendar, which runs at another pace from the real instant `since` on, from where it stands then.
    #[must_use]
    pub fn paced(mut self, pace: Pace, since: Instant) -> Self {
        // A clock that was set back must not make two stretches overlap.
        let since = self.runs().map_or(since, |last| since.max(last.since));
        let origin = self.at(since);
        self.stretches.push(Stretch {
            origin,
            since,
            pace: pace.factor(),
        });
        self
    }

    /// What it shows at a real instant. Never earlier for a later one.
    pub fn at(&self, real: Instant) -> Instant {
        let Some(part) = self.part(|one| one.since <= real) else {
            return real;
        };
        let passed = i128::from(real.timestamp_micros() - part.since.timestamp_micros());
        let felt = (passed * millionths(part.pace)).div_euclid(WHOLE);
        instant(i128::from(part.origin.timestamp_micros()) + felt)
    }

    /// The first real instant at which it shows this one, or a later one: when what is due then is due.
    pub fn due(&self, calendar: Instant) -> Instant {
        let Some(part) = self.part(|one| one.origin <= calendar) else {
            return calendar;
        };
        let felt = i128::from(calendar.timestamp_micros() - part.origin.timestamp_micros());
        let pace = millionths(part.pace);
        // Rounded up: a moment earlier it is not that time yet.
        let passed = -(-felt * WHOLE).div_euclid(pace);
        instant(i128::from(part.since.timestamp_micros()) + passed)
    }

    /// The real instant at which `span` of the calendar has passed since a real instant.
    pub fn after(&self, real: Instant, span: TimeDelta) -> Instant {
        let shown = self.at(real);
        match shown.checked_add_signed(span) {
            Some(then) => self.due(then),
            None => instant(LAST),
        }
    }

    /// How much of the calendar passed between two real instants.
    pub fn between(&self, from: Instant, to: Instant) -> TimeDelta {
        self.at(to) - self.at(from)
    }

    /// The last stretch that fits, else the first, which then goes backwards from its beginning.
    fn part(&self, fits: impl Fn(&Stretch) -> bool) -> Option<Stretch> {
        let fitting = self.stretches.iter().rfind(|one| fits(one));
        fitting.or(self.stretches.first()).copied()
    }
}

/// A pace of 1 in [`millionths`].
const WHOLE: i128 = 1_000_000;

/// A pace as a whole number, so that sums of long times are exact; a senseless one is real time.
fn millionths(pace: f64) -> i128 {
    Pace::new(pace).unwrap_or_default().millionths()
}

/// An instant between the first and the last that can be written everywhere.
fn instant(micros: i128) -> Instant {
    let micros = i64::try_from(micros.clamp(FIRST, LAST)).unwrap_or(i64::MAX);
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
