//! One look of the scheduler: asks for what is wanted, plans everything that waits, commits exactly the plan's starts, and
//! writes down what the plan says about the rest.

use chrono::TimeDelta;
use ingot_domain::Instant;
use ingot_domain::build::BuildStatus;
use ingot_domain::event::{Line, Source};
use ingot_domain::plan::why::On;
use ingot_domain::plan::{Build, State};
use ingot_engine::Visit;
use ingot_entity::build;
use ingot_entity::store::{ActivePolicy, Move, Moved, Queued, Then};

use super::deadline;
use super::start;
use super::wanted;
use crate::acts;
use crate::case::VisitError;
use crate::tools::Tools;

/// How long before now lines of cron are looked at by the first look of all.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

pub(crate) async fn look(tools: &Tools) -> Result<Visit, VisitError> {
    let asking = whole_second(tools.ledger.calendar_now());
    let active = tools.ledger.policy().await?;
    // However far apart looks lie: at a fast pace a minute of theirs is many of the calendar's.
    let looked = tools.ledger.last_look().await?;
    let looked = looked.unwrap_or(asking - LOOKED).min(asking);
    wanted::ask(tools, &active.policy, looked, asking).await?;
    tools.ledger.keep_look(asking).await?;
    // Taken after the asks: what they made does not lie ahead.
    let now = whole_second(tools.ledger.calendar_now());
    let mut sheet = tools.ledger.plan_sheet(now).await?;
    let queue = &sheet.queue;
    let expected = |queued: &Queued| queue.expected(&queued.row);
    let policy = &sheet.active.policy;
    if wanted::follow(tools, policy, &queue.waiting, expected).await? > 0 {
        sheet = tools.ledger.plan_sheet(now).await?;
    }
    let mut visit = Visit::only(Then::Done);
    let held = sheet.hold();
    let planned = tools.ledger.planned(&sheet).await?;
    let (queue, active) = (&sheet.queue, &sheet.active);
    let (by_target, by_id) = (queue.by_target(), queue.by_id());
    for one in &planned.plan.builds {
        let Some(queued) = by_target.get(&one.template) else {
            continue;
        };
        let mut told = deadline::told(tools, &queued.row, Some(one), now).await?;
        let soon = deadline::announced(tools, &queued.row, one, &active.policy, now).await?;
        told.splice(0..0, soon);
        match one.state {
            State::Start => {
                let made = visit.change.moved.len();
                start::begin(tools, &mut visit.change, queued, one, &planned, active, now).await?;
                visit.marks.step(&acts::BUILD_START);
                if let Some(Moved::Build(start)) = visit.change.moved.get_mut(made) {
                    start.lines.splice(0..0, told);
                }
            }
            State::Scheduled | State::AwaitingApproval | State::Blocked => {
                visit.change.moved.extend(waits(queued, one, active, told));
            }
        }
    }
    for (id, why) in &planned.unpriced {
        if let Some(queued) = by_id.get(id.as_str()) {
            let told = deadline::told(tools, &queued.row, None, now).await?;
            visit
                .change
                .moved
                .extend(blocked(queued, "price", why, told));
        }
    }
    for queued in &held {
        let why = On::Off.to_string();
        let told = deadline::told(tools, &queued.row, None, now).await?;
        let moved = blocked(queued, &why, "its template is switched off", told);
        visit.change.moved.extend(moved);
    }
    Ok(visit)
}

