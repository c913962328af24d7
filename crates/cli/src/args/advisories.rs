//! `ingot advisories …`: what vendors' security advisories say of base images.

pub(crate) mod feeds;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use ingot_domain::advisory::base::{Base, Build};

use crate::args::connection::Connection;

/// What vendors' advisories say: load and see them, and judge an update of a base image by them
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories assess --base ubuntu-22.04 --from 20240629 --to 20240701 --data samples/advisories")]
pub(crate) struct AdvisoriesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: AdvisoriesAction,
}

/// What can be asked.
#[derive(Clone, Subcommand)]
pub(crate) enum AdvisoriesAction {
    Assess(Box<AssessArgs>),
    Feeds(feeds::FeedsArgs),
    Load(feeds::LoadArgs),
    Show(feeds::ShowArgs),
    Affects(feeds::AffectsArgs),
}

/// Judge one update of a base image from a folder of advisories, without a server
///
/// The folder has a subfolder per vendor (ubuntu, debian, almalinux, rocky, redhat, amazon, windows) and kev and epss, with
/// the vendors' files as they are, packed or not. With the package lists of both builds the judgement is exact; without, it
/// goes by the time between the builds and the packages that such images usually carry.
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot advisories assess --base ubuntu-22.04 --from 20240629 --to 20240701 --data samples/advisories
  ingot advisories assess --base almalinux-9 --from 9.6.20251113 --to 9.7.20251118 --data DIR --at 2025-11-19T00:00:00Z
  ingot advisories assess --base debian-12 --from 20240701-1795 --to 20240717-1811 --data DIR \\
      --packages-from old.txt --packages-to new.txt --json | jq -r .security_level")]
pub(crate) struct AssessArgs {
    /// The base image, such as ubuntu-22.04, debian-12, almalinux-9, amazon-linux-2023, windows-2022; `-arm64` behind it
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Base::parse(text))]
    pub(crate) base: Base,
    /// The build left behind, as its vendor names it
    #[arg(long, value_name = "BUILD", value_parser = |text: &str| Build::parse(text))]
    pub(crate) from: Build,
    /// The build that came
    #[arg(long, value_name = "BUILD", value_parser = |text: &str| Build::parse(text))]
    pub(crate) to: Build,
    /// When the new build appeared [default: the end of the day in its name]
    #[arg(long, value_name = "TIME")]
    pub(crate) created: Option<DateTime<Utc>>,
    /// Judge as of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<DateTime<Utc>>,
    /// The folder of advisories
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// What the old build carries: lines of name and version, as dpkg-query and rpm write them
    #[arg(long, value_name = "FILE")]
    pub(crate) packages_from: Option<PathBuf>,
    /// What the new build carries
    #[arg(long, value_name = "FILE")]
    pub(crate) packages_to: Option<PathBuf>,
}
