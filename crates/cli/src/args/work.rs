//! `ingot tasks …`, `ingot queues …`, `ingot status`: what is being worked on, and whether it can be.

use chrono::{DateTime, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ingot_domain::task::{CONCURRENCY, Queue, TaskState};

use crate::args::connection::Connection;
use crate::args::page::PageArgs;
use crate::args::value;

/// Look into the durable units of work behind deployments, and handle them
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot tasks list --deployment dep_…
  ingot tasks show tsk_…
  ingot tasks retry tsk_… --reason 'the quota was raised'
  ingot tasks retry --state dead --queue ami --dry-run")]
pub(crate) struct TasksArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: TasksAction,
}

/// What can be done with tasks.
#[derive(Clone, Subcommand)]
pub(crate) enum TasksAction {
    List(TaskListArgs),
    /// Show one task with its attempts
    #[command(after_help = "Examples:\n  ingot tasks show tsk_…")]
    Show {
        /// tsk_…
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Try again what was given up, as its subject's retry at that stage; what waits is due now
    #[command(after_help = "Examples:
  ingot tasks retry tsk_… --reason 'the quota was raised'
  ingot tasks retry --state dead --queue ami --dry-run
  ingot tasks retry --state dead --queue ami --expect 120 --reason 'the quota was raised'")]
    Retry(TaskActArgs),
    /// End the stage a task works for as giving up does, and remove what it made
    #[command(after_help = "Examples:
  ingot tasks cancel tsk_… --reason 'ordered twice'")]
    Cancel(TaskActArgs),
    /// Let what waits be due now
    #[command(after_help = "Examples:
  ingot tasks run-now tsk_… --reason 'no need to wait'
  ingot tasks run-now --state retryable --queue launch --expect 40 --reason 'AWS is back'")]
    RunNow(TaskActArgs),
    /// Let what waits be due at another instant
    #[command(after_help = "Examples:
  ingot tasks reschedule tsk_… --at 2026-12-24T18:00:00Z --reason 'after the event'")]
    Reschedule {
        #[command(flatten)]
        act: TaskActArgs,
        /// When, with date, time and zone
        #[arg(long, value_name = "INSTANT", value_parser = value::instant)]
        at: DateTime<Utc>,
    },
    /// The same as cancel, and count it among those given up
    #[command(after_help = "Examples:
  ingot tasks discard tsk_… --reason 'it will never work'")]
    Discard(TaskActArgs),
}

/// Which tasks something is done to, and why.
#[derive(Clone, Args)]
pub(crate) struct TaskActArgs {
    /// tsk_…, 10,000 at most; or a filter instead
    #[arg(value_name = "ID", num_args = 0.., conflicts_with_all = ["queue", "state", "deployment", "expect", "dry_run"])]
    pub(crate) ids: Vec<String>,
    /// All of this queue, as an operation
    #[arg(long, value_name = "QUEUE", value_parser = queue_names())]
    pub(crate) queue: Option<String>,
    /// All of this state; `dead` are those given up
    #[arg(long, value_name = "STATE", value_parser = state_names())]
    pub(crate) state: Option<String>,
    /// All of this deployment
    #[arg(long, value_name = "ID")]
    pub(crate) deployment: Option<String>,
    /// How many they are; refused when there are a tenth more or fewer
    #[arg(long, value_name = "N")]
    pub(crate) expect: Option<u64>,
    /// Show how many the filter finds and some of them; do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

fn state_names() -> PossibleValuesParser {
    let states = TaskState::ALL.iter().map(|state| state.as_str());
    PossibleValuesParser::new(states.chain(["dead"]))
}

/// Look at operations over many tasks, and stop them
#[derive(Clone, Args)]
#[command(
    after_help = "`ingot tasks retry|cancel|run-now|reschedule|discard` with a filter begins one.

Examples:
  ingot operations list
  ingot operations show opr_…
  ingot operations stop opr_… --reason 'wrong queue'"
)]
pub(crate) struct OperationsArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: OperationsAction,
}

