//! What becomes of deployments and images whose region is gone with everything in it: a simulated region lives as long as its
//! process, and its ledger longer. Work that had begun there cannot go on and can be asked for again; what had not begun
//! goes on in the next region.

use crate::deployment::{AmiStatus, Status};
use crate::image::ImageStatus;

/// Why, in the words of the stories and of the rows.
pub const WHY: &str = "the simulated region ended with its process, and all that was in it";

/// What a deployment becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Its status.
    pub status: Status,
    /// Its AMI's status.
    pub ami: Option<AmiStatus>,
}

/// What a deployment becomes whose instance, if it had one, is gone with its region.
pub fn deployment(status: Status, ami: Option<AmiStatus>) -> After {
    let status = match status {
        // Failed, so that `retry` runs it again.
        Status::Deploying | Status::Running => Status::Failed,
        Status::Success => Status::Destroyed,
        same => same,
    };
    let ami = match ami {
        None | Some(AmiStatus::Pending) if status.is_final() => Some(AmiStatus::Skipped),
        Some(AmiStatus::Creating) => Some(AmiStatus::Failed),
        same => same,
    };
    After { status, ami }
}

/// What an image becomes; one that was never there fails.
pub fn image(status: ImageStatus) -> ImageStatus {
    match status {
        ImageStatus::Claimed | ImageStatus::Pending => ImageStatus::Failed,
        ImageStatus::Available | ImageStatus::Missing => ImageStatus::Deleted,
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_an_end_that_the_tables_allow() {
        let amis = AmiStatus::ALL.iter().copied().map(Some).chain([None]);
        for ami in amis {
            for &status in Status::ALL {
                let after = deployment(status, ami);
                let what = format!("{status} {ami:?} -> {after:?}");
                assert!(
                    after.status == status || status.may_become(after.status),
                    "{what}"
                );
                let legal = |to: AmiStatus| to.may_follow(ami);
                assert!(after.ami == ami || after.ami.is_some_and(legal), "{what}");
                // What goes on has not begun; nothing else is left open.
                let begun = !matches!(status, Status::Pending | Status::Queued);
                assert_eq!(after.status.is_final(), begun, "{what}");
                assert_ne!(after.ami, Some(AmiStatus::Creating), "{what}");
                assert_eq!(deployment(after.status, after.ami), after, "{what} again");
            }
        }
        for &status in ImageStatus::ALL {
            let after = image(status);
            assert!(
                after == status || status.may_become(after),
                "{status} {after}"
            );
            assert!(!after.holds_key(), "{status} -> {after}");
            assert_eq!(image(after), after, "{status} again");
        }
    }

    #[test]
    fn what_was_under_way_can_be_retried() {
        for status in [Status::Deploying, Status::Running] {
            assert!(deployment(status, None).status.may_start(), "{status}");
        }
    }
}
