//! Ends of instances: which are due, which run on after a failure, and a person who moves one (F10, W20 of FIELD).

use ingot_domain::Instant;
use ingot_domain::deployment::Status;
use ingot_domain::event::{Line, Source};
use ingot_domain::field::FieldError;
use ingot_domain::lifetime::{Extend, extended};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::change::status_of;
use super::{Ledger, LedgerError};
use crate::deployment;

/// What moving an end led to.
#[derive(Debug)]
pub enum Extended {
    /// Done, or so already.
    Done(Box<deployment::Model>),
    /// There is no instance whose end could be moved.
    Refused(Status),
    /// Not to there.
    Wrong(FieldError),
    /// There is no such deployment.
    Unknown,
}

impl Ledger {
    /// Deployments whose end is set and before an instant, the earliest first.
    pub async fn ending_before(
        &self,
        instant: Instant,
        limit: u64,
    ) -> Result<Vec<deployment::Model>, LedgerError> {
        Ok(deployment::Entity::find()
            .filter(deployment::Column::EndsAt.lte(instant))
            .order_by_asc(deployment::Column::EndsAt)
            .limit(limit)
            .all(&self.db)
            .await?)
    }

    /// Deployments that failed and whose instance is on record, the newest first.
    pub async fn running_on(&self, limit: u64) -> Result<Vec<deployment::Model>, LedgerError> {
        // Written as the index of migration 15 is.
        let failed = [Status::Failed, Status::ReadinessTimeout].map(Status::as_str);
        Ok(deployment::Entity::find()
            .filter(deployment::Column::Status.is_in(failed))
            .filter(deployment::Column::InstanceId.is_not_null())
            .order_by_desc(deployment::Column::Id)
            .limit(limit)
            .all(&self.db)
            .await?)
    }

    /// Moves the end of a deployment's instance.
    pub async fn extend(&self, id: &str, how: Extend, by: &str) -> Result<Extended, LedgerError> {
        // A visit may change the row between the look and the write; looking again is cheap and each loser has a winner.
        loop {
            let Some(row) = self.deployment(id).await? else {
                return Ok(Extended::Unknown);
            };
            let status = status_of(&row)?;
            let over = matches!(
                status,
                Status::Success | Status::Failed | Status::ReadinessTimeout
            );
            // A builder's end is the bound of what is reserved for it.
            if !over
                || row.build_id.is_some()
                || row.instance_id.is_none()
                || self.is_ending(id).await?
            {
                return Ok(Extended::Refused(status));
            }
            let ends_at = match extended(row.ends_at, how, self.now()) {
                Ok(ends_at) => ends_at,
                Err(wrong) => return Ok(Extended::Wrong(wrong)),
            };
            if ends_at == row.ends_at {
                return Ok(Extended::Done(Box::new(row)));
            }
            let after = deployment::Model {
                ends_at,
                ..row.clone()
            };
            let instance = row.instance_id.as_deref().unwrap_or_default();
            let said = match ends_at {
                Some(at) => format!(
                    "Instance {instance} is terminated at {}, as {by} asked",
                    at.format("%Y-%m-%d %H:%M:%S UTC")
                ),
                None => format!("Instance {instance} runs until it is destroyed, as {by} asked"),
            };
            let line = Line::info("deployment.extended", Source::Request, said);
            if self.amend(&row, &after, &[line]).await? {
                let moved = self.deployment(id).await?.unwrap_or(after);
                return Ok(Extended::Done(Box::new(moved)));
            }
        }
    }
}
