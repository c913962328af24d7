//! Why a build failed, and what follows: tried again by itself when the cause is not its own, its template switched off when
//! its own causes repeat (AUTO-AMI 2).

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::decide::region_end;
use crate::deployment::words;

words! {
    /// Whose cause a failure is.
    FailureClass {
        /// The template's own: a step, its probe, its definition.
        Own = "own",
        /// EC2 had no room.
        Capacity = "capacity",
        /// EC2 asked for patience, or was away.
        Cloud = "cloud",
        /// It was not over when its time was.
        Bound = "bound",
    }
}

impl FailureClass {
    /// It counts towards switching the template off. A build that ran out of its time did so by what it does.
    pub fn is_own(self) -> bool {
        matches!(self, FailureClass::Own | FailureClass::Bound)
    }

    /// What a deployment's error says about it. The words are those of `cloud`'s sentences and of EC2's error codes; what is not
    /// recognised is the template's own, so that nothing is tried for ever.
    pub fn of(error: &str) -> Self {
        const CAPACITY: [&str; 5] = [
            "InsufficientInstanceCapacity",
            "InsufficientHostCapacity",
            "Unsupported",
            "no room",
            "LimitExceeded",
        ];
        const CLOUD: [&str; 8] = [
            "RequestLimitExceeded",
            "Throttling",
            "InternalError",
            "ServiceUnavailable",
            "Unavailable",
            "could not be reached",
            "given up after",
            "spot",
        ];
        let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
        if says(&CLOUD) || error.contains(region_end::WHY) {
            Self::Cloud
        } else if says(&CAPACITY) {
            Self::Capacity
        } else {
            Self::Own
        }
    }
}

/// Pauses before a build is tried again; after the last one it has failed.
const PAUSES: [TimeDelta; 3] = [
    TimeDelta::minutes(15),
    TimeDelta::hours(1),
    TimeDelta::hours(4),
];

/// How long a build that failed on its run of this number pauses; none: it has failed.
pub fn pause(class: FailureClass, run: i32) -> Option<TimeDelta> {
    if class.is_own() {
        return None;
    }
    let before = usize::try_from(run.checked_sub(1)?).ok()?;
    PAUSES.get(before).copied()
}

/// Failures in a row that switch a template off.
pub const IN_A_ROW: usize = 3;
/// Templates that fail within [`TOGETHER`] of each other have one cause.
const ONE_CAUSE: usize = 3;
/// The span in which failures of three templates have one cause.
pub const TOGETHER: TimeDelta = TimeDelta::hours(1);

/// The end of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its template.
    pub template: String,
    /// When.
    pub at: Instant,
    /// The class of its failure; none: it came to an image.
    pub failed: Option<FailureClass>,
}

/// Whether the last three ends of a template are failures of its own that count, the very last one among them: a failure that
/// does not count switches nothing off. `ends` are those of all templates, in any order, one that is pushed last being later
/// than others of its instant.
pub fn switches_off(template: &str, ends: &[Ended]) -> bool {
    let of_template = ends.iter().filter(|end| end.template == template);
    let counts =
        |end: &Ended| end.failed.is_some_and(FailureClass::is_own) && !is_shared(end, ends);
    if !of_template.max_by_key(|end| end.at).is_some_and(counts) {
        return false;
    }
    let mut own: Vec<&Ended> = ends
        .iter()
        .filter(|end| end.template == template)
        .filter(|end| end.failed.is_none_or(FailureClass::is_own))
        .collect();
    own.sort_by_key(|end| std::cmp::Reverse(end.at));
    let mut counted = own.into_iter().filter(|end| !is_shared(end, ends));
    let last: Vec<&Ended> = counted.by_ref().take(IN_A_ROW).collect();
    last.len() == IN_A_ROW && last.iter().all(|end| end.failed.is_some())
}

