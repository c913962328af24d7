//! The plan of the ledger's queue at an instant, by the function whose starts the scheduler commits.

use axum::extract::State;
use chrono::TimeDelta;
use ingot_client::build::BuildWhy;
use ingot_client::plan::{OpenWindow, PlanFilter, PlanSeen, PlannedBuild, RunningBuild};
use ingot_domain::Instant;
use ingot_domain::advisory::affected::Step;
use ingot_domain::advisory::base::Build as VendorBuild;
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::build::wants::{Subject, UpdateKind, Want};
use ingot_domain::field::{FieldError, shown};
use ingot_domain::plan::Build;
use ingot_domain::policy::Policy;
use ingot_domain::policy::dates::of_the_calendar;
use ingot_domain::want::Cause;
use ingot_domain::window::WindowKind;
use ingot_entity::build;
use ingot_entity::store::{Ask, BuildQueue, Queued};

use crate::address::Params;
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::update::templates;
use crate::state::Api;

/// Windows are listed for so long.
const WEEK: TimeDelta = TimeDelta::days(7);

/// Show the plan of what waits
///
/// What the scheduler's next look would start, and when the rest does; at another instant it is today's queue that is judged.
#[utoipa::path(
    get, path = "/v1/plan", tag = "builds", operation_id = "showPlan", params(PlanFilter),
    responses(
        (status = 200, description = "The plan", body = PlanSeen),
        (status = 404, description = "No such base image", body = ingot_client::Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an instant of the calendar's years, 1970 to 2999", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<PlanFilter>,
) -> Result<Json<PlanSeen>, ApiError> {
    seen(&api, filter).await.map(Json)
}

/// The plan; the console uses it too.
pub(crate) async fn seen(api: &Api, filter: PlanFilter) -> Result<PlanSeen, ApiError> {
    // A worker that began later may have set the calendar since this process read it.
    let today = api.ledger.read_calendar().await?.at(api.ledger.now());
    let at = filter.at.unwrap_or(today);
    let at = of_the_calendar(at).map_err(|message| {
        ApiError::Invalid(vec![FieldError::new("at", at.to_rfc3339(), message)])
    })?;
    // The plan counts whole seconds.
    let at = Instant::from_timestamp(at.timestamp(), 0).unwrap_or(at);
    let mut sheet = api.ledger.plan_sheet(at).await?;
    let mut supposed = Vec::new();
    if let Some(text) = &filter.supposing {
        for ask in supposing(api, text, at).await? {
            supposed.push(sheet.queue.suppose(&ask, at));
        }
    }
    // What is only supposed of a template that is switched off would not start either.
    let held = sheet.hold();
    let planned = api.ledger.planned(&sheet).await?;
    let (queue, active) = (&sheet.queue, &sheet.active);
    let is_supposed = |queued: &Queued| {
        // A request that is only supposed comes after all others.
        let last = queued.requests.last();
        last.is_some_and(|one| supposed.contains(&one.request.id))
    };
    let mut builds = Vec::new();
    let (by_target, by_id) = (queue.by_target(), queue.by_id());
    for one in &planned.plan.builds {
        if let Some(queued) = by_target.get(&one.template) {
            builds.push(shown_build(one, queued, queue, is_supposed(queued)));
        }
    }
    for (id, why) in &planned.unpriced {
        if let Some(queued) = by_id.get(id.as_str()) {
            builds.push(blocked(queued, "price", why, is_supposed(queued)));
        }
    }
    let off = "its template is switched off";
    let held = held.iter();
    builds.extend(held.map(|queued| blocked(queued, "off", off, is_supposed(queued))));
    Ok(PlanSeen {
        at,
        policy_revision: u32::try_from(active.revision).unwrap_or_default(),
        timezone: active.policy.timezone.to_string(),
        builds,
        running: queue.running.iter().map(running).collect(),
        windows: windows(&active.policy, at),
    })
}

fn shown_build(one: &Build, queued: &Queued, queue: &BuildQueue, supposed: bool) -> PlannedBuild {
    let row = &queued.row;
    let said = |why: &ingot_domain::plan::why::Why| BuildWhy {
        on: why.on.to_string(),
        until: why.until,
        lacks: why.lacks.map(|lacks| lacks.to_string()),
        said: why.to_string(),
    };
    PlannedBuild {
        id: one.id.clone(),
        build_id: build_id(queued, supposed),
        template: row.template.clone(),
        version: row.version.clone(),
        region: row.region.clone(),
        trigger: one.trigger.to_string(),
        urgency: one.urgency.to_string(),
        priority: one.priority,
        state: one.state.to_string(),
        scheduled_for: one.scheduled_for,
        expected_end: one.scheduled_for.map(|at| at + queue.expected(row)),
        latest_start: one.latest_start,
        deadline: one.deadline,
        budget_source: one.budget_source.map(|purse| purse.to_string()),
        estimated_cost: Some(one.estimated_cost.to_string()),
        late: one.late,
        window: one.window.map(|window| window.to_string()),
        coalesced: one.coalesced.clone(),
        why: one.why.iter().map(said).collect(),
        supposed,
    }
}

/// A build that is only supposed is not on record.
fn build_id(queued: &Queued, supposed: bool) -> Option<String> {
    let stored = !supposed || queued.requests.len() > 1;
    stored.then(|| queued.row.id.clone())
}

/// One that is not in the plan.
fn blocked(queued: &Queued, on: &str, why: &str, supposed: bool) -> PlannedBuild {
    let row = &queued.row;
    let mut requests = queued.requests.iter().map(|one| one.request.id.clone());
    PlannedBuild {
        id: requests.next().unwrap_or_default(),
        build_id: build_id(queued, supposed),
        template: row.template.clone(),
        version: row.version.clone(),
        region: row.region.clone(),
        trigger: queued
            .requests
            .first()
            .map_or_else(String::new, |one| one.request.cause.trigger().to_string()),
        urgency: row.urgency.clone().unwrap_or_else(|| "normal".to_owned()),
        priority: 0,
        state: "blocked".to_owned(),
        scheduled_for: None,
        expected_end: None,
        latest_start: None,
        deadline: None,
        budget_source: None,
        estimated_cost: None,
        late: false,
        window: None,
        coalesced: requests.collect(),
        why: vec![BuildWhy {
            on: on.to_owned(),
            until: None,
            lacks: None,
            said: why.to_owned(),
        }],
        supposed,
    }
}

fn running(row: &build::Model) -> RunningBuild {
    RunningBuild {
        build_id: row.id.clone(),
        template: row.template.clone(),
        region: row.region.clone(),
        started_at: row.started_at,
        until: row.expected_end,
    }
}

fn windows(policy: &Policy, from: Instant) -> Vec<OpenWindow> {
    let kinds = [
        (WindowKind::Build, &policy.build_window),
        (WindowKind::Urgent, &policy.urgent_window),
    ];
    let mut found: Vec<OpenWindow> = kinds
        .into_iter()
        .flat_map(|(kind, windows)| {
            let openings = windows.openings(policy.timezone, from, from + WEEK);
            openings.into_iter().map(move |opening| OpenWindow {
                window: kind.to_string(),
                opens: opening.opens,
                closes: opening.closes,
            })
        })
        .collect();
    found.sort_by_key(|one| one.opens);
    found
}

/// A base image moves to a build only, and to none that is older than its newest.
fn possible(name: &str, build: &str, head: Option<&str>) -> Result<(), ApiError> {
    let refused = |why: &str| {
        let like = head.map_or(String::new(), |head| format!(", such as {head} or later"));
        let message = format!("{why}; name a build of {name} as its vendor does{like}");
        let value = shown(&format!("base={name}:{build}"));
        ApiError::Unreadable(vec![FieldError::new("if", value, message)])
    };
    let new = VendorBuild::parse(build)
        .map_err(|_| refused(&format!("`{}` is no build", shown(build))))?;
    match head.map(VendorBuild::parse) {
        Some(Ok(head)) if new.key() < head.key() => {
            let why = format!("it is older than today's build, {}", head.name);
            Err(refused(&why))
        }
        _ => Ok(()),
    }
}

/// What would be asked for if a base image moved: a matter of security of the level that is known for that build, else of an
/// unknown one, for each template whose newest image would be behind.
async fn supposing(api: &Api, text: &str, at: Instant) -> Result<Vec<Ask>, ApiError> {
    let wrong = || {
        let message = "write base=NAME:BUILD, such as base=ubuntu-24.04:20260901";
        ApiError::Unreadable(vec![FieldError::new("if", shown(text), message)])
    };
    let (name, build) = text
        .strip_prefix("base=")
        .and_then(|rest| rest.rsplit_once(':'))
        .filter(|(name, build)| !name.is_empty() && !build.is_empty())
        .ok_or_else(wrong)?;
    let Some(track) = api.ledger.track(name).await? else {
        let name = shown(name);
        return Err(ApiError::NotFound(format!(
            "there is no base image `{name}`; `ingot base-images list` shows them"
        )));
    };
    possible(name, build, track.head_build.as_deref())?;
    let mut facts = api.ledger.security_facts().await?;
    let known = facts.updates.iter().find(|seen| {
        let new = seen.new.as_ref();
        seen.track == name && new.is_some_and(|new| new.build == build)
    });
    let level = known.and_then(|seen| seen.row.level.as_deref());
    let level = level.and_then(SecurityLevel::parse);
    let kind = known.and_then(|seen| seen.row.update_type.clone());
    let cause = match UpdateKind::of(
        kind.as_deref().unwrap_or("unknown"),
        level.unwrap_or(SecurityLevel::Unknown),
    ) {
        UpdateKind::Security(level) => Cause::Security { level },
        UpdateKind::Other => Cause::Dependency,
    };
    let steps = facts.steps.entry(name.to_owned()).or_default();
    // A track that has not moved yet has its first build as head, and no step.
    if let (true, Some(owner), Some(head)) = (steps.is_empty(), track.head_owner, track.head_name) {
        steps.push(Step {
            owner,
            name: head,
            build: track.head_build.unwrap_or_default(),
            at: track.head_at.unwrap_or(at),
        });
    }
    if !steps.iter().any(|step| step.build == build) {
        let head = steps.last().cloned();
        steps.push(Step {
            owner: head.map(|head| head.owner).unwrap_or_default(),
            name: format!("supposed {build}"),
            build: build.to_owned(),
            at,
        });
    }
    let behind = templates(&facts, name);
    let subjects = api.ledger.build_facts(at).await?.subjects;
    let mut asks = Vec::new();
    for one in behind.iter().filter(|one| one.builds_behind > 0) {
        let fits = |subject: &&Subject| {
            let aim = &subject.aim;
            aim.template == one.template
                && Some(&aim.region) == one.region.as_ref()
                && Some(&aim.version) == one.version.as_ref()
        };
        let Some(subject) = subjects.iter().find(fits) else {
            continue;
        };
        let said = format!("if {name} moved to {build}");
        asks.push(Ask {
            want: Want {
                key: format!("if/{name}/{build}/{}/{}", one.template, subject.aim.region),
                aim: subject.aim.clone(),
                cause,
                detected: Some(at),
                about: None,
                said,
            },
            by: None,
            max_cost: None,
        });
    }
    Ok(asks)
}

#[cfg(test)]
mod tests {
    use super::possible;

    #[test]
    fn a_base_image_is_supposed_to_move_ahead_only() {
        for (build, head) in [
            ("20260901", None),
            ("20260901", Some("20260831")),
            ("20260901", Some("20260901")),
            ("20260901.1", Some("20260901")),
            ("20260901", Some("unread")),
        ] {
            assert!(possible("ubuntu-22.04", build, head).is_ok(), "{build}");
        }
        for (build, head) in [
            ("banana", None),
            ("banana", Some("20260831")),
            ("20260830", Some("20260831")),
        ] {
            assert!(possible("ubuntu-22.04", build, head).is_err(), "{build}");
        }
    }
}
