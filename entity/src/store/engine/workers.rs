//! Worker processes as the ledger sees them, and the installation's settings.

use ingot_domain::Instant;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::request::recipes::READS;
use crate::{setting, worker};

impl Ledger {
    /// A worker says that it lives.
    pub async fn worker_alive(
        &self,
        name: &str,
        version: &str,
        started_at: Instant,
    ) -> Result<(), LedgerError> {
        let row = worker::ActiveModel {
            name: Set(name.to_owned()),
            version: Set(version.to_owned()),
            started_at: Set(started_at),
            heartbeat_at: Set(self.now()),
            stopped_at: Set(None),
            reads: Set(READS),
        };
        worker::Entity::insert(row)
            .on_conflict(
                OnConflict::column(worker::Column::Name)
                    .update_columns([worker::Column::HeartbeatAt, worker::Column::Reads])
                    .to_owned(),
            )
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// A worker ended orderly.
    pub async fn worker_stopped(&self, name: &str) -> Result<(), LedgerError> {
        worker::Entity::update_many()
            .col_expr(worker::Column::StoppedAt, Expr::value(self.now()))
            .filter(worker::Column::Name.eq(name))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Workers heard of since `since`, newest first.
    pub async fn workers_since(&self, since: Instant) -> Result<Vec<worker::Model>, LedgerError> {
        Ok(worker::Entity::find()
            .filter(worker::Column::HeartbeatAt.gte(since))
            .filter(worker::Column::StoppedAt.is_null())
            .order_by_desc(worker::Column::HeartbeatAt)
            .all(&self.db)
            .await?)
    }

    /// A setting's value, if it has one.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let stored = setting::Entity::find_by_id(name).one(&self.db).await?;
        Ok(stored.map(|row| row.value))
    }

    /// A setting's value; `value` becomes it when there is none yet. The process that writes first wins.
    pub async fn setting_or(&self, name: &str, value: &str) -> Result<String, LedgerError> {
        let row = setting::ActiveModel {
            name: Set(name.to_owned()),
            value: Set(value.to_owned()),
        };
        setting::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        let stored = setting::Entity::find_by_id(name).one(&self.db).await?;
        Ok(stored.map_or_else(|| value.to_owned(), |row| row.value))
    }
}
