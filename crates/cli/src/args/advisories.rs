//! `ingot advisories …`: what vendors' security advisories say of base images.

pub(crate) mod feeds;
pub(crate) mod sync;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use ingot_domain::advisory::base::{Base, Build, NoBuild};

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
    Sync(sync::SyncArgs),
    Load(feeds::LoadArgs),
    Set(sync::SetArgs),
    Logs(sync::LogsArgs),
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
    /// The build left behind, as its vendor names it; the image's whole name will do
    #[arg(long, value_name = "BUILD", value_parser = named)]
    pub(crate) from: Named,
    /// The build that came
    #[arg(long, value_name = "BUILD", value_parser = named)]
    pub(crate) to: Named,
    /// When the new build appeared [default: the end of the day in its name]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) created: Option<DateTime<Utc>>,
    /// Judge as of this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
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

/// A build by its own name or by that of its image, which only its base's rule can read.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    /// `20240629`
    Build(Build),
    /// `ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240629`
    Image(String),
}

fn named(text: &str) -> Result<Named, NoBuild> {
    // An image's name has letters; its length is EC2's limit.
    let image = text.len() <= 128 && text.contains(|c: char| c.is_ascii_alphabetic());
    match Build::parse(text) {
        Ok(build) => Ok(Named::Build(build)),
        Err(_) if image && text.contains(|c: char| c.is_ascii_digit()) => {
            Ok(Named::Image(text.to_owned()))
        }
        Err(refused) => Err(refused),
    }
}

/// An instant with its zone. A day alone leaves open which moment of it is meant, and a day decides much here.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    Err(match day {
        Some(day) => format!("a day alone tells no time: write its beginning, {day}T00:00:00Z, or its end, {day}T23:59:59Z"),
        None => "write it with date, time and zone, as 2024-07-01T16:36:59Z or 2024-07-01T12:36:59-04:00".to_owned(),
    })
}
