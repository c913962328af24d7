//! Which judgement of an update stands, and when the next one is due (ADVISORIES 0.3, 4.4).
//!
//! An update is judged again and again, because evidence comes late: KEV listed half of the exploited CVEs after their fix.
//! Every judgement is kept; the level people and plans go by is raised by a later one, and lowered only by exact evidence
//! before a build has started, or by a person.

use chrono::TimeDelta;

use super::assess::Confidence;
use super::level::SecurityLevel;
use crate::Instant;

/// An update is judged again so long after it was detected (ADVISORIES 4.4), and whenever a feed has changed.
pub const AGAIN: [TimeDelta; 4] = [
    TimeDelta::hours(6),
    TimeDelta::hours(24),
    TimeDelta::hours(72),
    TimeDelta::days(7),
];

/// When the clock alone asks for the next judgement; none after the last.
pub fn next_look(detected_at: Instant, judged_at: Instant) -> Option<Instant> {
    let looks = AGAIN.into_iter().map(|after| detected_at + after);
    looks.into_iter().find(|at| *at > judged_at)
}

/// Whether an update is to be judged now: it never was, a look is due by the clock, or a feed has changed since.
pub fn is_due(
    detected_at: Instant,
    judged_at: Option<Instant>,
    feeds_changed: bool,
    now: Instant,
) -> bool {
    let Some(judged_at) = judged_at else {
        return true;
    };
    feeds_changed || next_look(detected_at, judged_at).is_some_and(|at| at <= now)
}

/// A judgement, as far as it is weighed against another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Its level.
    pub level: SecurityLevel,
    /// How far it can be relied on.
    pub confidence: Confidence,
}

/// What stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The level that people and plans go by.
    pub level: SecurityLevel,
    /// The level that the rules gave last.
    pub judged: SecurityLevel,
    /// A person set it.
    pub by_person: bool,
    /// A build that answers to it has started.
    pub answered: bool,
}

/// What a judgement does to what stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// It is the first.
    First,
    /// It says the same.
    Same,
    /// It stands, and is graver.
    Raised,
    /// It stands, and is milder.
    Lowered,
    /// It is milder and is kept beside what stands.
    Noted,
}

impl Follow {
    /// Whether the new level stands from now on.
    pub fn stands(self) -> bool {
        matches!(self, Follow::First | Follow::Raised | Follow::Lowered)
    }
}

/// Weighs a new judgement against what stands.
///
/// `unknown` is no level to go back to or to hold on to: a judgement that knows takes its place, graver or milder, and one
/// that does not know displaces none. What a person set stands until the rules find more than they had found before.
pub fn follow(standing: Option<Standing>, said: Said) -> Follow {
    let Some(standing) = standing else {
        return Follow::First;
    };
    if said.level == standing.level {
        return Follow::Same;
    }
    let Some(new) = rank(said.level) else {
        return Follow::Noted;
    };
    if standing.by_person {
        let more = rank(standing.judged).is_none_or(|judged| new > judged);
        let graver = rank(standing.level).is_none_or(|level| new > level);
        return if more && graver {
            Follow::Raised
        } else {
            Follow::Noted
        };
    }
    match rank(standing.level) {
        None => Follow::Raised,
        Some(old) if new > old => Follow::Raised,
        Some(_) if said.confidence == Confidence::High && !standing.answered => Follow::Lowered,
        Some(_) => Follow::Noted,
    }
}

/// From `none` to `critical`; nothing for what is not known.
fn rank(level: SecurityLevel) -> Option<u8> {
    Some(match level {
        SecurityLevel::None => 0,
        SecurityLevel::Low => 1,
        SecurityLevel::Medium => 2,
        SecurityLevel::High => 3,
        SecurityLevel::Critical => 4,
        SecurityLevel::Unknown => return None,
    })
}

/// The gravest of some levels, where `unknown` stands between medium and high, as policies read it by default
/// (`unknown_as: high`), so that it is never hidden behind a milder one.
pub fn gravest(levels: impl IntoIterator<Item = SecurityLevel>) -> Option<SecurityLevel> {
    let weight = |level: &SecurityLevel| match level {
        SecurityLevel::None => 0,
        SecurityLevel::Low => 1,
        SecurityLevel::Medium => 2,
        SecurityLevel::Unknown => 3,
        SecurityLevel::High => 4,
        SecurityLevel::Critical => 5,
    };
    levels.into_iter().max_by_key(weight)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use SecurityLevel::{Critical, High, Low, Medium, None as Nothing, Unknown};

    fn stands(level: SecurityLevel) -> Standing {
        Standing {
            level,
            judged: level,
            by_person: false,
            answered: false,
        }
    }

    fn said(level: SecurityLevel, confidence: Confidence) -> Said {
        Said { level, confidence }
    }

    #[test]
    fn levels_rise_by_themselves_and_fall_by_exact_evidence_alone() {
        let medium = Confidence::Medium;
        let table = [
            (High, Critical, medium, Follow::Raised),
            (High, High, medium, Follow::Same),
            (High, Medium, medium, Follow::Noted),
            (High, Medium, Confidence::High, Follow::Lowered),
            (Nothing, Low, medium, Follow::Raised),
            (Critical, Unknown, Confidence::None, Follow::Noted),
            (Unknown, Low, medium, Follow::Raised),
            (Unknown, Unknown, medium, Follow::Same),
        ];
        for (old, new, confidence, wanted) in table {
            let done = follow(Some(stands(old)), said(new, confidence));
            assert_eq!(done, wanted, "{old} then {new} {confidence:?}");
        }
        assert_eq!(follow(None, said(Unknown, medium)), Follow::First);
    }

    #[test]
    fn a_build_that_has_started_is_not_talked_down() {
        let answered = Standing {
            answered: true,
            ..stands(Critical)
        };
        let milder = said(Low, Confidence::High);
        assert_eq!(follow(Some(answered), milder), Follow::Noted);
    }

    #[test]
    fn what_a_person_set_stands_until_the_rules_find_more() {
        let set = Standing {
            level: Low,
            judged: High,
            by_person: true,
            answered: false,
        };
        let high = said(High, Confidence::High);
        assert_eq!(follow(Some(set), high), Follow::Noted, "known then");
        let critical = said(Critical, Confidence::Medium);
        assert_eq!(follow(Some(set), critical), Follow::Raised);
        let raised = Standing {
            level: Critical,
            judged: Medium,
            ..set
        };
        let high = said(High, Confidence::Medium);
        assert_eq!(follow(Some(raised), high), Follow::Noted);
    }

    #[test]
    fn looks_come_at_six_hours_a_day_three_days_and_a_week() {
        let begin = DateTime::UNIX_EPOCH;
        let mut at = begin;
        let mut looks = Vec::new();
        while let Some(next) = next_look(begin, at) {
            looks.push((next - begin).num_hours());
            at = next;
        }
        assert_eq!(looks, [6, 24, 72, 168]);
        let hours = |hours| begin + TimeDelta::hours(hours);
        assert!(is_due(begin, None, false, begin));
        assert!(!is_due(begin, Some(begin), false, hours(5)));
        assert!(is_due(begin, Some(begin), false, hours(6)));
        assert!(is_due(begin, Some(hours(200)), true, hours(200)));
        assert!(!is_due(begin, Some(hours(200)), false, hours(2000)));
    }

    #[test]
    fn the_unknown_is_not_hidden_behind_a_milder_level() {
        assert_eq!(gravest([Low, Unknown, Medium]), Some(Unknown));
        assert_eq!(gravest([Unknown, High]), Some(High));
        assert_eq!(gravest([]), None);
    }
}
