//! What people do to a build: approve, reject, cancel; and switching a template's builds off and on.

use ingot_domain::build::BuildStatus;
use ingot_domain::event::{Line, Source};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait,
};

use super::again;
use crate::store::decisions::{Decided, Decision};
use crate::store::ending::Ending;
use crate::store::engine::tasks;
use crate::store::subject::{Write, move_all};
use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, template_off};

/// What a person says about a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may start although it needs approval.
    Approve,
    /// It is refused: its requests are answered with no.
    Reject,
    /// It is ended, whether it waits or runs; what it used so far is paid.
    Cancel,
}

impl Ledger {
    /// Carries out a person's word about a build.
    pub async fn decide_build(
        &self,
        id: &str,
        verdict: Verdict,
        decision: &Decision,
    ) -> Result<Decided<build::Model>, LedgerError> {
        let Some(before) = build::Entity::find_by_id(id).one(&self.db).await? else {
            return Ok(Decided::Unknown);
        };
        let status = before.parsed_status()?;
        let refused = |why: String| Ok(Decided::Refused(why));
        if status.is_over() {
            return refused(format!("{id} is {status}: nothing more comes of it"));
        }
        let mut after = build::Model {
            decided_by: Some(decision.by.clone()),
            decided_reason: Some(decision.reason.clone()),
            ..before.clone()
        };
        let (by, why) = (&decision.by, &decision.reason);
        let (kind, said) = match verdict {
            Verdict::Approve | Verdict::Reject if !status.waits() => {
                return refused(format!(
                    "{id} is {status}: it runs already; `ingot builds cancel {id}` ends it"
                ));
            }
            Verdict::Approve => {
                after.status = BuildStatus::Queued.as_str().to_owned();
                ("build.approved", format!("Approved by {by}: {why}"))
            }
            Verdict::Reject => {
                after.status = BuildStatus::Rejected.as_str().to_owned();
                after.ended_at = Some(self.calendar_now());
                ("build.rejected", format!("Rejected by {by}: {why}"))
            }
            Verdict::Cancel if status.waits() => {
                after.status = BuildStatus::Cancelled.as_str().to_owned();
                after.ended_at = Some(self.calendar_now());
                ("build.cancelled", format!("Cancelled by {by}: {why}"))
            }
            Verdict::Cancel => {
                // It is over when its builder is: the build's visit settles what it used.
                after.cancelling = true;
                let rest = match (status, self.makes_its_ami(&before).await?) {
                    (BuildStatus::Publishing, _) => {
                        "copies in the making are removed, and what is there stays"
                    }
                    (_, true) => {
                        "its AMI is being made and is waited for, then its builder is terminated"
                    }
                    (_, false) => "its builder is terminated",
                };
                let said = format!("Cancelled by {by}: {why}; {rest}");
                ("build.cancelling", said)
            }
        };
        let lines = [Line::info(kind, Source::Request, said)];
        let tx = self.db.begin().await?;
        let mut stories = self.stories();
        let write = Write {
            before: &before,
            after: &after,
            lines: &lines,
        };
        if !move_all(&tx, &[write], &mut stories).await? {
            tx.rollback().await?;
            return refused(format!(
                "{id} changed at the same moment; look and try again"
            ));
        }
        if verdict == Verdict::Approve {
            build_request::Entity::update_many()
                .col_expr(build_request::Column::Approved, Expr::value(true))
                .filter(build_request::Column::BuildId.eq(id))
                .exec(&tx)
                .await?;
        }
        stories.append(&tx).await?;
        tx.commit().await?;
        if verdict == Verdict::Cancel
            && status.runs()
            && let Some(builder) = &before.deployment_id
        {
            self.end_builder(builder, by).await?;
        }
        Ok(Decided::Done(Box::new(after)))
    }

    /// Whether the AMI of a build is in the making: it is not thrown away, and the build may end with an image after all.
    async fn makes_its_ami(&self, of: &build::Model) -> Result<bool, LedgerError> {
        let Some(builder) = &of.deployment_id else {
            return Ok(false);
        };
        let row = self.deployment(builder).await?;
        Ok(row.is_some_and(|row| row.ami_status.as_deref() == Some("creating")))
    }

    /// Ends a builder whatever it does; one that is over stays as it is.
    pub async fn end_builder(&self, id: &str, by: &str) -> Result<(), LedgerError> {
        if let crate::store::Intervention::Refused(_) = self.cancel(id, by).await?
            && let Some(row) = self.deployment(id).await?
            && row.instance_id.is_some()
        {
            let task = Ending::Destroy { run: row.run }.task(id, self.now());
            tasks::insert(&self.db, &[task], self.now(), false).await?;
        }
        Ok(())
    }

    /// Switches a template's builds off, told in its story; its waiting builds are left to be decided one by one.
    pub async fn switch_off(
        &self,
        template: &str,
        revision: i32,
        by_itself: bool,
        decision: &Decision,
    ) -> Result<template_off::Model, LedgerError> {
        let (by, why) = (&decision.by, &decision.reason);
        let row = template_off::Model {
            name: template.to_owned(),
            off_at: self.calendar_now(),
            off_by: by.clone(),
            off_reason: why.clone(),
            by_itself,
            revision,
        };
        loop {
            let tx = self.db.begin().await?;
            let mut changed = template_off::Entity::insert(row.clone().into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&tx)
                .await?;
            if !by_itself && changed == 0 {
                // A person's word stands above Ingot's own: no new revision switches on what a person switched off.
                let above = template_off::Entity::update_many()
                    .set(row.clone().into_active_model().reset_all())
                    .filter(template_off::Column::Name.eq(template))
                    .filter(template_off::Column::ByItself.eq(true))
                    .exec(&tx)
                    .await?;
                changed = above.rows_affected;
            }
            if changed > 0 {
                let said = format!("{by}: builds are switched off ({why})");
                let source = match by_itself {
                    true => Source::Monitor,
                    false => Source::Request,
                };
                let line = Line::info("template.builds_off", source, said);
                if !self.tell_of_builds(&tx, template, line).await? {
                    tx.rollback().await?;
                    continue;
                }
            }
            tx.commit().await?;
            return Ok(self.switched_off(template).await?.unwrap_or(row));
        }
    }

    /// Switches a template's builds on, told in its story; whether they were off. What was skipped, or failed before it, asks
    /// again.
    pub async fn switch_on(
        &self,
        template: &str,
        decision: &Decision,
    ) -> Result<bool, LedgerError> {
        loop {
            let tx = self.db.begin().await?;
            let gone = template_off::Entity::delete_by_id(template)
                .exec(&tx)
                .await?;
            let off = gone.rows_affected > 0;
            if off {
                again::keep_on(&tx, template, self.calendar_now()).await?;
                let said = format!(
                    "{}: builds are switched on ({})",
                    decision.by, decision.reason
                );
                let line = Line::info("template.builds_on", Source::Request, said);
                if !self.tell_of_builds(&tx, template, line).await? {
                    tx.rollback().await?;
                    continue;
                }
            }
            tx.commit().await?;
            return Ok(off);
        }
    }

    /// Whether and why a template's builds are switched off.
    pub async fn switched_off(
        &self,
        template: &str,
    ) -> Result<Option<template_off::Model>, LedgerError> {
        Ok(template_off::Entity::find_by_id(template)
            .one(&self.db)
            .await?)
    }

    /// Every template whose builds are switched off.
    pub async fn all_switched_off(&self) -> Result<Vec<template_off::Model>, LedgerError> {
        Ok(template_off::Entity::find().all(&self.db).await?)
    }
}
