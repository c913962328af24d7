//! Applying a YAML file as a template's next revision, over the one it was written on if the request says which.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_client::{ApplyFilter, Template};
use ingot_domain::field::FieldError;
use ingot_domain::fingerprint::hex_sha256;
use ingot_domain::nearest::nearest;
use ingot_domain::template::inherit::check_path;
use ingot_domain::template::{BaseImage, Template as Recipe};
use ingot_domain::track::known;
use ingot_entity::store::{Applied, IdempotencyClaim};
use ingot_entity::template;

use super::{heirs, inherit, shown};
use crate::address::Params;
use crate::auth::Caller;
use crate::body::{IdempotencyKey, Json, Yaml, nul};
use crate::error::ApiError;
use crate::state::Api;

/// Apply a template
///
/// Creates the template, or its next revision. Deployments already requested keep the revision they were requested with.
/// With `expected_revision`, only while that one is the newest: of two who edit the same, the second hears of the first.
#[utoipa::path(
    post, path = "/v1/templates", tag = "templates", operation_id = "applyTemplate",
    params(ApplyFilter,
        ("If-Match" = Option<String>, Header, description = "The same as `expected_revision`, as the `ETag` of the template says it: `\"3\"`"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, kept for 24 h", min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body(content = Object, content_type = "application/yaml"),
    responses(
        (status = 201, description = "Stored, or so already", body = Template),
        (status = 409, description = "The template comes with Ingot, or another revision than the expected one is its newest", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn apply(
    State(api): State<Api>,
    caller: Caller,
    Params(asked): Params<ApplyFilter>,
    headers: HeaderMap,
    IdempotencyKey(key): IdempotencyKey,
    Yaml(text): Yaml,
) -> Result<Response, ApiError> {
    let expected = expected(&headers, asked.expected_revision)?;
    let spec = read(&api, &text).await?;
    let row = applied(&api, &caller, key, expected, &spec, &text).await?;
    let location = format!("/v1/templates/{}", row.name);
    let tag = tag(&row);
    let shown = shown(&api, row).await?;
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location), (header::ETAG, tag)],
        Json(shown),
    )
        .into_response())
}

/// A revision as an entity tag (RFC 9110, 8.8.3).
pub(super) fn tag(row: &template::Model) -> String {
    format!("\"{}\"", row.revision)
}

/// The revision that a request expects to be the newest, in its query or as `If-Match`.
fn expected(headers: &HeaderMap, asked: Option<u32>) -> Result<Option<u32>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(asked);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let number = text
        .trim()
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let refused = |message: &str| {
        let error = FieldError::new("If-Match", &text, message);
        Err(ApiError::Unreadable(vec![error]))
    };
    match number.and_then(|number| number.parse().ok()) {
        None => refused("give the revision it was written on as the `ETag` says it: `\"3\"`"),
        Some(number) if asked.is_some_and(|asked| asked != number) => {
            refused("`expected_revision` says another one: give one of the two")
        }
        number => Ok(number),
    }
}

/// Another revision came between reading a template and applying it.
#[derive(Debug)]
pub(crate) struct Moved {
    /// Of which template.
    pub(crate) name: String,
    /// The revision that was expected to be the newest; 0 for none.
    pub(crate) expected: u32,
    /// The one that is.
    pub(crate) newest: Option<template::Model>,
}

impl Moved {
    /// What happened, and the way out.
    pub(crate) fn told(&self) -> String {
        let (name, expected) = (&self.name, self.expected);
        match (&self.newest, expected) {
            (None, _) => format!(
                "there is no template `{name}` yet, so no revision {expected} of it; expect revision 0"
            ),
            (Some(row), 0) => {
                let newest = row.revision;
                format!(
                    "a template `{name}` is there already, at revision {newest}: look at it with `ingot templates show {name} --yaml`; to go over it, expect revision {newest}"
                )
            }
            (Some(row), _) => {
                let newest = row.revision;
                format!(
                    "`{name}` is at revision {newest} by now, not at {expected}: `ingot templates diff {name} --from {expected} --to {newest}` shows what came in between; to go over it, expect revision {newest}"
                )
            }
        }
    }
}

/// What a YAML text says, or every mistake in it with its place; the console checks with it.
pub(crate) async fn read(api: &Api, text: &str) -> Result<Recipe, ApiError> {
    let pin = ingot_yaml::parent(text).map_err(|error| wrong(&error))?;
    // One that names itself is told so also before there is a revision of it.
    if let (Some(pin), Some(name)) = (&pin, ingot_yaml::name(text)) {
        let path = [name, pin.name.clone()];
        check_path(&path).map_err(|circle| wrong(&ingot_yaml::refuse(text, &circle)))?;
    }
    let spec = match pin {
        None => ingot_yaml::parse(text),
        Some(pin) => {
            let (row, parent) = inherit::parent(api, &pin).await?;
            let pin = inherit::pinned(&row);
            ingot_yaml::inherit(text, &parent, &pin)
        }
    };
    let spec = spec.map_err(|error| wrong(&error))?;
    inherit::check(api, &spec).await?;
    let whole = serde_json::to_value(&spec).map_err(|_| ApiError::Internal)?;
    if let Some(field) = nul(&whole) {
        let error = FieldError::new(&field, "\0", "remove the NUL character");
        return Err(ApiError::Invalid(vec![error]));
    }
    Ok(spec)
}

/// Every mistake of a text with its place; policies are refused with it, too.
pub(crate) fn wrong(error: &ingot_yaml::YamlError) -> ApiError {
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
}

/// Stores what was read as a template's next revision; the console uses it too.
pub(crate) async fn applied(
    api: &Api,
    caller: &Caller,
    key: Option<String>,
    expected: Option<u32>,
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
    known_track(api, spec).await?;
    let claim = key.map(|key| IdempotencyClaim {
        token_id: caller.token_id.clone(),
        key,
        request_hash: hex_sha256(format!("POST /v1/templates\n{text}").into_bytes()),
    });
    let shown_key = claim
        .as_ref()
        .map(|claim| claim.key.clone())
        .unwrap_or_default();
    let applied = caller
        .ledger
        .apply_template(spec, text, false, expected, claim)
        .await?;
    let row = match applied {
        Applied::Stored(row) => row,
        Applied::Before(_) => api
            .ledger
            .template(&spec.name)
            .await?
            .ok_or(ApiError::Internal)?,
        Applied::Mismatch => return Err(ApiError::KeyReused(shown_key)),
        Applied::Moved(newest) => {
            return Err(ApiError::RevisionMoved(Box::new(Moved {
                name: spec.name.clone(),
                expected: expected.unwrap_or_default(),
                newest,
            })));
        }
    };
    api.template_changed(&row.name);
    heirs::follow(api, caller, &row).await?;
    Ok(row)
}

/// Refuses a base image by a track that there is not: every launch would fail.
async fn known_track(api: &Api, spec: &Recipe) -> Result<(), ApiError> {
    let BaseImage::Track(name) = &spec.base_image else {
        return Ok(());
    };
    if known::find(name).is_some() || api.ledger.track(name).await?.is_some() {
        return Ok(());
    }
    let tracks = known::all();
    let names: Vec<&str> = tracks.iter().map(|track| track.name.as_str()).collect();
    let meant = nearest(name, &names).map(|name| format!("; did you mean `{name}`?"));
    let message = format!(
        "there is no such base image{}; `ingot base-images list` shows them, `add` adds one",
        meant.unwrap_or_default()
    );
    let error = FieldError::new("base_image.track", name, message);
    Err(ApiError::Invalid(vec![error]))
}
