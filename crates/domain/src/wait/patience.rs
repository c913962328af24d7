//! How long each wait may last, how often it is looked at meanwhile, and when the story tells of it.

use std::time::Duration;

use super::Wait;
use crate::Instant;
use crate::decide::{ami, first_boot, install, launch};
use crate::place::WRONG_ACCOUNT;
use crate::retry::YOUNG;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Credentials that are away this long are an alert.
pub const ALERT: Duration = Duration::from_secs(15 * 60);

/// What ends a wait at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It has lasted this long (as the cloud's time goes).
    Longest(Duration),
    /// Something that has an end of its own, in a few words, or what a person does.
    Until(&'static str),
}

impl Wait {
    /// What ends it at the latest.
    pub fn patience(&self) -> Patience {
        use Patience::{Longest, Until};
        match self {
            Self::Aws { .. }
            | Self::Network { .. }
            | Self::Rate { .. }
            | Self::Verification { .. }
            | Self::Unknown { .. } => Longest(DAY),
            Self::Capacity { .. } => Longest(HOUR),
            Self::Quota { .. } => Longest(HOUR * 4),
            Self::Credentials { .. } => Longest(DAY * 7),
            Self::Refused { .. } | Self::Permission { .. } => Longest(MINUTE * 10),
            Self::Young { .. } | Self::Name | Self::Doubt => Longest(YOUNG),
            Self::Instance => Longest(launch::LONGEST_BOOT),
            Self::State => Longest(HOUR),
            Self::Ending | Self::Group | Self::GivingUp => Longest(DAY),
            Self::Image | Self::Making => Longest(ami::DEADLINE),
            Self::Holder => Longest(DAY),
            Self::Retry => Longest(MINUTE * 10),
            Self::Install => Longest(install::LONGEST),
            Self::FirstBoot => Longest(first_boot::LONGEST),
            Self::Checks => Longest(first_boot::LONGEST_CHECK),
            Self::Second | Self::Scrub => Longest(HOUR),
            Self::Back => Until("ten minutes after the reboot"),
            Self::Settle => Until("the template's `settle_seconds`"),
            Self::Probe => Until("the template's `max_attempts` checks"),
            Self::Turn => Until("a worker that is free"),
            Self::Next => Until("its next step"),
            Self::Overtaken => Until("the change that is being made"),
            Self::Ledger => Until("a ledger that answers"),
            Self::Batch => Until("the last batch"),
            Self::Scan => Until("no track is watched in the region"),
            Self::Receiver => Until("72 hours without success, which disable the receiver"),
            Self::Quiet => Until("the hour that the receiver wishes"),
            Self::Build => Until("its builder and that one's instance are gone"),
            Self::Paused { .. } => Until("a person resumes the queue"),
        }
    }

    /// Whether it has lasted longer than it may; `waited` is felt time.
    pub fn is_over(&self, waited: Duration) -> bool {
        match self.patience() {
            Patience::Longest(longest) => waited >= longest,
            Patience::Until(_) => false,
        }
    }

    /// How long to wait before the next look at what AWS refused: a quarter of what it has lasted, within the bounds of its
    /// kind. `chance` is in `0.0..1.0` and shortens it by up to a quarter, so that not everything asks at once.
    pub fn pause(&self, waited: Duration, chance: f64) -> Duration {
        let (least, most) = match self {
            Self::Rate { .. } => (SECOND * 2, SECOND * 16),
            Self::Network { .. } | Self::Unknown { .. } | Self::Aws { .. } => (SECOND * 2, MINUTE),
            Self::Young { .. } => (SECOND * 5, SECOND * 15),
            Self::Capacity { .. } => (SECOND * 15, MINUTE * 2),
            Self::Credentials { .. } => (SECOND * 10, MINUTE),
            Self::Refused { .. } | Self::Permission { .. } => (SECOND * 45, MINUTE * 2),
            Self::Quota { .. } | Self::Verification { .. } => (MINUTE, MINUTE * 5),
            _ => (SECOND * 2, MINUTE * 5),
        };
        let pause = (waited / 4).clamp(least, most);
        pause.mul_f64(1.0 - 0.25 * chance.clamp(0.0, 1.0))
    }

