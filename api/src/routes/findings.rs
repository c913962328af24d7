//! Findings and invariants: what the running system saw that must not be.

use axum::extract::State;
use ingot_client::{Finding, FindingFilter, InvariantReport, Page};
use ingot_domain::ids::{DeploymentId, FindingId};
use ingot_domain::invariant::{Invariant, WEATHER, Watch};
use ingot_entity::store::{FindingQuery, Violations};

use super::{cursor, limit, page, word};
use crate::address::Params;
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
    let limit = limit(filter.limit)?;
    let known: Vec<&str> = Invariant::ALL
        .iter()
        .map(|one| one.as_str())
        .chain([WEATHER])
        .collect();
    word("invariant", filter.invariant.as_ref(), &known)?;
    word("state", filter.state.as_ref(), &["open", "cleared"])?;
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
        open: filter.state.map(|state| state == "open"),
        before: filter.cursor,
    };
    let rows = api.ledger.list_findings(&query, limit + 1).await?;
    let shown = page(rows, limit, |row| row.id.clone(), present::finding);
    Ok(Json(shown))
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
