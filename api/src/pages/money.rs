//! The pages about the policy, budgets and prices.

use axum::extract::State;
use ingot_client::policy::PolicyFilter;
use ingot_client::simulation::SimulationFilter;
use ingot_domain::play::USUAL_DAYS;
use ingot_domain::price::platform::Platform;

use super::{Answer, Asked, shown};
use crate::address::Params;
use crate::auth::Caller;
use crate::console;
use crate::routes::{budget, policy, prices};
use crate::state::Api;

/// Periods that the pictures are made of: a month of days, and the months.
const PERIODS: u64 = 100;

pub(super) async fn policy(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<PolicyFilter>,
) -> Answer {
    let one = policy::one(&api, filter.revision).await?;
    let revisions = policy::listed(&api).await?;
    shown(&api, console::policy_page(&one, &revisions.items)).await
}

pub(super) async fn simulation(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<SimulationFilter>,
) -> Answer {
    let days = filter.days.unwrap_or(USUAL_DAYS);
    let played = policy::simulation::simulated(&api, filter).await?;
    shown(&api, console::simulation_page(&played, days)).await
}

pub(super) async fn budget(State(api): State<Api>, _: Caller) -> Answer {
    let now = budget::present(&api).await?;
    let history = budget::figures(&api, PERIODS).await?;
    shown(&api, console::budget_page(&now, &history)).await
}

pub(super) async fn prices(State(api): State<Api>, _: Caller) -> Answer {
    let all = prices::all(&api, prices::REGION, Platform::Linux).await?;
    shown(&api, console::prices_page(&all)).await
}
