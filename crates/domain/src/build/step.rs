//! What becomes of a build that runs, by what its builder is: an ordinary deployment whose AMI is all it is for.

use chrono::TimeDelta;

use super::failure::{FailureClass, pause};
use crate::Instant;
use crate::deployment::{AmiStatus, Status, everything_finished};

/// The builder, and the build it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// The builder's status.
    pub status: Status,
    /// Its AMI's.
    pub ami: Option<AmiStatus>,
    /// An AMI's id is on it.
    pub has_ami: bool,
    /// Nothing of it runs any more and no task of it is alive.
    pub gone: bool,
    /// Its instance was launched.
    pub launched: bool,
    /// What went wrong, as its row says.
    pub error: Option<&'a str>,
    /// A person has asked for the build's end.
    pub cancelled: bool,
    /// When the builder ends at the latest.
    pub bound: Instant,
    /// Which start this is, from 1.
    pub run: i32,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The builder is still at work, or its instance is not gone yet.
    Watch,
    /// The image is there.
    Completed,
    /// A person ended it.
    Cancelled,
    /// It failed for good.
    Failed(FailureClass, String),
    /// It failed for a cause that is not its own and waits so long before it is planned again.
    Again(FailureClass, String, TimeDelta),
}

/// Decides. Money is settled only when nothing runs any more, so a build ends with its instance.
pub fn step(view: &View<'_>, now: Instant) -> Step {
    let over = everything_finished(view.status, view.ami)
        || matches!(view.status, Status::Cancelled | Status::Destroyed);
    if !over || !view.gone {
        return Step::Watch;
    }
    if view.has_ami && matches!(view.ami, Some(AmiStatus::Completed | AmiStatus::Skipped)) {
        return Step::Completed;
    }
    if view.cancelled {
        return Step::Cancelled;
    }
    let late = now >= view.bound;
    if late && view.launched {
        let why = "it was not over when its time was: twice what it is expected to take, two hours at least";
        return Step::Failed(FailureClass::Bound, why.to_owned());
    }
    if matches!(view.status, Status::Cancelled | Status::Destroyed) {
        if late {
            // What the template does never began: its time was spent waiting for a place to run in.
            let why = "EC2 had no room for its builder until its time was over";
            return failed(FailureClass::Capacity, view.error.unwrap_or(why), view.run);
        }
        if view.error.is_none() {
            return Step::Cancelled;
        }
    }
    let error = view.error.unwrap_or("its builder left no AMI and no error");
    failed(FailureClass::of(error), error, view.run)
}

/// It is tried again if its class and run allow it.
fn failed(class: FailureClass, error: &str, run: i32) -> Step {
    match pause(class, run) {
        Some(pause) => Step::Again(class, error.to_owned(), pause),
        None => Step::Failed(class, error.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View<'static> {
        View {
            status: Status::Deploying,
            ami: Some(AmiStatus::Pending),
            has_ami: false,
            gone: false,
            launched: true,
            error: None,
            cancelled: false,
            bound: "2026-11-28T04:00:00Z".parse().expect("an instant"),
            run: 1,
        }
    }

    #[test]
    fn a_build_ends_with_its_instance_and_not_before() {
        let at = |text: &str| text.parse::<Instant>().expect("an instant");
        let (early, late) = (at("2026-11-28T03:00:00Z"), at("2026-11-28T04:00:00Z"));
        let built = View {
            status: Status::Success,
            ami: Some(AmiStatus::Completed),
            has_ami: true,
            ..view()
        };
        assert_eq!(step(&view(), early), Step::Watch);
        assert_eq!(step(&view(), late), Step::Watch, "its end is not here yet");
        assert_eq!(step(&built, early), Step::Watch);
        let gone = View {
            gone: true,
            status: Status::Destroyed,
            ..built
        };
        assert_eq!(step(&gone, early), Step::Completed);
        assert_eq!(step(&gone, late), Step::Completed, "late, but there");
        let broken = View {
            status: Status::Failed,
            ami: Some(AmiStatus::Skipped),
            gone: true,
            error: Some("step 1 of 1 (install) failed with exit code 1"),
            ..view()
        };
        assert!(matches!(
            step(&broken, early),
            Step::Failed(FailureClass::Own, _)
        ));
        let full = View {
            error: Some("InsufficientInstanceCapacity"),
            ..broken.clone()
        };
        let Step::Again(FailureClass::Capacity, _, pause) = step(&full, early) else {
            panic!("{full:?}")
        };
        assert_eq!(pause, TimeDelta::minutes(15));
        let last = View { run: 4, ..full };
        assert!(matches!(
            step(&last, early),
            Step::Failed(FailureClass::Capacity, _)
        ));
        let ended = View {
            status: Status::Destroyed,
            gone: true,
            ..view()
        };
        assert!(matches!(
            step(&ended, late),
            Step::Failed(FailureClass::Bound, _)
        ));
        assert_eq!(step(&ended, early), Step::Cancelled);
        // Nothing was launched: EC2 had no room, and the template has no part in it.
        let waited = View {
            launched: false,
            ..ended
        };
        assert!(matches!(
            step(&waited, late),
            Step::Again(FailureClass::Capacity, _, _)
        ));
        assert_eq!(step(&waited, early), Step::Cancelled);
        let cancelled = View {
            cancelled: true,
            ..broken
        };
        assert_eq!(step(&cancelled, late), Step::Cancelled);
    }
}
