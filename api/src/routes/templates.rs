//! Templates: the catalogue, and applying a YAML file as a template's next revision.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_client::template::LaunchTimes;
use ingot_client::{Page, RevisionFilter, Template, TemplateRevision};
use ingot_domain::field::FieldError;
use ingot_domain::fingerprint::hex_sha256;
use ingot_domain::template::Template as Recipe;
use ingot_entity::store::{Created, IdempotencyClaim};
use ingot_entity::{LedgerError, template};

use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::{IdempotencyKey, Json, Yaml, nul};
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Launches the medians of a template rest on, per path.
const SAMPLES: u64 = 50;

/// List templates
#[utoipa::path(
    get, path = "/v1/templates", tag = "templates", operation_id = "listTemplates",
    responses((status = 200, description = "Every template's newest revision, by name", body = Page<Template>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<Template>>, ApiError> {
    find(&api).await.map(Json)
}

/// Every template; the console uses it too.
pub(crate) async fn find(api: &Api) -> Result<Page<Template>, ApiError> {
    let mut items = Vec::new();
    for row in api.ledger.templates().await? {
        items.push(shown(api, row).await?);
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
}

/// Show a template
#[utoipa::path(
    get, path = "/v1/templates/{name}", tag = "templates", operation_id = "showTemplate",
    params(("name" = String, Path, description = "Such as `kamiwaza`"), RevisionFilter),
    responses((status = 200, description = "Its newest revision, or the one asked for", body = Template))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(asked): Params<RevisionFilter>,
) -> Result<Json<Template>, ApiError> {
    let row = one(&api, &name, asked.revision).await?;
    shown(&api, row).await.map(Json)
}

/// Revisions shown at once.
const REVISIONS: u64 = 200;

/// List the revisions of a template
///
/// The newest 200, newest first. `/yaml?revision=` shows what one says.
#[utoipa::path(
    get, path = "/v1/templates/{name}/revisions", tag = "templates", operation_id = "listTemplateRevisions",
    params(("name" = String, Path, description = "Such as `kamiwaza`")),
    responses((status = 200, description = "Its revisions", body = Page<TemplateRevision>))
)]
pub(crate) async fn revisions(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<TemplateRevision>>, ApiError> {
    revisions_of(&api, &name).await.map(Json)
}

/// The revisions of a template, the newest first; the console uses it too.
pub(crate) async fn revisions_of(
    api: &Api,
    name: &str,
) -> Result<Page<TemplateRevision>, ApiError> {
    let newest = one(api, name, None).await?;
    let rows = api
        .ledger
        .template_revisions(&newest.name, REVISIONS)
        .await?;
    let items: Result<Vec<_>, LedgerError> = rows.iter().map(present::revision).collect();
    Ok(Page {
        items: items?,
        next_cursor: None,
    })
}

/// Show a template as YAML
#[utoipa::path(
    get, path = "/v1/templates/{name}/yaml", tag = "templates", operation_id = "showTemplateYaml",
    params(("name" = String, Path, description = "Such as `kamiwaza`"), RevisionFilter),
    responses((status = 200, description = "Its newest revision, or the one asked for", content_type = "application/yaml", body = Object))
)]
pub(crate) async fn yaml(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(asked): Params<RevisionFilter>,
) -> Result<Response, ApiError> {
    let row = one(&api, &name, asked.revision).await?;
    Ok(([(header::CONTENT_TYPE, "application/yaml")], row.yaml).into_response())
}

/// The newest revision of a template, or the one asked for; the console uses it too.
pub(crate) async fn one(
    api: &Api,
    name: &str,
    revision: Option<u32>,
) -> Result<template::Model, ApiError> {
    // A name no template can have is not looked up: the database need not see it.
    let legal = ingot_domain::template::slug("name", name, 40).is_ok();
    let row = match revision {
        _ if !legal => None,
        Some(number) => api.ledger.template_revision(name, number).await?,
        None => api.ledger.template(name).await?,
    };
    let name = ingot_domain::field::shown(name);
    row.ok_or_else(|| {
        ApiError::NotFound(match revision {
            Some(number) => {
                format!("there is no revision {number} of a template `{name}`; `ingot templates revisions {name}` lists them")
            }
            None => format!("there is no template `{name}`; `ingot templates list` shows them"),
        })
    })
}