/// Whether it failed together with other templates.
fn is_shared(end: &Ended, ends: &[Ended]) -> bool {
    if end.failed.is_none() {
        return false;
    }
    // Three templates lie within an hour if some hour that holds this end holds the others, too.
    let near = ends
        .iter()
        .filter(|other| other.failed.is_some_and(FailureClass::is_own));
    let near: Vec<&Ended> = near
        .filter(|other| (other.at - end.at).abs() <= TOGETHER)
        .collect();
    near.iter().any(|first| {
        let within = near
            .iter()
            .filter(|other| other.at >= first.at && other.at <= first.at + TOGETHER);
        let names: std::collections::BTreeSet<&str> =
            within.map(|other| other.template.as_str()).collect();
        first.at <= end.at && end.at <= first.at + TOGETHER && names.len() >= ONE_CAUSE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_templates_own_is_tried_again_three_times() {
        let hours = |class, run| pause(class, run).map(|pause| pause.num_minutes());
        let runs: Vec<_> = (1..=4)
            .map(|run| hours(FailureClass::Capacity, run))
            .collect();
        assert_eq!(runs, [Some(15), Some(60), Some(240), None]);
        assert_eq!(pause(FailureClass::Own, 1), None);
        assert_eq!(pause(FailureClass::Bound, 1), None);
        assert_eq!(hours(FailureClass::Cloud, 0), None);
    }

    #[test]
    fn an_error_tells_its_class() {
        for (error, class) in [
            (
                "step 2 of 3 (install nginx) failed with exit code 100",
                FailureClass::Own,
            ),
            (
                "not ready after 90 minutes: connection refused",
                FailureClass::Own,
            ),
            (
                "AWS: InsufficientInstanceCapacity: no c5.large in us-east-1a",
                FailureClass::Capacity,
            ),
            (
                "VcpuLimitExceeded: you have requested more vCPU",
                FailureClass::Capacity,
            ),
            ("RequestLimitExceeded", FailureClass::Cloud),
            (
                "the simulated region ended with its process, and all that was in it; retry it",
                FailureClass::Cloud,
            ),
            (
                "given up after 20 attempts: us-east-1 could not be reached",
                FailureClass::Cloud,
            ),
        ] {
            assert_eq!(FailureClass::of(error), class, "{error}");
        }
    }

    fn end(template: &str, minute: i64, failed: Option<FailureClass>) -> Ended {
        let start: Instant = "2026-11-28T00:00:00Z".parse().expect("an instant");
        Ended {
            template: template.to_owned(),
            at: start + TimeDelta::minutes(minute),
            failed,
        }
    }

    #[test]
    fn three_own_failures_in_a_row_switch_off_unless_others_fail_with_it() {
        let own = Some(FailureClass::Own);
        let three = [end("a", 0, own), end("a", 200, own), end("a", 400, own)];
        assert!(switches_off("a", &three));
        assert!(!switches_off("b", &three));
        assert!(!switches_off("a", &three[..2]));
        let mended = [&three[..2], &[end("a", 300, None), end("a", 400, own)]].concat();
        assert!(!switches_off("a", &mended));
        // A failure of EC2 between them does not count either way.
        let weather = [&three[..], &[end("a", 300, Some(FailureClass::Capacity))]].concat();
        assert!(switches_off("a", &weather));
        // One after them that is not the template's own switches nothing off, and neither does a success.
        for last in [
            Some(FailureClass::Capacity),
            Some(FailureClass::Cloud),
            None,
        ] {
            let later = [&three[..], &[end("a", 600, last)]].concat();
            assert!(!switches_off("a", &later), "{last:?}");
        }
        // Two other templates fail within the hour of the last: one cause.
        let shared = [&three[..], &[end("b", 430, own), end("c", 455, own)]].concat();
        assert!(!switches_off("a", &shared));
        let apart = [&three[..], &[end("b", 430, own), end("c", 461, own)]].concat();
        assert!(switches_off("a", &apart));
        // Both sides of it.
        let around = [&three[..], &[end("b", 370, own), end("c", 430, own)]].concat();
        assert!(!switches_off("a", &around));
    }
}
