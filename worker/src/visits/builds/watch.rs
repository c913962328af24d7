//! A build that runs: its builder is watched, and when nothing of it runs any more the build ends, its money is settled and
//! what follows from a failure is done, in one commit.

use std::time::Duration;

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::build::step::{Step, View, step};
use ingot_domain::build::{BuildStatus, failure};
use ingot_domain::deployment::{AmiStatus, SkipReason};
use ingot_domain::event::{Line, Source};
use ingot_domain::money::Money;
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::store::{Claim, Decision, Entry, Move, Moved, Then, ami_status_of, status_of};
use ingot_entity::{build, deployment};

use super::{deadline, ends, paid, publish};
use crate::acts;
use crate::case::VisitError;
use crate::tools::Tools;

/// How often a build is looked at, felt.
pub(super) const LOOK: Duration = Duration::from_secs(10);
/// How far back failures are looked at for what they have in common.
const BACK: TimeDelta = TimeDelta::days(90);

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let Some(seen) = tools.ledger.build(id).await? else {
        return Err(VisitError::Nonsense(format!("there is no build `{id}`")));
    };
    let before = seen.row;
    if !before.parsed_status()?.runs() {
        return Ok(Visit::only(Then::Done));
    }
    let now = tools.ledger.calendar_now();
    let builder = before.deployment_id.as_deref().unwrap_or_default();
    let Some(row) = tools.ledger.deployment(builder).await? else {
        let mut visit = Visit::only(Then::Done);
        ends::without_builder(&mut visit, &before, now);
        return Ok(visit);
    };
    if before.parsed_status()? == BuildStatus::Publishing {
        return publish::look(tools, &before, &row, now).await;
    }
    let ami = ami_status_of(&row)?;
    // That its AMI was given up because the builder was ended says nothing about why it was ended.
    let skipped = row.ami_skip_reason.as_deref();
    let skipped = skipped.filter(|reason| *reason != SkipReason::Ended.as_str());
    let error = row.error_message.as_deref().or(match ami {
        Some(AmiStatus::Failed) => row.ami_error.as_deref(),
        _ => skipped,
    });
    let view = View {
        status: status_of(&row)?,
        ami,
        has_ami: row.created_ami_id.is_some(),
        gone: is_gone(tools, &row).await?,
        launched: row.launched_at.is_some(),
        error,
        cancelled: before.cancelling,
        bound: before.bound_at.unwrap_or(now),
        run: before.run,
    };
    let mut visit = Visit::only(Then::Done);
    let given_up = ends::reason(&before)?.filter(|_| !before.cancelling);
    let decided = match (step(&view, now), given_up) {
        (decided @ (Step::Watch | Step::Completed), _) | (decided, None) => decided,
        (_, Some((class, why))) => Step::Failed(class, why),
    };
    if decided == Step::Watch {
        ends::insist(tools, &before).await?;
        visit.then = Then::Wait {
            until: tools.after(LOOK),
            on: Wait::Build,
        };
        return Ok(visit);
    }
    let copies = decided == Step::Completed && !before.cancelling;
    if copies
        && !before.copied_to().is_empty()
        && publish::begin(tools, &mut visit, &before, &row, now).await?
    {
        return Ok(visit);
    }
    end(tools, &mut visit, &before, &row, decided, now).await?;
    Ok(visit)
}

/// Whether nothing of a builder runs any more and no task of it is alive.
pub(super) async fn is_gone(tools: &Tools, row: &deployment::Model) -> Result<bool, VisitError> {
    Ok(row.instance_id.is_none() && !tools.ledger.is_worked_on(&row.id).await?)
}

