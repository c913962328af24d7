//! Making the image of a proven instance, exactly once: wait for install-finished, settle, claim the key, create,
//! poll until EC2 has decided. Slow is not failed; only EC2's own state or the hard deadline is (F35).

use std::time::Duration;

use crate::deployment::{AmiStatus, SkipReason, Status};
use crate::retry::YOUNG;

/// How often a pending image is looked at (F35).
pub const POLL: Duration = Duration::from_secs(30);
/// After this an image is called slow, once (F35).
pub const SLOW: Duration = Duration::from_secs(60 * 60);
/// After this it is given up (F35).
pub const DEADLINE: Duration = Duration::from_secs(4 * 60 * 60);
/// Why it is given up then; stands in the image's row while what EC2 made of it is cleaned up.
pub const TOO_LATE: &str = "EC2 did not finish the image in 4 hours";
/// Generations tried when EC2 fails an image (F40).
pub const MAX_GENERATIONS: u32 = 3;
/// When a rebooted instance is asked again whether it answers (F31: downtime is about two minutes).
pub const REVERIFY_AFTER: Duration = Duration::from_secs(120);
/// An instance that does not answer so long after the reboot for its image is lost: it is away for about two minutes (F31),
/// and was asked at each poll since.
pub const LOST_AFTER: Duration = Duration::from_secs(10 * 60);

/// What is known of an instance that was rebooted for its image (N13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It answers again, or was not rebooted, or is not wanted any more.
    Over,
    /// It is asked again: it may still come back.
    Asked,
    /// It has not come back.
    Lost,
}

/// Decides about a rebooted instance: `owes` if it has not answered since, `age` in simulated time since CreateImage.
pub fn back(status: Status, owes: bool, age: Duration) -> Back {
    if !owes || status != Status::Success {
        Back::Over
    } else if age < LOST_AFTER {
        Back::Asked
    } else {
        Back::Lost
    }
}

/// What is known before the key is claimed.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// The deployment's status.
    pub status: Status,
    /// Its AMI status.
    pub ami: Option<AmiStatus>,
    /// Its template's kind is a golden image.
    pub golden: bool,
    /// An image is wanted.
    pub wanted: bool,
    /// It was launched from an image of its own key.
    pub from_own_image: bool,
    /// It was launched from an image of another build of its base.
    pub from_stale_image: bool,
    /// The root device can be imaged (F24).
    pub ebs_root: bool,
    /// The instance is gone.
    pub instance_gone: bool,
    /// The installation is over.
    pub installed: bool,
    /// Simulated time since install-finished.
    pub since_installed: Duration,
    /// The settling delay (F25).
    pub settle: Duration,
}

/// What to do before the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeNext {
    /// Nothing is left to do.
    Over,
    /// No image.
    Skip(SkipReason),
    /// No image can be made.
    Fail(&'static str),
    /// Ask the instance whether its installation is over.
    AskInstalled,
    /// Come back after this simulated wait.
    Wait(Duration),
    /// Look for an existing image, else claim the key.
    Claim,
}

/// Decides before the claim.
pub fn before_claim(view: Before) -> BeforeNext {
    use BeforeNext::*;
    match view.ami {
        Some(ami) if ami.is_final() => return Over,
        _ => {}
    }
    if matches!(
        view.status,
        Status::Failed | Status::Cancelled | Status::Destroyed
    ) {
        return Skip(SkipReason::Ended);
    }
    if view.status == Status::ReadinessTimeout {
        return Skip(SkipReason::Readiness);
    }
    if !view.golden {
        return Skip(SkipReason::NotGolden);
    }
    if !view.wanted {
        return Skip(SkipReason::Disabled);
    }
    if view.from_stale_image {
        return Skip(SkipReason::StaleBase);
    }
    if view.from_own_image {
        return Skip(SkipReason::FromImage);
    }
    if view.instance_gone {
        return Fail("the instance disappeared before its image could be made");
    }
    if !view.ebs_root {
        return Skip(SkipReason::NotImageable);
    }
    if !view.installed {
        return AskInstalled;
    }
    if view.since_installed < view.settle {
        Wait(view.settle - view.since_installed)
    } else {
        Claim
    }
}

/// What EC2 says about the image in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSight {
    /// EC2 does not know the id.
    Absent,
    /// Pending (or transient).
    Pending,
    /// Available (or disabled, which only an available one can be).
    Available,
    /// Failed, invalid or error.
    Broken,
    /// Whatever EC2 shows: this side gave it up at the deadline and is cleaning up.
    GivenUp,
    /// Deregistered.
    Deregistered,
}

/// What is known while EC2 makes the image.
#[derive(Debug, Clone, Copy)]
pub struct Making {
    /// The image.
    pub sight: ImageSight,
    /// Simulated time since CreateImage answered.
    pub age: Duration,
    /// Which generation of the key this is.
    pub generation: u32,
    /// The source instance is gone.
    pub instance_gone: bool,
}

/// What to do while EC2 makes the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MakingNext {
    /// Look again after this simulated wait; say once that it is slow when `slow`.
    Poll {
        /// The wait.
        after: Duration,
        /// It is past the soft deadline.
        slow: bool,
    },
    /// It is available.
    Complete,
    /// EC2 gave it up: clean up and try the next generation.
    NextGeneration,
    /// No further try.
    Fail(&'static str),
}

