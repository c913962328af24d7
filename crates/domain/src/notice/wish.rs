//! What a receiver wishes to hear, and when: types, levels, quiet hours in a time zone, a daily digest. What is critical
//! passes, and so does what would be of no use later (AUTO-AMI 8).

use chrono::{DurationRound, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{Severity, Topic};
use crate::Instant;
use crate::field::FieldError;
use crate::window::Windows;
use crate::zone::Zone;

/// Quiet hours end within this, or they never do.
const FAR: TimeDelta = TimeDelta::days(8);

/// A receiver's preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Only these types; all when there is none.
    pub topics: Vec<Topic>,
    /// Not these: what was unsubscribed from.
    pub muted: Vec<Topic>,
    /// Only what matters at least so much.
    pub least: Severity,
    /// When nothing but the critical is sent, as windows: `22:00-07:00`.
    pub quiet: Option<String>,
    /// The IANA time zone of quiet hours and digest.
    pub zone: String,
    /// The local time of a daily digest, `HH:MM`; what is not critical waits for it.
    pub digest: Option<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            muted: Vec::new(),
            least: Severity::Info,
            quiet: None,
            zone: "UTC".to_owned(),
            digest: None,
        }
    }
}

/// When a delivery is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// By itself, at this instant of the calendar.
    At(Instant),
    /// With the others of the digest of this instant.
    Digest(Instant),
}

impl Wishes {
    /// Whether everything in it can be read.
    pub fn check(&self) -> Result<(), FieldError> {
        let zone = Zone::parse(&self.zone);
        zone.map_err(|why| FieldError::new("preferences.zone", &self.zone, why))?;
        if let Some(quiet) = &self.quiet {
            let windows = Windows::parse(quiet);
            let windows =
                windows.map_err(|why| FieldError::new("preferences.quiet", quiet, why))?;
            if self.wakes(&windows, Instant::default()).is_none() {
                let why = "these hours never end, so nothing would ever be sent; remove the receiver instead";
                return Err(FieldError::new("preferences.quiet", quiet, why));
            }
        }
        if let Some(digest) = &self.digest
            && minute(digest).is_none()
        {
            let why = "write the local time of the digest as HH:MM, such as 08:00";
            return Err(FieldError::new("preferences.digest", digest, why));
        }
        Ok(())
    }

    /// Whether it wishes to hear of this at all.
    pub fn wants(&self, topic: Topic, severity: Severity) -> bool {
        let asked = self.topics.is_empty() || self.topics.contains(&topic);
        let muted = self.muted.contains(&topic) && topic != Topic::Test;
        let grave = severity >= self.least;
        topic == Topic::Test || (asked && grave && !muted)
    }

    /// When it wishes to hear of it. `until` is when it would be of no use any more.
    pub fn when(
        &self,
        topic: Topic,
        severity: Severity,
        at: Instant,
        until: Option<Instant>,
    ) -> When {
        if severity == Severity::Critical || topic == Topic::Test {
            return When::Now;
        }
        let (due, digest) = match self.digest.as_deref().and_then(minute) {
            Some(window) => match Windows::parse(&window).ok() {
                Some(window) => {
                    // Beginning a second later, so that what comes in the digest's own minute waits for the next.
                    let next = window.next_open(self.zone(), at + TimeDelta::minutes(1));
                    (
                        next.and_then(|next| next.duration_trunc(TimeDelta::minutes(1)).ok())
                            .unwrap_or(at),
                        true,
                    )
                }
                None => (at, false),
            },
            None => (at, false),
        };
        let windows = self
            .quiet
            .as_deref()
            .and_then(|text| Windows::parse(text).ok());
        let awake = windows.and_then(|windows| self.wakes(&windows, due));
        let due = awake.unwrap_or(due);
        if due <= at || until.is_some_and(|until| until < due) {
            return When::Now;
        }
        match digest {
            true => When::Digest(due),
            false => When::At(due),
        }
    }

    fn zone(&self) -> Zone {
        Zone::parse(&self.zone).unwrap_or(Zone::UTC)
    }

    /// The first instant not before this one outside of quiet hours; none when they have no end.
    fn wakes(&self, quiet: &Windows, at: Instant) -> Option<Instant> {
        let zone = self.zone();
        if !quiet.contains(zone, at) {
            return Some(at);
        }
        let openings = quiet.openings(zone, at, at + FAR);
        let closes = openings.first()?.closes;
        (closes < at + FAR).then_some(closes)
    }
}

