//! Arguments of the commands that are Ingot itself: everything in one process, the parts of the scaled shape,
//! and what is done beside the API; those of the ledger's schema and tokens are in `ledger`.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use ingot_domain::Instant;
use ingot_domain::decide::orphan::Reap;
use ingot_domain::network::Cidr;
use ingot_domain::pace::Pace;
use ingot_throttle::Rates;

use crate::args::connection::Format;
use crate::args::data_dir::DataDir;
pub(crate) use crate::args::feeds::{FeedArgs, FeedChoice};
use crate::args::keys::{KeyArgs, TellArgs};
pub(crate) use crate::args::ledger::{MigrateAction, MigrateArgs, TokenAction, TokenArgs};
use crate::args::sim::SimAction;
use crate::args::value;
use crate::failure::Usage;

/// Which cloud `ingot up` works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloudChoice {
    /// Your AWS account, through the usual credentials
    Aws,
    /// The simulated region: no account, no costs, minutes are seconds
    Sim,
}

/// Orphans in AWS that may be removed: what carries this installation and serves no deployment, 30 minutes after it was
/// seen first
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReapChoice {
    /// None: they are only told
    Off,
    /// Those that this ledger recorded and whose own facts agree
    On,
    /// The same as `on`: without a record nothing is removed; kept for older command lines
    All,
}

impl From<ReapChoice> for Reap {
    fn from(choice: ReapChoice) -> Self {
        match choice {
            ReapChoice::Off => Reap::Off,
            ReapChoice::On => Reap::On,
            ReapChoice::All => Reap::All,
        }
    }
}

/// Everything in one process: API, console, workers, a SQLite ledger
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot up                      work in your AWS account, console on http://127.0.0.1:8080
  ingot up --cloud sim          the same without AWS: a simulated region, minutes are seconds
  ingot up --cloud sim --fresh  the same, without the templates and the history of the last time
  ingot up --cloud sim --at 2024-06-30T12:00:00Z --pace 600
                                the same, on a day of its own that lasts less than three minutes
  ingot up --regions eu-north-1,eu-west-1
  ingot up --demo               play four deployments of two versions and a day of builds, and stay up
  ingot up --demo --exit        the same as a self-test: exit code 0 when all went as it must")]
pub(crate) struct UpArgs {
    /// Where instances run; `sim` when --demo is given
    #[arg(
        long,
        value_enum,
        env = "INGOT_CLOUD",
        default_value = "aws",
        default_value_if("demo", "true", "sim")
    )]
    pub(crate) cloud: CloudChoice,
    /// Where API and console listen
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "INGOT_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) data: DataDir,
    #[command(flatten)]
    pub(crate) regions: RegionArgs,
    /// Divide the waits of the cloud's rhythm by this; 60 with `sim`, else 1, when absent
    ///
    /// With `sim` the calendar runs as fast. A ledger that is kept keeps its pace when this is absent, and runs at another one
    /// from now on when it is given.
    #[arg(long, value_name = "N", env = "INGOT_PACE", value_parser = value::pace)]
    pub(crate) pace: Option<Pace>,
    /// With `sim`: begin the region's calendar at this time, such as 2024-06-30T12:00:00Z; now, when absent
    ///
    /// Windows, periods, deadlines and ages are judged by it, and the region stamps with it. A ledger that is kept goes on
    /// with its calendar, which ran on meanwhile; `--fresh` begins a new one.
    #[arg(long, value_name = "TIME", value_parser = value::calendar)]
    pub(crate) at: Option<Instant>,
    #[command(flatten)]
    pub(crate) rates: Ec2RateArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
    /// With `sim`: forget templates, tokens and history of the simulated regions before
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Play the examples in the simulated region, show the saving, then a night and a day of builds
    ///
    /// It takes about two minutes. In a data directory with a ledger it plays in one of its own beside it, afresh.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Exit when the demo is over instead of staying up
    #[arg(long, requires = "demo")]
    pub(crate) exit: bool,
}

/// The API and the console, of the scaled shape
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  DATABASE_URL=postgres://… REDIS_URL=redis://… ingot api
  ingot api --listen 127.0.0.1:8081 --metrics-listen 127.0.0.1:9092 --regions us-east-1,eu-central-1")]
