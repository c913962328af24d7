//! A start: the build moves, its builder and its launch task are made and its upper bound is reserved, in one commit
//! (DESIGN-2 section 3). A worker that dies before has started nothing, one that dies after has nothing left to do.

use std::sync::Arc;
use std::time::Duration;

use ingot_domain::Instant;
use ingot_domain::build::BuildStatus;
use ingot_domain::event::{Line, Source};
use ingot_domain::ids::DeploymentId;
use ingot_domain::plan::Build;
use ingot_domain::task::TaskKind;
use ingot_domain::want::{Purse, Urgency};
use ingot_entity::build;
use ingot_entity::store::{
    ActivePolicy, Change, Entry, Move, Moved, New, NewDeployment, NewTask, Planned, Queued,
    Requested, Reservation,
};
use uuid::Uuid;

use crate::case::VisitError;
use crate::tools::Tools;

/// How soon after its start a build is looked at, felt.
const FIRST_LOOK: Duration = Duration::from_secs(30);

/// The code that the cost is recorded against, if the policy wants that.
fn grant(active: &ActivePolicy, named: Option<&str>) -> Option<String> {
    let named = named.filter(|_| active.policy.budget_tracking);
    named.map(str::to_owned)
}

/// Adds everything a start commits.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost source of builders' ids"
)]
pub(super) async fn begin(
    tools: &Tools,
    change: &mut Change,
    queued: &Queued,
    one: &Build,
    planned: &Planned,
    active: &ActivePolicy,
    now: Instant,
) -> Result<(), VisitError> {
    let before = &queued.row;
    let (Some(priced), Some(purse)) = (planned.priced.get(&before.id), one.budget_source) else {
        return Ok(());
    };
    let (run, real) = (before.run + 1, tools.ledger.now());
    let id = DeploymentId::new(Uuid::now_v7());
    let new = NewDeployment {
        id: id.clone(),
        order: priced.order.clone(),
        recipe: Arc::clone(&priced.recipe),
        revision: Some(priced.revision.clone()),
        start: true,
        by: format!("build {}", before.id),
    };
    let ends = tools.ledger.calendar().after(real, priced.bound);
    let builder = Requested::builder(&new, &before.id, ends, real)?;
    change.new.push(New::Builder(Box::new(builder)));
    change.tasks.push(NewTask::of_deployment(
        TaskKind::Launch,
        id.as_str(),
        1,
        real,
    ));
    let key = format!("{}:{}:{run}", TaskKind::Build, before.id);
    change.tasks.push(NewTask::about(
        TaskKind::Build,
        &before.id,
        key,
        tools.after(FIRST_LOOK),
    ));
    change.money.push(Entry::Reserve(Box::new(Reservation {
        build: before.id.clone(),
        run,
        grant: grant(active, priced.recipe.grant.as_deref()),
        policy: active.revision,
        periods: active.policy.periods(purse, now),
        money: priced.reserved,
        at: now,
        // The limit gives way to an approved critical build alone, as in the plan.
        beyond: purse == Purse::Urgent && one.urgency == Urgency::Critical && one.approved,
    })));
    let after = build::Model {
        status: BuildStatus::Building.as_str().to_owned(),
        trigger: Some(one.trigger.to_string()),
        urgency: Some(one.urgency.to_string()),
        priority: i32::try_from(one.priority).unwrap_or(i32::MAX),
        not_before: None,
        scheduled_for: Some(now),
        latest_start: one.latest_start,
        deadline: one.deadline,
        late: one.late,
        why: None,
        purse: Some(purse.to_string()),
        regions: Some(serde_json::json!(priced.copied_to)).filter(|_| !priced.copied_to.is_empty()),
        estimated: i64::try_from(priced.reserved.micros()).ok(),
        actual: None,
        policy_revision: Some(active.revision),
        template_revision: Some(priced.revision.number),
        run,
        deployment_id: Some(id.to_string()),
        started_at: Some(now),
        expected_end: Some(now + priced.expected),
        bound_at: Some(now + priced.bound),
        failure_class: None,
        error: None,
        ..before.clone()
    };
    let said = format!(
        "Started ({}, {}): builder {id}, paid by the {purse} purse, which keeps {} USD for it; it ends by {} whatever happens",
        one.trigger,
        one.urgency,
        priced.reserved,
        (now + priced.bound).format("%Y-%m-%d %H:%M UTC")
    );
    let said = match priced.copied_to.as_slice() {
        [] => said,
        to => format!("{said}; its image is copied to {}", to.join(", ")),
    };
    let lines = vec![Line::info("build.started", Source::Monitor, said)];
    change.moved.push(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })));
    Ok(())
}
