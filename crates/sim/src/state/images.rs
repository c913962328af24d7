//! Images: base images of vendors and captures of our own.

use std::time::Duration;

use crate::guest::Serves;

/// EC2's image states, as far as the sim reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageState {
    Pending,
    Available,
    Failed,
    Disabled,
    Deregistered,
}

impl ImageState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
            Self::Deregistered => "deregistered",
        }
    }
}

/// The owner alias of what AWS Backup made: EC2 lets no user remove it.
pub(crate) const BACKUP_VAULT: &str = "aws-backup-vault";

/// The operating system an image is licensed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Linux,
    RedHat,
    Windows,
}

impl Platform {
    /// `platformDetails`.
    pub(crate) fn details(self) -> &'static str {
        match self {
            Self::Linux => "Linux/UNIX",
            Self::RedHat => "Red Hat Enterprise Linux",
            Self::Windows => "Windows",
        }
    }

    /// `usageOperation`.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Linux => "RunInstances",
            Self::RedHat => "RunInstances:0010",
            Self::Windows => "RunInstances:0002",
        }
    }

    /// `platform`, which only Windows has.
    pub(crate) fn word(self) -> Option<&'static str> {
        (self == Self::Windows).then_some("windows")
    }
}

/// One block device of an image.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) snapshot: Option<String>,
    pub(crate) size_gib: u64,
    pub(crate) kind: String,
    pub(crate) iops: Option<u64>,
    /// MiB a second.
    pub(crate) throughput: Option<u64>,
    pub(crate) delete_on_termination: bool,
    pub(crate) encrypted: bool,
}

/// A machine image. Moments are simulated time.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) owner: String,
    pub(crate) owner_alias: Option<String>,
    pub(crate) architecture: String,
    pub(crate) platform: Platform,
    pub(crate) creation_date: String,
    pub(crate) root_device: String,
    pub(crate) root_device_type: String,
    pub(crate) devices: Vec<Device>,
    pub(crate) source_instance: Option<String>,
    pub(crate) source_image: Option<(String, String)>,
    pub(crate) public: bool,
    pub(crate) imds_support: Option<String>,
    pub(crate) deprecation: Option<String>,
    /// Accounts it is shared with (launch permissions).
    pub(crate) shared_with: Vec<String>,
    pub(crate) protected: bool,
    pub(crate) disabled: bool,
    pub(crate) visible_at: Duration,
    pub(crate) created: Duration,
    /// When it becomes available, or fails if `fails` is set.
    pub(crate) ready_at: Duration,
    pub(crate) fails: Option<String>,
    pub(crate) deregistered_at: Option<Duration>,
    /// In the Recycle Bin until then.
    pub(crate) recycled_until: Option<Duration>,
    /// Captured after the install of its instance: launches from it start faster.
    pub(crate) installed: bool,
    /// What its source instance served when it was made; a launch without a word of its own serves that.
    pub(crate) serves: Vec<Serves>,
    pub(crate) last_launched: Option<Duration>,
}

impl Image {
    pub(crate) fn state(&self, now: Duration) -> ImageState {
        if self.deregistered_at.is_some() {
            ImageState::Deregistered
        } else if now < self.ready_at {
            ImageState::Pending
        } else if self.fails.is_some() {
            ImageState::Failed
        } else if self.disabled {
            ImageState::Disabled
        } else {
            ImageState::Available
        }
    }

    /// `imageLocation`: an alias stands before the name where the owner has one.
    pub(crate) fn location(&self) -> String {
        let owner = self.owner_alias.as_ref().unwrap_or(&self.owner);
        format!("{owner}/{}", self.name)
    }

    /// Whether the API knows it yet.
    pub(crate) fn known(&self, now: Duration) -> bool {
        now >= self.visible_at
    }

    /// Whether it can be taken out of the Recycle Bin.
    pub(crate) fn recycled(&self, now: Duration) -> bool {
        self.recycled_until.is_some_and(|until| now < until)
    }

    /// Whether its name is taken for `CreateImage`: also for `lag` after deregistration,
    /// until the change has propagated (EC2.md 2).
    pub(crate) fn holds_name(&self, name: &str, now: Duration, lag: Duration) -> bool {
        self.name == name
            && self
                .deregistered_at
                .is_none_or(|at| now < at.saturating_add(lag))
            && self.fails.as_ref().is_none_or(|_| now < self.ready_at)
    }

    /// Whether snapshots may not be deleted from under it (EC2.md 26).
    pub(crate) fn holds_snapshot(&self, snapshot: &str) -> bool {
        self.deregistered_at.is_none()
            && self
                .devices
                .iter()
                .any(|device| device.snapshot.as_deref() == Some(snapshot))
    }
}
