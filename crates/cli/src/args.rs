//! The command line: the tree of commands, and the page of help that introduces them.

use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::Exit;

pub(crate) mod advisories;
pub(crate) mod auto_ami;
pub(crate) mod aws;
pub(crate) mod base_images;
pub(crate) mod base_updates;
pub(crate) mod builds;
pub(crate) mod catalog;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod copies;
pub(crate) mod data_dir;
pub(crate) mod deploy;
pub(crate) mod deployments;
pub(crate) mod doctor;
pub(crate) mod feeds;
pub(crate) mod findings;
pub(crate) mod guide;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod money;
pub(crate) mod notifications;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod process;
pub(crate) mod retention;
pub(crate) mod sim;
pub(crate) mod value;
pub(crate) mod work;

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "ingot",
    version,
    about = ABOUT,
    override_usage = "ingot [OPTIONS] <COMMAND>",
    help_template = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}",
    after_help = guide(),
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// The options that every command takes, before it or after it.
    #[command(flatten)]
    pub(crate) connection: connection::Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const ABOUT: &str = "\
Ingot is a durable golden-AMI factory: it launches versioned software on EC2, waits until it really
answers, and keeps an AMI of it, so that the next launch of that version takes minutes less.";

/// Stands in for clap's own list of commands, which knows no groups; a test compares the two.
const GUIDE: &str = "\
Start here:
  ingot up --demo                 see the whole life of an AMI in a minute, without an AWS account
  ingot up                        everything in one process, in your AWS account
  ingot deploy kamiwaza --version v0.9.2 --region us-east-1 --watch

Deploying (clients of the HTTP API):
  deploy        deploy a version of a template
  deployments   list, show, follow, start, retry, cancel and destroy deployments
  watch         follow one deployment to its end
  logs          print one deployment's log lines
  images        the AMIs that deployments left (also: amis)
  templates     list, show, check, apply and compare templates
  base-images   the vendors' images that templates start from, and their updates
  builds        images that are made anew: when, why, and what that costs

Building in time:
  plan          what builds wait for, when they start and which purse pays
  policy        check, import, show and compare policies, list when their windows open
  budget        what builds spent and reserved of the budgets, and more that is allowed
  prices        what instance types cost an hour

Looking inside (the same):
  why           what a deployment, build or task waits for, since when, what ends it
  status        is everything there that the API needs
  doctor        what is wrong, what it means, what to do
  findings      what was found, and what shall become of it
  queues        what waits in each queue; pause, resume
  tasks         the durable units of work behind deployments; retry, cancel
  operations    what is done to many tasks at once
  retention     how long what is over is kept
  aws           the permissions Ingot needs, as a policy and as a check
  advisories    what an update of a base image means for security
  notifications  what people are told of, and whom it is sent to

Being Ingot:
  up            everything in one process
  api           the API and the console, of the scaled shape
  worker        a worker of the scaled shape
  migrate       the ledger's schema
  token         API tokens
  keys          the keys that seal secrets at rest
  sim           the simulated region
  identity      who your AWS credentials say you are
  openapi       the API's OpenAPI document

Around it:
  config        which API and token a command takes, and where they come from
  help          the help of a command, or `exit-codes`
  version       the version of this binary
  completions   a script for bash, zsh or fish
  man           the manual page

`ingot <COMMAND> --help` shows each with examples. An id may be cut short where no other begins like it.
";

fn guide() -> String {
    format!("{GUIDE}\nExit codes:\n{}", Exit::table())
}

/// Commands that ask no API: the options about one are accepted, and not listed in their help.
const APART: [&str; 13] = [
    "up",
    "api",
    "worker",
    "migrate",
    "token",
    "keys",
    "sim",
    "identity",
    "openapi",
    "help",
    "version",
    "completions",
    "man",
];

/// clap's tree of commands.
pub(crate) fn command() -> clap::Command {
    let mut whole = Cli::command();
    let everywhere: Vec<clap::Arg> = whole
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .cloned()
        .collect();
    for name in APART {
        whole = whole.mut_subcommand(name, |mut apart| {
            for arg in &everywhere {
                if !apart
                    .get_arguments()
                    .any(|own| own.get_id() == arg.get_id())
                {
                    apart = apart.arg(arg.clone().hide(true));
                }
            }
            apart
        });
    }
    whole
}

/// Reads a command line.
pub(crate) fn parse<T: Into<std::ffi::OsString> + Clone>(
    words: impl IntoIterator<Item = T>,
) -> Result<Cli, clap::Error> {
    let words: Vec<std::ffi::OsString> = words.into_iter().map(Into::into).collect();
    let matches = command()
        .try_get_matches_from(&words)
        .map_err(|error| as_typed(&words, error))?;
    Cli::from_arg_matches(&matches)
}

/// The same refusal without the environment: clap's usage line shows what a variable gives as if it had to be typed.
fn as_typed(words: &[std::ffi::OsString], error: clap::Error) -> clap::Error {
    if !error.use_stderr() {
        return error;
    }
    match without_variables(command()).try_get_matches_from(words) {
        Err(plain) if plain.kind() == error.kind() => plain,
        _ => error,
    }
}

