//! A deployment's states and the AMI states beside them, each with its one transition table (F2, F3, F26).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in the order of its life.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word in the ledger, the API and the CLI.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The state of a deployment; the document's words, and the two that F3 makes explicit, and `cancelled`.
    Status {
        /// Created, not started.
        Pending = "pending",
        /// Started; its first task is due.
        Queued = "queued",
        /// The instance is being launched.
        Deploying = "deploying",
        /// The instance runs; its readiness is being checked.
        Running = "running",
        /// It really answers.
        Success = "success",
        /// It can not become ready; the error says why.
        Failed = "failed",
        /// It did not answer in all the checks the template allows (F20).
        ReadinessTimeout = "readiness_timeout",
        /// A client cancelled it before it was ready; its instance is terminated.
        Cancelled = "cancelled",
        /// Its instance was terminated on request; its AMI stays (F10).
        Destroyed = "destroyed",
    }
}

impl Status {
    /// The transition table: what may follow. Everything that changes a status asks here.
    pub fn next(self) -> &'static [Status] {
        use Status::*;
        match self {
            Pending => &[Queued, Cancelled, Destroyed],
            Queued => &[Deploying, Failed, Cancelled, Destroyed],
            Deploying => &[Running, Failed, Cancelled, Destroyed],
            Running => &[Success, ReadinessTimeout, Failed, Cancelled, Destroyed],
            Success => &[Failed, Destroyed],
            Failed | ReadinessTimeout => &[Queued, Destroyed],
            Cancelled => &[Destroyed],
            Destroyed => &[],
        }
    }

    /// Whether `to` may follow.
    pub fn may_become(self, to: Status) -> bool {
        self.next().contains(&to)
    }

    /// `start` and `retry` are allowed from here (F2; a readiness timeout is a failure one may retry).
    pub fn may_start(self) -> bool {
        matches!(
            self,
            Status::Pending | Status::Failed | Status::ReadinessTimeout
        )
    }

    /// Nothing more happens by itself to the deployment proper (its AMI may still be in the making).
    pub fn is_final(self) -> bool {
        use Status::*;
        matches!(
            self,
            Success | Failed | ReadinessTimeout | Cancelled | Destroyed
        )
    }
}

words! {
    /// `ami_creation_status`; `null` in the document is the absence of a value.
    AmiStatus {
        /// Scheduled, waiting for install-finished and the settling delay.
        Pending = "pending",
        /// The image is in the making.
        Creating = "creating",
        /// The image is available.
        Completed = "completed",
        /// No image could be made; `ami_creation_error` says why.
        Failed = "failed",
        /// No image was needed or wanted; `ami_skip_reason` says why.
        Skipped = "skipped",
    }
}

impl AmiStatus {
    /// What may follow `from` (`None` is the document's `null`).
    pub fn may_follow(self, from: Option<AmiStatus>) -> bool {
        use AmiStatus::*;
        match from {
            None => matches!(self, Pending | Skipped),
            Some(Pending) => matches!(self, Creating | Skipped | Failed),
            Some(Creating) => matches!(self, Completed | Failed | Skipped),
            // A person asks for it again (N5 of FIELD).
            Some(Failed) => self == Pending,
            Some(Completed | Skipped) => false,
        }
    }

    /// Nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            AmiStatus::Completed | AmiStatus::Failed | AmiStatus::Skipped
        )
    }
}

words! {
    /// Why no image was made (F13, F20, F27, F29).
    SkipReason {
        /// Another image has the same key.
        Exists = "exists",
        /// The deployment itself was launched from an image of the same key.
        FromImage = "from_image",
        /// It was launched from an image of another build of its base (`stale: use`).
        StaleBase = "stale_base",
        /// The template's kind is not a golden image.
        NotGolden = "not_golden",
        /// The template or the request wants no image.
        Disabled = "disabled",
        /// It never became ready.
        Readiness = "readiness",
        /// The deployment failed, was cancelled or destroyed first.
        Ended = "ended",
        /// The instance cannot be imaged (instance-store root, F24).
        NotImageable = "not_imageable",
    }
}

words! {
    /// Which image a deployment asks to be launched from (F51).
    ImageChoice {
        /// A finished image of the same key if there is one, else a fresh install.
        Auto = "auto",
        /// Always a fresh install.
        Fresh = "fresh",
        /// The image the request names.
        Given = "given",
    }
}

/// Everything that belongs to the deployment is over: it is final, and so is its AMI. Live logs end here (F123).
pub fn everything_finished(status: Status, ami: Option<AmiStatus>) -> bool {
    status.is_final() && ami.is_none_or(AmiStatus::is_final)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_and_final_states_lead_only_where_people_lead_them() {
        for &status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            assert!(!status.may_become(status), "{status} to itself");
            if status.is_final() {
                for &to in status.next() {
                    assert!(
                        matches!(to, Status::Queued | Status::Destroyed | Status::Failed),
                        "{status} -> {to}"
                    );
                }
            } else {
                assert!(
                    status.may_become(Status::Cancelled) && status.may_become(Status::Destroyed),
                    "{status}"
                );
            }
        }
        assert_eq!(Status::parse("ready"), None);
    }

    #[test]
    fn start_is_allowed_only_before_and_after_failure() {
        let allowed: Vec<_> = Status::ALL
            .iter()
            .filter(|s| s.may_start())
            .map(|s| s.as_str())
            .collect();
        assert_eq!(allowed, ["pending", "failed", "readiness_timeout"]);
        for &status in Status::ALL {
            assert_eq!(
                status.may_start(),
                status.may_become(Status::Queued),
                "{status}"
            );
        }
    }

    #[test]
    fn an_ami_status_only_moves_forward_but_a_failed_one_may_be_asked_for_again() {
        for &status in AmiStatus::ALL {
            assert!(!status.may_follow(Some(status)));
            for &done in AmiStatus::ALL.iter().filter(|s| s.is_final()) {
                let again = (done, status) == (AmiStatus::Failed, AmiStatus::Pending);
                assert_eq!(status.may_follow(Some(done)), again, "{done} -> {status}");
            }
        }
        assert!(AmiStatus::Pending.may_follow(None));
        assert!(AmiStatus::Skipped.may_follow(None));
        assert!(!AmiStatus::Completed.may_follow(None));
    }
}
