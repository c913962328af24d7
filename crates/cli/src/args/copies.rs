//! `ingot images copy`.

use std::time::Duration;

use clap::Args;

use crate::args::value;

/// Copy an image to other regions
#[derive(Clone, Args)]
#[command(
    after_help = "A copy is an image of its own key: the next deployment of that key in its region launches from it. Each region is
tried by itself; asking again tries what failed again and changes nothing where the copy is there. `ingot images show`
shows the copies. With --wait the exit code is 1 when one of them failed.

Examples:
  ingot images copy ami-0123456789abcdef0 --to us-west-2,eu-west-1 --wait
  ingot images copy img_… --to eu-central-1 --kms alias/images"
)]
pub(crate) struct CopyArgs {
    /// img_… or ami-…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Regions, separated by commas
    #[arg(long, value_name = "REGION", value_delimiter = ',', required = true)]
    pub(crate) to: Vec<String>,
    /// Encrypt the copies, also where the image is not encrypted
    #[arg(long)]
    pub(crate) encrypt: bool,
    /// Encrypt them under this key, which must be there in each region
    #[arg(long, value_name = "KEY")]
    pub(crate) kms: Option<String>,
    /// Follow the copies to their end
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait no longer than this: 90s, 15m, 2h
    #[arg(long, value_name = "SPAN", value_parser = value::span, requires = "wait")]
    pub(crate) timeout: Option<Duration>,
}