fn without_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| arg.env(Resettable::Reset))
        .mut_subcommands(without_variables)
}

/// What `ingot` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Deploy(Box<deploy::DeployArgs>),
    Deployments(deployments::DeploymentsArgs),
    Watch(Direct<deployments::WatchArgs>),
    Logs(Direct<deployments::LogsArgs>),
    #[command(visible_alias = "amis")]
    Images(catalog::ImagesArgs),
    Templates(catalog::TemplatesArgs),
    BaseImages(base_images::BaseImagesArgs),
    Builds(builds::BuildsArgs),
    Plan(plan::PlanArgs),
    Policy(policy::PolicyArgs),
    Budget(money::BudgetArgs),
    Prices(money::PricesArgs),
    Why(work::WhyArgs),
    Status(work::StatusArgs),
    Doctor(doctor::DoctorArgs),
    Findings(findings::FindingsArgs),
    Queues(work::QueuesArgs),
    Operations(work::OperationsArgs),
    Tasks(work::TasksArgs),
    Retention(retention::RetentionArgs),
    Aws(aws::AwsArgs),
    Advisories(advisories::AdvisoriesArgs),
    Notifications(notifications::NotificationsArgs),
    Up(process::UpArgs),
    Api(process::ApiArgs),
    Worker(process::WorkerArgs),
    Migrate(process::MigrateArgs),
    Token(process::TokenArgs),
    Keys(keys::KeysArgs),
    Sim(process::SimArgs),
    Identity(process::IdentityArgs),
    Openapi(process::OpenapiArgs),
    Config(config::ConfigArgs),
    Help(guide::HelpArgs),
    Version(guide::VersionArgs),
    Completions(guide::CompletionsArgs),
    Man(guide::ManArgs),
}

/// A command of `ingot deployments` that people type so often that it stands at the top, too.
#[derive(Clone, Args)]
pub(crate) struct Direct<T: Args> {
    #[command(flatten)]
    pub(crate) connection: connection::Connection,
    #[command(flatten)]
    pub(crate) args: T,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_nothing_wrong() {
        command().debug_assert();
    }

    #[test]
    fn the_guide_lists_exactly_the_commands() {
        let command = command();
        let mut missing: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let groups = GUIDE
            .split("Deploying")
            .nth(1)
            .and_then(|rest| rest.split("`ingot <").next());
        for line in groups
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
        {
            let word = line.split(' ').next().unwrap_or_default();
            let place = missing.iter().position(|name| *name == word);
            missing
                .remove(place.unwrap_or_else(|| panic!("`{word}` is listed and does not exist")));
        }
        assert!(missing.is_empty(), "not listed: {missing:?}");
    }

    #[test]
    fn every_help_ends_with_examples_and_says_what_it_is() {
        fn check(command: &mut clap::Command) {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            let examples = help.rsplit("Examples:\n").next().unwrap_or_default();
            assert!(examples.starts_with("  "), "{name}:\n{help}");
            assert!(
                examples
                    .lines()
                    .all(|line| line.starts_with("  ") || line.is_empty()),
                "{name}:\n{help}"
            );
            assert!(
                !help.starts_with("Usage") && !help.starts_with("The options"),
                "{name}:\n{help}"
            );
            for sub in command.get_subcommands_mut() {
                if sub.get_name() != "help" {
                    check(sub);
                }
            }
        }
        let mut command = command();
        command.build();
        for sub in command.get_subcommands_mut() {
            check(sub);
        }
    }

    #[test]
    fn the_demo_is_simulated_unless_said_otherwise() {
        let cloud = |line: &str| match parse(line.split(' ')).map(|cli| cli.command) {
            Ok(Command::Up(args)) => args.checked().ok().map(|args| args.cloud),
            _ => panic!("{line}"),
        };
        use process::CloudChoice::{Aws, Sim};
        assert_eq!(
            (cloud("ingot up"), cloud("ingot up --demo")),
            (Some(Aws), Some(Sim))
        );
        assert_eq!(
            (
                cloud("ingot up --demo --cloud sim"),
                cloud("ingot up --demo --cloud aws")
            ),
            (Some(Sim), None)
        );
        assert!(parse(["ingot", "up", "--exit"]).is_err());
    }

    #[test]
    fn options_about_the_api_stand_before_or_after_any_word() {
        for line in [
            "ingot --url http://x --token t -o json deployments list",
            "ingot --json up --demo",
            "ingot -ojson token list",
            "ingot worker --json",
            "ingot help --json exit-codes",
            "ingot deployments --json list --limit 5",
            "ingot deployments list --limit 5 --json --url http://x",
            "ingot amis list",
        ] {
            assert!(parse(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "ingot deployments list --limit 201",
            "ingot deployments list --status ready",
            "ingot deployments list -o yaml",
        ] {
            let code = parse(line.split(' '))
                .map(|_| 0)
                .unwrap_or_else(|error| error.exit_code());
            assert_eq!(code, 2, "{line}");
        }
    }
}
