//! `ingot findings …`: what was found, and what a person decides about it.

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand};

use crate::args::connection::Connection;
use crate::args::page::PageArgs;

/// List findings, and settle one about an object in AWS
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot findings list
  ingot findings settle fnd_… --keep --reason 'the last copy of the old release'")]
pub(crate) struct FindingsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: FindingsAction,
}

/// What can be done with findings.
#[derive(Clone, Subcommand)]
pub(crate) enum FindingsAction {
    /// List findings, newest first
    #[command(after_help = "Examples:
  ingot findings list
  ingot findings list --state cleared")]
    List(FindingListArgs),
    /// Say what becomes of the object a finding is about
    #[command(
        group = ArgGroup::new("verdict").args(["keep", "remove"]).required(true),
        after_help = "Kept, it is told no more. Removed, the monitor's next look removes it, if it is ours by its own facts.

Examples:
  ingot findings settle fnd_… --keep --reason 'the last copy of the old release'
  ingot findings settle fnd_… --remove"
    )]
    Settle {
        /// fnd_…
        #[arg(value_name = "ID")]
        id: String,
        /// It stays
        #[arg(long)]
        keep: bool,
        /// It goes
        #[arg(long)]
        remove: bool,
        /// Why; kept with the finding
        #[arg(long, value_name = "TEXT", default_value = "settled by hand")]
        reason: String,
    },
}

/// Which findings.
#[derive(Clone, Args)]
pub(crate) struct FindingListArgs {
    /// `open`, `settled` (kept on request) or `cleared`
    #[arg(long, value_name = "STATE", default_value = "open", value_parser = PossibleValuesParser::new(["open", "settled", "cleared"]))]
    pub(crate) state: String,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}
