//! What the plan reads: the builds that wait with their requests, the builds that run, and how long earlier ones took.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::build::cost::HISTORY;
use ingot_domain::build::failure::Ended;
use ingot_domain::build::wants::UpdateKind;
use ingot_domain::task::TaskState;
use ingot_domain::want::{Cause, Request, Trigger};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Asking;
use crate::store::assessments::level_of;
use crate::store::{Ledger, LedgerError};
use crate::{base_update, build, build_request, event, task, template_off};

/// A build that waits, with what asks for it.
#[derive(Debug, Clone)]
pub struct Queued {
    /// The build.
    pub row: build::Model,
    /// At least one, in any order.
    pub requests: Vec<Asking>,
}

/// What waits and what runs.
#[derive(Debug, Clone, Default)]
pub struct BuildQueue {
    /// Builds that wait.
    pub waiting: Vec<Queued>,
    /// Builds that run.
    pub running: Vec<build::Model>,
    /// By template, how long its last builds took, the newest first.
    pub history: HashMap<String, Vec<TimeDelta>>,
}

/// Ends that are looked back at for the history.
const LOOKED_AT: u64 = 2_000;
/// Ids that one statement names, well under what a database takes.
const AT_ONCE: usize = 2_000;

impl BuildQueue {
    /// What waits, by its target as the plan names it.
    pub fn by_target(&self) -> HashMap<String, &Queued> {
        let named = self.waiting.iter().map(|one| (one.row.target(), one));
        named.collect()
    }

    /// What waits, by the build's id.
    pub fn by_id(&self) -> HashMap<&str, &Queued> {
        let named = self.waiting.iter().map(|one| (one.row.id.as_str(), one));
        named.collect()
    }

    /// Takes out the builds whose template is switched off: they do not start. A matter of security of one that is off by
    /// itself stays: that is its try of the day.
    pub fn hold(&mut self, off: &[template_off::Model]) -> Vec<Queued> {
        let all = std::mem::take(&mut self.waiting);
        let is_held = |queued: &Queued| {
            let security = queued
                .requests
                .iter()
                .any(|one| one.request.cause.trigger() == Trigger::Security);
            off.iter()
                .any(|one| one.name == queued.row.template && !(one.by_itself && security))
        };
        let (held, waiting) = all.into_iter().partition(is_held);
        self.waiting = waiting;
        held
    }
}

impl Ledger {
    /// Whether a subject's story has a line of this kind.
    pub async fn has_told(&self, subject: &str, kind: &str) -> Result<bool, LedgerError> {
        let found = event::Entity::find()
            .filter(event::Column::DeploymentId.eq(subject))
            .filter(event::Column::Kind.eq(kind))
            .one(&self.db)
            .await?;
        Ok(found.is_some())
    }

    /// Brings waiting requests to the level that stands for their update by now (AUTO-AMI 2): upward with the earlier of the
    /// deadline it had and one that counts from now; downward as far as the update's own level was lowered.
    pub async fn follow_levels(
        &self,
        waiting: &[Queued],
        deadline: impl Fn(&Queued, &Request) -> Option<Instant>,
    ) -> Result<u64, LedgerError> {
        // One update asks for a build of each template on its base.
        let about: BTreeSet<&str> = waiting
            .iter()
            .flat_map(|queued| &queued.requests)
            .filter(|one| matches!(one.request.cause, Cause::Security { .. }))
            .filter_map(|one| one.about.as_deref())
            .collect();
        let about: Vec<&str> = about.into_iter().collect();
        let mut updates = Vec::new();
        for about in about.chunks(AT_ONCE) {
            let found = base_update::Entity::find()
                .filter(base_update::Column::Id.is_in(about.iter().copied()))
                .all(&self.reader);
            updates.extend(found.await?);
        }
        let by_id: HashMap<&str, &base_update::Model> =
            updates.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut changed = 0;
        for queued in waiting {
            for Asking { request, about } in &queued.requests {
                let update = about.as_deref().and_then(|id| by_id.get(id));
                let (Some(update), Cause::Security { level: was }) = (update, request.cause) else {
                    continue;
                };
                let Some(word) = update.level.as_deref() else {
                    continue;
                };
                let kind = update.update_type.as_deref().unwrap_or("unknown");
                let level = level_of(word)?;
                let UpdateKind::Security(now) = UpdateKind::of(kind, level) else {
                    continue;
                };
                if now == was {
                    continue;
                }
                let before = was.map_or(SecurityLevel::Unknown, SecurityLevel::from);
                let raised = gravity(level) > gravity(before);
                let mut write = build_request::Entity::update_many()
                    .col_expr(
                        build_request::Column::Level,
                        Expr::value(now.map(|level| level.to_string())),
                    )
                    .filter(build_request::Column::Id.eq(&request.id))
                    .filter(match was {
                        Some(level) => build_request::Column::Level.eq(level.as_str()),
                        None => build_request::Column::Level.is_null(),
                    });
                if raised {
                    let before = deadline(queued, request);
                    write = write
                        .col_expr(
                            build_request::Column::Since,
                            Expr::value(self.calendar_now()),
                        )
                        .col_expr(build_request::Column::Before, Expr::value(before));
                }
                changed += write.exec(&self.db).await?.rows_affected;
            }
        }
        Ok(changed)
    }

