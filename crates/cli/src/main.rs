//! `ingot`: the one binary. Reads the command line, runs the command, turns its end into an exit code.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks through stdout and stderr"
)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;

mod args;
mod command;
mod demo;
mod failure;
mod output;
mod process;
mod watch;

/// Requests and visits are thousands of small texts a second; the system's own took a fifth of an API's time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    start().unwrap_or_else(|error| {
        if output::nobody_listens(&error) {
            return ExitCode::SUCCESS;
        }
        // A stderr that takes nothing must not change the exit code, as a panic would.
        let json = failure::report::wants_json(std::env::args_os());
        let _ = writeln!(io::stderr(), "{}", failure::report::text(&error, json));
        failure::exit(&error).into()
    })
}

fn start() -> anyhow::Result<ExitCode> {
    if let Some(end) = process::failpoints::listed()? {
        return Ok(end);
    }
    // Everything that needs no runtime, such as --help, ends here.
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refused)
            if refused.use_stderr() && failure::report::wants_json(std::env::args_os()) =>
        {
            let problem = failure::report::usage(&refused.render().to_string());
            let _ = writeln!(io::stderr(), "{problem}");
            return Ok(failure::Exit::Usage.into());
        }
        Err(said)
            if said.kind() == ErrorKind::MissingSubcommand && std::env::args_os().len() == 1 =>
        {
            let _ = write!(io::stderr(), "{}", args::command().render_help());
            return Ok(failure::Exit::Usage.into());
        }
        Err(said) => said.exit(),
    };
    process::failpoints::set()?;
    let told = process::setup::variable;
    let mut look = output::look::of_stdout(
        told("COLUMNS").as_deref(),
        told("NO_COLOR").is_some(),
        told("TERM").as_deref(),
    );
    if cli.connection.wide() {
        look.width = None;
    }
    output::look::set(look);
    let runtime = runtime(&cli.command)?;
    let end = runtime.block_on(run(cli));
    // A visit that never yields must not keep a process that was asked to stop.
    runtime.shutdown_timeout(LAST);
    end
}

/// How long what still runs at the end may take.
const LAST: std::time::Duration = std::time::Duration::from_secs(5);

/// A thread per core, as tokio does it, or as TOKIO_WORKER_THREADS says. An API takes half of them: its requests wait for
/// the database more than they compute, and a second thread on two cores mostly hands them back and forth (57 instead of
/// 73 us a request). A worker keeps all, so that a visit that never yields does not hold up the others.
fn runtime(command: &args::Command) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let told = process::setup::variable("TOKIO_WORKER_THREADS").is_some();
    if matches!(command, args::Command::Api(_)) && !told {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        builder.worker_threads(cores.div_ceil(2));
    }
    Ok(builder.enable_all().build()?)
}

async fn run(cli: args::Cli) -> anyhow::Result<ExitCode> {
    use args::Command;
    let connection = cli.connection;
    match cli.command {
        Command::Deploy(args) => command::deploy::run(*args).await,
        Command::Deployments(args) => command::deployments::run(args).await,
        Command::Watch(direct) => command::story::run_watch(&direct.connection, direct.args).await,
        Command::Logs(direct) => command::story::run_logs(&direct.connection, direct.args).await,
        Command::Images(args) => command::images::run(args).await,
        Command::Templates(args) => command::templates::run(args).await,
        Command::Plan(args) => command::plan::run(args).await,
        Command::Policy(args) => command::policy::run(args).await,
        Command::Budget(args) => command::budget::run(args).await,
        Command::Prices(args) => command::prices::run(args).await,
        Command::Why(args) => command::why::run(args).await,
        Command::Status(args) => command::tasks::status(args).await,
        Command::Doctor(args) => command::doctor::run(args).await,
        Command::BaseImages(args) => command::base_images::run(args).await,
        Command::Builds(args) => command::builds::run(args).await,
        Command::Findings(args) => command::findings::run(args).await,
        Command::Queues(args) => command::queues::run(args).await,
        Command::Operations(args) => command::operations::run(args).await,
        Command::Tasks(args) => command::tasks::run(args).await,
        Command::Retention(args) => command::retention::run(args).await,
        Command::Aws(args) => command::aws::run(args).await,
        Command::Advisories(args) => command::advisories::run(args).await,
        Command::Notifications(args) => command::notifications::run(args).await,
        Command::Up(args) => process::up::run(args.checked()?).await,
        Command::Api(args) => process::api::run(args).await,
        Command::Worker(args) => process::worker::run(args).await,
        Command::Sim(args) => process::sim::run(args).await,
        Command::Migrate(args) => process::migrate::run(args).await,
        Command::Token(args) => process::token::run(args, connection.data()).await,
        Command::Keys(args) => process::keys::run(args, connection.data()).await,
        Command::Identity(args) => process::identity::run(args).await,
        Command::Openapi(args) => process::openapi::run(args).await,
        Command::Config(args) => command::config::run(args),
        Command::Help(args) => command::guide::help(args, &connection),
        Command::Version(args) => command::guide::version(args, connection.output()),
        Command::Completions(args) => command::guide::completions(args),
        Command::Man(args) => command::guide::man(args),
    }
}