    /// How long it lasts before the story tells of it: what heals by itself within minutes is no news.
    pub fn told_after(&self) -> Duration {
        match self {
            Self::Capacity { .. }
            | Self::Quota { .. }
            | Self::Verification { .. }
            | Self::Refused { .. }
            | Self::Permission { .. } => Duration::ZERO,
            Self::Young { .. } => SECOND * 15,
            _ => MINUTE * 2,
        }
    }

    /// What ends it at the latest, in words.
    pub fn ends(&self) -> String {
        match self.patience() {
            Patience::Longest(longest) => format!("for {} at most", span(longest)),
            Patience::Until(what) => format!("until {what}"),
        }
    }

    /// What a person can do once the wait has ended the work; empty where nothing of theirs would help.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Credentials { code } if code == WRONG_ACCOUNT => {
                "give the worker credentials of the account that the deployment is in, then try again"
            }
            Self::Credentials { .. } => "renew Ingot's AWS credentials, then try again",
            Self::Permission { .. } => {
                "allow the action in the policy of Ingot's role, then try again"
            }
            Self::Quota { .. } => {
                "free something in the account or ask AWS for a higher quota, then try again"
            }
            Self::Verification { .. } => "try again once AWS has written to the account's owner",
            Self::Capacity { .. } => "try again later, in another subnet, or with another type",
            Self::Network { .. } => "look at the way from Ingot's workers to AWS, then try again",
            Self::Ledger => "look at the database, then try again",
            _ => "",
        }
    }

    /// What a person can do meanwhile.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Credentials { code } if code == WRONG_ACCOUNT => {
                "give the worker credentials of the account that the deployment is in; everything goes on by itself then"
            }
            Self::Credentials { .. } => {
                "renew Ingot's AWS credentials; everything goes on by itself then"
            }
            Self::Permission { .. } => {
                "allow the action in the policy of Ingot's role; it is tried again by itself"
            }
            Self::Quota { .. } => "free something in the account, or ask AWS for a higher quota",
            Self::Verification { .. } => "wait; AWS writes to the account's owner when it is done",
            Self::Capacity { .. } => "wait, or deploy in another subnet or with another type",
            Self::Refused { .. } | Self::Young { .. } => {
                "look at AWS's words in the story; before it is ready `ingot deployments cancel` ends it"
            }
            Self::Aws { .. } => {
                "look at AWS's words in the story: a protection or a lock is a person's to remove, all else passes by itself"
            }
            Self::Network { .. } => "look at the way from Ingot's workers to AWS",
            Self::Making | Self::Image | Self::Holder => {
                "nothing; EC2 is copying the volume, which takes minutes"
            }
            Self::Doubt | Self::Unknown { .. } => {
                "nothing; Ingot looks for what may have been made before it goes on"
            }
            Self::Ledger => "look at the database",
            Self::Paused { .. } => "`ingot queues resume NAME` lets the queue go on",
            _ => "nothing; it goes on by itself",
        }
    }
}

/// How late a look may come before the time since it was due counts as time in which no worker looked.
const UNATTENDED: Duration = Duration::from_secs(1);

/// The beginning of a wait, moved by the time in which no worker looked after it: one died, or none ran. Patience is spent by
/// looking, so that a wait is never over before it was looked at in its time. `due` and `claimed` are of the look that comes now.
pub fn attended_since(since: Instant, due: Instant, claimed: Instant) -> Instant {
    match (claimed - due).to_std() {
        Ok(late) if late > UNATTENDED => (since + (claimed - due)).min(claimed),
        _ => since,
    }
}

