//! Which images came back: that they were gone or disabled before is what their stories tell.

use std::collections::HashMap;

use ingot_domain::Instant;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::event;
use crate::store::{Ledger, LedgerError};

impl Ledger {
    /// Of these images those that were deleted, missing or disabled and are there again, with the instant of the last return.
    pub async fn came_back(&self, ids: &[&str]) -> Result<HashMap<String, Instant>, LedgerError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found: Vec<(String, Instant)> = event::Entity::find()
            .select_only()
            .columns([event::Column::DeploymentId, event::Column::At])
            .filter(event::Column::DeploymentId.is_in(ids.iter().copied()))
            .filter(event::Column::Kind.is_in(["image.back", "image.enabled"]))
            .order_by_asc(event::Column::At)
            .into_tuple()
            .all(&self.db)
            .await?;
        // The last one stays.
        Ok(found.into_iter().collect())
    }
}
