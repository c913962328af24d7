//! `ingot sim release`: vendors of the simulated region publish builds.

use clap::{Args, Subcommand};

use crate::args::connection::Format;
use crate::args::data_dir::DataDir;
use crate::args::value;

/// What can be ordered of a running region.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum SimAction {
    /// Let a vendor publish a build of a base image, or take it back
    #[command(after_help = "Examples:
  ingot sim release ubuntu-22.04 20240701
  ingot sim release ubuntu-22.04 20240701 --region us-east-1 --created 2024-07-01T16:36:59Z
  ingot sim release ubuntu-22.04 20240701 --withdraw")]
    Release(ReleaseArgs),
}

/// Which build.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReleaseArgs {
    /// A track that every installation has, such as ubuntu-22.04
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The build as its vendor names it, such as 20240701, 9.6.20251113 or 2023.5.20240701.0
    #[arg(value_name = "BUILD")]
    pub(crate) build: String,
    /// There only; everywhere when absent
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',', value_parser = value::region)]
    pub(crate) regions: Vec<String>,
    /// When it was made, such as 2024-07-01T16:36:59Z; when absent now by the region's clock, or the end of the day in
    /// the build's name where that is later
    #[arg(long, value_name = "TIME", value_parser = value::instant)]
    pub(crate) created: Option<ingot_domain::Instant>,
    /// Take it back
    #[arg(long, conflicts_with = "created")]
    pub(crate) withdraw: bool,
    /// The region's address; that of the running `ingot up --cloud sim` when absent
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataDir,
    #[command(flatten)]
    pub(crate) format: Format,
}
