//! `ingot builds …`: decisions to make images anew.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ingot_domain::build::BuildStatus;

use crate::args::connection::Connection;
use crate::args::page::PageArgs;

/// List, show and decide about builds: what is made anew, when, and what it costs
#[derive(Clone, Args)]
#[command(after_help = "`ingot templates auto-ami build NAME` asks for one.

Examples:
  ingot builds list --status open
  ingot builds show bld_…
  ingot builds approve bld_… --reason 'the term begins on Monday'")]
pub(crate) struct BuildsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: BuildsAction,
}

/// What can be done with builds.
#[derive(Clone, Subcommand)]
pub(crate) enum BuildsAction {
    List(BuildListArgs),
    /// Show one: what asks for it, why it does not start now, and what it costs
    #[command(after_help = "Examples:
  ingot builds show bld_…
  ingot builds show bld_… --json | jq '{estimated_cost, reserved_cost, actual_cost}'")]
    Show {
        /// bld_…
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print the story of one
    #[command(after_help = "With --json: one JSON line for each event.

Examples:
  ingot builds logs bld_…
  ingot builds logs bld_… --after 3")]
    Logs {
        /// bld_…
        #[arg(value_name = "ID")]
        id: String,
        /// Only lines after this number (`seq`)
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
    /// Let one start that a person must approve
    #[command(after_help = "Examples:
  ingot builds approve bld_… --reason 'the fix matters here'")]
    Approve(DecideArgs),
    /// Refuse one that waits
    #[command(after_help = "Examples:
  ingot builds reject bld_… --reason 'the template goes at the end of the month'")]
    Reject(DecideArgs),
    /// End one, whether it waits or runs; what it used is paid
    #[command(after_help = "Examples:
  ingot builds cancel bld_… --reason 'the wrong version'")]
    Cancel(DecideArgs),
}

/// List builds, newest first
#[derive(Clone, Args)]
#[command(
    after_help = "Each that waits says why it does not start now, and when it does.

Examples:
  ingot builds list
  ingot builds list --status open --template web
  ingot builds list --all --json | jq -r '.items[].id'"
)]
pub(crate) struct BuildListArgs {
    /// Only this status; `open` for all that wait or run
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(["open"].into_iter().chain(BuildStatus::ALL.iter().map(|s| s.as_str()))))]
    pub(crate) status: Option<String>,
    /// Only this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Only this region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Which build, and why.
#[derive(Clone, Args)]
pub(crate) struct DecideArgs {
    /// bld_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Why; kept with the build
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
