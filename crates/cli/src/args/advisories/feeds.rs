//! `ingot advisories feeds|load|show|affects`: what the ledger knows of vendors' advisories, and how it comes there.

use std::path::PathBuf;

use clap::Args;

/// Show how the feeds of advisories stand: where from, how old, how much, and why one cannot be relied on
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories feeds
  ingot advisories feeds --json | jq -r '.items[] | select(.state != \"ok\") | .name'")]
pub(crate) struct FeedsArgs {}

/// Load a folder of vendors' files into the ledger
///
/// For networks that are closed: the folder lies on this machine, its records are read here and sent to the API page by page.
/// Until a feed's last page is there, its old records are read; loaded twice, nothing changes but its age. The folder has a
/// subfolder per vendor (ubuntu, debian, almalinux, rocky, redhat, amazon, windows) and kev and epss, with the vendors' files
/// as they are, packed or not; each is loaded as a whole.
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories load samples/advisories
  ingot advisories load /mnt/usb/advisories --feed ubuntu --feed kev")]
pub(crate) struct LoadArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Only these feeds [default: all that the folder has files of]
    #[arg(long, value_name = "NAME")]
    pub(crate) feed: Vec<String>,
    /// Take fewer than four of five of the records that a feed has now; without it such a load is refused as cut
    #[arg(long)]
    pub(crate) fewer: bool,
}

/// Show what the feeds say of an advisory or a CVE
///
/// What it is, by which vendors, which versions fix it in which release, whether it is exploited, and where to read on.
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories show CVE-2024-6387
  ingot advisories show USN-6859-1 --json | jq -r '.advisories[].fixes[].fixed'")]
pub(crate) struct ShowArgs {
    /// Such as CVE-2024-6387, USN-6859-1, ALSA-2024:4312
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Show which images and running deployments have a vulnerability
///
/// By the lists of packages that their installs took, which know what a template installs by itself; where there is none, by the
/// judgements of the updates of their base images: what stands on a build from before the fix has it.
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories affects CVE-2024-6387
  ingot advisories affects USN-6859-1
  ingot advisories affects CVE-2024-6387 --json | jq -r '.images[].ami_id'")]
pub(crate) struct AffectsArgs {
    /// A CVE or an advisory, such as CVE-2024-6387, USN-6859-1 or ALSA-2024:4312
    #[arg(value_name = "ID")]
    pub(crate) cve: String,
}
