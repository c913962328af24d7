//! Opening the ledger that a command line names, and refusing one that cannot be worked with.

use std::path::Path;

use anyhow::{Context, bail};
use ingot_entity::Ledger;

use super::CLOCK;
use crate::failure::{NotFound, Unreachable, Usage};

/// The ways to write a ledger's address.
const WAYS: &str = "write it as postgres://user:password@host/name or sqlite:///path/to/file";

/// Connects to the ledger at a URL. Only `make` makes a SQLite file that is not there: to look at a ledger must not leave one.
pub(crate) async fn open(url: &str, connections: u32, make: bool) -> anyhow::Result<Ledger> {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    match scheme {
        "postgres" | "postgresql" => {}
        "sqlite" => {
            let file = sqlite_file(rest);
            if !make && !file.is_empty() && !Path::new(file).exists() {
                let text = format!("there is no ledger at `{file}`; `ingot migrate up` makes one");
                return Err(NotFound(text).into());
            }
        }
        _ => {
            // Never the whole of it: it may hold a password.
            let shown: String = scheme.chars().take(20).collect();
            let text = format!("DATABASE_URL: `{shown}:` is no ledger of Ingot's; {WAYS}");
            return Err(Usage(text).into());
        }
    }
    let opened = Ledger::connect(url, connections).await;
    opened.map_err(|error| Unreachable(format!("DATABASE_URL: {error}")).into())
}

/// The file of a SQLite URL after `sqlite:`; nothing for one in memory.
fn sqlite_file(rest: &str) -> &str {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" || query.contains("mode=memory") {
        return "";
    }
    path
}

/// Opens the ledger and refuses one that cannot be worked with.
pub(crate) async fn ledger(url: &str, connections: u32) -> anyhow::Result<Ledger> {
    let ledger = open(url, connections, false).await?;
    let current = ingot_migration::is_current(ledger.database())
        .await
        .context("DATABASE_URL: the schema cannot be read")?;
    if !current {
        bail!("DATABASE_URL: the ledger's schema is not this version's: run `ingot migrate up`");
    }
    let skew = ledger
        .measure_skew()
        .await
        .context("DATABASE_URL: the database does not tell its time")?;
    if skew.num_milliseconds().abs() > CLOCK {
        let seconds = skew.num_seconds();
        bail!(
            "this machine's clock is {} s off the database's: set it right (NTP) and start again",
            seconds.abs()
        );
    }
    let calendar = ledger.read_calendar().await;
    calendar.context("DATABASE_URL: the ledger's calendar cannot be read")?;
    Ok(ledger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Exit, exit};

    #[tokio::test]
    async fn to_look_at_a_ledger_that_is_not_there_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("no.sqlite3");
        for url in [
            format!("sqlite://{}", file.display()),
            format!("sqlite:{}?mode=rwc", file.display()),
        ] {
            let error = open(&url, 1, false).await.expect_err("not there");
            assert_eq!(exit(&error), Exit::NotFound, "{error}");
            assert!(!file.exists());
        }
        open(&format!("sqlite://{}", file.display()), 1, true)
            .await
            .expect("made");
        assert!(file.exists());
    }

    #[tokio::test]
    async fn another_database_is_refused_without_telling_its_password() {
        for url in ["mysql://root:s3cret@h/db", "nonsense", "", "/var/lib/x"] {
            let error = open(url, 1, true).await.expect_err(url);
            assert_eq!(exit(&error), Exit::Usage, "{error}");
            let said = error.to_string();
            assert!(
                said.contains("postgres://") && !said.contains("s3cret"),
                "{said}"
            );
        }
    }
}
