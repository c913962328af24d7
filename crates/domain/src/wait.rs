//! What a task waits for when it comes back later, and how long it may wait at most. Each wait has a longest patience, or
//! names what ends it: nothing waits without end and without a word.

mod patience;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::place::WRONG_ACCOUNT;

pub use patience::{ALERT, Patience, attended_since, span};

/// What a task waits for. `Display` is the sentence for people, JSON the stored column; `code` is AWS's error code, or a
/// word of ours where there was no answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Wait {
    /// Something in AWS is in a state that does not allow the call yet, or is still in use.
    Aws {
        /// AWS's code.
        code: String,
    },
    /// AWS could not be reached.
    Network {
        /// What failed.
        code: String,
    },
    /// AWS throttles, or our own buckets hold back.
    Rate {
        /// AWS's code.
        code: String,
    },
    /// No capacity for this type in this place.
    Capacity {
        /// AWS's code.
        code: String,
    },
    /// A limit of the account is reached.
    Quota {
        /// AWS's code.
        code: String,
    },
    /// Credentials are missing, wrong or over.
    Credentials {
        /// AWS's code, or `no_credentials`.
        code: String,
    },
    /// AWS verifies a new account or a new region.
    Verification {
        /// AWS's code.
        code: String,
    },
    /// AWS takes the request as wrong with a code that Ingot does not know, or while it only looks.
    Refused {
        /// AWS's code.
        code: String,
    },
    /// AWS does not allow the call; a policy that was changed just now takes minutes to count.
    Permission {
        /// AWS's code.
        code: String,
    },
    /// AWS does not know yet what was made a moment ago.
    Young {
        /// AWS's code.
        code: String,
    },
    /// AWS did not say whether it did what a call asked; Ingot looks for it.
    Unknown {
        /// AWS's code, or how the answer was lost.
        code: String,
    },
    /// The instance starts.
    Instance,
    /// The instance is being terminated.
    Ending,
    /// The security group is still in use.
    Group,
    /// Whether an instance was launched is in doubt.
    Doubt,
    /// The instance changes its state before it can be imaged.
    State,
    /// EC2 makes the AMI.
    Image,
    /// A deployment that shall end waits for its AMI.
    Making,
    /// EC2 failed the AMI; the next try follows.
    Retry,
    /// Another deployment makes this AMI.
    Holder,
    /// Whose image has the name is being looked for.
    Name,
    /// Whether the installation is over.
    Install,
    /// The settling delay after the installation.
    Settle,
    /// Whether the first boot of a launch from an image is over.
    FirstBoot,
    /// EC2's status checks of an instance whose first boot was not observed.
    Checks,
    /// The second good answer of such an instance.
    Second,
    /// The instance that was rebooted for its image, to answer again.
    Back,
    /// Whether the scrub before an image was ordered, or ran.
    Scrub,
    /// The next readiness check.
    Probe,
    /// Its turn: it goes on as soon as a worker is free.
    Turn,
    /// Its next step, at once.
    Next,
    /// Its deployment, or an image's key or name, was changed meanwhile: it looks again.
    Overtaken,
    /// The ledger failed.
    Ledger,
    /// It could not be given up properly yet.
    GivingUp,
    /// The next batch of a periodic job.
    Batch,
    /// The next look at the tracks of a region.
    Scan,
    /// A receiver of notifications that takes nothing at present.
    Receiver,
    /// The end of a receiver's quiet hours, or its digest.
    Quiet,
    /// A build's builder is at work.
    Build,
    /// A person paused its queue. It stands in no row: what waits in a paused queue waits for this first.
    Paused {
        /// Who.
        by: String,
        /// Since when.
        since: Instant,
        /// Why.
        reason: String,
    },
}

impl Wait {
    /// One of each, for tests and documents.
    pub fn all() -> Vec<Self> {
        let code = || "Code".to_owned();
        vec![
            Self::Aws { code: code() },
            Self::Network { code: code() },
            Self::Rate { code: code() },
            Self::Capacity { code: code() },
            Self::Quota { code: code() },
            Self::Credentials { code: code() },
            Self::Verification { code: code() },
            Self::Refused { code: code() },
            Self::Permission { code: code() },
            Self::Young { code: code() },
            Self::Unknown { code: code() },
            Self::Instance,
            Self::Ending,
            Self::Group,
            Self::Doubt,
            Self::State,
            Self::Image,
            Self::Making,
            Self::Retry,
            Self::Holder,
            Self::Name,
            Self::Install,
            Self::Settle,
            Self::FirstBoot,
            Self::Checks,
            Self::Second,
            Self::Back,
            Self::Scrub,
            Self::Probe,
            Self::Turn,
            Self::Next,
            Self::Overtaken,
            Self::Ledger,
            Self::GivingUp,
            Self::Batch,
            Self::Scan,
            Self::Receiver,
            Self::Quiet,
            Self::Build,
            Self::Paused {
                by: "ann".to_owned(),
                since: Instant::UNIX_EPOCH,
                reason: "AWS event".to_owned(),
            },
        ]
    }

