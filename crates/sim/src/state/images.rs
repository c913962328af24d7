//! Images: base images of vendors and captures of our own.

use std::time::Duration;

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

/// One block device of an image.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) snapshot: Option<String>,
    pub(crate) size_gib: u64,
    pub(crate) kind: String,
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
    pub(crate) platform_details: String,
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
    /// Captured after the install of its instance: launches from it start faster.
    pub(crate) installed: bool,
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

    /// Whether the API knows it yet.
    pub(crate) fn known(&self, now: Duration) -> bool {
        now >= self.visible_at
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
