//! Arguments of `ingot plan`.

use std::path::PathBuf;

use clap::Args;

use crate::args::connection::Connection;

/// Show which build starts when, which purse pays, and what each waits for
#[derive(Clone, Args)]
#[command(after_help = "\
Plans without server or ledger: the file holds the time, the policy, the templates, the requests, what is spent and what
runs; docs/plan.md says how, and what the plan does with it.

Examples:
  ingot plan --scenario scenario.yaml
  ingot plan --scenario - --json < scenario.json | jq -r '.builds[] | [.id, .state] | @tsv'")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Scenario, YAML or JSON; `-` reads stdin
    #[arg(long, value_name = "FILE", overrides_with = "scenario")]
    pub(crate) scenario: PathBuf,
}
