//! The end of a simulated region, written down when the process that held it is gone: no row points at what was in it any
//! more. Nothing else works on the ledger meanwhile. A start that dies in between leaves the rest to the next one.

use ingot_domain::Instant;
use ingot_domain::decide::region_end::{self, After, WHY};
use ingot_domain::deployment::{AmiStatus, SkipReason, Status};
use ingot_domain::event::{Line, Source, ami};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};

use super::change::{self, ami_status_of, status_of};
use super::subject::Write;
use super::{Ledger, LedgerError};
use crate::{deployment, effect, finding, image, task};

/// Rows of one transaction.
const BATCH: u64 = 200;

/// Who forgets the images, as `ingot images show` names it.
const BY: &str = "ingot up";

/// What ended with a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegionEnd {
    /// Deployments that had begun there.
    pub deployments: u64,
    /// Images that were there, or in the making.
    pub images: u64,
}

impl Ledger {
    /// Ends everything that was in a region which is gone: deployments that had begun, in their stories, images, open
    /// effects, their tasks and findings. Deployments that wait for their launch go on.
    pub async fn end_region(&self) -> Result<RegionEnd, LedgerError> {
        let now = self.now();
        let mut end = RegionEnd::default();
        loop {
            let rows = self.begun().await?;
            if rows.is_empty() {
                break;
            }
            self.end_deployments(&rows, now).await?;
            end.deployments += rows.len() as u64;
        }
        end.images = self.end_images(now).await?;
        self.end_rest(now).await?;
        Ok(end)
    }

    /// Deployments whose rows point into the region, or whose work had begun there.
    async fn begun(&self) -> Result<Vec<deployment::Model>, LedgerError> {
        use deployment::Column;
        let held = Condition::any()
            .add(Column::Status.is_in(["deploying", "running", "success"]))
            .add(Column::InstanceId.is_not_null())
            .add(Column::SecurityGroupId.is_not_null())
            .add(Column::AmiStatus.eq(AmiStatus::Creating.as_str()));
        Ok(deployment::Entity::find()
            .filter(held)
            .order_by_asc(Column::Id)
            .limit(BATCH)
            .all(&self.db)
            .await?)
    }

    async fn end_deployments(
        &self,
        rows: &[deployment::Model],
        now: Instant,
    ) -> Result<(), LedgerError> {
        let ended = rows
            .iter()
            .map(|row| ended(row, now))
            .collect::<Result<Vec<_>, LedgerError>>()?;
        let writes: Vec<Write<'_, deployment::Model>> = rows
            .iter()
            .zip(&ended)
            .map(|(before, (after, lines))| Write {
                before,
                after,
                lines,
            })
            .collect();
        // A launch that waits keeps its task.
        let waits = ["pending", "queued"];
        let over = ended.iter().map(|(after, _)| after);
        let over = over.filter(|after| !waits.contains(&after.status.as_str()));
        let over = task::Column::DeploymentId.is_in(over.map(|after| after.id.as_str()));
        let tx = self.db.begin().await?;
        if !change::write_all(&tx, &writes, self.stories()).await? {
            tx.rollback().await?;
            return Ok(());
        }
        cancel(&tx, Condition::all().add(over), now).await?;
        Ok(tx.commit().await?)
    }

    async fn end_images(&self, now: Instant) -> Result<u64, LedgerError> {
        let there = ["claimed", "pending", "available", "missing"];
        let rows = image::Entity::find()
            .filter(image::Column::Status.is_in(there))
            .all(&self.db)
            .await?;
        for row in &rows {
            let after = image::Model {
                status: region_end::image(row.parsed_status()?).as_str().to_owned(),
                error: Some(WHY.to_owned()),
                // Forgotten: the monitor need not look for it, and a later AMI is never taken for it.
                dropped_at: Some(now),
                decided_by: Some(BY.to_owned()),
                decided_reason: Some(WHY.to_owned()),
                decided_at: Some(now),
                ..row.clone()
            };
            self.move_image(&after).await?;
        }
        Ok(rows.len() as u64)
    }

