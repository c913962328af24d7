//! What people do to tasks: a table of kinds and verbs that says what becomes of the task and of its subject, which one
//! transaction writes (`entity/src/store/verbs.rs`).
//!
//! | kind | retry of a dead one | cancel, discard |
//! |---|---|---|
//! | launch, readiness | its deployment is retried | its deployment fails, what it made is removed |
//! | ami | its deployment's AMI is asked for again | that AMI fails |
//! | notify | the delivery waits again | the delivery is given up |
//! | destroy, periodic | the task is made due again | refused |
//! | check, build, copy, operation | refused: its own noun has the command | refused |
//!
//! `run-now` and `reschedule` move the due time of what waits.

use crate::deployment::words;
use crate::task::{TaskKind, TaskState};

use std::fmt;

use serde::{Deserialize, Serialize};

words! {
    /// What is done to a task.
    Verb {
        /// Try what was given up again; what waits is due now.
        Retry = "retry",
        /// End the stage it works for.
        Cancel = "cancel",
        /// Due now.
        RunNow = "run-now",
        /// Due at another instant.
        Reschedule = "reschedule",
        /// End the stage it works for, and count it among those given up.
        Discard = "discard",
    }
}

/// What becomes of a task and its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Becomes {
    /// Due now, or when is asked for.
    Due,
    /// The same task is due again, with as many attempts as at first.
    Revived,
    /// The same, and its delivery waits again.
    Redelivered,
    /// Its deployment is retried from the launch; the task is settled.
    Relaunched,
    /// Its deployment's AMI is asked for again; the task is settled.
    Reimaged,
    /// Its deployment fails, and what that made is removed.
    Failed,
    /// Its deployment's AMI fails.
    Unimaged,
    /// Its delivery is given up.
    Undelivered,
}

/// Says what a verb makes of a task of this kind in this state, or why it cannot be.
pub fn ruled(kind: TaskKind, verb: Verb, state: TaskState) -> Result<Becomes, &'static str> {
    use TaskState::{Available, Cancelled, Completed, Discarded, Retryable, Running, Scheduled};
    match state {
        Completed => Err("it is done"),
        Cancelled => Err("a request ended it: what that was about can be retried"),
        Available | Scheduled | Retryable => waiting(kind, verb),
        Running => match verb {
            Verb::Cancel | Verb::Discard => ended(kind),
            Verb::Retry | Verb::RunNow | Verb::Reschedule => Err("a worker is visiting it"),
        },
        Discarded => match verb {
            Verb::Retry | Verb::RunNow => revived(kind),
            Verb::Cancel | Verb::Reschedule | Verb::Discard => {
                Err("it was given up already; `retry` tries again")
            }
        },
    }
}

fn waiting(kind: TaskKind, verb: Verb) -> Result<Becomes, &'static str> {
    match verb {
        Verb::Retry | Verb::RunNow => Ok(Becomes::Due),
        Verb::Reschedule if is_kept(kind) => Err(KEPT),
        Verb::Reschedule => Ok(Becomes::Due),
        Verb::Cancel | Verb::Discard => ended(kind),
    }
}

/// Why what must not be left undone cannot be ended.
const KEPT: &str = "what removes things and what runs by the clock is only retried or run now";

/// What must not be left undone: destruction, and periodic work.
fn is_kept(kind: TaskKind) -> bool {
    matches!(
        kind,
        TaskKind::Destroy
            | TaskKind::Monitor
            | TaskKind::Scheduler
            | TaskKind::Track
            | TaskKind::Judge
            | TaskKind::Feed
    )
}

fn ended(kind: TaskKind) -> Result<Becomes, &'static str> {
    match kind {
        TaskKind::Launch | TaskKind::Readiness => Ok(Becomes::Failed),
        TaskKind::Ami => Ok(Becomes::Unimaged),
        TaskKind::Notify => Ok(Becomes::Undelivered),
        TaskKind::Check => Err("a check ends by itself within minutes"),
        TaskKind::Build => Err("`ingot builds cancel` ends a build with its builder"),
        TaskKind::Copy => Err(
            "EC2 calls no copy back: `ingot builds cancel` removes a build's, any other ends by itself",
        ),
        TaskKind::Operation => Err("`ingot operations stop` ends an operation"),
        TaskKind::Destroy
        | TaskKind::Monitor
        | TaskKind::Scheduler
        | TaskKind::Track
        | TaskKind::Judge
        | TaskKind::Feed => Err(KEPT),
    }
}

