//! Limits of an account in a region; orders set them.

use serde::Deserialize;

/// What Service Quotas would show. Absent vCPU quotas are unlimited: drills launch thousands.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quotas {
    /// On-demand vCPUs of standard types.
    pub(crate) vcpus: Option<u64>,
    /// On-demand vCPUs of G types.
    pub(crate) gpu_vcpus: Option<u64>,
    /// Spot vCPUs.
    pub(crate) spot_vcpus: Option<u64>,
    pub(crate) groups_per_interface: usize,
    /// Inbound rules of a group, for IPv4 and for IPv6 each.
    pub(crate) rules_per_group: usize,
    /// Snapshots that are copied into a region at the same time; Service Quotas shows it without a code of its own.
    pub(crate) snapshot_copies: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            vcpus: None,
            gpu_vcpus: None,
            spot_vcpus: None,
            groups_per_interface: 5,
            rules_per_group: 60,
            snapshot_copies: 20,
        }
    }
}