/// A revision as the API shows it, with the launch times of its template; the console uses it too.
pub(crate) async fn shown(api: &Api, row: template::Model) -> Result<Template, ApiError> {
    let fresh = median(api, &row.name, "fresh").await?;
    let cached = median(api, &row.name, "cached").await?;
    let times = LaunchTimes {
        fresh_seconds: fresh.0,
        cached_seconds: cached.0,
        samples: fresh.1 + cached.1,
    };
    Ok(present::template(&row, &row.parsed()?, times))
}

async fn median(api: &Api, name: &str, path: &str) -> Result<(Option<u64>, u64), ApiError> {
    let samples = api.ledger.launch_samples(name, path, SAMPLES).await?;
    let mut millis: Vec<i64> = samples
        .into_iter()
        .filter_map(|sample| sample.time_to_ready_ms)
        .collect();
    millis.sort_unstable();
    let middle = millis
        .get(millis.len() / 2)
        .and_then(|ms| u64::try_from(ms / 1000).ok());
    Ok((middle, millis.len() as u64))
}

/// Apply a template
///
/// Creates the template, or its next revision. Deployments already requested keep the revision they were requested with.
#[utoipa::path(
    post, path = "/v1/templates", tag = "templates", operation_id = "applyTemplate",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, kept for 24 h", min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body(content = Object, content_type = "application/yaml"),
    responses(
        (status = 201, description = "Stored, or so already", body = Template),
        (status = 409, description = "The template comes with Ingot", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn apply(
    State(api): State<Api>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Yaml(text): Yaml,
) -> Result<Response, ApiError> {
    let spec = read(&text)?;
    let row = applied(&api, &caller, key, &spec, &text).await?;
    let location = format!("/v1/templates/{}", row.name);
    let shown = shown(&api, row).await?;
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(shown),
    )
        .into_response())
}

/// What a YAML text says, or every mistake in it with its place; the console checks with it.
pub(crate) fn read(text: &str) -> Result<Recipe, ApiError> {
    let spec = ingot_yaml::parse(text).map_err(|error| {
        let wrong = error.problems().map(|problem| {
            let place = match (problem.line, problem.column) {
                (Some(line), Some(column)) => format!("line {line}, column {column}: "),
                _ => String::new(),
            };
            let field = match problem.field.as_str() {
                "" => "body",
                field => field,
            };
            FieldError::new(field, "", format!("{place}{}", problem.message))
        });
        ApiError::Invalid(wrong.collect())
    })?;
    let whole = serde_json::to_value(&spec).map_err(|_| ApiError::Internal)?;
    if let Some(field) = nul(&whole) {
        let error = FieldError::new(&field, "\0", "remove the NUL character");
        return Err(ApiError::Invalid(vec![error]));
    }
    Ok(spec)
}

/// Stores what was read as a template's next revision; the console uses it too.
pub(crate) async fn applied(
    api: &Api,
    caller: &Caller,
    key: Option<String>,
    spec: &Recipe,
    text: &str,
) -> Result<template::Model, ApiError> {
    let existing = api.ledger.template(&spec.name).await?;
    if existing.is_some_and(|row| row.builtin) {
        let name = &spec.name;
        return Err(ApiError::Conflict(format!(
            "`{name}` comes with Ingot; give your variant another name"
        )));
    }
    let claim = key.map(|key| IdempotencyClaim {
        token_id: caller.token_id.clone(),
        key,
        request_hash: hex_sha256(format!("POST /v1/templates\n{text}").into_bytes()),
    });
    let shown_key = claim
        .as_ref()
        .map(|claim| claim.key.clone())
        .unwrap_or_default();
    let row = match api.ledger.apply_template(spec, text, false, claim).await? {
        Created::New(row, _) => row,
        Created::Before(_) => api
            .ledger
            .template(&spec.name)
            .await?
            .ok_or(ApiError::Internal)?,
        Created::Mismatch => return Err(ApiError::KeyReused(shown_key)),
    };
    api.template_changed(&row.name);
    Ok(row)
}
