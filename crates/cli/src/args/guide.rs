//! Arguments of the commands about the binary itself: help, version, completions, the manual.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Show the help of a command, or the table of exit codes
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot help
  ingot help deployments list
  ingot help exit-codes
  ingot help --json | jq -r '.subcommands[].command'")]
pub(crate) struct HelpArgs {
    /// A command with its subcommand, or `exit-codes`
    #[arg(value_name = "COMMAND")]
    pub(crate) words: Vec<String>,
}

/// Print the version of this binary
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot version
  ingot version --json | jq -r .version")]
pub(crate) struct VersionArgs {}

/// Print a script that completes `ingot`'s commands and options in a shell
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  source <(ingot completions bash)
  ingot completions zsh > \"${fpath[1]}/_ingot\"
  ingot completions fish > ~/.config/fish/completions/ingot.fish")]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: ShellChoice,
}

/// A shell there is a script for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShellChoice {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

/// Print the manual page, or write one for each command
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ingot man | man -l -
  ingot man --dir /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write a page for each command into this directory instead
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
