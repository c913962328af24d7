//! `ingot deployments …`: looking at deployments and acting on them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ingot_domain::deployment::Status;

use crate::args::connection::Connection;
use crate::args::page::PageArgs;
use crate::args::value;

/// List, show, follow and act on deployments
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot deployments list --status running
  ingot deployments watch dep_…
  ingot deployments destroy dep_… --yes --wait")]
pub(crate) struct DeploymentsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: DeploymentsAction,
}

/// What can be done with deployments.
#[derive(Clone, Subcommand)]
pub(crate) enum DeploymentsAction {
    List(ListArgs),
    Show(ShowArgs),
    Logs(LogsArgs),
    Watch(WatchArgs),
    /// Start a pending deployment, or a failed one again
    #[command(after_help = "Examples:\n  ingot deployments start dep_…")]
    Start(ActArgs),
    Retry(RetryArgs),
    /// Stop a deployment that is not ready yet; its instance is terminated
    #[command(after_help = "Examples:\n  ingot deployments cancel dep_…")]
    Cancel(ActArgs),
    Image(ImageArgs),
    Extend(ExtendArgs),
    Destroy(DestroyArgs),
}

/// List deployments, newest first
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot deployments list
  ingot deployments list --status failed --template kamiwaza
  ingot deployments list --all --json | jq -r '.items[].id'")]
pub(crate) struct ListArgs {
    /// Only this status
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(Status::ALL.iter().map(|s| s.as_str())))]
    pub(crate) status: Option<String>,
    /// Only this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Only this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Only this region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// `build` for the builders of builds, `all` for everything; what people asked for when absent
    #[arg(long, value_name = "PURPOSE", value_parser = ["use", "build", "all"])]
    pub(crate) purpose: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Show one deployment
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot deployments show dep_…
  ingot deployments show dep_… --json | jq -r .created_ami_id")]
pub(crate) struct ShowArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Print a deployment's log lines
#[derive(Clone, Args)]
#[command(after_help = "With --json: one JSON line for each event.

Examples:
  ingot deployments logs dep_…
  ingot deployments logs dep_… --follow --after 12")]
pub(crate) struct LogsArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Go on until the deployment and its AMI are finished
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Give the following up after this (90s, 15m, 2h), with exit code 7; the deployment goes on
    #[arg(long, value_name = "TIME", requires = "follow", value_parser = value::span)]
    pub(crate) timeout: Option<Duration>,
    /// Only lines after this number (`seq`)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) after: i64,
}

/// Follow a deployment until it and its AMI are finished
#[derive(Clone, Args)]
#[command(after_help = "Ctrl-C stops watching, not the deployment.
Exit codes: 0 it answers and its AMI is made or not needed, 1 it ended otherwise, 130 Ctrl-C.
With --json: one JSON line for each event, then one for the deployment.

Examples:
  ingot deployments watch dep_…
  ingot deployments watch dep_… --json --timeout 1h")]
pub(crate) struct WatchArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Give the watching up after this (90s, 15m, 2h), with exit code 7; the deployment goes on
    #[arg(long, value_name = "TIME", value_parser = value::span)]
    pub(crate) timeout: Option<Duration>,
}

/// The deployment to act on.
#[derive(Clone, Args)]
pub(crate) struct ActArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Do not ask; only `destroy` asks
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Ask for a ready deployment's AMI again that failed, or give one up that has not begun
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot deployments image dep_… --reason 'the quota is higher now'
  ingot deployments image dep_… --cancel")]
pub(crate) struct ImageArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Give it up instead, while it has not begun
    #[arg(long)]
    pub(crate) cancel: bool,
    /// Why; told in the story
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// Start a failed deployment again, by the revision of its template it was requested with
#[derive(Clone, Args)]
#[command(
    group = clap::ArgGroup::new("following").args(["watch", "wait"]),
    after_help = "Exit codes with --watch and --wait: 0 it ended well, 1 it did not, 7 --timeout passed.

Examples:
  ingot deployments retry dep_…
  ingot templates apply web.yaml && ingot deployments retry dep_… --latest --watch --timeout 90m"
)]
pub(crate) struct RetryArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// By the newest revision of its template; what the request left to the template is the new revision's, too
    #[arg(long)]
    pub(crate) latest: bool,
    /// Follow it until it and its AMI are finished
    #[arg(long)]
    pub(crate) watch: bool,
    /// Wait until it and its AMI are finished, telling the story on stderr; stdout gets the AMI's id alone
    #[arg(long)]
    pub(crate) wait: bool,
    /// Give the watching or waiting up after this (90s, 15m, 2h), with exit code 7; the deployment goes on
    #[arg(long, value_name = "TIME", requires = "following", value_parser = value::span)]
    pub(crate) timeout: Option<Duration>,
}

/// Move when a deployment's instance is terminated by itself (`--ttl`, `--keep-for`)
#[derive(Clone, Args)]
#[command(
    group = clap::ArgGroup::new("how").required(true).args(["by", "until", "never"]),
    after_help = "Examples:
  ingot deployments extend dep_… --by 4h
  ingot deployments extend dep_… --until 2026-12-24T18:00:00Z
  ingot deployments extend dep_… --never"
)]
pub(crate) struct ExtendArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// So much later than it was (90m, 4h, 2d)
    #[arg(long, value_name = "TIME", value_parser = value::span)]
    pub(crate) by: Option<Duration>,
    /// At this instant
    #[arg(long, value_name = "INSTANT")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Not at all: it runs until it is destroyed
    #[arg(long)]
    pub(crate) never: bool,
}

/// Terminate a deployment's instance; its AMI stays
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot deployments destroy dep_…
  ingot deployments destroy dep_… --yes --wait")]
pub(crate) struct DestroyArgs {
    /// dep_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Wait until the instance is gone
    #[arg(long)]
    pub(crate) wait: bool,
    /// Give the waiting up after this (90s, 15m, 2h); the destruction goes on
    #[arg(long, value_name = "TIME", default_value = "15m", requires = "wait", value_parser = value::span)]
    pub(crate) timeout: Duration,
}
