//! What a task does, the same for every peer.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, bail};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use crate::Payload;

/// The kinds of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One UPDATE and one INSERT in one transaction.
    Tx,
    /// Nothing.
    Noop,
    /// Waits 20 ms.
    Wait20,
    /// Waits 600 s.
    Hold,
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        let found = [Kind::Tx, Kind::Noop, Kind::Wait20, Kind::Hold];
        let found = found.into_iter().find(|kind| kind.word() == word);
        let Some(kind) = found else {
            bail!("`{word}` is no kind of task");
        };
        Ok(kind)
    }
}

impl Kind {
    /// Its word; queues are named after it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Tx => "tx",
            Kind::Noop => "noop",
            Kind::Wait20 => "wait20",
            Kind::Hold => "hold",
        }
    }

    /// Does it.
    pub async fn run(self, pool: &PgPool, payload: Payload) -> Result<()> {
        match self {
            Kind::Tx => transaction(&mut *pool.acquire().await?, payload.row).await?,
            Kind::Noop => {}
            Kind::Wait20 => tokio::time::sleep(Duration::from_millis(20)).await,
            Kind::Hold => tokio::time::sleep(Duration::from_secs(600)).await,
        }
        Ok(())
    }
}

/// One UPDATE and one INSERT: BEGIN and COMMIT make it four round trips, as with every peer.
pub async fn transaction(connection: &mut PgConnection, row: i32) -> Result<(), sqlx::Error> {
    let mut open = connection.begin().await?;
    sqlx::query("UPDATE bench_row SET n = n + 1, touched = now() WHERE id = $1")
        .bind(row)
        .execute(&mut *open)
        .await?;
    sqlx::query("INSERT INTO bench_event (row_id, at, message) VALUES ($1, now(), 'the task ran')")
        .bind(row)
        .execute(&mut *open)
        .await?;
    open.commit().await
}

/// Connections for so many tasks at a time. They are not pinged before each use, which would be a fifth round trip.
pub fn pool(url: &str, connections: usize) -> Result<PgPool> {
    let options = PgPoolOptions::new()
        .max_connections(u32::try_from(connections)?)
        .test_before_acquire(false);
    Ok(options.connect_lazy(url)?)
}
