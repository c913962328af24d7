//! What is over is deleted after its keeping time, a batch at a time. Ids are UUIDs of version 7: what is older than an
//! instant sorts before it, so the primary key finds it and a million rows beside it cost nothing.

use ingot_domain::Instant;
use ingot_domain::retention::{Retention, SETTING};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};

use super::{Ledger, LedgerError};
use crate::{attempt, finding, setting, task};

/// The longest retention of EC2's Recycle Bin.
const IN_THE_BIN: chrono::TimeDelta = chrono::TimeDelta::days(366);
const OVER: [&str; 3] = ["completed", "cancelled", "discarded"];

/// The first id of a kind that can have been made at `at`.
pub(super) fn first_id(prefix: &str, at: Instant) -> String {
    format!("{prefix}_{:012x}", at.timestamp_millis().max(0))
}

impl Ledger {
    /// How long what is over is kept; the defaults while the setting is not set.
    pub async fn retention(&self) -> Result<Retention, LedgerError> {
        let stored = setting::Entity::find_by_id(SETTING).one(&self.db).await?;
        let read = |row: setting::Model| {
            serde_json::from_str(&row.value).map_err(|source| LedgerError::Json {
                what: "retention",
                source,
            })
        };
        stored.map_or_else(|| Ok(Retention::default()), read)
    }

    /// Says how long what is over is kept.
    pub async fn set_retention(&self, retention: Retention) -> Result<(), LedgerError> {
        let value = serde_json::to_string(&retention).map_err(|source| LedgerError::Json {
            what: "retention",
            source,
        })?;
        let row = setting::ActiveModel {
            name: Set(SETTING.to_owned()),
            value: Set(value),
        };
        setting::Entity::insert(row)
            .on_conflict(
                OnConflict::column(setting::Column::Name)
                    .update_column(setting::Column::Value)
                    .to_owned(),
            )
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// Deletes up to `batch` tasks that were over before `before`, with their attempts; answers how many. Nothing of a
    /// deployment's own story (events, effects, images) goes with them.
    pub async fn prune_tasks(&self, before: Instant, batch: u64) -> Result<u64, LedgerError> {
        let ids: Vec<String> = task::Entity::find()
            .select_only()
            .column(task::Column::Id)
            .filter(task::Column::Id.lt(first_id("tsk", before)))
            .filter(task::Column::State.is_in(OVER))
            .filter(task::Column::FinishedAt.lt(before))
            .order_by_asc(task::Column::Id)
            .limit(batch)
            .into_tuple()
            .all(&self.db)
            .await?;
        if ids.is_empty() {
            return Ok(0);
        }
        let tx = self.db.begin().await?;
        attempt::Entity::delete_many()
            .filter(attempt::Column::TaskId.is_in(&ids))
            .exec(&tx)
            .await?;
        let deleted = task::Entity::delete_many()
            .filter(task::Column::Id.is_in(&ids))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected)
    }

    /// Deletes up to `batch` findings that were cleared before `before`. What Ingot removed by itself is remembered for as
    /// long as the Recycle Bin may bring it back (`was_removed`).
    pub async fn prune_findings(&self, before: Instant, batch: u64) -> Result<u64, LedgerError> {
        let forgotten = Condition::any()
            .add(finding::Column::Outcome.is_null())
            .add(finding::Column::Outcome.ne("removed"))
            .add(finding::Column::ClearedAt.lt(self.now() - IN_THE_BIN));
        let ids: Vec<String> = finding::Entity::find()
            .select_only()
            .column(finding::Column::Id)
            .filter(finding::Column::Id.lt(first_id("fnd", before)))
            .filter(finding::Column::ClearedAt.lt(before))
            .filter(forgotten)
            .order_by_asc(finding::Column::Id)
            .limit(batch)
            .into_tuple()
            .all(&self.db)
            .await?;
        let deleted = finding::Entity::delete_many()
            .filter(finding::Column::Id.is_in(ids))
            .exec(&self.db)
            .await?;
        Ok(deleted.rows_affected)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn an_id_sorts_by_its_millisecond() {
        let at = DateTime::from_timestamp_millis(0x0190_0000_0000).expect("a time");
        assert_eq!(first_id("tsk", at), "tsk_019000000000");
        assert!("tsk_018fffffffff7fffffffffffffffffff" < first_id("tsk", at).as_str());
        assert!(first_id("tsk", at).as_str() < "tsk_01900000000070000000000000000000");
    }
}
