//! The installation's policy: what is in force, its revisions, and what differs between them.

pub(crate) mod simulation;

use axum::extract::State;
use axum::http::StatusCode;
use ingot_client::event::EventFilter;
use ingot_client::policy::{
    InstallationPolicy, PolicyActivation, PolicyChange, PolicyDiff, PolicyDiffFilter, PolicyEdit,
    PolicyFilter, PolicyImport, PolicyLine, PolicyRevision,
};
use ingot_client::{Event, Page};
use ingot_domain::field::FieldError;
use ingot_domain::policy::Policy;
use ingot_entity::policy;
use ingot_entity::store::{ActivePolicy, Imported, POLICY_STORY};

use super::{LONGEST_REASON, decision, events};
use crate::address::Params;
use crate::auth::Caller;
use crate::body::{Json, Yaml};
use crate::error::ApiError;
use crate::state::Api;

/// Revisions that the list shows.
const LISTED: u64 = 200;

/// Show the policy in force
#[utoipa::path(
    get, path = "/v1/policy", tag = "policy", operation_id = "showPolicy", params(PolicyFilter),
    responses(
        (status = 200, description = "The one in force, or the revision asked for", body = InstallationPolicy),
        (status = 404, description = "No such revision", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<PolicyFilter>,
) -> Result<Json<InstallationPolicy>, ApiError> {
    one(&api, filter.revision).await.map(Json)
}

/// One revision, or the one in force; the console uses it too.
pub(crate) async fn one(api: &Api, revision: Option<i32>) -> Result<InstallationPolicy, ApiError> {
    let active = api.ledger.policy().await?;
    let revision = revision.unwrap_or(active.revision);
    let (policy, row) = of(api, revision).await?;
    shown(api, &active, revision, &policy, row)
}

/// What a revision says; 0 stands for the defaults.
async fn of(api: &Api, revision: i32) -> Result<(Policy, Option<policy::Model>), ApiError> {
    if revision == 0 {
        return Ok((Policy::default(), None));
    }
    let row = api.ledger.policy_revision(revision).await?;
    let row = row.ok_or_else(|| missing(revision))?;
    Ok((row.parsed()?, Some(row)))
}

fn missing(revision: i32) -> ApiError {
    ApiError::NotFound(format!(
        "there is no revision {revision} of the policy; `ingot policy list` shows them"
    ))
}

fn shown(
    api: &Api,
    active: &ActivePolicy,
    revision: i32,
    policy: &Policy,
    row: Option<policy::Model>,
) -> Result<InstallationPolicy, ApiError> {
    let yaml = row.as_ref().map(|row| row.yaml.clone());
    let now = api.ledger.calendar_now();
    let warnings = ingot_yaml::policy_warnings(yaml.as_deref().unwrap_or_default(), policy, now);
    let warnings = warnings
        .into_iter()
        .map(|one| format!("{}: {}", one.field, one.message));
    let says = policy.said().into_iter().map(|one| PolicyLine {
        key: one.key,
        text: one.text,
    });
    let is_active = active.revision == revision;
    Ok(InstallationPolicy {
        revision,
        active: is_active,
        active_since: active.since.filter(|_| is_active),
        auto_ami_policy: serde_json::to_value(policy).map_err(|_| ApiError::Internal)?,
        says: says.collect(),
        warnings: warnings.collect(),
        yaml,
        created_by: row.as_ref().map(|row| row.created_by.clone()),
        created_reason: row.as_ref().and_then(|row| row.created_reason.clone()),
        created_at: row.map(|row| row.created_at),
    })
}

/// Import a policy
///
/// Stores the next revision and puts it in force. A text that says what the newest revision says, word by word, is no new one. What is
/// refused changes nothing: the one before stays in force.
#[utoipa::path(
    post, path = "/v1/policy", tag = "policy", operation_id = "importPolicy", params(PolicyImport),
    request_body(content = Object, content_type = "application/yaml"),
    responses(
        (status = 201, description = "In force", body = InstallationPolicy),
        (status = 409, description = "Another revision than the expected one is in force", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import(
    State(api): State<Api>,
    caller: Caller,
    Params(how): Params<PolicyImport>,
    Yaml(text): Yaml,
) -> Result<(StatusCode, Json<InstallationPolicy>), ApiError> {
    let long = |reason: &String| !(1..=LONGEST_REASON).contains(&reason.trim().chars().count());
    if let Some(reason) = how.reason.clone().filter(long) {
        let message = format!("say why in 1 to {LONGEST_REASON} characters, or leave it out");
        let error = FieldError::new("reason", reason, message);
        return Err(ApiError::Unreadable(vec![error]));
    }
    let spec =
        ingot_yaml::parse_policy(&text).map_err(|error| super::templates::apply::wrong(&error))?;
    if text.contains('\0') {
        let error = FieldError::new("body", "\0", "remove the NUL character");
        return Err(ApiError::Invalid(vec![error]));
    }
    let (reason, expected) = (how.reason.as_deref().map(str::trim), how.expected_revision);
    let imported = caller
        .ledger
        .import_policy(&spec, &text, &caller.name, reason, expected)
        .await?;
    match imported {
        Imported::Stored { row, new } => {
            tracing::info!(by = %caller.name, revision = row.revision, new, "a policy was imported");
            let shown = one(&api, Some(row.revision)).await?;
            Ok((StatusCode::CREATED, Json(shown)))
        }
        Imported::Moved { is } => Err(moved(is, expected.unwrap_or_default())),
    }
}

/// Change keys of the policy
///
/// The policy in force with these keys changed becomes the next revision, in force at once; all others stay as they are. Keys
/// with one value each can be changed so, lists and mappings by importing a file.
#[utoipa::path(
    patch, path = "/v1/policy", tag = "policy", operation_id = "editPolicy",
    request_body = PolicyEdit,
    responses(
        (status = 200, description = "In force", body = InstallationPolicy),
        (status = 409, description = "Another revision than the expected one is in force", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn edit(
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<PolicyEdit>,
) -> Result<Json<InstallationPolicy>, ApiError> {
    edited(&api, &caller, wanted).await.map(Json)
}

/// Changes keys; the console uses it too.
pub(crate) async fn edited(
    api: &Api,
    caller: &Caller,
    wanted: PolicyEdit,
) -> Result<InstallationPolicy, ApiError> {
    if wanted.changes.is_empty() {
        let message = "name at least one key, such as daily_budget, and what it shall say";
        let error = FieldError::new("changes", "{}", message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let reason = match wanted.reason {
        Some(reason) => Some(decision(caller, reason)?.reason),
        None => None,
    };
    loop {
        let active = api.ledger.policy().await?;
        if let Some(expected) = wanted.expected_revision
            && expected != active.revision
        {
            return Err(moved(active.revision, expected));
        }
        let (text, spec) =
            ingot_yaml::policy_with(&active.policy, &wanted.changes).map_err(ApiError::Invalid)?;
        // Its text may be a person's file that says the same in other words.
        if spec == *active.policy {
            return one(api, Some(active.revision)).await;
        }
        let (by, over) = (&caller.name, Some(active.revision));
        let imported = caller
            .ledger
            .import_policy(&spec, &text, by, reason.as_deref(), over)
            .await?;
        match imported {
            Imported::Stored { row, new } => {
                tracing::info!(%by, revision = row.revision, new, "keys of the policy were changed");
                return one(api, Some(row.revision)).await;
            }
            // Another change was first: these keys are changed in what it left.
            Imported::Moved { .. } => {}
        }
    }
}

/// Another revision is in force than the caller expected.
fn moved(is: i32, expected: i32) -> ApiError {
    ApiError::Conflict(format!(
        "revision {is} of the policy is in force by now, not {expected}: `ingot policy diff` shows what changed; to go over it, expect revision {is}"
    ))
}

/// List the policy's revisions, newest first
///
/// At most the newest 200.
#[utoipa::path(
    get, path = "/v1/policy/revisions", tag = "policy", operation_id = "listPolicyRevisions",
    responses((status = 200, description = "Each with what it says otherwise than the one before", body = Page<PolicyRevision>))
)]
pub(crate) async fn revisions(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<PolicyRevision>>, ApiError> {
    listed(&api).await.map(Json)
}

/// The revisions; the console uses it too.
pub(crate) async fn listed(api: &Api) -> Result<Page<PolicyRevision>, ApiError> {
    let active = api.ledger.policy().await?.revision;
    let rows = api.ledger.policy_revisions(None, LISTED + 1).await?;
    let mut items = Vec::with_capacity(rows.len());
    for (at, row) in rows
        .iter()
        .enumerate()
        .take(usize::try_from(LISTED).unwrap_or(usize::MAX))
    {
        let before = match rows.get(at + 1) {
            Some(before) => before.parsed()?,
            None => Policy::default(),
        };
        items.push(PolicyRevision {
            revision: row.revision,
            active: row.revision == active,
            created_by: row.created_by.clone(),
            created_reason: row.created_reason.clone(),
            created_at: row.created_at,
            changes: changes(&before, &row.parsed()?),
        });
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

fn changes(before: &Policy, after: &Policy) -> Vec<PolicyChange> {
    let differs = before.differs(after).into_iter();
    differs
        .map(|one| PolicyChange {
            key: one.key,
            before: one.before,
            after: one.after,
        })
        .collect()
}

/// Compare two revisions of the policy
#[utoipa::path(
    get, path = "/v1/policy/diff", tag = "policy", operation_id = "diffPolicy", params(PolicyDiffFilter),
    responses(
        (status = 200, description = "What the second says otherwise", body = PolicyDiff),
        (status = 404, description = "No such revision", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn diff(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<PolicyDiffFilter>,
) -> Result<Json<PolicyDiff>, ApiError> {
    let to = match filter.to {
        Some(to) => to,
        None => api.ledger.policy().await?.revision,
    };
    let from = filter.from.unwrap_or((to - 1).max(0));
    let ((before, _), (after, _)) = (of(&api, from).await?, of(&api, to).await?);
    Ok(Json(PolicyDiff {
        from,
        to,
        changes: changes(&before, &after),
    }))
}

/// Put a revision of the policy in force
#[utoipa::path(
    put, path = "/v1/policy/active", tag = "policy", operation_id = "activatePolicy",
    request_body = PolicyActivation,
    responses(
        (status = 200, description = "In force", body = InstallationPolicy),
        (status = 404, description = "No such revision", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn activate(
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<PolicyActivation>,
) -> Result<Json<InstallationPolicy>, ApiError> {
    let decision = decision(&caller, wanted.reason)?;
    let row = caller
        .ledger
        .activate_policy(wanted.revision, &decision)
        .await?;
    let row = row.ok_or_else(|| missing(wanted.revision))?;
    one(&api, Some(row.revision)).await.map(Json)
}

/// Read the story of the policy
#[utoipa::path(
    get, path = "/v1/policy/events", tag = "policy", operation_id = "listPolicyEvents", params(EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    events::story(&api, POLICY_STORY, &filter).await.map(Json)
}
