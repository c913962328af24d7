//! What `/v1/status` asks of the ledger: who works, and what waits. Counts go over the partial indexes of what is live.

use ingot_domain::Instant;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};

use super::{Ledger, LedgerError};
use crate::{finding, worker};

/// A worker and how many tasks it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerHolding {
    /// Its row.
    pub worker: worker::Model,
    /// Tasks it holds.
    pub holds: u64,
}

/// What is not finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deployments.
    pub deployments: u64,
    /// AMIs.
    pub images: u64,
}

#[derive(FromQueryResult)]
struct Count {
    n: i64,
}

#[derive(FromQueryResult)]
struct Held {
    worker: String,
    n: i64,
}

impl Ledger {
    /// Workers heard of since `since`, and in any case the one heard of last; newest first.
    pub async fn workers_seen(
        &self,
        since: Instant,
        limit: u64,
    ) -> Result<Vec<WorkerHolding>, LedgerError> {
        let rows = worker::Entity::find()
            .order_by_desc(worker::Column::HeartbeatAt)
            .limit(limit)
            .all(&self.db)
            .await?;
        let held: Vec<Held> = self
            .look(
                "SELECT worker, count(*) AS n FROM task \
                 WHERE state = 'running' AND worker IS NOT NULL GROUP BY worker"
                    .to_owned(),
            )
            .await?;
        let seen = rows
            .into_iter()
            .enumerate()
            .filter(|(place, row)| *place == 0 || row.heartbeat_at >= since)
            .map(|(_, worker)| WorkerHolding {
                holds: held
                    .iter()
                    .find(|held| held.worker == worker.name)
                    .and_then(|held| u64::try_from(held.n).ok())
                    .unwrap_or(0),
                worker,
            });
        Ok(seen.collect())
    }

    /// What is not finished.
    pub async fn backlog(&self) -> Result<Backlog, LedgerError> {
        let count = async |condition: &str| -> Result<u64, LedgerError> {
            let sql = format!("SELECT count(*) AS n FROM deployment WHERE {condition}");
            let rows: Vec<Count> = self.look(sql).await?;
            Ok(rows
                .first()
                .and_then(|row| u64::try_from(row.n).ok())
                .unwrap_or(0))
        };
        Ok(Backlog {
            deployments: count("status IN ('queued', 'deploying', 'running')").await?,
            images: count("ami_status IN ('pending', 'creating')").await?,
        })
    }

    /// Open findings of one word, the oldest first.
    pub async fn open_of(&self, invariant: &str) -> Result<Vec<finding::Model>, LedgerError> {
        Ok(finding::Entity::find()
            .filter(finding::Column::Invariant.eq(invariant))
            .filter(finding::Column::ClearedAt.is_null())
            .order_by_asc(finding::Column::Id)
            .limit(100)
            .all(&self.db)
            .await?)
    }
}
