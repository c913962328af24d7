//! Arguments of the commands that work on the ledger itself, beside the API: its schema and the API tokens.

use clap::{Args, Subcommand};

use crate::args::connection::Format;
use crate::failure::Usage;

/// Bring the ledger's schema up or down, or show where it is
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  DATABASE_URL=postgres://… ingot migrate up
  ingot migrate status --database-url sqlite:///var/lib/ingot/ingot.sqlite
  ingot migrate down --steps 1")]
pub(crate) struct MigrateArgs {
    /// The ledger: postgres://user:password@host/name, or sqlite:///path/to/file
    // An option here and demanded by `database_url()`, because clap has no global argument that is required.
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database_url: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) action: MigrateAction,
}

/// What `ingot migrate` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum MigrateAction {
    /// Apply what is missing
    #[command(after_help = "Examples:\n  DATABASE_URL=postgres://… ingot migrate up")]
    Up,
    /// Take the newest steps back; destroys what they hold
    #[command(after_help = "Examples:\n  ingot migrate down --steps 1")]
    Down {
        /// How many
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// Show which steps are applied
    #[command(after_help = "Examples:\n  ingot migrate status")]
    Status,
}

/// Make, list and revoke API tokens; works on the ledger, not through the API
#[derive(Clone, Args)]
#[command(after_help = "Examples:
  DATABASE_URL=postgres://… ingot token create --name ci
  ingot token list
  ingot token revoke tok_…")]
pub(crate) struct TokenArgs {
    /// The ledger: postgres://user:password@host/name, or sqlite:///path/to/file
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    pub(crate) database_url: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(subcommand)]
    pub(crate) action: TokenAction,
}

/// What `ingot token` does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum TokenAction {
    /// Make a token; it is shown once, on stdout
    #[command(after_help = "Examples:\n  INGOT_TOKEN=$(ingot token create --name ci)")]
    Create {
        /// For people: what it is used for
        #[arg(long, value_name = "NAME", default_value = "cli")]
        name: String,
    },
    /// List the tokens, without their secrets
    #[command(after_help = "Examples:\n  ingot token list")]
    List,
    /// Make a token useless, at once
    #[command(after_help = "Examples:\n  ingot token revoke tok_…")]
    Revoke {
        /// tok_…
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl MigrateArgs {
    /// The ledger's address.
    pub(crate) fn database_url(&self) -> anyhow::Result<&str> {
        required(&self.database_url)
    }
}

impl TokenArgs {
    /// The ledger's address.
    pub(crate) fn database_url(&self) -> anyhow::Result<&str> {
        required(&self.database_url)
    }
}

fn required(url: &Option<String>) -> anyhow::Result<&str> {
    url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
        let text = "which ledger? give --database-url or set DATABASE_URL, such as `postgres://ingot@localhost/ingot`";
        Usage(text.to_owned()).into()
    })
}
