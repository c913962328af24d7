//! A time zone, as rules about nights, days and months see it: spells of time with one offset from UTC (AUTO-AMI 3 to 6).
//!
//! The zones are those of the IANA database that `chrono-tz` carries; it knows their rules up to the year 2100 and keeps the last
//! offset after that. Everything here follows from offsets alone, so that nights on which clocks change need no special case.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::Instant;
use crate::nearest::nearest;

/// How far apart two changes of an offset are at least, in seconds: none in the database that cancel each other are nearer.
const STEP: i64 = 6 * 3_600;

/// A time zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// Time with one offset from UTC: `from` is part of it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// Local time minus UTC.
    pub offset: TimeDelta,
}

/// Time of one local date: `from` is part of it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its first instant.
    pub from: Instant,
    /// The first instant after it.
    pub to: Instant,
    /// The date.
    pub date: NaiveDate,
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, such as `America/New_York`; an error names the nearest one.
    pub fn parse(name: &str) -> Result<Self, String> {
        Tz::from_str(name).map(Self).map_err(|_| {
            let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            let meant = match nearest(name, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write a name of the IANA database such as `America/New_York`".to_owned(),
            };
            format!("there is no such time zone; {meant}")
        })
    }

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Local time minus UTC at an instant.
    pub fn offset(self, at: Instant) -> TimeDelta {
        let offset = self.0.offset_from_utc_datetime(&at.naive_utc()).fix();
        TimeDelta::seconds(i64::from(offset.local_minus_utc()))
    }

    /// What a clock on the wall shows.
    pub fn local(self, at: Instant) -> NaiveDateTime {
        at.naive_utc() + self.offset(at)
    }

    /// The same with its offset, such as `2026-11-28T02:00:00-05:00`.
    pub fn local_text(self, at: Instant) -> String {
        let local = self.0.from_utc_datetime(&at.naive_utc());
        local.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    }

    /// `[from, to)` cut where the offset changes, in order and without holes.
    pub fn spells(self, from: Instant, to: Instant) -> Vec<Spell> {
        let mut spells = Vec::new();
        let (mut start, mut offset, mut known) = (from, self.offset(from), from);
        while known < to {
            let next = (known + TimeDelta::seconds(STEP)).min(to);
            if self.offset(next) == offset {
                known = next;
                continue;
            }
            let change = self.change(known, next, offset);
            spells.push(Spell {
                from: start,
                to: change,
                offset,
            });
            (start, offset, known) = (change, self.offset(change), change);
        }
        if start < to {
            spells.push(Spell {
                from: start,
                to,
                offset,
            });
        }
        spells
    }

    /// The instant after `known` and not after `next` at which the offset stops being this one. Offsets change at whole seconds.
    fn change(self, known: Instant, next: Instant, offset: TimeDelta) -> Instant {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(next);
        let (mut before, mut after) = (known.timestamp(), next.timestamp());
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            match self.offset(at(middle)) == offset {
                true => before = middle,
                false => after = middle,
            }
        }
        at(after)
    }

    /// `[from, to)` cut where the local date changes, in order and without holes. A date that clocks return to, where they change at
    /// midnight, is there twice.
    pub fn days(self, from: Instant, to: Instant) -> Vec<Day> {
        let mut days: Vec<Day> = Vec::new();
        for spell in self.spells(from, to) {
            let mut at = spell.from;
            while at < spell.to {
                let date = (at.naive_utc() + spell.offset).date();
                let end = spell.instant(midnight(date) + TimeDelta::days(1));
                let end = end.min(spell.to);
                match days.last_mut() {
                    Some(last) if last.date == date => last.to = end,
                    _ => days.push(Day {
                        from: at,
                        to: end,
                        date,
                    }),
                }
                at = end;
            }
        }
        days
    }

    /// The first instant of a local date; of a date that a zone skipped, the first after it (Apia had no 30 December 2011).
    pub fn first_of(self, date: NaiveDate) -> Instant {
        let wanted = midnight(date);
        let around = wanted.and_utc();
        let spells = self.spells(around - TimeDelta::days(2), around + TimeDelta::days(2));
        spells
            .iter()
            .find(|spell| spell.to.naive_utc() + spell.offset > wanted)
            .map_or(around, |spell| spell.instant(wanted).max(spell.from))
    }
}

impl Spell {
    /// The instant at which clocks with this offset show this local time.
    pub fn instant(&self, local: NaiveDateTime) -> Instant {
        (local - self.offset).and_utc()
    }

    /// What clocks show at its first instant.
    pub fn local_from(&self) -> NaiveDateTime {
        self.from.naive_utc() + self.offset
    }

    /// What clocks would show at its end, were there no change.
    pub fn local_to(&self) -> NaiveDateTime {
        self.to.naive_utc() + self.offset
    }

    /// The local dates of it, in order.
    pub fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let end = self.local_to();
        let first = self.local_from().date();
        first
            .iter_days()
            .take_while(move |date| midnight(*date) < end)
    }
}

/// The beginning of a date on a clock that does not change.
pub fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect(text)
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect(name)
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_the_nearest() {
        let said = |name| Zone::parse(name).expect_err(name);
        assert!(said("America/new_york").contains("`America/New_York`"));
        assert!(said("Mars/Olympus").contains("such as"));
        assert!(said("").contains("no such time zone"));
        assert!(said("EST5EDT4").contains("no such time zone"));
    }

    #[test]
    fn spells_end_where_clocks_change() {
        let year = zone("Australia/Lord_Howe")
            .spells(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let told: Vec<(String, i64)> = year
            .iter()
            .map(|one| (one.from.to_rfc3339(), one.offset.num_minutes()))
            .collect();
        let wanted = [
            ("2026-01-01T00:00:00+00:00", 660),
            ("2026-04-04T15:00:00+00:00", 630),
            ("2026-10-03T15:30:00+00:00", 660),
        ];
        assert_eq!(told, wanted.map(|(from, offset)| (from.to_owned(), offset)));
    }

    #[test]
    fn the_first_instant_of_a_date_knows_gaps_and_returns_at_midnight() {
        for (name, date, first) in [
            ("UTC", "2027-01-18", "2027-01-18T00:00:00Z"),
            ("America/New_York", "2027-01-18", "2027-01-18T05:00:00Z"),
            // Clocks jumped from midnight to one.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
            // At midnight clocks went back to 23:00 of the day before.
            ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"),
            // One minute of the date passed, then clocks went back by an hour.
            ("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"),
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            let date = date.parse().expect(date);
            assert_eq!(zone(name).first_of(date), at(first), "{name} {date}");
        }
    }

    #[test]
    fn days_are_cut_where_the_date_changes() {
        let days =
            zone("America/St_Johns").days(at("2010-11-06T12:00:00Z"), at("2010-11-08T12:00:00Z"));
        let told: Vec<(String, String)> = days
            .iter()
            .map(|day| (day.date.to_string(), day.from.to_rfc3339()))
            .collect();
        let wanted = [
            ("2010-11-06", "2010-11-06T12:00:00+00:00"),
            ("2010-11-07", "2010-11-07T02:30:00+00:00"),
            ("2010-11-06", "2010-11-07T02:31:00+00:00"),
            ("2010-11-07", "2010-11-07T03:30:00+00:00"),
            ("2010-11-08", "2010-11-08T03:30:00+00:00"),
        ];
        assert_eq!(
            told,
            wanted.map(|(date, from)| (date.to_owned(), from.to_owned()))
        );
    }
}