/// The plan counts whole seconds.
fn whole_second(at: Instant) -> Instant {
    Instant::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

/// What the plan says about one that does not start, if that is news.
fn waits(queued: &Queued, one: &Build, active: &ActivePolicy, told: Vec<Line>) -> Option<Moved> {
    let before = &queued.row;
    let status = match one.state {
        State::AwaitingApproval => BuildStatus::AwaitingApproval,
        State::Start | State::Scheduled | State::Blocked => BuildStatus::Queued,
    };
    let why: Vec<serde_json::Value> = one.why.iter().map(said).collect();
    let after = build::Model {
        status: status.as_str().to_owned(),
        trigger: Some(one.trigger.to_string()),
        urgency: Some(one.urgency.to_string()),
        priority: i32::try_from(one.priority).unwrap_or(i32::MAX),
        scheduled_for: one.scheduled_for,
        latest_start: one.latest_start,
        deadline: one.deadline,
        late: one.late,
        why: Some(serde_json::json!({"state": one.state, "on": why})),
        purse: one.budget_source.map(|purse| purse.to_string()),
        estimated: i64::try_from(one.estimated_cost.micros()).ok(),
        policy_revision: Some(active.revision),
        ..before.clone()
    };
    if after == *before && told.is_empty() {
        return None;
    }
    let mut lines = news(before, one);
    lines.extend(told);
    Some(Moved::Build(Box::new(Move {
        lines,
        before: before.clone(),
        after,
    })))
}

/// One reason, with its sentence.
fn said(why: &ingot_domain::plan::why::Why) -> serde_json::Value {
    let mut value = serde_json::to_value(why).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("said".to_owned(), why.to_string().into());
    }
    value
}

/// The story tells what changed for people: the state, and what is waited for; a start that moves by minutes is no news.
fn news(before: &build::Model, one: &Build) -> Vec<Line> {
    let known = |key: &str| before.why.as_ref().and_then(|why| why.get(key));
    let was = known("state").and_then(serde_json::Value::as_str);
    let kinds = |value: &serde_json::Value| {
        let on = value.as_array().into_iter().flatten();
        let on = on.filter_map(|one| one.get("on")?.as_str().map(str::to_owned));
        on.collect::<Vec<_>>()
    };
    let before_kinds = known("on").map(kinds).unwrap_or_default();
    let now_kinds: Vec<String> = one.why.iter().map(|why| why.on.to_string()).collect();
    let same = was == Some(one.state.as_str()) && before_kinds == now_kinds;
    let mut lines = Vec::new();
    if !same {
        let why: Vec<String> = one.why.iter().map(ToString::to_string).collect();
        let why = why.join("; ");
        let line = match (one.state, one.scheduled_for) {
            (State::AwaitingApproval, _) => Line::info(
                "build.awaiting_approval",
                Source::Monitor,
                format!(
                    "Waits for approval ({why}): `ingot builds approve {} --reason TEXT`, or `reject`",
                    before.id
                ),
            )
            .warn(),
            (State::Blocked, _) => {
                Line::info("build.blocked", Source::Monitor, format!("Blocked: {why}")).warn()
            }
            (_, Some(at)) => {
                let at = at.format("%Y-%m-%d %H:%M UTC");
                let purse = one.budget_source.map(|purse| purse.to_string());
                let purse = purse.unwrap_or_default();
                let cost = one.estimated_cost;
                let said =
                    format!("Planned for {at}, paid by the {purse} purse, at most {cost} USD: {why}");
                Line::info("build.scheduled", Source::Monitor, said)
            }
            (_, None) => Line::info("build.waits", Source::Monitor, why),
        };
        lines.push(line);
    }
    lines
}

/// One that is not in the plan: without a price, or of a template that is switched off, there is no start.
fn blocked(queued: &Queued, on: &str, why: &str, told: Vec<Line>) -> Option<Moved> {
    let before = &queued.row;
    let reason = serde_json::json!({"state": State::Blocked, "on": [{"on": on, "said": why}]});
    let mut lines = Vec::new();
    if before.why.as_ref() != Some(&reason) {
        let said = format!("Blocked: {why}");
        lines.push(Line::info("build.blocked", Source::Monitor, said).warn());
    }
    lines.extend(told);
    if lines.is_empty() {
        return None;
    }
    let after = build::Model {
        why: Some(reason),
        scheduled_for: None,
        ..before.clone()
    };
    Some(Moved::Build(Box::new(Move {
        before: before.clone(),
        after,
        lines,
    })))
}
