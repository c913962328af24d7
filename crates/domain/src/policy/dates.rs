//! Dates that come again every year, and semesters (`academic_calendar`, AUTO-AMI 3).

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize, Serializer};

use crate::Instant;

/// The dates from one day of the year to another, both of them in it; `12-20..01-06` goes over the year's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// Month and day.
    from: (u32, u32),
    to: (u32, u32),
}

/// Semesters, and seasons by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcademicCalendar {
    /// In the order of the text.
    pub semesters: Vec<Semester>,
    /// `summer` is there unless the text gives it other dates.
    pub seasons: BTreeMap<String, Season>,
}

/// A semester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Semester {
    /// Such as `Spring 2027`.
    pub name: String,
    /// Its first date.
    pub start: NaiveDate,
    /// Its last date, not before the first.
    pub end: NaiveDate,
}

impl Season {
    /// The document's summer.
    pub const SUMMER: Self = Self {
        from: (6, 1),
        to: (8, 31),
    };

    /// Reads `MM-DD..MM-DD`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let how = || format!("`{text}` is not of the form MM-DD..MM-DD such as `06-01..08-31`");
        let (from, to) = text.split_once("..").ok_or_else(how)?;
        let day = |text: &str| {
            day(text).ok_or_else(|| {
                format!("`{text}` is no day of the year as MM-DD; write one such as `06-01`")
            })
        };
        Ok(Self {
            from: day(from)?,
            to: day(to)?,
        })
    }

    /// Whether a date is in it.
    pub fn contains(self, date: NaiveDate) -> bool {
        let day = (date.month(), date.day());
        match self.from <= self.to {
            true => (self.from..=self.to).contains(&day),
            false => day >= self.from || day <= self.to,
        }
    }
}

/// Month and day of `MM-DD`; 29 February is one.
fn day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let number =
        |digits: &str| match digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse::<u32>().ok(),
            false => None,
        };
    let (month, day) = (number(month)?, number(day)?);
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| (month, day))
}

/// Reads a date such as `2027-01-18`, of the years that a policy may speak of.
pub fn date(text: &str) -> Result<NaiveDate, String> {
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let how = || "write a date of the calendar as YYYY-MM-DD such as `2027-01-18`".to_owned();
    let date: NaiveDate = text.parse().ok().filter(|_| form).ok_or_else(how)?;
    match (1970..3000).contains(&date.year()) {
        true => Ok(date),
        false => Err("the year must be from 1970 to 2999".to_owned()),
    }
}

/// Reads an instant such as `2026-11-27T12:00:00Z` or `2026-11-27T07:00:00-05:00`: whole seconds, with its offset from UTC.
pub fn instant(text: &str) -> Result<Instant, String> {
    let how = "write an instant with its offset, to the second, such as `2026-11-27T12:00:00Z`";
    let read = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| how.to_owned())?;
    let at = read.to_utc();
    // A leap second is a fraction of the second before it.
    if at.timestamp_subsec_nanos() != 0 {
        return Err(format!("instants are whole seconds; {how}"));
    }
    of_the_calendar(at)
}

/// An instant of the years that the calendar has: beyond them windows and days cannot be told.
pub fn of_the_calendar(at: Instant) -> Result<Instant, String> {
    match (1970..3000).contains(&at.year()) {
        true => Ok(at),
        false => Err("the year must be from 1970 to 2999".to_owned()),
    }
}

impl Default for AcademicCalendar {
    fn default() -> Self {
        Self {
            semesters: Vec::new(),
            seasons: BTreeMap::from([("summer".to_owned(), Season::SUMMER)]),
        }
    }
}

impl fmt::Display for Season {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((from, first), (to, last)) = (self.from, self.to);
        f.pad(&format!("{from:02}-{first:02}..{to:02}-{last:02}"))
    }
}

impl Serialize for Season {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_hold_their_ends_and_may_go_over_the_years() {
        for (season, date, inside) in [
            ("06-01..08-31", "2026-06-01", true),
            ("06-01..08-31", "2026-08-31", true),
            ("06-01..08-31", "2026-05-31", false),
            ("06-01..08-31", "2026-09-01", false),
            ("12-20..01-06", "2026-12-20", true),
            ("12-20..01-06", "2027-01-06", true),
            ("12-20..01-06", "2027-01-07", false),
            ("12-20..01-06", "2026-12-19", false),
            ("02-29..02-29", "2028-02-29", true),
            ("02-29..02-29", "2027-02-28", false),
        ] {
            let read = Season::parse(season).expect(season);
            assert_eq!(read.to_string(), season);
            let day = super::date(date).expect(date);
            assert_eq!(read.contains(day), inside, "{season} {date}");
        }
        for text in [
            "summer",
            "06-01",
            "6-1..8-31",
            "06-31..07-01",
            "13-01..02-01",
            "06-01...08-31",
            "02-30..03-01",
        ] {
            assert!(Season::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_are_whole_seconds_with_an_offset() {
        let read = |text| instant(text).expect(text).to_rfc3339();
        assert_eq!(read("2026-11-27T12:00:00Z"), "2026-11-27T12:00:00+00:00");
        assert_eq!(
            read("2026-11-27T07:00:00-05:00"),
            read("2026-11-27 12:00:00Z")
        );
        assert_eq!(
            read("2026-11-27T12:00:00.000Z"),
            read("2026-11-27T12:00:00Z")
        );
        for text in [
            "2026-11-27T12:00:00",
            "2026-11-27",
            "2026-11-27T12:00:00.5Z",
            "2016-12-31T23:59:60Z",
            "2026-11-27T25:00:00Z",
            "1969-12-31T23:59:59Z",
            "3000-01-01T00:00:00Z",
            "noon",
            "",
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
        let far = chrono::DateTime::<chrono::Utc>::MAX_UTC;
        for beyond in [far, chrono::DateTime::<chrono::Utc>::MIN_UTC] {
            assert!(of_the_calendar(beyond).is_err(), "{beyond}");
        }
    }

    #[test]
    fn dates_are_of_the_calendar() {
        assert!(date("2027-01-18").is_ok() && date("2028-02-29").is_ok());
        for text in [
            "2027-02-29",
            "27-01-18",
            "2027-1-18",
            "2027/01/18",
            "18.01.2027",
            "1969-12-31",
            "+027-01-18",
            "",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