pub(crate) struct ApiArgs {
    /// Where to listen; 0.0.0.0:8080 lets others in, who should come through TLS
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "INGOT_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,
    /// The address people use, as the proxy in front serves it; with https:// the console's cookie is for TLS only
    #[arg(long, value_name = "URL", env = "INGOT_PUBLIC_URL", value_parser = value::public_url)]
    pub(crate) public_url: Option<String>,
    /// Where Prometheus finds the metrics without a token; nowhere when absent
    #[arg(long, value_name = "ADDRESS", env = "INGOT_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) stores: Stores,
    #[command(flatten)]
    pub(crate) regions: RegionArgs,
    /// Divide the waits of the cloud's rhythm by this; the workers must have the same
    #[arg(long, value_name = "N", env = "INGOT_PACE", default_value = "1", value_parser = value::pace)]
    pub(crate) pace: Pace,
}

/// A worker of the scaled shape; any number of them may run
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  DATABASE_URL=postgres://… REDIS_URL=redis://… ingot worker
  ingot worker --concurrency 128 --probe-cidrs 10.0.0.0/8 --metrics-listen 127.0.0.1:9091")]
pub(crate) struct WorkerArgs {
    /// Where Prometheus finds the metrics; when the port is taken, the worker says so and works without
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "INGOT_METRICS_LISTEN",
        default_value = "127.0.0.1:9185"
    )]
    pub(crate) metrics_listen: SocketAddr,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) tell: TellArgs,
    /// The address people use, for the links of notifications
    #[arg(long, value_name = "URL", env = "INGOT_PUBLIC_URL", value_parser = value::public_url)]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) stores: Stores,
    /// Tasks worked on at the same time, per queue; 64 when absent
    #[arg(
        long,
        value_name = "N",
        env = "INGOT_CONCURRENCY",
        value_parser = clap::value_parser!(u16).range(1..=1024)
    )]
    pub(crate) concurrency: Option<u16>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) feeds: FeedArgs,
    /// Ask the simulated region here on which loopback address and port an instance answers
    #[arg(long, value_name = "URL", env = "INGOT_SIMULATED_REGION")]
    pub(crate) simulated_region: Option<String>,
    /// Divide the waits of the cloud's rhythm by this; the API must have the same
    #[arg(long, value_name = "N", env = "INGOT_PACE", default_value = "1", value_parser = value::pace)]
    pub(crate) pace: Pace,
    #[command(flatten)]
    pub(crate) rates: Ec2RateArgs,
}

/// Where deployments may run.
#[derive(Debug, Clone, Args)]
pub(crate) struct RegionArgs {
    /// Regions deployments may run in [default: AWS_REGION or AWS_DEFAULT_REGION; with `up` the profile's, too]
    #[arg(
        long,
        value_name = "REGION,…",
        env = "INGOT_REGIONS",
        value_delimiter = ',',
        value_parser = value::region
    )]
    regions: Vec<String>,
}

impl RegionArgs {
    /// The first region given.
    pub(crate) fn first(&self) -> Option<String> {
        self.regions.iter().find(|name| !name.is_empty()).cloned()
    }

    /// The regions given, each once, or these.
    pub(crate) fn or(self, usual: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut given = self.regions;
        given.retain(|name| !name.is_empty());
        if given.is_empty() {
            given.extend(usual);
        }
        let mut seen = std::collections::BTreeSet::new();
        given.retain(|name| seen.insert(name.clone()));
        given
    }
}

/// How far the hands of a process reach.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReachArgs {
    /// Private blocks that readiness checks may connect to
    #[arg(
        long,
        value_name = "CIDR,…",
        env = "INGOT_PROBE_CIDRS",
        value_delimiter = ','
    )]
    pub(crate) probe_cidrs: Vec<Cidr>,
    /// Orphans in AWS that may be removed
    #[arg(long, value_enum, env = "INGOT_REAP", default_value = "on")]
    pub(crate) reap: ReapChoice,
}

/// How fast EC2 may be asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Ec2RateArgs {
    /// How fast EC2 may be asked, per account, region and action: all workers on one Redis share it
    ///
    /// Pairs NAME=AT_ONCE/PER_SECOND over what EC2 grants by default, such as
    /// `RunInstances=5/2,CreateImage=20/2,reads=50/10`. NAME is an EC2 action, or `reads` and `writes` for all that are
    /// not named, or `RunInstances.resources` and `TerminateInstances.resources`. `off` limits nothing. Every worker
    /// must be given the same.
    #[arg(
        long = "ec2-rates",
        value_name = "PAIRS",
        env = "INGOT_EC2_RATES",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) rates: Rates,
}

