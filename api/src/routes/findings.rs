//! Findings and invariants: what the running system saw that must not be.

use axum::extract::State;
use ingot_client::{Finding, FindingDecision, FindingFilter, InvariantReport, Page};
use ingot_domain::ids::{DeploymentId, FindingId};
use ingot_domain::invariant::{BASE, Invariant, PROVENANCE, WEATHER, Watch};
use ingot_entity::store::{FindingQuery, Violations};

use super::{cursor, decided, decision, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List findings, newest first
///
/// Each has been seen by the invariant scan of each minute or by a region's monitor. Cleared ones are kept for a while.
#[utoipa::path(
    get, path = "/v1/findings", tag = "system", operation_id = "listFindings", params(FindingFilter),
    responses((status = 200, description = "One page", body = Page<Finding>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<FindingFilter>,
) -> Result<Json<Page<Finding>>, ApiError> {
    find(&api, filter).await.map(Json)
}

/// One page of findings; the console uses it too.
pub(crate) async fn find(api: &Api, filter: FindingFilter) -> Result<Page<Finding>, ApiError> {
    let limit = limit(filter.limit)?;
    let known: Vec<&str> = Invariant::ALL
        .iter()
        .map(|one| one.as_str())
        .chain([WEATHER, PROVENANCE, BASE])
        .collect();
    word("invariant", filter.invariant.as_ref(), &known)?;
    word(
        "state",
        filter.state.as_ref(),
        &["open", "settled", "cleared"],
    )?;
    cursor::<FindingId>(filter.cursor.as_ref())?;
    if let Some(id) = &filter.deployment_id {
        id.parse::<DeploymentId>().map_err(|error| {
            let error =
                ingot_domain::field::FieldError::new("deployment_id", id, error.to_string());
            ApiError::Unreadable(vec![error])
        })?;
    }
    let query = FindingQuery {
        invariant: filter.invariant,
        deployment_id: filter.deployment_id,
        open: filter.state.as_ref().map(|state| state != "cleared"),
        kept: filter
            .state
            .filter(|state| state != "cleared")
            .map(|state| state == "settled"),
        before: filter.cursor,
    };
    let rows = api.ledger.list_findings(&query, limit + 1).await?;
    Ok(page(rows, limit, |row| row.id.clone(), present::finding))
}

/// Settle a finding about one object in AWS
///
/// Kept, it is told no more. Removed, the monitor's next look removes it, if it is ours by its own facts.
#[utoipa::path(
    post, path = "/v1/findings/{id}/settle", tag = "system", operation_id = "settleFinding",
    params(("id" = String, Path, description = "fnd_…")),
    request_body = FindingDecision,
    responses(
        (status = 200, description = "Settled", body = Finding),
        (status = 409, description = "Not so", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn settle(
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<FindingDecision>,
) -> Result<Json<Finding>, ApiError> {
    settled(&caller, &id, body).await.map(Json)
}

/// Settles a finding; the console uses it too.
pub(crate) async fn settled(
    caller: &Caller,
    id: &str,
    body: FindingDecision,
) -> Result<Finding, ApiError> {
    word("verdict", Some(&body.verdict), &["keep", "remove"])?;
    let decision = decision(caller, body.reason)?;
    let remove = body.verdict == "remove";
    let missing = || {
        let shown = ingot_domain::field::shown(id);
        format!("there is no finding `{shown}`; `ingot findings list` shows them")
    };
    let done = caller.ledger.settle_finding(id, remove, &decision).await?;
    decided(done, missing).map(present::finding)
}

/// List the invariants and how they stand
#[utoipa::path(
    get, path = "/v1/invariants", tag = "system", operation_id = "listInvariants",
    responses((status = 200, description = "All of them", body = Page<InvariantReport>))
)]
pub(crate) async fn invariants(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<InvariantReport>>, ApiError> {
    let found = api.ledger.violations().await?;
    let items = Invariant::ALL
        .iter()
        .map(|&invariant| report(invariant, &found))
        .collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

fn report(invariant: Invariant, found: &[Violations]) -> InvariantReport {
    let (watch, why) = match invariant.watch() {
        Watch::Scanned => ("scanned", None),
        Watch::Monitored => ("monitored", None),
        Watch::NotYet(why) => ("not_applicable_yet", Some(why.to_owned())),
        Watch::Tested(why) => ("tested", Some(why.to_owned())),
    };
    let of = found.iter().find(|one| one.invariant == invariant.as_str());
    let count = |number: Option<i64>| number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    InvariantReport {
        id: invariant.to_string(),
        says: invariant.says().to_owned(),
        watch: watch.to_owned(),
        why,
        violations: count(of.map(|one| one.confirmed)),
        suspected: count(of.map(|one| one.suspected)),
    }
}
