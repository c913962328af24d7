//! What a launch does when the vendor has moved the base and the newest image of everything else is of the build before
//! (DESIGN-2 B2): the template's `images.stale`, or the order's.
//!
//! Such an image equals the wanted key in all but the base build: template, version, mode, architecture, account, region
//! and fingerprint are equal, and its base is of the same line ([`crate::base`]). A template whose base names another line
//! is another wish, and none of its images is stale for it. `refuse` is judged twice: by the request, against the base
//! that a launch of the last hour resolved ([`BELIEVED`]), and by the launch itself, which asks the cloud.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::base::ResolvedBase;
use crate::deployment::words;
use crate::field::FieldError;

/// How long a request believes what a launch has resolved. After that only the launch itself can tell, so that a base that
/// was moved back is not refused for ever.
pub const BELIEVED: Duration = Duration::from_secs(60 * 60);

words! {
    /// What to do with an image of another base build.
    Stale {
        /// Launch from it, say so, and image nothing.
        Use = "use",
        /// Install fresh on today's base; the instance becomes the AMI.
        Rebuild = "rebuild",
        /// Launch nothing.
        Refuse = "refuse",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro that writes the words takes no attribute for one of them"
)]
impl Default for Stale {
    fn default() -> Self {
        Stale::Use
    }
}

impl Stale {
    /// It is what holds without a word, and is not stored.
    pub fn is_default(&self) -> bool {
        *self == Stale::default()
    }

    /// Reads the word of a field.
    pub fn read(field: &str, word: &str) -> Result<Self, FieldError> {
        Stale::parse(word).ok_or_else(|| {
            let message = "say `use` (launch from it), `rebuild` (install fresh on today's base) or `refuse` (launch nothing)";
            FieldError::new(field, word, message)
        })
    }
}

/// An image of another build of the base, beside the build of today.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// The image's `ami-…`.
    pub ami_id: &'a str,
    /// When it became available.
    pub made_at: Instant,
    /// The base it was made on.
    pub made_on: &'a ResolvedBase,
    /// The base as it is now.
    pub today: &'a ResolvedBase,
}

impl Moved<'_> {
    /// The line of the story that tells of it.
    pub fn said(&self, rule: Stale, now: Instant) -> String {
        let (ami, on, today) = (self.ami_id, self.made_on, self.today);
        match rule {
            Stale::Use => {
                let (age, behind) = (span(self.made_at, now), self.behind());
                format!(
                    "Using AMI {ami}, {age} old and made on base {on}; the base is {today} by now{behind}. Only the \
                    first-boot script runs, and nothing is imaged; `stale: rebuild` makes the AMI of today's base"
                )
            }
            Stale::Rebuild => format!(
                "AMI {ami} was made on base {on}; the base is {today} by now: fresh install, which becomes the new AMI \
                (`stale: rebuild`)"
            ),
            Stale::Refuse => format!(
                "AMI {ami} was made on base {on}, but the base is {today} by now, and `stale: refuse` launches from \
                neither; order it with `stale` `use` or `rebuild`"
            ),
        }
    }

    fn behind(&self) -> String {
        match (self.made_on.created_at, self.today.created_at) {
            (Some(then), Some(now)) if now > then => format!(", {} newer", span(then, now)),
            _ => String::new(),
        }
    }
}

/// A span in the largest unit that fits: days, hours or minutes.
pub fn span(from: Instant, to: Instant) -> String {
    let minutes = (to - from).num_minutes().max(0);
    let (number, unit) = match minutes {
        0..60 => (minutes, "minute"),
        60..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(hours: i64) -> Instant {
        let start = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        start + TimeDelta::hours(hours)
    }

    fn base(name: &str, id: &str, created_at: Option<Instant>) -> ResolvedBase {
        ResolvedBase {
            owner: Some("099720109477".to_owned()),
            name: Some(name.to_owned()),
            ami_id: id.to_owned(),
            created_at,
            asked_at: at(0),
            line: "ssm:/p".to_owned(),
        }
    }

    #[test]
    fn every_rule_names_both_bases_and_the_image() {
        let (old, new) = (
            base("noble-1", "ami-1", Some(at(0))),
            base("noble-2", "ami-2", Some(at(24 * 35))),
        );
        let moved = Moved {
            ami_id: "ami-golden",
            made_at: at(24),
            made_on: &old,
            today: &new,
        };
        for &rule in Stale::ALL {
            let said = moved.said(rule, at(24 * 13));
            for part in ["ami-golden", "noble-1", "ami-1", "noble-2", "ami-2"] {
                assert!(said.contains(part), "{rule}: {said}");
            }
        }
        let said = moved.said(Stale::Use, at(24 * 13));
        assert!(
            said.contains("12 days old") && said.contains("35 days newer"),
            "{said}"
        );
        let ageless = base("noble-2", "ami-2", None);
        let said = Moved {
            today: &ageless,
            ..moved
        }
        .said(Stale::Use, at(25));
        assert!(
            said.contains("1 hour old") && !said.contains("newer"),
            "{said}"
        );
    }

    #[test]
    fn words_are_read_and_others_are_told_the_choice() {
        for &rule in Stale::ALL {
            assert_eq!(Stale::read("stale", rule.as_str()), Ok(rule));
        }
        let error = Stale::read("stale", "ignore").expect_err("no word");
        assert!(error.message.contains("`rebuild`"), "{}", error.message);
        assert!(Stale::default().is_default() && !Stale::Refuse.is_default());
    }

    #[test]
    fn spans_are_told_in_one_unit() {
        for (minutes, told) in [
            (-5, "0 minutes"),
            (1, "1 minute"),
            (59, "59 minutes"),
            (60, "1 hour"),
            (2879, "47 hours"),
            (2880, "2 days"),
        ] {
            assert_eq!(span(at(0), at(0) + TimeDelta::minutes(minutes)), told);
        }
    }
}
