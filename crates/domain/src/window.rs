//! Windows: local times at which builds may start (AUTO-AMI 4).
//!
//! An instant is inside a window exactly if its wall-clock time is. Openings are found per spell of one offset, where local time is
//! a straight line; nights on which clocks change follow from that.

mod form;
mod text;

use std::fmt;

use chrono::{Datelike, NaiveDate, TimeDelta, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::deployment::words;
use crate::zone::{Day, Spell, Zone, midnight};

words! {
    /// Which window a build keeps to.
    WindowKind {
        /// `build_window`, the document's off-peak window.
        Build = "build",
        /// `urgent_window`.
        Urgent = "urgent",
    }
}

/// Minutes in a day.
const DAY: u16 = 24 * 60;
/// Every window opens at least this often, whatever clocks do on its one day of the week.
const FAR: TimeDelta = TimeDelta::days(32);

/// One item of a window: days of the week and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Bit 0 is Monday.
    days: u8,
    /// Minutes after midnight, below 24 hours.
    start: u16,
    /// Minutes after midnight, 1 to 24 hours or, on the next day, 0 to `start`.
    end: u16,
}

/// Local times at which builds may start: at least one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

/// Time in which a window is open: `opens` is inside, `closes` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Its first instant.
    pub opens: Instant,
    /// The first instant after it.
    pub closes: Instant,
}

impl Window {
    /// Whether its start is on this date.
    fn listed(&self, date: NaiveDate) -> bool {
        self.days & (1 << date.weekday().num_days_from_monday()) != 0
    }

    /// Whether it ends on the day after it starts.
    fn wraps(&self) -> bool {
        self.end <= self.start
    }

    /// The minutes of this date that are inside: what starts on it, and what the day before left over.
    fn minutes(&self, date: NaiveDate) -> [(u16, u16); 2] {
        let today = match self.wraps() {
            true => (self.start, DAY),
            false => (self.start, self.end),
        };
        let before = date.pred_opt().is_some_and(|before| self.listed(before));
        [
            if self.listed(date) { today } else { (0, 0) },
            match self.wraps() && before {
                true => (0, self.end),
                false => (0, 0),
            },
        ]
    }

    /// Local start and end of the item that starts on this date, if it is listed.
    pub(crate) fn on(
        &self,
        date: NaiveDate,
    ) -> Option<(chrono::NaiveDateTime, chrono::NaiveDateTime)> {
        let length = match self.wraps() {
            true => DAY - self.start + self.end,
            false => self.end - self.start,
        };
        let start = midnight(date) + minutes(self.start);
        self.listed(date).then(|| (start, start + minutes(length)))
    }
}

impl Windows {
    /// Reads windows such as `02:00-06:00` or `mon-fri 01:00-05:00, sat 00:00-24:00` (AUTO-AMI 3).
    pub fn parse(text: &str) -> Result<Self, String> {
        text::read(text).map(Self)
    }

    /// The window of a policy that names none: `02:00-06:00` (AUTO-AMI 3).
    pub fn night() -> Self {
        Self(vec![Window {
            days: 0b111_1111,
            start: 2 * 60,
            end: 6 * 60,
        }])
    }

    /// Its items, in the order of the text.
    pub fn items(&self) -> &[Window] {
        &self.0
    }

    /// Whether an instant is inside: the definition of AUTO-AMI 4, word by word.
    pub fn contains(&self, zone: Zone, at: Instant) -> bool {
        let local = zone.local(at);
        let second = local.time().num_seconds_from_midnight();
        self.0.iter().any(|window| {
            let pieces = window.minutes(local.date());
            pieces.iter().any(|(start, end)| {
                (u32::from(*start) * 60..u32::from(*end) * 60).contains(&second)
            })
        })
    }

    /// The first instant not before this one that is inside.
    pub fn next_open(&self, zone: Zone, from: Instant) -> Option<Instant> {
        if self.contains(zone, from) {
            return Some(from);
        }
        let openings = self.openings(zone, from, from + FAR);
        openings.first().map(|opening| opening.opens)
    }

    /// When it is open, clipped to `[from, to)`; what overlaps or adjoins is one opening.
    pub fn openings(&self, zone: Zone, from: Instant, to: Instant) -> Vec<Opening> {
        let mut openings = Vec::new();
        for spell in zone.spells(from, to) {
            for date in spell.dates() {
                for window in &self.0 {
                    let pieces = window.minutes(date);
                    openings.extend(
                        pieces
                            .iter()
                            .filter_map(|piece| opening(&spell, date, *piece)),
                    );
                }
            }
        }
        merged(openings)
    }
}

/// The part of a spell at which clocks show these minutes of a date.
fn opening(spell: &Spell, date: NaiveDate, (start, end): (u16, u16)) -> Option<Opening> {
    let at = |minute| spell.instant(midnight(date) + minutes(minute));
    let (opens, closes) = (at(start).max(spell.from), at(end).min(spell.to));
    (opens < closes).then_some(Opening { opens, closes })
}

/// The same time as openings that neither overlap nor adjoin, in order.
pub fn merged(mut openings: Vec<Opening>) -> Vec<Opening> {
    openings.sort_by_key(|opening| (opening.opens, opening.closes));
    let mut whole: Vec<Opening> = Vec::new();
    for next in openings {
        match whole.last_mut() {
            Some(last) if next.opens <= last.closes => last.closes = last.closes.max(next.closes),
            _ => whole.push(next),
        }
    }
    whole
}

impl From<&Day> for Opening {
    fn from(day: &Day) -> Self {
        Self {
            opens: day.from,
            closes: day.to,
        }
    }
}

fn minutes(minutes: u16) -> TimeDelta {
    TimeDelta::minutes(i64::from(minutes))
}

/// The short names of the days of the week, Monday first.
pub(crate) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// `02:00-06:00`, with its days before it unless they are all: text that [`Windows::parse`] reads.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", text::days(self.days))?;
        write!(f, "{}-{}", clock(self.start), clock(self.end))
    }
}

impl fmt::Display for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(Window::to_string).collect();
        f.pad(&items.join(", "))
    }
}

/// `02:00`.
fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests;
