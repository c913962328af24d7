//! `ingot templates auto-ami …`: what keeps templates' AMIs fresh.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, Subcommand};
use ingot_domain::money::Money;

use crate::args::value;

/// See where the automatic builds stand, configure them, ask for one, switch a template's on and off
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot templates auto-ami status
  ingot templates auto-ami configure --daily-budget 40
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
    Configure(Box<ConfigureArgs>),
    /// Show what is done by itself: for security, for templates in use, within which budgets, and for which templates otherwise
    #[command(after_help = "Examples:
  ingot templates auto-ami preferences
  ingot templates auto-ami preferences --json | jq .auto_ami_policy.security_updates")]
    Preferences,
    /// Build a template's images anew by themselves again, or change what makes it popular
    #[command(after_help = "Examples:
  ingot templates auto-ami enable web
  ingot templates auto-ami enable web --popularity-threshold 3")]
    Enable {
        /// The template
        #[arg(value_name = "NAME")]
        name: String,
        /// So many launches within 7 days make it popular, whatever the policy says; 0 takes the policy's word again
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000), allow_negative_numbers = true)]
        popularity_threshold: Option<u32>,
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

/// Show how templates' images are built by themselves, or change it: each change is a revision of the policy
///
/// Values are written as in a policy file, and refused as there.
#[derive(Clone, Args)]
#[command(
    after_help = "Without an option it shows. Keys that no option names are changed with `--set KEY=VALUE`, lists by a file (`ingot policy
import`). `ingot policy diff` shows what a change did, `ingot policy activate` takes it back.

Examples:
  ingot templates auto-ami configure
  ingot templates auto-ami configure --daily-budget 40 --popularity-threshold 3 --reason 'more users'
  ingot templates auto-ami configure --off-peak-window 'mon-fri 01:00-05:00' --timezone America/New_York
  ingot templates auto-ami configure --set notify_before_rebuild=true --set notify_lead='2 hours'"
)]
pub(crate) struct ConfigureArgs {
    /// Launches within 7 days that make a template popular
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) popularity_threshold: Option<String>,
    /// When builds may start that do not press (the key `build_window`): 02:00-06:00
    #[arg(long, value_name = "WINDOW", visible_alias = "build-window")]
    pub(crate) off_peak_window: Option<String>,
    /// When builds for high security updates may start
    #[arg(long, value_name = "WINDOW")]
    pub(crate) urgent_window: Option<String>,
    /// Whose times windows, days and months are: America/New_York
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// What a day may cost, in US dollars
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) daily_budget: Option<String>,
    /// What a month may cost
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) monthly_budget: Option<String>,
    /// What critical builds may cost in a month, beside that
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) emergency_budget: Option<String>,
    /// From a critical update to the image: 4 hours, immediate
    #[arg(long, value_name = "SPAN")]
    pub(crate) critical_window: Option<String>,
    /// The same for high updates
    #[arg(long, value_name = "SPAN")]
    pub(crate) high_window: Option<String>,
    /// The same for medium updates
    #[arg(long, value_name = "SPAN")]
    pub(crate) medium_window: Option<String>,
    /// The same for low updates
    #[arg(long, value_name = "SPAN")]
    pub(crate) low_window: Option<String>,
    /// The age at which an image is built again if its base has moved on
    #[arg(long, value_name = "SPAN")]
    pub(crate) max_age: Option<String>,
    /// Any key with one value, as `ingot policy diff` names it
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) set: Vec<(String, String)>,
    /// Why; kept with the revision
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only while this revision is in force; 0 stands for the defaults
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
    pub(crate) expect: Option<i32>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write KEY=VALUE, such as notify_lead='2 hours'".to_owned()),
    }
}

impl ConfigureArgs {
    /// What shall say what, or the key that is named twice.
    pub(crate) fn changes(&self) -> Result<BTreeMap<String, String>, String> {
        let named = [
            ("popularity_threshold", &self.popularity_threshold),
            ("build_window", &self.off_peak_window),
            ("urgent_window", &self.urgent_window),
            ("timezone", &self.timezone),
            ("daily_budget", &self.daily_budget),
            ("monthly_budget", &self.monthly_budget),
            ("emergency_budget", &self.emergency_budget),
            ("security_updates.critical_window", &self.critical_window),
            ("security_updates.high_window", &self.high_window),
            ("security_updates.medium_window", &self.medium_window),
            ("security_updates.low_window", &self.low_window),
            ("max_age", &self.max_age),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        let mut changes = BTreeMap::new();
        for (key, value) in named.chain(self.set.iter().cloned()) {
            if changes.insert(key.clone(), value).is_some() {
                return Err(key);
            }
        }
        Ok(changes)
    }
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