fn revived(kind: TaskKind) -> Result<Becomes, &'static str> {
    match kind {
        TaskKind::Launch | TaskKind::Readiness => Ok(Becomes::Relaunched),
        TaskKind::Ami => Ok(Becomes::Reimaged),
        TaskKind::Notify => Ok(Becomes::Redelivered),
        TaskKind::Check => Err("its check is over: `ingot aws check` asks anew"),
        TaskKind::Build => Err("its build is over: a new one can be asked for"),
        TaskKind::Copy => Err("its copy is over: `ingot images copy` asks anew"),
        TaskKind::Operation => Err("its operation is over: a new one can be asked for"),
        TaskKind::Destroy
        | TaskKind::Monitor
        | TaskKind::Scheduler
        | TaskKind::Track
        | TaskKind::Judge
        | TaskKind::Feed => Ok(Becomes::Revived),
    }
}

/// Whether so many tasks are too many more or fewer than a person expected: more than a tenth.
pub fn is_unexpected(expected: u64, live: u64) -> bool {
    expected.abs_diff(live).saturating_mul(10) > expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_or_fewer_is_expected() {
        let table = [
            (120, 120, false),
            (120, 132, false),
            (120, 133, true),
            (120, 108, false),
            (120, 107, true),
            (0, 0, false),
            (0, 1, true),
            (5, 6, true),
        ];
        for (expected, live, unexpected) in table {
            assert_eq!(
                is_unexpected(expected, live),
                unexpected,
                "{expected} {live}"
            );
        }
    }

    #[test]
    fn each_kind_and_verb_has_its_rule() {
        use Becomes::*;
        // kind, retry of a dead one, cancel and discard of a live one
        let table = [
            (TaskKind::Launch, Some(Relaunched), Some(Failed)),
            (TaskKind::Readiness, Some(Relaunched), Some(Failed)),
            (TaskKind::Ami, Some(Reimaged), Some(Unimaged)),
            (TaskKind::Notify, Some(Redelivered), Some(Undelivered)),
            (TaskKind::Destroy, Some(Revived), None),
            (TaskKind::Monitor, Some(Revived), None),
            (TaskKind::Scheduler, Some(Revived), None),
            (TaskKind::Track, Some(Revived), None),
            (TaskKind::Judge, Some(Revived), None),
            (TaskKind::Feed, Some(Revived), None),
            (TaskKind::Check, None, None),
            (TaskKind::Copy, None, None),
            (TaskKind::Build, None, None),
            (TaskKind::Operation, None, None),
        ];
        assert_eq!(table.len(), TaskKind::ALL.len());
        for (kind, retried, over) in table {
            let rule = |verb, state| ruled(kind, verb, state).ok();
            assert_eq!(rule(Verb::Retry, TaskState::Discarded), retried, "{kind}");
            assert_eq!(rule(Verb::RunNow, TaskState::Discarded), retried, "{kind}");
            for state in [TaskState::Scheduled, TaskState::Running] {
                assert_eq!(rule(Verb::Cancel, state), over, "{kind} {state}");
                assert_eq!(rule(Verb::Discard, state), over, "{kind} {state}");
            }
        }
    }

    #[test]
    fn what_is_over_stays_over_and_what_waits_can_be_run_now() {
        for &kind in TaskKind::ALL {
            for &verb in Verb::ALL {
                for state in [TaskState::Completed, TaskState::Cancelled] {
                    assert!(ruled(kind, verb, state).is_err(), "{kind} {verb} {state}");
                }
            }
            for state in [
                TaskState::Available,
                TaskState::Scheduled,
                TaskState::Retryable,
            ] {
                assert_eq!(ruled(kind, Verb::RunNow, state), Ok(Becomes::Due), "{kind}");
            }
        }
    }
}
