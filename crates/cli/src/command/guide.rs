//! `ingot help`, `version`, `completions` and `man`: what the binary says of itself, from clap's own tree of commands.

use std::process::ExitCode;

use clap_complete::Shell;
use clap_mangen::Man;
use serde::Serialize;

use crate::args::guide::{CompletionsArgs, HelpArgs, ManArgs, ShellChoice, VersionArgs};
use crate::args::{self, connection::Connection};
use crate::failure::{Exit, NotFound};
use crate::output::{Output, clean, say};

/// The topic of `ingot help` that is no command.
const EXIT_CODES: &str = "exit-codes";

/// An exit code as JSON.
#[derive(Serialize)]
struct Code {
    code: u8,
    meaning: &'static str,
}

/// A command as JSON, for machines that write about the commands or try them all.
#[derive(Serialize)]
struct Node {
    /// All its words, such as `ingot deployments list`.
    command: String,
    about: String,
    /// Names of what stands without an option, such as `ID`.
    arguments: Vec<String>,
    /// The options its help lists, such as `--limit N`.
    options: Vec<String>,
    subcommands: Vec<Node>,
}

impl Node {
    fn of(command: &clap::Command, before: &str) -> Self {
        let name = format!("{before}{}", command.get_name());
        let about = command.get_about().map(ToString::to_string);
        let value = |arg: &clap::Arg| {
            let names = arg.get_value_names().unwrap_or_default();
            let takes = arg.get_action().takes_values();
            names.first().filter(|_| takes).map(ToString::to_string)
        };
        let option = |arg: &clap::Arg| {
            let long = arg.get_long()?;
            let value = value(arg).map(|value| format!(" {value}"));
            Some(format!("--{long}{}", value.unwrap_or_default()))
        };
        let shown = |arg: &&clap::Arg| !arg.is_hide_set() && arg.get_id() != "help";
        let subcommands = command.get_subcommands();
        Self {
            about: about.unwrap_or_default(),
            arguments: command.get_positionals().filter_map(value).collect(),
            options: command
                .get_arguments()
                .filter(shown)
                .filter_map(option)
                .collect(),
            subcommands: subcommands
                .filter(|sub| sub.get_name() != "help" || before.is_empty())
                .map(|sub| Self::of(sub, &format!("{name} ")))
                .collect(),
            command: name,
        }
    }
}

/// What this binary is, as JSON.
#[derive(Serialize)]
struct Version {
    name: &'static str,
    version: &'static str,
    /// What it was built for.
    os: &'static str,
    arch: &'static str,
}

/// `ingot help …`
pub(crate) fn help(args: HelpArgs, connection: &Connection) -> anyhow::Result<ExitCode> {
    if args.words == [EXIT_CODES] {
        let row = |exit: &Exit| Code {
            code: exit.code(),
            meaning: exit.means(),
        };
        let rows: Vec<Code> = Exit::ALL.iter().map(row).collect();
        connection.output().result(&rows, |_| {
            format!("Exit codes of every command:\n{}", Exit::table())
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut command = args::command();
    command.build();
    let mut found = &mut command;
    for word in &args.words {
        let names: Vec<String> = found
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned())
            .collect();
        found = found.find_subcommand_mut(word).ok_or_else(|| {
            let known = if names.is_empty() {
                EXIT_CODES.to_owned()
            } else {
                names.join(", ")
            };
            NotFound(format!(
                "there is no command `{}`: {known}, or the topic `{EXIT_CODES}`",
                clean(&args.words.join(" "))
            ))
        })?;
    }
    let before: String = std::iter::once("ingot")
        .chain(args.words.iter().map(String::as_str))
        .take(args.words.len())
        .map(|word| format!("{word} "))
        .collect();
    let help = found.render_long_help().to_string();
    connection
        .output()
        .result(&Node::of(found, &before), |_| help)?;
    Ok(ExitCode::SUCCESS)
}

/// `ingot version`
pub(crate) fn version(_: VersionArgs, output: Output) -> anyhow::Result<ExitCode> {
    let version = Version {
        name: env!("CARGO_BIN_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    };
    output.result(&version, |version| {
        format!("{} {}", version.name, version.version)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `ingot completions SHELL`
pub(crate) fn completions(args: CompletionsArgs) -> anyhow::Result<ExitCode> {
    let shell = match args.shell {
        ShellChoice::Bash => Shell::Bash,
        ShellChoice::Zsh => Shell::Zsh,
        ShellChoice::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut args::command(),
        env!("CARGO_BIN_NAME"),
        &mut script,
    );
    say(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// `ingot man`
pub(crate) fn man(args: ManArgs) -> anyhow::Result<ExitCode> {
    if let Some(folder) = args.dir {
        clap_mangen::generate_to(args::command(), &folder)
            .map_err(|cause| anyhow::anyhow!("cannot write into {}: {cause}", folder.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    Man::new(args::command()).render(&mut page)?;
    say(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