/// `HH:MM` as the window of that minute.
fn minute(text: &str) -> Option<String> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let next = hours * 60 + minutes + 1;
    Some(format!("{text}-{:02}:{:02}", next / 60, next % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    fn wishes(quiet: Option<&str>, digest: Option<&str>) -> Wishes {
        let wishes = Wishes {
            quiet: quiet.map(str::to_owned),
            digest: digest.map(str::to_owned),
            zone: "Europe/Berlin".to_owned(),
            ..Wishes::default()
        };
        wishes.check().expect("good wishes");
        wishes
    }

    #[test]
    fn quiet_hours_hold_up_all_but_the_critical_and_what_would_come_too_late() {
        let wishes = wishes(Some("22:00-07:00"), None);
        let when = |severity, now: &str, until: Option<&str>| {
            wishes.when(Topic::AmiFailed, severity, at(now), until.map(at))
        };
        // 23:30 in Berlin.
        let night = "2026-11-28T22:30:00Z";
        let morning = When::At(at("2026-11-29T06:00:00Z"));
        assert_eq!(when(Severity::Warning, night, None), morning);
        assert_eq!(when(Severity::Critical, night, None), When::Now);
        let three = Some("2026-11-29T02:00:00Z");
        assert_eq!(when(Severity::Warning, night, three), When::Now);
        let noon = Some("2026-11-29T11:00:00Z");
        assert_eq!(when(Severity::Warning, night, noon), morning);
        assert_eq!(
            when(Severity::Info, "2026-11-28T12:00:00Z", None),
            When::Now
        );
    }

    #[test]
    fn a_night_of_the_spring_gap_ends_by_the_clock_on_the_wall() {
        let wishes = wishes(Some("22:00-07:00"), None);
        let when = wishes.when(
            Topic::AmiFailed,
            Severity::Info,
            at("2026-03-29T00:30:00Z"),
            None,
        );
        assert_eq!(when, When::At(at("2026-03-29T05:00:00Z")));
    }

    #[test]
    fn a_digest_gathers_until_its_minute_and_waits_for_the_end_of_quiet_hours() {
        let daily = wishes(None, Some("08:00"));
        let when = |wishes: &Wishes, now: &str| {
            wishes.when(Topic::AmiCompleted, Severity::Info, at(now), None)
        };
        let eight = When::Digest(at("2026-11-29T07:00:00Z"));
        assert_eq!(when(&daily, "2026-11-28T12:00:00Z"), eight);
        assert_eq!(when(&daily, "2026-11-28T07:00:30Z"), eight);
        let late = wishes(Some("20:00-09:00"), Some("08:00"));
        let nine = When::Digest(at("2026-11-29T08:00:00Z"));
        assert_eq!(when(&late, "2026-11-28T12:00:00Z"), nine);
    }

    #[test]
    fn wishes_choose_types_and_levels_and_a_test_always_comes() {
        let mut wishes = Wishes {
            topics: Topic::named("ami-updates"),
            least: Severity::Warning,
            ..Wishes::default()
        };
        assert!(wishes.wants(Topic::CompilationFailed, Severity::Warning));
        assert!(!wishes.wants(Topic::CompilationComplete, Severity::Info));
        assert!(!wishes.wants(Topic::BudgetAlert, Severity::Critical));
        wishes.muted.push(Topic::CompilationFailed);
        assert!(!wishes.wants(Topic::CompilationFailed, Severity::Critical));
        assert!(wishes.wants(Topic::Test, Severity::Info));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (quiet, zone, digest, field) in [
            (Some("25:00-07:00"), "UTC", None, "preferences.quiet"),
            (Some("00:00-24:00"), "UTC", None, "preferences.quiet"),
            (None, "Berlin", None, "preferences.zone"),
            (None, "UTC", Some("8"), "preferences.digest"),
            (None, "UTC", Some("24:00"), "preferences.digest"),
        ] {
            let wishes = Wishes {
                quiet: quiet.map(str::to_owned),
                zone: zone.to_owned(),
                digest: digest.map(str::to_owned),
                ..Wishes::default()
            };
            let error = wishes.check().expect_err("it is wrong");
            assert_eq!(error.field, field);
        }
    }
}
