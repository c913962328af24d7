//! Readiness: does it really answer? The first check comes after a delay, then one per interval, at most so many (F14).

pub mod command;

use std::time::Duration;

use crate::deployment::Status;
use crate::probe::{ProbeClass, ProbeSpec};

/// What EC2 says about the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It runs and there is an address to probe.
    Reachable,
    /// It runs, but no address of it may be probed (F18).
    Unreachable,
    /// It is not (yet) known, or stopped and may come back.
    Away,
    /// It is terminated or on the way there.
    Ended,
}

/// The facts before a check.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The deployment's status.
    pub status: Status,
    /// The template's probe.
    pub spec: &'a ProbeSpec,
    /// Checks made so far.
    pub checks: u32,
    /// Simulated time since the instance was launched.
    pub age: Duration,
    /// The instance.
    pub sight: Sight,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The deployment is not waiting for readiness any more.
    Over,
    /// Come back after this simulated wait.
    Wait(Duration),
    /// Check now.
    Probe,
    /// Count this as a check without an answer: the instance is away.
    CountAway,
    /// It cannot become ready.
    Fail(&'static str),
}

/// Decides before a check.
pub fn decide(view: View<'_>) -> Next {
    if view.status != Status::Running {
        return Next::Over;
    }
    let first = Duration::from_secs(u64::from(view.spec.first_check_seconds));
    match view.sight {
        Sight::Ended => Next::Fail("the instance was terminated before it answered"),
        Sight::Unreachable if view.spec.command.is_none() => Next::Fail(
            "the instance has no public address and its private one is outside `probe_cidrs`; add its block there or choose a subnet with public addresses",
        ),
        _ if view.age < first => Next::Wait(first - view.age),
        Sight::Away => Next::CountAway,
        // A command needs no address: SSM's agent calls out.
        Sight::Reachable | Sight::Unreachable => Next::Probe,
    }
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It is ready.
    Ready,
    /// Check again after the interval.
    Again,
    /// All checks are used up (F20).
    GiveUp,
    /// No number of checks will change this answer.
    Hopeless,
}

/// Decides after check number `checks` (this one included) with `successes` good answers in a row (this one included).
pub fn after(spec: &ProbeSpec, class: ProbeClass, checks: u32, successes: u32) -> After {
    if class == ProbeClass::Ready && successes >= spec.consecutive_successes {
        After::Ready
    } else if class == ProbeClass::Denied {
        After::Hopeless
    } else if checks >= spec.max_attempts {
        After::GiveUp
    } else {
        After::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(spec: &ProbeSpec, age: u64, sight: Sight) -> View<'_> {
        View {
            status: Status::Running,
            spec,
            checks: 0,
            age: Duration::from_secs(age),
            sight,
        }
    }

    #[test]
    fn the_first_check_waits_and_the_rest_is_probed() {
        let spec = ProbeSpec::default();
        assert_eq!(
            decide(view(&spec, 0, Sight::Reachable)),
            Next::Wait(Duration::from_secs(180))
        );
        assert_eq!(
            decide(view(&spec, 179, Sight::Reachable)),
            Next::Wait(Duration::from_secs(1))
        );
        assert_eq!(decide(view(&spec, 180, Sight::Reachable)), Next::Probe);
        assert_eq!(decide(view(&spec, 500, Sight::Away)), Next::CountAway);
        assert!(matches!(
            decide(view(&spec, 0, Sight::Ended)),
            Next::Fail(_)
        ));
        assert!(matches!(
            decide(view(&spec, 0, Sight::Unreachable)),
            Next::Fail(_)
        ));
        let asked = ProbeSpec {
            command: Some("pg_isready".to_owned()),
            ..ProbeSpec::default()
        };
        assert_eq!(decide(view(&asked, 500, Sight::Unreachable)), Next::Probe);
        assert_eq!(
            decide(View {
                status: Status::Destroyed,
                ..view(&spec, 500, Sight::Reachable)
            }),
            Next::Over
        );
    }

    #[test]
    fn ninety_minutes_of_checks_then_it_gives_up() {
        let spec = ProbeSpec::default();
        assert_eq!(after(&spec, ProbeClass::Refused, 179, 0), After::Again);
        assert_eq!(after(&spec, ProbeClass::Refused, 180, 0), After::GiveUp);
        assert_eq!(after(&spec, ProbeClass::Ready, 180, 1), After::Ready);
        assert_eq!(after(&spec, ProbeClass::Denied, 1, 0), After::Hopeless);
        let total = 180 + 30 * (spec.max_attempts - 1);
        assert_eq!(total / 60, 92);
    }

    #[test]
    fn several_successes_must_be_in_a_row() {
        let spec = ProbeSpec {
            consecutive_successes: 3,
            ..ProbeSpec::default()
        };
        assert_eq!(after(&spec, ProbeClass::Ready, 1, 1), After::Again);
        assert_eq!(after(&spec, ProbeClass::Ready, 3, 3), After::Ready);
    }
}
