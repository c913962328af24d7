//! How long an instance lives when nothing more is to come of its deployment: a build's ends with its AMI, any other's by its
//! `ttl`, if it has one (F10, W20 of FIELD). What was ready becomes `destroyed`; what failed stays `failed`, so that it can
//! be retried.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::deployment::{AmiStatus, Status, everything_finished};
use crate::field::FieldError;
use crate::span;

/// Bounds of a time to live, in seconds: a minute to a year.
pub const TTL: RangeInclusive<u32> = 60..=31_536_000;
/// Longest a failed build keeps its instance, in seconds: thirty days.
pub const LONGEST_KEEP: u32 = 2_592_000;
/// So long before the end the story says that it comes.
pub const NOTICE: Duration = Duration::from_secs(3_600);

/// An order for an AMI and nothing else: never launched from an AMI, and its instance ends with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildOnly {
    /// How long the instance is kept after a failure, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_for_seconds: u32,
    /// An AMI from before the order does not count: the next generation is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What an order says about the end of its instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// It is a build.
    pub build: Option<BuildOnly>,
    /// Its time to live; a build has none.
    pub ttl: Option<Duration>,
}

/// A deployment as the rule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Its status.
    pub status: Status,
    /// Its AMI's.
    pub ami: Option<AmiStatus>,
    /// There is an AMI's id on it.
    pub has_ami: bool,
}

impl Sight {
    /// What a build was for is there.
    pub fn is_built(self) -> bool {
        self.has_ami && matches!(self.ami, Some(AmiStatus::Completed | AmiStatus::Skipped))
    }

    fn failed(self) -> bool {
        matches!(self.status, Status::Failed | Status::ReadinessTimeout)
    }

    /// A person ended it, or it has not begun.
    fn is_ended(self) -> bool {
        use Status::*;
        matches!(self.status, Pending | Queued | Cancelled | Destroyed)
    }
}

/// When an instance ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// At once.
    Now,
    /// After this simulated span.
    After(Duration),
}

/// What a step of a deployment means for its instance: nothing, mostly.
pub fn ends(terms: Terms, before: Sight, after: Sight) -> Option<Ends> {
    if after.is_ended() {
        return None;
    }
    let Some(build) = terms.build else {
        let over = |sight: Sight| sight.failed() || sight.status == Status::Success;
        let ttl = terms.ttl.filter(|_| over(after) && !over(before));
        return ttl.map(Ends::After);
    };
    let over = |sight: Sight| everything_finished(sight.status, sight.ami);
    if !over(after) || over(before) {
        return None;
    }
    match build.keep_for_seconds {
        seconds if seconds > 0 && !after.is_built() => {
            Some(Ends::After(Duration::from_secs(seconds.into())))
        }
        _ => Some(Ends::Now),
    }
}

/// Whether the status stays when the instance is ended: what failed can still be retried.
pub fn keeps_status(status: Status) -> bool {
    matches!(status, Status::Failed | Status::ReadinessTimeout)
}

/// What is due about an end that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// The story says that it comes.
    Tell,
    /// The instance ends.
    End,
    /// There is no instance any more: the end is forgotten.
    Forget,
}

/// Decides; `notice` is [`NOTICE`] at the worker's pace, `told` the end that the story has told of. An AMI that is to come or
/// in the making is waited for.
pub fn due(
    at: Instant,
    told: Option<Instant>,
    ami: Option<AmiStatus>,
    has_instance: bool,
    now: Instant,
    notice: Duration,
) -> Due {
    let notice = chrono::TimeDelta::from_std(notice).unwrap_or_default();
    if !has_instance {
        Due::Forget
    } else if now >= at {
        match ami {
            Some(AmiStatus::Pending | AmiStatus::Creating) => Due::Nothing,
            None | Some(AmiStatus::Completed | AmiStatus::Failed | AmiStatus::Skipped) => Due::End,
        }
    } else if now + notice >= at && told != Some(at) {
        Due::Tell
    } else {
        Due::Nothing
    }
}

/// How a person moves an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extend {
    /// Later than it was.
    By(Duration),
    /// At this instant.
    Until(Instant),
    /// Not at all.
    Never,
}

/// The end after that. `by` is real time: at a faster pace the caller has divided it.
pub fn extended(
    at: Option<Instant>,
    how: Extend,
    now: Instant,
) -> Result<Option<Instant>, FieldError> {
    let year = chrono::TimeDelta::seconds(i64::from(*TTL.end()));
    let wrong = |field: &str, value: String, why: &str| Err(FieldError::new(field, value, why));
    let new = match how {
        Extend::Never => return Ok(None),
        Extend::Until(until) if until <= now => {
            let why = "it has passed; `ingot deployments destroy` ends it now";
            return wrong("until", until.to_rfc3339(), why);
        }
        Extend::Until(until) => until,
        Extend::By(span) => {
            let Some(at) = at else {
                let why =
                    "its instance has no end to be moved; set one by `until` (`--until TIME`)";
                return wrong("by_seconds", String::new(), why);
            };
            at.max(now) + chrono::TimeDelta::from_std(span).unwrap_or(year * 2)
        }
    };
    if new > now + year {
        let why = "at most a year from now; `never` takes the end away";
        return wrong("until", new.to_rfc3339(), why);
    }
    Ok(Some(new))
}

/// Bounds of a time to live that was asked for.
pub fn check_ttl(field: &str, seconds: u32) -> Result<(), FieldError> {
    match TTL.contains(&seconds) {
        true => Ok(()),
        false => Err(FieldError::new(
            field,
            span::told(seconds.into()),
            "give a minute to a year, such as 8h; without it the instance runs until it is destroyed",
        )),
    }
}

#[cfg(test)]
mod tests;