/// Decides while EC2 makes the image.
pub fn making(view: Making) -> MakingNext {
    use MakingNext::*;
    match view.sight {
        ImageSight::Available => Complete,
        ImageSight::Broken if view.instance_gone => Fail("the instance disappeared during imaging"),
        ImageSight::Broken if view.generation >= MAX_GENERATIONS => {
            Fail("EC2 failed the image three times")
        }
        ImageSight::Broken => NextGeneration,
        ImageSight::Deregistered => Fail("the image was deregistered while it was in the making"),
        ImageSight::Absent if view.age >= YOUNG => Fail("EC2 does not know the image any more"),
        ImageSight::Absent => Poll {
            after: POLL,
            slow: false,
        },
        ImageSight::GivenUp => Fail(TOO_LATE),
        ImageSight::Pending if view.age >= DEADLINE => Fail(TOO_LATE),
        ImageSight::Pending => Poll {
            after: POLL,
            slow: view.age >= SLOW,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before() -> Before {
        Before {
            status: Status::Success,
            ami: Some(AmiStatus::Pending),
            golden: true,
            wanted: true,
            from_own_image: false,
            from_stale_image: false,
            ebs_root: true,
            instance_gone: false,
            installed: true,
            since_installed: Duration::from_secs(30),
            settle: Duration::from_secs(30),
        }
    }

    #[test]
    fn a_rebooted_instance_is_asked_for_ten_minutes_then_lost() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let table = [
            (Status::Success, true, minutes(3), Back::Asked),
            (Status::Success, true, minutes(10), Back::Lost),
            (Status::Success, false, minutes(10), Back::Over),
            (Status::Destroyed, true, minutes(10), Back::Over),
            (Status::Destroyed, true, minutes(3), Back::Over),
        ];
        for (status, owes, age, expected) in table {
            assert_eq!(
                back(status, owes, age),
                expected,
                "{status:?} {owes} {age:?}"
            );
        }
    }

    #[test]
    fn before_the_claim() {
        use BeforeNext::*;
        let table = [
            (before(), Claim),
            (
                Before {
                    since_installed: Duration::from_secs(10),
                    ..before()
                },
                Wait(Duration::from_secs(20)),
            ),
            (
                Before {
                    installed: false,
                    ..before()
                },
                AskInstalled,
            ),
            (
                Before {
                    golden: false,
                    ..before()
                },
                Skip(SkipReason::NotGolden),
            ),
            (
                Before {
                    wanted: false,
                    ..before()
                },
                Skip(SkipReason::Disabled),
            ),
            (
                Before {
                    from_own_image: true,
                    ..before()
                },
                Skip(SkipReason::FromImage),
            ),
            (
                Before {
                    ebs_root: false,
                    ..before()
                },
                Skip(SkipReason::NotImageable),
            ),
            (
                Before {
                    status: Status::ReadinessTimeout,
                    ..before()
                },
                Skip(SkipReason::Readiness),
            ),
            (
                Before {
                    status: Status::Destroyed,
                    ..before()
                },
                Skip(SkipReason::Ended),
            ),
            (
                Before {
                    ami: Some(AmiStatus::Completed),
                    ..before()
                },
                Over,
            ),
        ];
        for (view, step) in table {
            assert_eq!(before_claim(view), step, "{view:?}");
        }
        assert!(matches!(
            before_claim(Before {
                instance_gone: true,
                ..before()
            }),
            Fail(_)
        ));
    }

    fn view(sight: ImageSight, age: Duration) -> Making {
        Making {
            sight,
            age,
            generation: 1,
            instance_gone: false,
        }
    }

    #[test]
    fn slow_is_not_failed() {
        let hour = Duration::from_secs(3600);
        assert_eq!(
            making(view(ImageSight::Pending, hour / 2)),
            MakingNext::Poll {
                after: POLL,
                slow: false
            }
        );
        assert_eq!(
            making(view(ImageSight::Pending, hour * 3)),
            MakingNext::Poll {
                after: POLL,
                slow: true
            }
        );
        assert!(matches!(
            making(view(ImageSight::Pending, hour * 4)),
            MakingNext::Fail(_)
        ));
        assert_eq!(
            making(view(ImageSight::Available, hour * 9)),
            MakingNext::Complete
        );
    }

    #[test]
    fn a_young_absent_image_is_pending_and_an_old_one_is_gone() {
        assert!(matches!(
            making(view(ImageSight::Absent, YOUNG / 2)),
            MakingNext::Poll { .. }
        ));
        assert!(matches!(
            making(view(ImageSight::Absent, YOUNG)),
            MakingNext::Fail(_)
        ));
    }

    #[test]
    fn a_broken_image_is_tried_three_times_while_the_instance_lives() {
        let broken = |generation, instance_gone| {
            making(Making {
                sight: ImageSight::Broken,
                age: POLL,
                generation,
                instance_gone,
            })
        };
        assert_eq!(broken(1, false), MakingNext::NextGeneration);
        assert_eq!(broken(2, false), MakingNext::NextGeneration);
        assert!(matches!(broken(3, false), MakingNext::Fail(_)));
        assert!(matches!(broken(1, true), MakingNext::Fail(_)));
        // Given up at the deadline and marked so for its clean-up: no second try. One that EC2 failed has it, however long
        // no worker came to see.
        let late = |sight| making(view(sight, DEADLINE * 2));
        assert_eq!(late(ImageSight::GivenUp), MakingNext::Fail(TOO_LATE));
        assert_eq!(late(ImageSight::Broken), MakingNext::NextGeneration);
    }
}
