//! What screens read of builds: which one a cause asked for, and what ended lately.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::store::{Ledger, LedgerError};
use crate::{build, build_request};

impl Ledger {
    /// The build that a cause of this key asked for.
    pub async fn asked_for(&self, key: &str) -> Result<Option<String>, LedgerError> {
        let found = build_request::Entity::find()
            .filter(build_request::Column::RequestKey.eq(key))
            .one(&self.db)
            .await?;
        Ok(found.map(|row| row.build_id))
    }

    /// Builds that came to an image or failed, the newest end first.
    pub async fn builds_over(&self, limit: u64) -> Result<Vec<build::Model>, LedgerError> {
        Ok(build::Entity::find()
            .filter(build::Column::EndedAt.is_not_null())
            .filter(build::Column::Status.is_in(["completed", "failed"]))
            .order_by_desc(build::Column::EndedAt)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }
}
