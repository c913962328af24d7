//! How an image's row follows what EC2 shows of its AMI. What is there and cannot be launched from at this moment is not
//! missing: a disabled image keeps its status and is passed over until it is enabled again.

use crate::Instant;
use crate::image::ImageStatus;

/// What EC2 shows of an AMI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Nothing, or one that is deregistered or broken.
    Gone,
    /// One that is pending, or between two states.
    Pending,
    /// One that can be launched from.
    Available,
    /// One that its owner has disabled.
    Disabled,
}

/// What is known of an image.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The row's status.
    pub status: ImageStatus,
    /// Since when it has been seen disabled.
    pub disabled_at: Option<Instant>,
    /// What EC2 shows.
    pub sight: Sight,
    /// Asked for so recently that EC2 may not know it yet.
    pub young: bool,
}

/// Status and disabled-since of the row from now on.
pub fn follow(view: View, now: Instant) -> (ImageStatus, Option<Instant>) {
    use ImageStatus::*;
    let status = match (view.status, view.sight) {
        (Available | Pending, Sight::Gone) if !view.young => Missing,
        (Pending | Missing | Deleted, Sight::Available) => Available,
        // Disabled, which only a finished one can be.
        (Pending | Missing, Sight::Disabled) => Available,
        (status, _) => status,
    };
    let disabled_at = match view.sight {
        Sight::Disabled => view.disabled_at.or(Some(now)),
        Sight::Available | Sight::Gone => None,
        Sight::Pending => view.disabled_at,
    };
    (status, disabled_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn what_is_there_and_not_available_now_is_not_missing() {
        use ImageStatus::*;
        let now = chrono::DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let before = Some(chrono::DateTime::UNIX_EPOCH);
        let table = [
            (Available, None, Sight::Available, Available, None),
            (Available, None, Sight::Pending, Available, None),
            (Available, None, Sight::Disabled, Available, Some(now)),
            (Available, before, Sight::Disabled, Available, before),
            (Available, before, Sight::Available, Available, None),
            (Available, before, Sight::Pending, Available, before),
            (Available, before, Sight::Gone, Missing, None),
            (Pending, None, Sight::Gone, Missing, None),
            (Pending, None, Sight::Disabled, Available, Some(now)),
            (Missing, None, Sight::Available, Available, None),
            (Missing, None, Sight::Disabled, Available, Some(now)),
            (Missing, None, Sight::Pending, Missing, None),
            (Missing, None, Sight::Gone, Missing, None),
            (Deleted, None, Sight::Available, Available, None),
            (Deleted, None, Sight::Gone, Deleted, None),
            (Failed, None, Sight::Available, Failed, None),
            (Claimed, None, Sight::Gone, Claimed, None),
        ];
        for (status, disabled_at, sight, wanted, since) in table {
            let view = View {
                status,
                disabled_at,
                sight,
                young: false,
            };
            assert_eq!(follow(view, now), (wanted, since), "{view:?}");
            assert!(status == wanted || status.may_become(wanted), "{view:?}");
        }
        let young = View {
            status: Pending,
            disabled_at: None,
            sight: Sight::Gone,
            young: true,
        };
        assert_eq!(follow(young, now), (Pending, None));
    }
}
