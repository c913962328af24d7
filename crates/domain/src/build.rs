//! Builds: a decision to make a template's image anew, with a deadline and a purse (DESIGN-2 section 3). What needs an
//! instance is an ordinary deployment that belongs to the build; this is what the build itself is and becomes.

pub mod again;
pub mod cost;
pub mod failure;
pub mod fixes;
pub mod order;
pub mod publish;
pub mod step;
pub mod wants;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

words! {
    /// The state of a build.
    BuildStatus {
        /// It waits for its start: the plan says when.
        Queued = "queued",
        /// A person must approve it.
        AwaitingApproval = "awaiting_approval",
        /// Its builder is launched, installed, probed and imaged.
        Building = "building",
        /// Instances of the new image are tried out.
        Testing = "testing",
        /// Copies are made and shared.
        Publishing = "publishing",
        /// The image is there.
        Completed = "completed",
        /// There is none, and it is not tried again by itself.
        Failed = "failed",
        /// A person ended it.
        Cancelled = "cancelled",
        /// A person refused it.
        Rejected = "rejected",
        /// Its template is switched off.
        Skipped = "skipped",
    }
}

impl BuildStatus {
    /// The transition table. A build that fails for a cause that is not its own goes back to the queue.
    pub fn next(self) -> &'static [BuildStatus] {
        use BuildStatus::*;
        match self {
            Queued => &[AwaitingApproval, Building, Cancelled, Rejected],
            AwaitingApproval => &[Queued, Building, Cancelled, Rejected],
            Building => &[Testing, Publishing, Completed, Failed, Cancelled, Queued],
            Testing => &[Publishing, Completed, Failed, Cancelled, Queued],
            Publishing => &[Completed, Failed, Cancelled],
            Completed | Failed | Cancelled | Rejected | Skipped => &[],
        }
    }

    /// Whether `to` may follow.
    pub fn may_become(self, to: BuildStatus) -> bool {
        self.next().contains(&to)
    }

    /// It waits: further requests of its target join it.
    pub fn waits(self) -> bool {
        matches!(self, BuildStatus::Queued | BuildStatus::AwaitingApproval)
    }

    /// It runs: it has an instance, a place and a reservation.
    pub fn runs(self) -> bool {
        matches!(
            self,
            BuildStatus::Building | BuildStatus::Testing | BuildStatus::Publishing
        )
    }

    /// Nothing more comes of it.
    pub fn is_over(self) -> bool {
        self.next().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_waits_runs_or_is_over() {
        for &status in BuildStatus::ALL {
            let kinds = [status.waits(), status.runs(), status.is_over()];
            assert_eq!(kinds.iter().filter(|is| **is).count(), 1, "{status}");
            for &next in status.next() {
                assert!(!status.is_over() && next != status, "{status} → {next}");
            }
        }
        assert!(BuildStatus::Building.may_become(BuildStatus::Queued));
        assert!(!BuildStatus::Publishing.may_become(BuildStatus::Queued));
    }
}
