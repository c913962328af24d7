//! The run's Postgres, and databases of it. nextest's setup script starts one server for all tests; without nextest each
//! process starts its own. A test that stops or starves Postgres starts one for itself.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use ingot_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Opened, DatabaseConnection,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::environment::{repository, variable};
use crate::watched::Watched;

/// A Postgres server.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    server: Watched,
}

impl Postgres {
    /// A server of its own; it stops when this is dropped.
    pub async fn start() -> Result<Self> {
        Self::start_in(None).await
    }

    /// The same with its data in a folder, which may be a small disk.
    pub async fn start_in(folder: Option<&Path>) -> Result<Self> {
        let server = Watched::start_in("postgres.sh", &[], folder).await?;
        Ok(Self {
            port: server.fact("port")?,
            server,
        })
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://ingot@127.0.0.1:{}/{database}", self.port)
    }

    /// An empty database of this server.
    pub async fn database(&self) -> Result<Database> {
        Database::create(&self.url("postgres")).await
    }

    /// Writes one of its databases to a file, as `pg_dump` does.
    pub async fn dump(&self, database: &Database, file: &Path) -> Result<()> {
        self.copy("dump", database, file).await
    }

    /// Fills an empty database of it from a file that `dump` wrote.
    pub async fn restore(&self, database: &Database, file: &Path) -> Result<()> {
        self.copy("restore", database, file).await
    }

    /// Throws one of its databases away, though sessions may be connected, and makes it again with nothing in it.
    pub async fn empty(&self, database: &Database) -> Result<()> {
        let (_, name) = database
            .url
            .rsplit_once('/')
            .context("a database URL ends in a name")?;
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false);
        let server = Opened::connect(options).await?;
        for order in [
            format!("DROP DATABASE {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            server.execute_unprepared(&order).await?;
        }
        Ok(server.close().await?)
    }

    async fn copy(&self, order: &str, database: &Database, file: &Path) -> Result<()> {
        let run = tokio::process::Command::new("bash")
            .arg(repository().join("tests/servers/pg_copy.sh"))
            .args([order, &database.url])
            .arg(file)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&run.stderr);
        ensure!(run.status.success(), "{order} of the database: {said}");
        Ok(())
    }

    /// Restarts it with its data: `fast` ends its clients properly, `immediate` is a crash with recovery.
    pub async fn restart(&self, mode: &str) -> Result<()> {
        self.control("restart", mode).await
    }

    /// Stops it, its data stays; `restart` brings it back.
    pub async fn pause(&self, mode: &str) -> Result<()> {
        self.control("stop", mode).await
    }

    async fn control(&self, order: &str, mode: &str) -> Result<()> {
        let dir: String = self.server.fact("dir")?;
        let run = tokio::process::Command::new("bash")
            .arg(repository().join("tests/servers/pg_ctl.sh"))
            .args([&dir, order, mode])
            .output()
            .await?;
        let said = String::from_utf8_lossy(&run.stderr);
        ensure!(run.status.success(), "pg_ctl {order} {mode}: {said}");
        Ok(())
    }

    /// Stops it and waits until it is gone.
    pub async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}

/// An empty database of the run's server, for one test.
#[derive(Debug, Clone)]
pub struct Database {
    /// `postgres://…`
    pub url: String,
}

impl Database {
    /// Creates one.
    pub async fn new() -> Result<Self> {
        // Never dropped: its pipe closes when this process ends.
        static OWN: OnceCell<Postgres> = OnceCell::const_new();
        match variable("INGOT_TEST_DATABASE_URL") {
            Some(url) => Self::create(&url).await,
            None => OWN.get_or_try_init(Postgres::start).await?.database().await,
        }
    }

    /// Connections of the test's own.
    pub async fn connect(&self) -> Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(&self.url);
        options.max_connections(4).sqlx_logging(false);
        Ok(Opened::connect(options).await?)
    }

    async fn create(admin: &str) -> Result<Self> {
        let name = format!("t_{}", Uuid::new_v4().simple());
        let mut options = ConnectOptions::new(admin);
        options.max_connections(1).sqlx_logging(false);
        let server = Opened::connect(options)
            .await
            .with_context(|| format!("the tests' Postgres at {admin}"))?;
        server
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        server.close().await?;
        let (base, _) = admin
            .rsplit_once('/')
            .context("a database URL ends in a name")?;
        Ok(Self {
            url: format!("{base}/{name}"),
        })
    }
}
