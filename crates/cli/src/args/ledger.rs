//! Arguments of the commands that work on the ledger itself, beside the API: its schema and the API tokens.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use crate::args::connection::Format;
use crate::args::data_dir::DataDir;
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
  ingot token create --name ci                          in the ledger of `ingot up`
  DATABASE_URL=postgres://… ingot token create --name ci
  ingot token list
  ingot token revoke tok_…")]
pub(crate) struct TokenArgs {
    /// The ledger: postgres://user:password@host/name, or sqlite:///path/to/file [default: that of `ingot up`, in --data-dir]
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
    #[command(
        after_help = "Examples:\n  INGOT_TOKEN=$(ingot token create --name ci)\n  ingot token create --name ci --expires 90d"
    )]
    Create {
        /// For people: what it is used for
        #[arg(long, value_name = "NAME", default_value = "cli")]
        name: String,
        /// When it ends: 30m, 12h, 90d or 26w from now; never when absent
        #[arg(long, value_name = "SPAN", value_parser = life)]
        expires: Option<TimeDelta>,
    },
    /// List the tokens without their secrets: when they end and when they were used last
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

/// The longest life of a token that ends.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(3650);

/// A token's life: a number with `m`, `h`, `d` or `w`.
fn life(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "write it as 30m, 12h, 90d or 26w, at most 3650d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number = text
        .strip_suffix(unit)
        .and_then(|digits| digits.parse::<u32>().ok());
    let number = i64::from(number.filter(|number| *number > 0).ok_or_else(wrong)?);
    let life = match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    };
    life.filter(|life| *life <= LONGEST_LIFE).ok_or_else(wrong)
}

impl MigrateArgs {
    /// The ledger's address.
    pub(crate) fn database_url(&self) -> anyhow::Result<&str> {
        required(&self.database_url)
    }
}

impl TokenArgs {
    /// The ledger's address (see [`ledger_url`]).
    pub(crate) fn database_url(&self, data: &DataDir) -> anyhow::Result<String> {
        ledger_url(&self.database_url, data)
    }
}

/// A ledger's address: the one given, else that of the newest ledger which `ingot up` keeps in its data directory.
pub(crate) fn ledger_url(given: &Option<String>, data: &DataDir) -> anyhow::Result<String> {
    if let Ok(url) = required(given) {
        return Ok(url.to_owned());
    }
    let directory = data.path()?;
    let written = |file: &PathBuf| file.metadata().and_then(|it| it.modified()).ok();
    let newest = ["ingot.sqlite3", "simulated.sqlite3"]
        .map(|name| directory.join(name))
        .into_iter()
        .filter(|file| file.is_file())
        .max_by_key(written);
    let Some(file) = newest else {
        let text = format!(
            "which ledger? `ingot up` has left none in {}: give --database-url or set DATABASE_URL, such as `postgres://ingot@localhost/ingot`, or name its directory with --data-dir",
            directory.display()
        );
        return Err(Usage(text).into());
    };
    eprintln!("the ledger is {}, which `ingot up` keeps", file.display());
    Ok(format!("sqlite://{}", file.display()))
}

fn required(url: &Option<String>) -> anyhow::Result<&str> {
    url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
        let text = "which ledger? give --database-url or set DATABASE_URL, such as `postgres://ingot@localhost/ingot`";
        Usage(text.to_owned()).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_address_the_ledger_is_the_newest_of_the_data_directory() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::of(folder.path().to_owned());
        let mut args = TokenArgs {
            database_url: None,
            format: Format::default(),
            action: TokenAction::List,
        };
        let error = args.database_url(&data).expect_err("none there");
        assert!(error.to_string().contains("--data-dir"), "{error}");
        let file = folder.path().join("simulated.sqlite3");
        std::fs::write(&file, "").expect("a file");
        let own = format!("sqlite://{}", file.display());
        assert_eq!(args.database_url(&data).ok(), Some(own));
        args.database_url = Some("sqlite:///given".to_owned());
        assert_eq!(
            args.database_url(&data).ok().as_deref(),
            Some("sqlite:///given")
        );
    }

    #[test]
    fn a_life_is_a_number_with_a_unit() {
        assert_eq!(life("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(life("30m"), Ok(TimeDelta::minutes(30)));
        assert_eq!(life("26w"), Ok(TimeDelta::weeks(26)));
        for bad in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "1.5h",
            "3651d",
            "4000000000w",
            "9ß",
            "1y",
        ] {
            assert!(life(bad).is_err_and(|said| said.contains("90d")), "{bad}");
        }
    }
}
