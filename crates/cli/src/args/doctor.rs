//! `ingot doctor`: what is wrong with an installation.

use clap::Args;

use crate::args::connection::Connection;

/// Look for what is wrong: parts that are down, broken invariants, orphans in AWS
#[derive(Clone, Args)]
#[command(
    after_help = "The exit code is 1 when a part is down or an invariant is violated.

Examples:
  ingot doctor
  ingot doctor --all
  ingot doctor --json"
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Invariants, too, that do not apply to this version
    #[arg(long)]
    pub(crate) all: bool,
}
