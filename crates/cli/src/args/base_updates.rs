//! `ingot base-images updates|update|set-level`: what came of base images, and how it was judged.

use clap::Args;
use clap::builder::PossibleValuesParser;
use ingot_domain::advisory::level::SecurityLevel;

use crate::args::page::PageArgs;

/// List updates of base images, newest first
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot base-images updates
  ingot base-images updates ubuntu-22.04 --level critical")]
pub(crate) struct UpdatesArgs {
    /// Only of this base image
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Only of this level
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(SecurityLevel::ALL.map(SecurityLevel::as_str)))]
    pub(crate) level: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Show one update of a base image with the evidence of its judgement
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot base-images update upd_…
  ingot base-images update upd_… --json | jq '.evidence[] | {advisory, package, status, rules}'")]
pub(crate) struct UpdateArgs {
    /// upd_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Set the level of an update by your own word
#[derive(Clone, Args)]
#[command(
    after_help = "Your word is kept among the judgements. It stands until the rules find more than they had found.

Examples:
  ingot base-images set-level upd_… --level low --reason 'no instance answers on port 22'"
)]
pub(crate) struct LevelArgs {
    /// upd_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// The level
    #[arg(long, value_name = "LEVEL", value_parser = PossibleValuesParser::new(["critical", "high", "medium", "low", "none"]))]
    pub(crate) level: String,
    /// Why; kept with the judgement
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
