//! Arguments of `ingot plan`.

use std::path::PathBuf;

use clap::Args;
use ingot_domain::Instant;

use crate::args::connection::Connection;
use crate::args::value;

/// Show which build starts when, which purse pays, and what each waits for
#[derive(Clone, Args)]
#[command(after_help = "\
Shows the plan of what waits in the ledger: the scheduler's next look starts exactly what stands here as `start`. With --scenario
it asks no API: the file holds the time, the policy, the templates, the requests, what is spent and what runs; docs/plan.md says
how, and what the plan does with it.

Examples:
  ingot plan
  ingot plan --at 2026-11-28T02:00:00Z
  ingot plan --if base=ubuntu-24.04:20260901
  ingot plan --scenario scenario.yaml
  ingot plan --scenario - --json < scenario.json | jq -r '.builds[] | [.id, .state] | @tsv'")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Scenario, YAML or JSON; `-` reads stdin
    #[arg(long, value_name = "FILE", overrides_with = "scenario", conflicts_with_all = ["at", "supposing"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Judge today's queue at this instant of the installation's calendar
    #[arg(long, value_name = "TIME", value_parser = value::calendar)]
    pub(crate) at: Option<Instant>,
    /// As if a base image had moved: base=NAME:BUILD
    #[arg(long = "if", id = "supposing", value_name = "base=NAME:BUILD")]
    pub(crate) supposing: Option<String>,
}
