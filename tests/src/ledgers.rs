//! A migrated ledger of one test on either database, so that each case is written once and run on both.

use anyhow::Result;
use ingot_entity::Ledger;
use ingot_migration::{Migrator, MigratorTrait};
use tempfile::TempDir;

use crate::postgres::Database;

/// A ledger, and what more of it a case needs.
#[derive(Debug)]
pub struct Ledgers {
    url: String,
    first: Ledger,
    /// The SQLite file's folder.
    folder: Option<TempDir>,
}

impl Ledgers {
    /// On a database of the run's Postgres.
    pub async fn postgres() -> Result<Self> {
        Self::open(Database::new().await?.url, None).await
    }

    /// On a SQLite file.
    pub async fn sqlite() -> Result<Self> {
        let folder = TempDir::new()?;
        let url = format!("sqlite://{}", folder.path().join("ledger.sqlite").display());
        Self::open(url, Some(folder)).await
    }

    async fn open(url: String, folder: Option<TempDir>) -> Result<Self> {
        let first = Ledger::connect(&url, 8).await?;
        Migrator::up(first.database(), None).await?;
        Ok(Self { url, first, folder })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.first
    }

    /// The ledger as another process would hold it: connections of its own on Postgres. SQLite is for one process, so
    /// there it is the same again.
    pub async fn replica(&self) -> Result<Ledger> {
        match self.folder {
            Some(_) => Ok(self.first.clone()),
            None => Ok(Ledger::connect(&self.url, 4).await?),
        }
    }

    /// That many replicas.
    pub async fn replicas(&self, count: usize) -> Result<Vec<Ledger>> {
        let mut replicas = Vec::new();
        for _ in 0..count {
            replicas.push(self.replica().await?);
        }
        Ok(replicas)
    }
}
