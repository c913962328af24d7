//! Which part of a list is wanted.

use clap::Args;
use ingot_client::page::LONGEST_PAGE;

/// The options of every list.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PageArgs {
    /// Items per page, 1 to 200
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=LONGEST_PAGE))]
    pub(crate) limit: Option<u64>,
    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// All pages
    #[arg(long)]
    pub(crate) all: bool,
}