/// Ends a build as was decided, and settles what its builder cost.
pub(super) async fn end(
    tools: &Tools,
    visit: &mut Visit,
    before: &build::Model,
    row: &deployment::Model,
    decided: Step,
    now: Instant,
) -> Result<(), VisitError> {
    let cost = paid::cost_of(tools, before, row, 0, now).await?;
    let mut after = build::Model {
        actual: i64::try_from(cost.micros()).ok(),
        ended_at: Some(now),
        image_id: row.image_id.clone(),
        ..before.clone()
    };
    visit.change.money.push(Entry::Settle {
        build: before.id.clone(),
        run: before.run,
        cost,
    });
    visit.marks.step(&acts::BUILD_END);
    let paid = paid(before, cost);
    let become_status = |after: &mut build::Model, status: BuildStatus| {
        after.status = status.as_str().to_owned();
    };
    let mut lines = Vec::new();
    match decided {
        Step::Watch => return Ok(()),
        Step::Completed => {
            become_status(&mut after, BuildStatus::Completed);
            let ami = row.created_ami_id.as_deref().unwrap_or_default();
            let said = format!("Completed: {ami} in {}, {paid}", before.region);
            lines.push(Line::info("build.completed", Source::AmiCreation, said));
            lines.extend(deadline::missed(tools, before, before.deadline, now).await?);
        }
        Step::Cancelled => {
            become_status(&mut after, BuildStatus::Cancelled);
            let said = format!("Cancelled; {paid}");
            lines.push(Line::info("build.cancelled", Source::Request, said));
        }
        Step::Failed(class, why) => {
            become_status(&mut after, BuildStatus::Failed);
            after.failure_class = Some(class.to_string());
            after.error = Some(why.clone());
            let said = format!("Failed ({class}): {why}; {paid}");
            lines.push(Line::info("build.failed", Source::AmiCreation, said).error());
            lines.extend(deadline::missed(tools, before, before.deadline, now).await?);
            lines.extend(switched_off(tools, &after, now).await?);
        }
        Step::Again(class, why, pause) => {
            after.failure_class = Some(class.to_string());
            after.error = Some(why.clone());
            let other = tools.ledger.waiting_build(before).await?;
            let said = match other {
                // The requests that came meanwhile have a build of their own, which these join.
                Some(other) => {
                    become_status(&mut after, BuildStatus::Failed);
                    tools.ledger.hand_over(&before.id, &other).await?;
                    format!("Failed ({class}): {why}; {paid}; what asked for it waits with {other}")
                }
                None => {
                    become_status(&mut after, BuildStatus::Queued);
                    after.ended_at = None;
                    after.not_before = Some(now + pause);
                    let at = (now + pause).format("%Y-%m-%d %H:%M UTC");
                    format!("Failed ({class}): {why}; {paid}; it is planned again from {at} on")
                }
            };
            // It is not at its end: people are told when it is.
            lines.push(Line::info("build.again", Source::AmiCreation, said).warn());
        }
    }
    visit.change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
    Ok(())
}

pub(super) fn paid(before: &build::Model, cost: Money) -> String {
    let reserved = paid::reserved(before);
    let purse = before.purse.as_deref().unwrap_or("daily");
    format!("cost {cost} USD of the {reserved} that the {purse} purse had kept for it")
}

/// Switches the template off when this failure is the third of its own in a row; the line that says so.
async fn switched_off(
    tools: &Tools,
    after: &build::Model,
    now: Instant,
) -> Result<Option<Line>, VisitError> {
    let mut ends = tools.ledger.builds_ended(now - BACK).await?;
    ends.push(failure::Ended {
        template: after.template.clone(),
        at: now,
        failed: after.parsed_class()?,
    });
    if !failure::switches_off(&after.template, &ends) {
        return Ok(None);
    }
    let error = after.error.as_deref().unwrap_or_default();
    let reason = format!(
        "{} builds in a row failed, the last one: {error}",
        failure::IN_A_ROW
    );
    let decision = Decision {
        by: "Ingot".to_owned(),
        reason: reason.clone(),
    };
    let revision = after.template_revision.unwrap_or_default();
    tools
        .ledger
        .switch_off(&after.template, revision, true, &decision)
        .await?;
    let said = format!(
        "Builds of {} are switched off: {reason}; a new revision or `ingot templates auto-ami enable {}` switches them on",
        after.template, after.template
    );
    Ok(Some(
        Line::info("build.switched_off", Source::Monitor, said).error(),
    ))
}
