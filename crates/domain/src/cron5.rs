//! Lines of cron: when a template's `rebuild` fires (AUTO-AMI 2). Not to be taken for [`crate::cron`], the ticks of Ingot's own jobs.
//!
//! Five fields by the rules of Vixie cron. Where clocks change, the minutes that a gap swallows fire once, at the gap's end, and a
//! minute that comes twice fires the first time.

mod field;

use std::fmt;

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Instant;
use crate::field::shown;
use crate::zone::{Spell, Zone, midnight};
use field::Field;

/// How to write one, for messages.
pub const HOW: &str = "write five fields (minute, hour, day of month, month, day of week) such as `0 2 * * mon`, or `weekly`";
/// What `weekly` stands for: Monday 02:00.
const WEEKLY: &str = "0 2 * * 1";
/// How far before an instant clocks may have shown times that come again after it.
const BACK: TimeDelta = TimeDelta::days(3);
/// How much time is looked through at once.
const REACH: TimeDelta = TimeDelta::days(400);
/// Every line that fires at all fires within this many reaches, for the calendar repeats after 400 years.
const MOST_REACHES: usize = 400;

/// A line of cron that fires, sooner or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    text: String,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Line {
    /// Reads a line; one that never fires, such as of 30 February, is refused.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let meant = if text == "weekly" { WEEKLY } else { text };
        if meant.starts_with('@') {
            return Err(format!(
                "`{text}` is a nickname that is not known here; {HOW}"
            ));
        }
        let fields: Vec<&str> = meant.split_ascii_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            let count = fields.len();
            return Err(format!("{count} fields instead of five; {HOW}"));
        };
        let line = Self {
            text: text.to_owned(),
            minute: Field::parse("minute", minute)?,
            hour: Field::parse("hour", hour)?,
            day: Field::parse("day of month", day)?,
            month: Field::parse("month", month)?,
            weekday: Field::parse("day of week", weekday)?,
        };
        match line.ever() {
            true => Ok(line),
            false => Err(format!(
                "it never fires: no month of `{month}` has a day of `{day}`"
            )),
        }
    }

    /// Whether any month has its days. A day of the week falls on each date in some year.
    fn ever(&self) -> bool {
        let longest = |month: u32| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let dated = (1..=12)
            .filter(|month| self.month.has(*month))
            .any(|month| (1..=longest(month)).any(|day| self.day.has(day)));
        dated || self.either()
    }

    /// Whether a day fires that fits one of day of month and day of week: both are given. A field that starts with `*` is not given,
    /// `*/2` neither, as in Vixie cron.
    fn either(&self) -> bool {
        !self.day.star && !self.weekday.star
    }

    /// Whether it fires on a date.
    fn on(&self, date: NaiveDate) -> bool {
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().num_days_from_sunday());
        let fits = match self.either() {
            true => day || weekday,
            false => day && weekday,
        };
        fits && self.month.has(date.month())
    }

    /// The local times in `[from, to)` that it names, in order.
    fn times(&self, from: NaiveDateTime, to: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        let days = from.date().iter_days();
        days.take_while(move |date| midnight(*date) < to)
            .filter(|date| self.on(*date))
            .flat_map(move |date| {
                let hours = (0..24).filter(|hour| self.hour.has(*hour));
                hours.flat_map(move |hour| {
                    let minutes = (0..60).filter(|minute| self.minute.has(*minute));
                    minutes.filter_map(move |minute| date.and_hms_opt(hour, minute, 0))
                })
            })
            .filter(move |time| (from..to).contains(time))
    }

    /// The first `count` instants after `after` at which it fires, in order.
    pub fn fires(&self, zone: Zone, after: Instant, count: usize) -> Vec<Instant> {
        let mut fires = Vec::new();
        let mut from = after - BACK;
        // The latest that clocks have shown; what they show up to it has been.
        let mut shown = from.naive_utc() + zone.offset(from);
        for _ in 0..MOST_REACHES {
            let to = from + REACH;
            for spell in zone.spells(from, to) {
                self.within(&spell, shown, &mut |at| {
                    if at > after && fires.len() < count {
                        fires.push(at);
                    }
                    fires.len() < count
                });
                if fires.len() >= count {
                    return fires;
                }
                shown = shown.max(spell.local_to());
            }
            from = to;
        }
        fires
    }

    /// Tells the instants of a spell at which it fires, as long as the listener wants more.
    fn within(&self, spell: &Spell, shown: NaiveDateTime, tell: &mut impl FnMut(Instant) -> bool) {
        let start = spell.local_from();
        let swallowed = self.times(shown, start).next();
        if swallowed.is_some() && !tell(spell.from) {
            return;
        }
        let seen = self.times(start.max(shown), spell.local_to());
        for time in seen {
            let at = spell.instant(time);
            // A minute at the gap's end fires with those that the gap swallowed.
            let told = swallowed.is_some() && at == spell.from;
            if !told && !tell(at) {
                return;
            }
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Line::parse(&text).map_err(|why| D::Error::custom(format!("`{}`: {why}", shown(&text))))
    }
}

#[cfg(test)]
mod tests;
