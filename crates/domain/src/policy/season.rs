//! Campaigns before a semester (`seasonal_precompilation`), and the dates on which their builds may start at any time of day
//! (`semester_prep_window`, AUTO-AMI 3 and 5).

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize, Serializer};

use super::dates::{AcademicCalendar, Season, date};
use super::length::Length;

/// `seasonal_precompilation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Whether it takes place; a campaign that is written down does, unless it says otherwise.
    pub enabled: bool,
    /// When; without a schedule it sleeps.
    pub schedule: Option<Schedule>,
    /// The templates that are built.
    pub templates: Vec<String>,
}

/// When a campaign's builds are asked for: 00:00 of its date, less the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// How long before its date.
    pub lead: Option<Length>,
    /// Its date.
    pub date: CampaignDate,
}

/// The date that a campaign's images are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignDate {
    /// The start of the next semester of the calendar.
    SemesterStart,
    /// This one.
    On(NaiveDate),
}

/// `semester_prep_window`: its dates, as found in the calendar, and the words of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prep {
    text: String,
    season: Season,
}

impl Schedule {
    /// Reads `2 weeks before semester start`, `10 days before 2027-01-18` or `on 2027-01-04`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(day) = text.strip_prefix("on ") {
            return Ok(Self {
                lead: None,
                date: CampaignDate::On(date(day)?),
            });
        }
        let how = || {
            "write `2 weeks before semester start`, `10 days before 2027-01-18` or `on 2027-01-04`"
                .to_owned()
        };
        let (lead, day) = text.split_once(" before ").ok_or_else(how)?;
        let lead = Length::parse(lead).map_err(|_| how())?;
        if lead.is_immediate() {
            return Err(how());
        }
        let date = match day {
            "semester start" => CampaignDate::SemesterStart,
            day => CampaignDate::On(date(day)?),
        };
        Ok(Self {
            lead: Some(lead),
            date,
        })
    }
}

impl Prep {
    /// Reads the name of a season of the calendar, or `MM-DD..MM-DD`.
    pub fn parse(text: &str, calendar: &AcademicCalendar) -> Result<Self, String> {
        let season = match calendar.seasons.get(text) {
            Some(season) => *season,
            None if text.contains("..") => Season::parse(text)?,
            None => {
                let known: Vec<&str> = calendar.seasons.keys().map(String::as_str).collect();
                let meant = crate::nearest::suggestion(text, &known);
                return Err(format!(
                    "no season of this name; {meant} (`academic_calendar.seasons` adds more), or write MM-DD..MM-DD"
                ));
            }
        };
        Ok(Self {
            text: text.to_owned(),
            season,
        })
    }

    /// Whether a local date is one of them.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.season.contains(date)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lead {
            Some(lead) => write!(f, "{lead} before {}", self.date),
            None => write!(f, "on {}", self.date),
        }
    }
}

impl fmt::Display for CampaignDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SemesterStart => f.pad("semester start"),
            Self::On(date) => date.fmt(f),
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The words of the text.
impl fmt::Display for Prep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Prep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_and_written_back() {
        for (text, back) in [
            (
                "2 weeks before semester start",
                "2 weeks before semester start",
            ),
            ("10 days before 2027-01-18", "10 days before 2027-01-18"),
            ("14 days before 2027-01-18", "2 weeks before 2027-01-18"),
            ("on 2027-01-04", "on 2027-01-04"),
        ] {
            let read = Schedule::parse(text).expect(text);
            assert_eq!(read.to_string(), back);
            assert_eq!(Schedule::parse(back), Ok(read));
        }
        for text in [
            "",
            "2 weeks before",
            "before semester start",
            "immediate before semester start",
            "on semester start",
            "2 weeks before summer",
            "2027-01-04",
            "on 2027-02-29",
            "0 days before 2027-01-18",
            "two weeks before semester start",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_prep_window_is_a_season_of_the_calendar_or_dates() {
        let calendar = AcademicCalendar::default();
        let day = |text| date(text).expect(text);
        let summer = Prep::parse("summer", &calendar).expect("summer");
        assert!(summer.contains(day("2027-06-01")) && !summer.contains(day("2027-05-31")));
        let winter = Prep::parse("12-20..01-06", &calendar).expect("dates");
        assert!(winter.contains(day("2027-01-01")));
        let wrong = Prep::parse("sumer", &calendar).expect_err("refused");
        assert!(wrong.contains("did you mean `summer`?"), "{wrong}");
        assert!(Prep::parse("06-01..06-31", &calendar).is_err());
    }
}