    /// Clean-ups of what is gone, looks into the region, what was intended in it and what was found there. A launch that has
    /// not begun is left.
    async fn end_rest(&self, now: Instant) -> Result<(), LedgerError> {
        let tx = self.db.begin().await?;
        let kinds = ["destroy", "readiness", "ami", "monitor", "track", "judge"];
        let which = Condition::all().add(task::Column::Kind.is_in(kinds));
        cancel(&tx, which, now).await?;
        super::tracks::forget(&tx).await?;
        effect::Entity::update_many()
            .col_expr(effect::Column::State, Expr::value("not_done"))
            .col_expr(effect::Column::Error, Expr::value(WHY))
            .col_expr(effect::Column::FinishedAt, Expr::value(now))
            .filter(effect::Column::State.eq("intent"))
            .exec(&tx)
            .await?;
        finding::Entity::update_many()
            .col_expr(finding::Column::ClearedAt, Expr::value(now))
            .col_expr(finding::Column::Outcome, Expr::value("gone"))
            .filter(finding::Column::ClearedAt.is_null())
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// Cancels live tasks, also those that the last process held when it was killed.
async fn cancel<C: ConnectionTrait>(
    tx: &C,
    which: Condition,
    now: Instant,
) -> Result<(), LedgerError> {
    let live = ["available", "scheduled", "running", "retryable"];
    task::Entity::update_many()
        .col_expr(task::Column::State, Expr::value("cancelled"))
        .col_expr(task::Column::FinishedAt, Expr::value(now))
        .col_expr(task::Column::LeaseUntil, Expr::value(None::<Instant>))
        .filter(task::Column::State.is_in(live))
        .filter(which)
        .exec(tx)
        .await?;
    Ok(())
}

/// The row without what was in the region, and what its story says of it.
fn ended(
    row: &deployment::Model,
    now: Instant,
) -> Result<(deployment::Model, Vec<Line>), LedgerError> {
    let (status, ami_status) = (status_of(row)?, ami_status_of(row)?);
    let After {
        status: to,
        ami: ami_to,
    } = region_end::deployment(status, ami_status);
    let mut after = row.clone();
    after.status = to.as_str().to_owned();
    after.ami_status = ami_to.map(|to| to.as_str().to_owned());
    after.instance_id = None;
    after.public_ip = None;
    after.private_ip = None;
    after.security_group_id = None;
    if to != status {
        after.finished_at = Some(now);
    }
    let mut lines = Vec::new();
    if to.is_final() {
        lines.push(told(row, status, to));
    }
    if to == Status::Failed && status != to {
        after.error_message = Some(format!("{WHY}; retry it"));
    }
    match ami_to.filter(|to| Some(*to) != ami_status) {
        Some(AmiStatus::Failed) => {
            after.ami_error = Some(WHY.to_owned());
            let said = format!("✗ AMI creation failed: {WHY}");
            lines.push(Line::info("ami.failed", Source::AmiCreation, said).error());
        }
        Some(AmiStatus::Skipped) => {
            after.ami_skip_reason = Some(SkipReason::Ended.as_str().to_owned());
            lines.push(ami::skipped("the simulated region ended"));
            // Its AMI is all a builder is for: its build must learn why there is none.
            if row.build_id.is_some() && after.error_message.is_none() {
                after.error_message = Some(WHY.to_owned());
            }
        }
        _ => {}
    }
    Ok((after, lines))
}

fn told(row: &deployment::Model, from: Status, to: Status) -> Line {
    let gone = match &row.instance_id {
        Some(id) => format!("The simulated region ended with its process; instance {id} is gone"),
        None => "The simulated region ended with its process".to_owned(),
    };
    let kind = "deployment.region_ended";
    if to == Status::Failed && from != to {
        let said = format!("{gone}. `ingot deployments retry {}` runs it again", row.id);
        return Line::info(kind, Source::Deploy, said).error();
    }
    Line::info(kind, Source::Deploy, gone).warn()
}
