//! `ingot retention …`: how long what is over is kept.

use clap::{Args, Subcommand};

use crate::args::connection::Connection;

/// See and say how long finished tasks and cleared findings are kept
#[derive(Clone, Args)]
#[command(
    after_help = "A deployment with its story and its image is kept for ever.

Examples:
  ingot retention show
  ingot retention set --tasks-days 14"
)]
pub(crate) struct RetentionArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: RetentionAction,
}

/// What can be done with it.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum RetentionAction {
    /// Show how long what is over is kept
    #[command(after_help = "Examples:\n  ingot retention show\n  ingot retention show --json")]
    Show,
    Set(RetentionSetArgs),
}

/// Say how long what is over is kept; what is not given stays as it is
#[derive(Clone, Copy, Args)]
#[command(
    after_help = "Examples:\n  ingot retention set --tasks-days 14\n  ingot retention set --findings-days 365"
)]
#[group(required = true, multiple = true)]
pub(crate) struct RetentionSetArgs {
    /// Days that finished tasks with their attempts are kept
    #[arg(long, value_name = "DAYS")]
    pub(crate) tasks_days: Option<u32>,
    /// Days that cleared findings are kept
    #[arg(long, value_name = "DAYS")]
    pub(crate) findings_days: Option<u32>,
}