/// A span as people say it.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (number, unit) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_wait_has_an_end() {
        for wait in Wait::all() {
            match wait.patience() {
                Patience::Longest(longest) => {
                    assert!(longest >= MINUTE && longest <= DAY * 7, "{wait:?}");
                    assert!(wait.is_over(longest) && !wait.is_over(longest - SECOND));
                    assert!(wait.told_after() < longest, "{wait:?}");
                }
                Patience::Until(what) => assert!(!what.is_empty(), "{wait:?}"),
            }
            // What AWS refuses ends by the clock: nothing else would end it.
            assert!(
                !wait.is_weather() || matches!(wait.patience(), Patience::Longest(_)),
                "{wait:?}"
            );
            assert!(!wait.way_out().is_empty() && !wait.ends().is_empty());
        }
    }

    #[test]
    fn the_document_says_the_same() {
        let document = include_str!("../../../../docs/waits.md");
        for wait in Wait::all() {
            let word = format!("`{}`", wait.on());
            let row = document
                .lines()
                .find(|line| line.starts_with('|') && line.contains(&word));
            let row = row.unwrap_or_else(|| panic!("{word} is not in docs/waits.md"));
            assert!(row.contains(&wait.ends()), "{}: {row}", wait.ends());
        }
    }

    #[test]
    fn the_promised_patience() {
        let code = String::new;
        let table = [
            (Wait::Credentials { code: code() }, DAY * 7),
            (Wait::Verification { code: code() }, DAY),
            (Wait::Quota { code: code() }, HOUR * 4),
            (Wait::Unknown { code: code() }, DAY),
            (Wait::Capacity { code: code() }, HOUR),
        ];
        for (wait, longest) in table {
            assert_eq!(wait.patience(), Patience::Longest(longest), "{wait:?}");
        }
        let credentials = Wait::Credentials { code: code() };
        assert_eq!(credentials.told_after(), MINUTE * 2);
        assert_eq!(credentials.ends(), "for 7 days at most");
    }

    #[test]
    fn a_permission_is_asked_for_a_few_times() {
        let wait = Wait::Permission {
            code: String::new(),
        };
        let (mut waited, mut calls) = (Duration::ZERO, 1);
        while !wait.is_over(waited) {
            waited += wait.pause(waited, 0.5);
            calls += 1;
        }
        assert!((5..=14).contains(&calls), "{calls}");
    }

    #[test]
    fn a_quota_is_asked_for_in_minutes() {
        let wait = Wait::Quota {
            code: String::new(),
        };
        let (mut waited, mut calls) = (Duration::ZERO, 1);
        while !wait.is_over(waited) {
            waited += wait.pause(waited, 1.0);
            calls += 1;
        }
        assert!(calls < 80, "{calls} in 4 hours");
    }

    #[test]
    fn what_no_worker_looked_after_is_no_patience_spent() {
        let at = |seconds: i64| chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
        let table = [
            ("in time", 100, 100, 0),
            ("a little late", 100, 101, 0),
            ("the next worker came after the lease", 100, 140, 40),
            ("no worker ran for a day", 100, 86_500, 86_400),
            ("due again soon, and late", 10, 140, 130),
        ];
        for (what, due, claimed, moved) in table {
            assert_eq!(
                attended_since(at(0), at(due), at(claimed)),
                at(moved),
                "{what}"
            );
        }
        assert_eq!(
            attended_since(at(50), at(0), at(60)),
            at(60),
            "never later than now"
        );
    }

    proptest! {
        #[test]
        fn pauses_grow_and_stay_bounded(kind in 0usize..34, waited in 0u64..700_000, chance in 0.0f64..1.0) {
            let wait = &Wait::all()[kind];
            let pause = |waited| wait.pause(Duration::from_secs(waited), chance);
            prop_assert!(pause(waited) >= SECOND && pause(waited) <= MINUTE * 5);
            prop_assert!(pause(waited + 60) >= pause(waited));
        }
    }

    #[test]
    fn spans_are_said_short() {
        for (seconds, said) in [
            (45, "45 s"),
            (600, "10 min"),
            (3_600, "60 min"),
            (14_400, "4 h"),
            (604_800, "7 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), said);
        }
    }

    #[test]
    fn each_word_is_its_own_and_the_list_is_whole() {
        let mut words: Vec<_> = Wait::all().iter().map(Wait::on).collect();
        assert_eq!(words.len(), 40, "a new wait belongs into `Wait::all`");
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 40);
    }
}