/// What can be done with operations.
#[derive(Clone, Subcommand)]
pub(crate) enum OperationsAction {
    /// List operations, newest first
    #[command(after_help = "Examples:\n  ingot operations list --limit 5")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one with its progress and its story
    #[command(after_help = "Examples:\n  ingot operations show opr_…")]
    Show {
        /// opr_…
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Let no further step be made; what was done stays done
    #[command(after_help = "Examples:\n  ingot operations stop opr_… --reason 'wrong queue'")]
    Stop {
        /// opr_…
        #[arg(value_name = "ID")]
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// List tasks, newest first
#[derive(Clone, Args)]
#[command(
    after_help = "The clockwork's own tasks (queues `monitor` and `scheduler`) are shown with --all, which takes all pages, or when
their queue is named.

Examples:
  ingot tasks list --state retryable
  ingot tasks list --queue ami --state discarded
  ingot tasks list --deployment dep_…"
)]
pub(crate) struct TaskListArgs {
    /// Only this queue
    #[arg(long, value_name = "QUEUE", value_parser = queue_names())]
    pub(crate) queue: Option<String>,
    /// Only this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(TaskState::ALL.iter().map(|s| s.as_str())))]
    pub(crate) state: Option<String>,
    /// Only this deployment's
    #[arg(long, value_name = "ID")]
    pub(crate) deployment: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Look at the queues, pause them and let them go on
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot queues list
  ingot queues pause ami --reason 'AWS event'
  ingot queues resume ami")]
pub(crate) struct QueuesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: QueuesAction,
}

/// What can be done with queues.
#[derive(Clone, Subcommand)]
pub(crate) enum QueuesAction {
    /// List the queues with what waits in them
    #[command(after_help = "Examples:\n  ingot queues list\n  ingot queues list --json")]
    List,
    /// Show one queue with its story
    #[command(after_help = "Examples:\n  ingot queues show ami")]
    Show {
        /// Such as ami
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Let no worker take anything from a queue; what is being visited ends by itself within 30 seconds
    #[command(
        after_help = "It holds everywhere two seconds after the answer, over restarts and without Redis, and burns no attempt. Patience that counts
Ingot's own looks stands still; what counts AWS or money (ttl, keep-for, reservations) goes on. Queues that end
instances (launch, scheduler, builds) are paused with --even-cleanup only.

Examples:
  ingot queues pause ami --reason 'AWS event'
  ingot queues pause launch --even-cleanup --reason 'account is being moved'"
    )]
    Pause {
        /// Such as ami
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Also if it ends instances, which then run on and cost money
        #[arg(long)]
        even_cleanup: bool,
    },
    /// Let workers take from a paused queue again
    #[command(after_help = "Examples:\n  ingot queues resume ami --reason 'the event is over'")]
    Resume {
        /// Such as ami
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "it goes on")]
        reason: String,
    },
    /// Say how many tasks of a queue each worker works on at once, within two seconds and without a restart
    #[command(after_help = "Examples:
  ingot queues set-concurrency ami 8 --reason 'EBS is slow today'
  ingot queues set-concurrency ami default")]
    SetConcurrency {
        /// Such as ami
        #[arg(value_name = "NAME")]
        name: String,
        /// 1 to 1024, or `default`: what each worker was started with
        #[arg(value_name = "N", value_parser = concurrency)]
        concurrency: Concurrency,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "set by hand")]
        reason: String,
    },
}

/// How many visits at once; none for what each worker was started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Concurrency(pub(crate) Option<u32>);

fn concurrency(text: &str) -> Result<Concurrency, String> {
    if text == "default" {
        return Ok(Concurrency(None));
    }
    let number = text.parse().ok();
    let within = number.filter(|number| CONCURRENCY.contains(number));
    let (least, most) = (CONCURRENCY.start(), CONCURRENCY.end());
    let number = within.ok_or_else(|| format!("give {least} to {most}, or `default`"))?;
    Ok(Concurrency(Some(number)))
}

fn queue_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Queue::ALL.iter().map(|queue| queue.as_str()))
}

/// Say what a deployment, a build or a task waits for: on what, since when, until when, and what to do
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot why dep_…
  ingot why bld_…
  ingot why tsk_… --json")]
pub(crate) struct WhyArgs {
    /// dep_…, bld_… or tsk_…
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Ask the API whether everything it needs is there
#[derive(Clone, Args)]
#[command(after_help = "The exit code is 6 when something is missing.

Examples:
  ingot status
  ingot status --json")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
}
