//! Arguments of `ingot budget …` and `ingot prices …`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ingot_domain::money::Money;

use crate::args::connection::Connection;
use crate::args::value::region;

/// See what builds spent and reserved of the policy's budgets, and allow one more
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot budget show
  ingot budget history --budget daily
  ingot budget allow 12.50 --reason 'exam week'")]
pub(crate) struct BudgetArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: BudgetAction,
}

/// What can be done with budgets.
#[derive(Clone, Subcommand)]
pub(crate) enum BudgetAction {
    /// Show what is spent, reserved and left in the present day and month
    #[command(after_help = "Examples:\n  ingot budget show\n  ingot budget show --json")]
    Show,
    /// List the days and months in which something was spent, newest first
    #[command(
        after_help = "With --json each period has its newest 20 entries: what was reserved, settled, released and allowed.

Examples:
  ingot budget history
  ingot budget history --budget urgent --limit 12 --json"
    )]
    History {
        /// Of this budget only
        #[arg(long, value_name = "BUDGET", value_parser = ["daily", "monthly", "urgent"])]
        budget: Option<String>,
        /// So many periods
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=200))]
        limit: u64,
    },
    /// Allow a budget more, in its present day or month only
    #[command(
        after_help = "A build that waits for money in that period can start at once. The daily budget is within the monthly one: when the
month's is used up, allow that one, too.

Examples:
  ingot budget allow 12.50 --reason 'exam week'
  ingot budget allow 100 --budget monthly --reason 'new course'"
    )]
    Allow {
        /// US dollars, such as 12.50
        #[arg(value_name = "AMOUNT", value_parser = Money::parse, allow_negative_numbers = true)]
        amount: Money,
        /// Which budget
        #[arg(long, value_name = "BUDGET", default_value = "daily", value_parser = ["daily", "monthly", "urgent"])]
        budget: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// See and load what instance types cost an hour
#[derive(Clone, Args)]
#[command(
    after_help = "Ingot ships the on-demand Linux prices of us-east-1 with their date. A region without a figure of its own costs half as
much again, which is marked as assumed; so is RHEL or Windows without one, which is Linux with a surcharge by vCPUs. Nothing is
built on a type without a price.

Examples:
  ingot prices show c5.xlarge
  ingot prices load prices.csv --as-of 2026-11-01
  ingot prices history"
)]
pub(crate) struct PricesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: PricesAction,
}

/// What can be done with prices.
#[derive(Clone, Subcommand)]
pub(crate) enum PricesAction {
    /// Show what a type costs, or all of a region
    #[command(
        after_help = "Examples:\n  ingot prices show\n  ingot prices show c5.xlarge --region eu-central-1\n  ingot prices show m5.large --os rhel"
    )]
    Show {
        /// Such as c5.xlarge; all when absent
        #[arg(value_name = "TYPE")]
        kind: Option<String>,
        /// Where
        #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = region)]
        region: String,
        /// With which system's licence
        #[arg(long, value_name = "OS", default_value = "linux", value_parser = ["linux", "rhel", "suse", "windows"])]
        os: String,
    },
    /// Load prices from a CSV file
    #[command(
        after_help = "The file's first line is `region,instance_type,usd_per_hour`, or the same with `,os` (linux, rhel, suse or windows); amounts are
plain decimals such as 0.170000. One that is there is replaced, and `ingot prices history` tells what it was. A file with a
mistake is refused whole, with its lines.

Examples:
  ingot prices load prices.csv --as-of 2026-11-01
  ingot prices load - --as-of 2026-11-01 --source 'AWS Price List' < prices.csv"
    )]
    Load {
        /// The file; `-` reads stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The date the figures are of, YYYY-MM-DD; today when absent
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// Where they are from; the file's name when absent
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Read who changed prices, from what and to what
    #[command(
        after_help = "Examples:\n  ingot prices history\n  ingot prices history --after 12 --json"
    )]
    History {
        /// Only lines after this number
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
}
