//! A policy, stored or given, played over the last days of the ledger (`ingot_domain::play`).

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::TimeDelta;
use ingot_client::build::BuildWhy;
use ingot_client::simulation::{
    PolicySimulation, SimulatedBuild, SimulationDays, SimulationFilter, SimulationGap,
};
use ingot_domain::Instant;
use ingot_domain::build::wants::Aim;
use ingot_domain::field::FieldError;
use ingot_domain::money::Money;
use ingot_domain::play::{Left, MOST_DAYS, Outcome, Ran, USUAL_DAYS, play};
use ingot_domain::policy::Policy;

use crate::address::Params;
use crate::auth::Caller;
use crate::body::{Json, Yaml};
use crate::error::ApiError;
use crate::state::Api;

/// Play a revision of the policy over days that were
///
/// What it would have built in the last days, when, what that would have cost, and which deadlines it would have missed: the
/// ledger's launches, judged updates and people's requests ask by the rules of the scheduler, and are placed by its plan. Purses
/// are empty at the first day, each build takes as long as is expected and succeeds, and no person approves.
#[utoipa::path(
    get, path = "/v1/policy/simulation", tag = "policy", operation_id = "simulatePolicy", params(SimulationFilter),
    responses(
        (status = 200, description = "What would have been", body = PolicySimulation),
        (status = 404, description = "No such revision", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_revision(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<SimulationFilter>,
) -> Result<Json<PolicySimulation>, ApiError> {
    simulated(&api, filter).await.map(Json)
}

/// Play a policy that is given over days that were
///
/// Nothing is stored.
#[utoipa::path(
    post, path = "/v1/policy/simulation", tag = "policy", operation_id = "simulateGivenPolicy", params(SimulationDays),
    request_body(content = Object, content_type = "application/yaml"),
    responses((status = 200, description = "What would have been", body = PolicySimulation))
)]
pub(crate) async fn of_text(
    State(api): State<Api>,
    _: Caller,
    Params(asked): Params<SimulationDays>,
    Yaml(text): Yaml,
) -> Result<Json<PolicySimulation>, ApiError> {
    let policy = ingot_yaml::parse_policy(&text)
        .map_err(|error| super::super::templates::apply::wrong(&error))?;
    played(&api, None, policy, asked.days).await.map(Json)
}

/// Plays a revision; the console uses it too.
pub(crate) async fn simulated(
    api: &Api,
    filter: SimulationFilter,
) -> Result<PolicySimulation, ApiError> {
    let revision = match filter.revision {
        Some(revision) => revision,
        None => api.ledger.policy().await?.revision,
    };
    let (policy, _) = super::of(api, revision).await?;
    played(api, Some(revision), policy, filter.days).await
}

async fn played(
    api: &Api,
    revision: Option<i32>,
    policy: Policy,
    days: Option<u32>,
) -> Result<PolicySimulation, ApiError> {
    let count = days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&count) {
        let message = format!("play over 1 to {MOST_DAYS} days");
        return Err(ApiError::Unreadable(vec![FieldError::new(
            "days", count, message,
        )]));
    }
    let to = api.ledger.calendar_now();
    // Whole seconds, as the plan counts.
    let to = Instant::from_timestamp(to.timestamp(), 0).unwrap_or(to);
    let from = to - TimeDelta::days(i64::from(count));
    let known = api.ledger.days(from, to).await?;
    let timezone = policy.timezone.to_string();
    // A year of many templates takes seconds, which other requests do not wait for.
    let days = known.days.clone();
    let outcome = tokio::task::spawn_blocking(move || play(&days, &policy)).await;
    let outcome = outcome.map_err(|_| ApiError::Internal)?;
    let updates = known.days.aims.iter().flat_map(|aim| &aim.updates);
    let updates = updates
        .filter(|one| one.detected >= from)
        .map(|one| &one.id);
    let updates: std::collections::BTreeSet<_> = updates.collect();
    let launches: usize = known.days.launches.values().map(Vec::len).sum();
    let gaps = known.unpriced.iter().map(|(aim, why)| SimulationGap {
        template: aim.template.clone(),
        region: aim.region.clone(),
        why: why.clone(),
    });
    let mut told = PolicySimulation {
        policy_revision: revision,
        timezone,
        from,
        to: outcome.until,
        launches: launches as u64,
        updates: updates.len() as u64,
        builds: outcome.builds.iter().map(ran).collect(),
        waiting: outcome.left.iter().map(left).collect(),
        cost: String::new(),
        cost_by_budget: BTreeMap::new(),
        deadlines_missed: 0,
        gaps: gaps.collect(),
    };
    sums(&mut told, &outcome);
    Ok(told)
}

fn sums(told: &mut PolicySimulation, outcome: &Outcome) {
    let (mut all, mut by) = (Money::ZERO, BTreeMap::<&str, Money>::new());
    for one in &outcome.builds {
        all = all.plus(one.cost);
        let sum = by.entry(one.purse.as_str()).or_default();
        *sum = sum.plus(one.cost);
    }
    told.cost = all.to_string();
    let by = by.into_iter();
    told.cost_by_budget = by
        .map(|(purse, sum)| (purse.to_owned(), sum.to_string()))
        .collect();
    let both = told.builds.iter().chain(&told.waiting);
    told.deadlines_missed = both.filter(|one| one.deadline_missed).count() as u64;
}

fn of_aim(aim: &Aim) -> SimulatedBuild {
    SimulatedBuild {
        template: aim.template.clone(),
        version: aim.version.clone(),
        mode: aim.mode.clone(),
        architecture: aim.arch.to_string(),
        region: aim.region.clone(),
        trigger: String::new(),
        urgency: String::new(),
        reason: String::new(),
        requests: 1,
        requested_at: Instant::UNIX_EPOCH,
        started_at: None,
        ended_at: None,
        budget_source: None,
        reserved_cost: None,
        cost: None,
        deadline: None,
        deadline_missed: false,
        state: "completed".to_owned(),
        why: Vec::new(),
    }
}

fn ran(one: &Ran) -> SimulatedBuild {
    SimulatedBuild {
        trigger: one.trigger.to_string(),
        urgency: one.urgency.to_string(),
        reason: one.said.clone(),
        requests: one.requests as u64,
        requested_at: one.requested,
        started_at: Some(one.started),
        ended_at: Some(one.ended),
        budget_source: Some(one.purse.to_string()),
        reserved_cost: Some(one.reserved.to_string()),
        cost: Some(one.cost.to_string()),
        deadline: one.deadline,
        deadline_missed: one.missed(),
        ..of_aim(&one.aim)
    }
}

fn left(one: &Left) -> SimulatedBuild {
    let why = one.why.iter().map(|why| BuildWhy {
        on: why.on.to_string(),
        until: why.until,
        lacks: why.lacks.map(|lacks| lacks.to_string()),
        said: why.to_string(),
    });
    SimulatedBuild {
        trigger: one.trigger.to_string(),
        urgency: one.urgency.to_string(),
        reason: one.said.clone(),
        requested_at: one.requested,
        started_at: one.scheduled_for,
        deadline: one.deadline,
        deadline_missed: one.missed,
        state: one.state.to_string(),
        why: why.collect(),
        ..of_aim(&one.aim)
    }
}
