//! Builds that are given up: the builder is ended first, and money and place are free when nothing of it runs any more.

use ingot_domain::Instant;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::failure::FailureClass;
use ingot_domain::build::step::Step;
use ingot_domain::event::{Line, Source};
use ingot_domain::wait::Wait;
use ingot_engine::Visit;
use ingot_entity::build;
use ingot_entity::store::{Claim, Entry, Move, Moved, Then};

use super::publish;
use super::watch::{LOOK, end, is_gone};
use crate::case::VisitError;
use crate::tools::Tools;

/// Who ends a builder whose build is given up.
const BY: &str = "Ingot";

/// Why a build that runs is given up, if it is.
pub(super) fn reason(of: &build::Model) -> Result<Option<(FailureClass, String)>, VisitError> {
    Ok(of.parsed_class()?.zip(of.error.clone()))
}

/// Asks again for the end of a builder whose build shall not go on: the first asking may have been lost with its process.
pub(super) async fn insist(tools: &Tools, of: &build::Model) -> Result<(), VisitError> {
    if let Some(builder) = &of.deployment_id
        && (of.cancelling || reason(of)?.is_some())
    {
        let by = of.decided_by.as_deref().filter(|_| of.cancelling);
        ingot_failpoint::hit!("build.before_insist").await;
        tools.ledger.end_builder(builder, by.unwrap_or(BY)).await?;
        ingot_failpoint::hit!("build.insisted").await;
    }
    Ok(())
}

/// A build whose builder is not on record fails and pays nothing.
pub(super) fn without_builder(visit: &mut Visit, before: &build::Model, now: Instant) {
    let why = "its builder is not on record";
    visit.change.money.push(Entry::Release {
        build: before.id.clone(),
        run: before.run,
    });
    let after = build::Model {
        status: BuildStatus::Failed.as_str().to_owned(),
        failure_class: Some(FailureClass::Cloud.to_string()),
        error: Some(why.to_owned()),
        actual: Some(0),
        ended_at: Some(now),
        ..before.clone()
    };
    let said = format!("Failed ({}): {why}; nothing was paid", FailureClass::Cloud);
    visit.change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines: vec![Line::info("build.failed", Source::AmiCreation, said).error()],
    })));
}

/// A build whose task was given up fails once its builder is gone. A task that kills its workers is not tried on: its build
/// ends at once, and pays what was reserved.
pub(crate) async fn given_up(
    tools: &Tools,
    claim: &Claim,
    why: &str,
    then: Then,
) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let mut visit = Visit::only(then);
    let Some(seen) = tools.ledger.build(id).await? else {
        return Ok(visit);
    };
    let (before, now) = (seen.row, tools.ledger.calendar_now());
    if !before.parsed_status()?.runs() {
        return Ok(visit);
    }
    let builder = before.deployment_id.as_deref().unwrap_or_default();
    let Some(row) = tools.ledger.deployment(builder).await? else {
        without_builder(&mut visit, &before, now);
        return Ok(visit);
    };
    if before.parsed_status()? == BuildStatus::Publishing {
        publish::cut_short(tools, &mut visit, &before, &row, now).await?;
        return Ok(visit);
    }
    let gone = is_gone(tools, &row).await?;
    if !gone {
        tools.ledger.end_builder(&row.id, BY).await?;
    }
    if gone || claim.poisoned {
        let failed = Step::Failed(FailureClass::Cloud, why.to_owned());
        end(tools, &mut visit, &before, &row, failed, now).await?;
        return Ok(visit);
    }
    visit.then = Then::Wait {
        until: tools.after(LOOK),
        on: Wait::Build,
    };
    if reason(&before)?.is_none() {
        let after = build::Model {
            failure_class: Some(FailureClass::Cloud.to_string()),
            error: Some(why.to_owned()),
            ..before.clone()
        };
        let said = format!("Given up: {why}; its builder is ended first");
        visit.change.moved.push(Moved::Build(Box::new(Move {
            before,
            after,
            lines: vec![Line::info("build.given_up", Source::Monitor, said).warn()],
        })));
    }
    Ok(visit)
}
