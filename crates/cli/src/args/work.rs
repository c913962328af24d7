//! `ingot tasks …`, `ingot queues …`, `ingot status`: what is being worked on, and whether it can be.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use ingot_domain::task::{Queue, TaskState};

use crate::args::connection::Connection;
use crate::args::page::PageArgs;

/// Look into the durable units of work behind deployments
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  ingot tasks list --deployment dep_…
  ingot tasks show tsk_…")]
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
    #[arg(long, value_name = "QUEUE", value_parser = PossibleValuesParser::new(Queue::ALL.iter().map(|q| q.as_str())))]
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

/// Look at the queues
#[derive(Clone, Args)]
#[command(after_help = "Examples:\n  ingot queues list")]
pub(crate) struct QueuesArgs {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) action: QueuesAction,
}

/// What can be done with queues.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum QueuesAction {
    /// List the queues with what waits in them
    #[command(after_help = "Examples:\n  ingot queues list\n  ingot queues list --json")]
    List,
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
