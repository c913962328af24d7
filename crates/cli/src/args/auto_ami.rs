//! `ingot templates auto-ami …`: what keeps templates' AMIs fresh.

use clap::{Args, Subcommand};

/// See which templates' AMIs have fallen behind their base images
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot templates auto-ami security-status")]
pub(crate) struct AutoAmiArgs {
    #[command(subcommand)]
    pub(crate) action: AutoAmiAction,
}

/// What can be asked.
#[derive(Clone, Subcommand)]
pub(crate) enum AutoAmiAction {
    /// Show the base images that have moved, how severe that is and why, and the templates behind them
    #[command(
        name = "security-status",
        after_help = "A template is behind when its newest image stands on an older build than its base image has. `unknown` is a level of
its own: the feeds do not suffice to say, and the line says why.

Examples:
  ingot templates auto-ami security-status
  ingot templates auto-ami security-status --json | jq -r '.available[].update.base'"
    )]
    SecurityStatus,
}
