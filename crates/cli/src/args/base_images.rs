//! `ingot base-images …`: the vendors' images that templates start from.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::args::base_updates::{LevelArgs, UpdateArgs, UpdatesArgs};
use crate::args::connection::Connection;
use crate::args::value;

/// List, show and watch base images: what vendors publish, by owner and name
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot base-images list
  ingot base-images show ubuntu-22.04
  ingot base-images scan ubuntu-22.04 --region us-east-1")]
pub(crate) struct BaseImagesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: BaseImagesAction,
}

/// What can be done with base images.
#[derive(Clone, Subcommand)]
pub(crate) enum BaseImagesAction {
    /// List every base image that is known
    #[command(after_help = "Examples:
  ingot base-images list
  ingot base-images list --watched")]
    List {
        /// Only those that are looked at
        #[arg(long)]
        watched: bool,
    },
    /// Show one: owner, rule, builds by region, updates
    #[command(after_help = "Examples:
  ingot base-images show ubuntu-22.04
  ingot base-images show debian-12-arm64 --json")]
    Show {
        /// Such as ubuntu-22.04
        #[arg(value_name = "NAME")]
        name: String,
    },
    Updates(UpdatesArgs),
    Update(UpdateArgs),
    #[command(name = "set-level")]
    SetLevel(LevelArgs),
    /// Print the story of one
    #[command(after_help = "Examples:
  ingot base-images logs ubuntu-22.04")]
    Logs {
        /// Such as ubuntu-22.04
        #[arg(value_name = "NAME")]
        name: String,
        /// Only lines after this number
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
    /// Look now: at one, and wait for it, or at all that are watched
    #[command(after_help = "Examples:
  ingot base-images scan
  ingot base-images scan ubuntu-22.04
  ingot base-images scan rocky-9 --region eu-west-1")]
    Scan {
        /// Such as ubuntu-22.04; it is watched from then on
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// There only; in all regions of the installation when absent
        #[arg(long = "region", value_name = "REGION", value_delimiter = ',')]
        regions: Vec<String>,
    },
    /// Add a track of your own from a YAML or JSON file
    #[command(after_help = "The file, with `owner` in quotes:
  name: team-web
  owner: \"123456789012\"
  aws_filter: team-web-*
  pattern: team-web-(?<build>\\d{8})
  like: ubuntu-22.04

Examples:
  ingot base-images add team-web.yaml")]
    Add {
        /// The file; - reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Stop looking at one
    #[command(after_help = "Examples:
  ingot base-images pause ubuntu-20.04 --reason 'moves with the next semester'")]
    Pause {
        /// Such as ubuntu-22.04
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Look at a paused one again
    #[command(after_help = "Examples:
  ingot base-images resume ubuntu-20.04")]
    Resume {
        /// Such as ubuntu-22.04
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "it is watched again")]
        reason: String,
    },
    /// Show or say how long looks at a region lie apart, for all base images
    #[command(after_help = "Examples:
  ingot base-images interval
  ingot base-images interval 30m")]
    Interval {
        /// From 60s to 168h; shows what it is when absent
        #[arg(value_name = "TIME", value_parser = value::span)]
        interval: Option<Duration>,
    },
    /// Take a track of your own out of what is watched
    #[command(after_help = "Examples:
  ingot base-images remove team-web --reason 'the team uses ubuntu-24.04 now'")]
    Remove {
        /// Such as team-web
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}