    /// The build of the same target that waits, if there is one.
    pub async fn waiting_build(&self, of: &build::Model) -> Result<Option<String>, LedgerError> {
        use build::Column;
        let found = build::Entity::find()
            .filter(Column::Template.eq(&of.template))
            .filter(Column::Version.eq(&of.version))
            .filter(Column::Mode.eq(&of.mode))
            .filter(Column::Arch.eq(&of.arch))
            .filter(Column::Region.eq(&of.region))
            .filter(Column::Status.is_in(["queued", "awaiting_approval"]))
            .one(&self.db)
            .await?;
        Ok(found.map(|row| row.id))
    }

    /// Lets the requests of one build wait with another.
    pub async fn hand_over(&self, from: &str, to: &str) -> Result<(), LedgerError> {
        build_request::Entity::update_many()
            .col_expr(build_request::Column::BuildId, Expr::value(to))
            .filter(build_request::Column::BuildId.eq(from))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Whether a worker has something to do for a deployment.
    pub async fn is_worked_on(&self, deployment: &str) -> Result<bool, LedgerError> {
        let alive = TaskState::ALL.iter().filter(|state| !state.is_final());
        let found = task::Entity::find()
            .filter(task::Column::DeploymentId.eq(deployment))
            .filter(task::Column::State.is_in(alive.map(|state| state.as_str())))
            .one(&self.db)
            .await?;
        Ok(found.is_some())
    }

    /// Builds that ended since an instant of the calendar, for what follows from failures. Switching a template on and a new
    /// revision stand among them as a success does: failures before them count no more.
    pub async fn builds_ended(&self, since: Instant) -> Result<Vec<Ended>, LedgerError> {
        use build::Column;
        let rows = build::Entity::find()
            .filter(Column::EndedAt.gte(since))
            .filter(Column::Status.is_in(["completed", "failed"]))
            .order_by_desc(Column::EndedAt)
            .limit(LOOKED_AT)
            .all(&self.reader)
            .await?;
        let mut ends = Vec::new();
        for row in rows {
            let Some(at) = row.ended_at else { continue };
            ends.push(Ended {
                failed: row.parsed_class()?,
                template: row.template,
                at,
            });
        }
        ends.extend(self.counted_anew().await?);
        Ok(ends)
    }
}

/// By template, how long its last builds took.
pub(super) async fn history<C: ConnectionTrait>(
    db: &C,
) -> Result<HashMap<String, Vec<TimeDelta>>, LedgerError> {
    use build::Column;
    let ended: Vec<(String, Option<Instant>, Option<Instant>)> = build::Entity::find()
        .select_only()
        .columns([Column::Template, Column::StartedAt, Column::EndedAt])
        .filter(Column::StartedAt.is_not_null())
        .filter(Column::EndedAt.is_not_null())
        .filter(
            Column::Status
                .eq("completed")
                .or(Column::FailureClass.eq("bound")),
        )
        .order_by_desc(Column::EndedAt)
        .limit(LOOKED_AT)
        .into_tuple()
        .all(db)
        .await?;
    let mut history: HashMap<String, Vec<TimeDelta>> = HashMap::new();
    for (template, started, ended) in ended {
        let (Some(started), Some(ended)) = (started, ended) else {
            continue;
        };
        let lengths = history.entry(template).or_default();
        if lengths.len() < HISTORY {
            lengths.push(ended - started);
        }
    }
    Ok(history)
}

/// Unknown is read as high unless the policy says medium; it is never taken for less.
fn gravity(level: SecurityLevel) -> u8 {
    match level {
        SecurityLevel::None => 0,
        SecurityLevel::Low => 1,
        SecurityLevel::Medium => 2,
        SecurityLevel::Unknown | SecurityLevel::High => 3,
        SecurityLevel::Critical => 4,
    }
}
