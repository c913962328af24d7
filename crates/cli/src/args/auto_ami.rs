//! `ingot templates auto-ami …`: what keeps templates' AMIs fresh.

use std::time::Duration;

use clap::{Args, Subcommand};
use ingot_domain::money::Money;

use crate::args::value;

/// See where the automatic builds stand, ask for one, switch a template's on and off
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot templates auto-ami status
  ingot templates auto-ami security-status
  ingot templates auto-ami build web --urgent --reason CVE-2024-6387")]
pub(crate) struct AutoAmiArgs {
    #[command(subcommand)]
    pub(crate) action: AutoAmiAction,
}

/// What can be asked.
#[derive(Clone, Subcommand)]
pub(crate) enum AutoAmiAction {
    /// Show what each template has, what it lacks, what is planned, and what happened lately
    #[command(after_help = "Examples:
  ingot templates auto-ami status
  ingot templates auto-ami status --json | jq '.templates[] | {template, lacks, builds}'")]
    Status,
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
    Build(Box<BuildArgs>),
    /// Build a template's images anew by themselves again
    #[command(after_help = "Examples:
  ingot templates auto-ami enable web")]
    Enable {
        /// The template
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "switched on by hand")]
        reason: String,
    },
    /// Stop building a template's images anew: requests are recorded as skipped, those for security included
    #[command(after_help = "Examples:
  ingot templates auto-ami disable web --reason prefer-fresh-builds")]
    Disable {
        /// The template
        #[arg(value_name = "NAME")]
        name: String,
        /// Why; shown until it is switched on
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Ask for a build of a template, or of all that are behind their base images
#[derive(Clone, Args)]
#[command(
    after_help = "It joins the build of the same template, version, mode, architecture and region that waits, or makes one. Without --urgent the
plan starts it as soon as the daily budget has room; with it at once, from the emergency budget.

Examples:
  ingot templates auto-ami build web
  ingot templates auto-ami build web --urgent --reason CVE-2024-6387 --max-cost 10 --wait
  ingot templates auto-ami build --security-update"
)]
pub(crate) struct BuildArgs {
    /// The template
    #[arg(value_name = "NAME", required_unless_present = "security_update")]
    pub(crate) name: Option<String>,
    /// Build every template whose newest image is behind its base image
    #[arg(long, conflicts_with_all = ["name", "version", "mode", "architecture", "region", "wait", "idempotency_key"])]
    pub(crate) security_update: bool,
    /// This version; that of the newest image, else of the last launch, when absent
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// This mode; the template's first one when absent
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// x86_64 or arm64; that of the template's first instance type when absent
    #[arg(long, value_name = "ARCH", value_parser = ["x86_64", "arm64"])]
    pub(crate) architecture: Option<String>,
    /// There; in the region of the newest image, else of the last launch, when absent
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// At once, from the emergency budget; needs --reason
    #[arg(long, requires = "reason")]
    pub(crate) urgent: bool,
    /// Why; kept with the build
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// What it may cost at most, in US dollars
    #[arg(long, value_name = "USD", value_parser = Money::parse)]
    pub(crate) max_cost: Option<Money>,
    /// Follow it to its end; the exit code is 1 when there is no image then
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait no longer than this: 90s, 15m, 2h
    #[arg(long, value_name = "SPAN", value_parser = value::span, requires = "wait")]
    pub(crate) timeout: Option<Duration>,
    /// Repeating a call with the same key changes nothing more; random when absent
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
}