/// Where the ledger and the doorbell are. The addresses may hold passwords, so they are never shown.
#[derive(Clone, Args)]
pub(crate) struct Stores {
    /// The ledger: postgres://user:password@host/name
    // Both are options here and demanded below, so that a missing one is refused in one line.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The Redis that carries the news of due work: redis://host:6379
    #[arg(long, value_name = "URL", env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
}

impl Stores {
    /// The ledger's and the doorbell's addresses.
    pub(crate) fn urls(&self) -> anyhow::Result<(&str, &str)> {
        Ok((
            given(
                &self.database_url,
                "which ledger? set DATABASE_URL or give --database-url, such as `postgres://ingot@localhost/ingot`",
            )?,
            given(
                &self.redis_url,
                "which Redis? set REDIS_URL or give --redis-url, such as `redis://localhost:6379`",
            )?,
        ))
    }
}

fn given<'a>(url: &'a Option<String>, missing: &str) -> Result<&'a str, Usage> {
    url.as_deref()
        .filter(|url| !url.is_empty())
        .ok_or_else(|| Usage(missing.to_owned()))
}

/// The simulated region: EC2, SSM and STS over their wire protocols
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot sim --listen 127.0.0.1:4600
  ingot sim --listen 127.0.0.1:4600 --pace 600 --no-buckets
  ingot sim --listen 127.0.0.1:4600 --pace 600 --at 2024-06-30T12:00:00Z
  AWS_ENDPOINT_URL=http://127.0.0.1:4600 aws ec2 describe-images --region us-east-1
  ingot sim release ubuntu-22.04 20240701          in the region of a running `ingot up --cloud sim`")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    pub(crate) action: Option<SimAction>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub(crate) listen: Option<SocketAddr>,
    /// Simulated seconds per real second
    #[arg(long, value_name = "N", env = "INGOT_PACE", default_value = "60", value_parser = value::pace)]
    pub(crate) pace: Pace,
    /// What its clock shows at the start, such as 2024-06-30T12:00:00Z; now, when absent
    #[arg(long, value_name = "TIME", value_parser = value::calendar)]
    pub(crate) at: Option<Instant>,
    /// Where instances listen that serve on port 443; 0 takes 443 where it may, else any free port
    #[arg(
        long,
        value_name = "PORT",
        env = "INGOT_PROBE_PORT",
        default_value_t = 0
    )]
    pub(crate) probe_port: u16,
    /// Do not throttle as EC2 does
    #[arg(long)]
    pub(crate) no_buckets: bool,
    /// Let instances whose script does not say what it serves answer with a login page, as those of older releases did
    #[arg(long)]
    pub(crate) serve_unmarked: bool,
}

/// Who the AWS credentials of this environment say we are, and where they come from
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot identity
  AWS_PROFILE=factory ingot identity --region eu-central-1
  ingot identity --json | jq -r .account")]
pub(crate) struct IdentityArgs {
    /// Region whose STS is asked; AWS_REGION, AWS_DEFAULT_REGION or the profile's when absent
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Print the OpenAPI document of the API
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot openapi > openapi.json")]
pub(crate) struct OpenapiArgs {}

impl UpArgs {
    /// Refuses a demo that would cost money, and to forget what runs in an account.
    pub(crate) fn checked(self) -> anyhow::Result<Self> {
        if self.demo && self.cloud == CloudChoice::Aws {
            let text = "the demo plays in the simulated region only; leave out --cloud and INGOT_CLOUD, or --demo";
            return Err(Usage(text.to_owned()).into());
        }
        if self.fresh && self.cloud == CloudChoice::Aws {
            let text = "--fresh forgets simulated regions only, and this is `--cloud aws`: its ledger knows what runs in your account";
            return Err(Usage(text.to_owned()).into());
        }
        if self.at.is_some() && self.cloud == CloudChoice::Aws {
            let text = "--at begins the calendar of a simulated region, and this is `--cloud aws`: your account lives by the real time; add --cloud sim, or leave out --at";
            return Err(Usage(text.to_owned()).into());
        }
        Ok(self)
    }
}
