//! Launching: from a queued deployment to an instance with an address.

use std::time::Duration;

use crate::deployment::Status;
use crate::retry::YOUNG;

/// How often a launching instance is looked at, in simulated seconds.
pub const WATCH: Duration = Duration::from_secs(5);
/// How long an instance may take from RunInstances to an address.
pub const LONGEST_BOOT: Duration = Duration::from_secs(15 * 60);

/// What is known about the effect that launches (or launched) the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// None yet.
    None,
    /// Committed, outcome unknown: this visit, or one that died, may have called.
    Open,
    /// It made the instance.
    Done,
}

/// What EC2 says about the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Not looked, because there is no id yet.
    Unasked,
    /// EC2 does not know the id.
    Absent,
    /// Pending, or running without an address.
    Starting,
    /// Running with an address.
    Running,
    /// Terminated, stopped or on the way there.
    Ended,
}

/// The facts.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The deployment's status.
    pub status: Status,
    /// The launch effect.
    pub intent: Intent,
    /// The instance.
    pub sight: Sight,
    /// Simulated time since the instance was launched.
    pub age: Duration,
    /// An address is not to be had, but a private one may be probed (F18).
    pub private_only: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The deployment needs no launch any more.
    Over,
    /// Choose the image, write the request down as an effect.
    Prepare,
    /// Look for what the effect made, else make it.
    LookThenLaunch,
    /// Look again after this simulated wait.
    Watch(Duration),
    /// Hand over to readiness.
    HandOver,
    /// It cannot become ready.
    Fail(&'static str),
}

/// Decides.
pub fn decide(view: View) -> Next {
    if !matches!(view.status, Status::Queued | Status::Deploying) {
        return Next::Over;
    }
    match (view.intent, view.sight) {
        (Intent::None, _) => Next::Prepare,
        (Intent::Open, _) => Next::LookThenLaunch,
        (Intent::Done, Sight::Running) => Next::HandOver,
        (Intent::Done, Sight::Ended) => Next::Fail("the instance stopped before it had an address"),
        (Intent::Done, Sight::Absent) if view.age >= YOUNG => {
            Next::Fail("EC2 does not know the instance any more")
        }
        (Intent::Done, Sight::Starting) if view.private_only && view.age >= YOUNG / 5 => {
            Next::HandOver
        }
        (Intent::Done, Sight::Unasked | Sight::Absent | Sight::Starting)
            if view.age >= LONGEST_BOOT =>
        {
            Next::Fail("the instance got no address in 15 minutes")
        }
        (Intent::Done, Sight::Unasked | Sight::Absent | Sight::Starting) => Next::Watch(WATCH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(intent: Intent, sight: Sight, age: u64) -> View {
        View {
            status: Status::Deploying,
            intent,
            sight,
            age: Duration::from_secs(age),
            private_only: false,
        }
    }

    #[test]
    fn the_table() {
        let table = [
            (view(Intent::None, Sight::Unasked, 0), Next::Prepare),
            (view(Intent::Open, Sight::Unasked, 0), Next::LookThenLaunch),
            (view(Intent::Done, Sight::Absent, 10), Next::Watch(WATCH)),
            (view(Intent::Done, Sight::Starting, 10), Next::Watch(WATCH)),
            (view(Intent::Done, Sight::Running, 10), Next::HandOver),
        ];
        for (view, step) in table {
            assert_eq!(decide(view), step, "{view:?}");
        }
        for failing in [
            view(Intent::Done, Sight::Absent, 301),
            view(Intent::Done, Sight::Ended, 1),
            view(Intent::Done, Sight::Starting, 901),
        ] {
            assert!(matches!(decide(failing), Next::Fail(_)), "{failing:?}");
        }
    }

    #[test]
    fn a_deployment_that_is_over_is_never_launched() {
        for &status in Status::ALL {
            let over = !matches!(status, Status::Queued | Status::Deploying);
            assert_eq!(
                decide(View {
                    status,
                    ..view(Intent::None, Sight::Unasked, 0)
                }) == Next::Over,
                over,
                "{status}"
            );
        }
    }

    #[test]
    fn unknown_never_launches_twice_without_looking() {
        for sight in [
            Sight::Unasked,
            Sight::Absent,
            Sight::Starting,
            Sight::Running,
            Sight::Ended,
        ] {
            assert_eq!(decide(view(Intent::Open, sight, 0)), Next::LookThenLaunch);
        }
    }
}