    /// Its word, as in JSON.
    pub fn on(&self) -> &'static str {
        match self {
            Self::Aws { .. } => "aws",
            Self::Network { .. } => "network",
            Self::Rate { .. } => "rate",
            Self::Capacity { .. } => "capacity",
            Self::Quota { .. } => "quota",
            Self::Credentials { .. } => "credentials",
            Self::Verification { .. } => "verification",
            Self::Refused { .. } => "refused",
            Self::Permission { .. } => "permission",
            Self::Young { .. } => "young",
            Self::Unknown { .. } => "unknown",
            Self::Instance => "instance",
            Self::Ending => "ending",
            Self::Group => "group",
            Self::Doubt => "doubt",
            Self::State => "state",
            Self::Image => "image",
            Self::Making => "making",
            Self::Retry => "retry",
            Self::Holder => "holder",
            Self::Name => "name",
            Self::Install => "install",
            Self::Settle => "settle",
            Self::FirstBoot => "first_boot",
            Self::Checks => "checks",
            Self::Second => "second",
            Self::Back => "back",
            Self::Scrub => "scrub",
            Self::Probe => "probe",
            Self::Turn => "turn",
            Self::Next => "next",
            Self::Overtaken => "overtaken",
            Self::Ledger => "ledger",
            Self::GivingUp => "giving_up",
            Self::Batch => "batch",
            Self::Scan => "scan",
            Self::Receiver => "receiver",
            Self::Quiet => "quiet",
            Self::Build => "build",
            Self::Paused { .. } => "paused",
        }
    }

    /// AWS's code, where AWS is what is waited for.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Aws { code }
            | Self::Network { code }
            | Self::Rate { code }
            | Self::Capacity { code }
            | Self::Quota { code }
            | Self::Credentials { code }
            | Self::Verification { code }
            | Self::Refused { code }
            | Self::Permission { code }
            | Self::Young { code }
            | Self::Unknown { code } => Some(code),
            _ => None,
        }
    }

    /// Whether AWS refuses, throttles or does not answer: what a region's weather is made of.
    pub fn is_weather(&self) -> bool {
        self.code().is_some()
    }

    /// Whether a task goes on by itself, with whatever it waits for unchanged.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Turn | Self::Next | Self::Overtaken | Self::Ledger | Self::GivingUp
        )
    }

    /// Whether it comes back at once, for more or because something changed: what must not go on for ever.
    pub fn is_at_once(&self) -> bool {
        matches!(self, Self::Next | Self::Overtaken)
    }

    /// Whether this is the same wait as that: of one kind, whatever the code.
    pub fn is_same(&self, other: &Self) -> bool {
        self.on() == other.on()
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws { code } => write!(f, "AWS is not ready for it yet ({code})"),
            Self::Network { code } => write!(f, "AWS cannot be reached ({code})"),
            Self::Rate { code } => write!(f, "AWS throttles calls ({code})"),
            Self::Capacity { code } => write!(f, "AWS has no capacity for it ({code})"),
            Self::Quota { code } => write!(f, "a limit of the AWS account is reached ({code})"),
            Self::Credentials { code } if code == WRONG_ACCOUNT => {
                f.write_str("the worker has credentials of another AWS account")
            }
            Self::Credentials { code } => {
                write!(f, "AWS does not accept our credentials ({code})")
            }
            Self::Verification { code } => write!(f, "AWS verifies the account ({code})"),
            Self::Refused { code } => write!(f, "AWS refuses the request ({code})"),
            Self::Permission { code } => write!(f, "AWS does not allow the call ({code})"),
            Self::Young { code } => {
                write!(f, "AWS does not know yet what the request names ({code})")
            }
            Self::Unknown { code } => {
                write!(
                    f,
                    "AWS did not say whether it did what it was asked ({code})"
                )
            }
            Self::Instance => f.write_str("the instance is starting"),
            Self::Ending => f.write_str("the instance is terminating"),
            Self::Group => f.write_str("the security group is still in use"),
            Self::Doubt => f.write_str("whether an instance was launched is in doubt"),
            Self::State => f.write_str("the instance changes its state"),
            Self::Image => f.write_str("waiting for the AMI"),
            Self::Making => f.write_str("its AMI is in the making"),
            Self::Retry => f.write_str("trying the AMI again"),
            Self::Holder => f.write_str("another deployment is making this AMI"),
            Self::Name => f.write_str("looking whose image has the name"),
            Self::Install => f.write_str("the installation is not over"),
            Self::Settle => f.write_str("settling after the installation"),
            Self::FirstBoot => f.write_str("the first boot is not over"),
            Self::Checks => f.write_str("EC2's status checks of the instance have not passed"),
            Self::Second => f.write_str("a second good answer must follow"),
            Self::Back => {
                f.write_str("the instance has not answered again since the reboot for its AMI")
            }
            Self::Scrub => f.write_str("asking about the scrub before the AMI"),
            Self::Probe => f.write_str("not ready yet: the next check is not due"),
            Self::Turn => f.write_str("its turn"),
            Self::Next => f.write_str("going on at once"),
            Self::Overtaken => f.write_str("looking again after a change"),
            Self::Ledger => f.write_str("the ledger failed"),
            Self::GivingUp => f.write_str("giving up"),
            Self::Batch => f.write_str("the next batch"),
            Self::Scan => f.write_str("the next look at base images"),
            Self::Receiver => f.write_str("the receiver takes nothing at present"),
            Self::Quiet => f.write_str("the receiver's quiet hours or its digest"),
            Self::Build => f.write_str("its builder, until its instance is gone"),
            Self::Paused { by, since, reason } => {
                let since = since.format("%Y-%m-%d %H:%M UTC");
                write!(f, "paused by {by} since {since}: {reason}")
            }
        }
    }
}
