//! Opening the ledger, on Postgres or SQLite.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};

use super::request::intake::PATIENCE;
use super::{Ledger, LedgerError};

/// Which database is behind a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any number of processes.
    Postgres,
    /// One process.
    Sqlite,
}

/// Every statement of ours names its rows, by key or by a partial index; a plan that reads a table through is wrong for each
/// of them, but looks right to a planner whose statistics are those of a young ledger, and a prepared statement keeps it.
/// A small table without an index, such as `worker`, is still read through, at a cost that says "never"; Postgres would
/// take that for a large query and compile it to machine code, 100 ms for a page of ten rows.
const PLANS: [(&str, &str); 4] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// What only looks may join as it finds best, and a plan is made for each question anew, so that none of a young ledger's is
/// kept; pages still go by their indexes. Nothing that claims, commits or beats waits behind it.
const LOOKS: [(&str, &str); 5] = [
    ("default_transaction_read_only", "on"),
    ("enable_seqscan", "off"),
    ("plan_cache_mode", "force_custom_plan"),
    ("jit", "off"),
    ("statement_timeout", "2s"),
];
/// Lists, pages and reports at once, of one process.
const READERS: u32 = 4;

/// A worker has a taker per queue, and a claim takes a millisecond.
const HASTY: u32 = 3;
/// Requests are accepted one batch at a time; the second looks whether a batch without an answer is there.
const DESK: u32 = 2;

impl Ledger {
    /// Opens the ledger at a `postgres://` or `sqlite://` URL with at most `connections` connections, and a few more that only
    /// read. SQLite gets exactly one that writes: its transactions are serial anyway, and one connection can not wait for
    /// itself holding a lock.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, LedgerError> {
        let sqlite = url.starts_with("sqlite:");
        if !sqlite && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(LedgerError::Connect(
                "DATABASE_URL must start with postgres:// (scaled) or sqlite:// (embedded)"
                    .to_owned(),
            ));
        }
        let mut options = ConnectOptions::new(url);
        options
            .sqlx_logging(false)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(10));
        if sqlite {
            options.max_connections(1).min_connections(1);
            options.map_sqlx_sqlite_opts(|sqlite| sqlite.create_if_missing(true));
        } else {
            options
                .max_connections(connections.max(2))
                .min_connections(1);
            options.idle_timeout(Duration::from_secs(300));
            // A connection used a moment ago is believed; the default asks each before each use, a round trip per statement.
            options.test_before_acquire_if_idle_for(Duration::from_secs(1));
            options.map_sqlx_postgres_opts(|postgres| postgres.options(PLANS));
        }
        let db = Database::connect(options).await.map_err(|error| {
            LedgerError::Connect(format!(
                "the database does not accept us: {}",
                without_password(url, &error.to_string())
            ))
        })?;
        if sqlite {
            // Write-ahead logging lets a reader outside (sqlite3, a backup) look without stopping us.
            db.execute_unprepared("PRAGMA journal_mode=WAL").await?;
        }
        if sqlite {
            let reader = match in_memory(url) {
                // Another connection would open another ledger.
                true => db.clone(),
                false => reader(url).await?,
            };
            return Ok(Self::over(db.clone(), db.clone(), db, reader));
        }
        let hasty = aside(url, HASTY, &[("synchronous_commit", "off")]).await?;
        let desk = aside(url, DESK, &[]).await?;
        let reader = reader(url).await?;
        Ok(Self::over(db, hasty, desk, reader))
    }

    /// Which database this is.
    pub fn shape(&self) -> Shape {
        match self.db.get_database_backend() {
            DbBackend::Sqlite => Shape::Sqlite,
            _ => Shape::Postgres,
        }
    }

    /// A round trip, for health checks.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        Ok(self.db.ping().await?)
    }
}

/// Connections beside those for everything else, for short statements whose end others wait for: Postgres itself breaks off
/// what takes longer than [`PATIENCE`], so that a look afterwards is sure. Some claim, and accept a request that comes
/// alone, without waiting for the disk. A claim is not waited for on the disk: if Postgres crashes within the moment
/// that takes, the claim is as if it had never been, its task is due again, and the worker that held it is fenced,
/// because a task ends only for the worker and the epoch that hold it. Every commit after a claim makes it durable with
/// itself.
async fn aside(
    url: &str,
    most: u32,
    settings: &'static [(&str, &str)],
) -> Result<DatabaseConnection, LedgerError> {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(10))
        .max_connections(most)
        .connect_lazy(true)
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire_if_idle_for(Duration::from_secs(1));
    options.map_sqlx_postgres_opts(|postgres| {
        let settings = settings.iter().copied();
        let settings = settings.chain([("statement_timeout", PATIENCE)]);
        postgres.options(PLANS.into_iter().chain(settings))
    });
    Ok(Database::connect(options).await?)
}

/// Connections for lists, pages and reports, which cannot write. They see what was committed before they ask, on SQLite as on
/// Postgres, so a request that has written shows what it wrote.
async fn reader(url: &str) -> Result<DatabaseConnection, LedgerError> {
    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(10))
        .max_connections(READERS)
        .connect_lazy(true)
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire_if_idle_for(Duration::from_secs(1));
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.pragma("query_only", "on"));
    options.map_sqlx_postgres_opts(|postgres| postgres.options(LOOKS));
    Ok(Database::connect(options).await?)
}

/// A SQLite ledger without a file.
fn in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// Drivers may quote the URL in their errors; its password must not travel into logs.
fn without_password(url: &str, text: &str) -> String {
    let password = url.split_once("://").and_then(|(_, rest)| {
        let (credentials, _) = rest.rsplit_once('@')?;
        let (_, password) = credentials.split_once(':')?;
        (!password.is_empty()).then_some(password)
    });
    match password {
        Some(password) => text.replace(password, "***"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_out_of_messages() {
        let said = without_password(
            "postgres://u:s3cret@h/db",
            "cannot open postgres://u:s3cret@h/db",
        );
        assert_eq!(said, "cannot open postgres://u:***@h/db");
    }
}
