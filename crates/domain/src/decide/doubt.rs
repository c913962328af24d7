//! What to believe of an effect whose outcome no worker recorded: looked for by token or by name, repeated or believed
//! to have left nothing only when that is sure (EC2.md 2, 8, 17; FAULTS decision 4).

use std::time::Duration;

use super::launch::Intent;
use crate::retry::YOUNG;
use crate::task::{LEASE, VISIT};

/// Whether an effect that left no trace by now surely left none: `felt` (simulated) is old enough for EC2 to show it (F39),
/// `real` older than any visit that may still be sending it, which no pace makes shorter.
pub fn is_over(felt: Duration, real: Duration) -> bool {
    felt >= YOUNG && real >= VISIT + LEASE
}

/// What a run's launch made, as far as the visit that ends the deployment may believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Nothing, and nothing will come.
    Nothing,
    /// An instance.
    Instance,
    /// EC2 does not show it yet: look again.
    Doubt,
}

/// Decides from the launch's intent, whether its token is `found` at EC2, and whether its doubt [`is_over`].
pub fn made(intent: Intent, found: bool, over: bool) -> Made {
    match intent {
        Intent::None => Made::Nothing,
        Intent::Done => Made::Instance,
        Intent::Open if found => Made::Instance,
        Intent::Open if over => Made::Nothing,
        Intent::Open => Made::Doubt,
    }
}

/// Who has the name of the image that shall be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameSight {
    /// No image that EC2 shows.
    Nobody,
    /// An image with this effect's tag.
    Ours,
    /// An image without any tag: perhaps ours, whose tags are not shown yet (FAULTS F06).
    Untagged,
    /// Another owner's image.
    Foreign,
    /// No image that EC2 shows, but CreateImage says that the name is taken: the look-up lags (EC2.md 2).
    Taken,
}

/// What to do about the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It is there: record it.
    Adopt,
    /// Look again.
    Wait,
    /// Take another name (F38).
    Rename,
    /// Make it.
    Create,
}

/// Decides; `met` is the simulated time since the name was first found taken, zero when it is now. It does not count from
/// the intention: that may be old when the call is made at last, and its answer lost a moment ago.
pub fn naming(sight: NameSight, met: Duration) -> Naming {
    match sight {
        NameSight::Nobody => Naming::Create,
        NameSight::Ours => Naming::Adopt,
        NameSight::Untagged | NameSight::Taken if met < YOUNG => Naming::Wait,
        NameSight::Untagged | NameSight::Taken | NameSight::Foreign => Naming::Rename,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_ends_when_no_worker_can_be_sending_and_ec2_would_show_it() {
        let real = VISIT + LEASE;
        assert!(is_over(YOUNG, real));
        assert!(!is_over(YOUNG * 100, real / 2) && !is_over(YOUNG / 2, real));
        for (found, over, wanted) in [
            (false, false, Made::Doubt),
            (false, true, Made::Nothing),
            (true, false, Made::Instance),
            (true, true, Made::Instance),
        ] {
            assert_eq!(made(Intent::Open, found, over), wanted);
            assert_eq!(made(Intent::None, found, over), Made::Nothing);
            assert_eq!(made(Intent::Done, found, over), Made::Instance);
        }
    }

    #[test]
    fn a_name_is_left_to_others_only_when_it_surely_is_theirs() {
        use NameSight::*;
        for (sight, young, old) in [
            (Nobody, Naming::Create, Naming::Create),
            (Ours, Naming::Adopt, Naming::Adopt),
            (Untagged, Naming::Wait, Naming::Rename),
            (Foreign, Naming::Rename, Naming::Rename),
            (Taken, Naming::Wait, Naming::Rename),
        ] {
            assert_eq!(naming(sight, YOUNG / 2), young, "{sight:?}");
            assert_eq!(naming(sight, YOUNG), old, "{sight:?}");
        }
    }
}
