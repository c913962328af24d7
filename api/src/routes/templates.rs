//! Templates: the catalogue, and applying a YAML file as a template's next revision.

pub(crate) mod apply;
mod heirs;
mod inherit;
mod times;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ingot_client::{Page, RevisionFilter, RevisionsFilter, Template, TemplateRevision};
use ingot_domain::field::FieldError;
use ingot_entity::{LedgerError, template};

use super::limit;
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

pub(crate) use times::shown;

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
    let rows = api.ledger.templates().await?;
    Ok(Page {
        items: times::all_shown(api, rows).await?,
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
) -> Result<Response, ApiError> {
    let row = one(&api, &name, asked.revision).await?;
    let tag = apply::tag(&row);
    let parts = inherit::parts(&api, &row).await?;
    let shown = Template {
        parts,
        ..shown(&api, row).await?
    };
    Ok(([(header::ETAG, tag)], Json(shown)).into_response())
}

/// List the revisions of a template
///
/// Newest first. `/yaml?revision=` shows what one says.
#[utoipa::path(
    get, path = "/v1/templates/{name}/revisions", tag = "templates", operation_id = "listTemplateRevisions",
    params(("name" = String, Path, description = "Such as `kamiwaza`"), RevisionsFilter),
    responses((status = 200, description = "One page", body = Page<TemplateRevision>))
)]
pub(crate) async fn revisions(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(asked): Params<RevisionsFilter>,
) -> Result<Json<Page<TemplateRevision>>, ApiError> {
    one(&api, &name, None).await?;
    revisions_of(&api, &name, asked).await.map(Json)
}

/// One page of the revisions of a template that is there; the console uses it too.
pub(crate) async fn revisions_of(
    api: &Api,
    name: &str,
    asked: RevisionsFilter,
) -> Result<Page<TemplateRevision>, ApiError> {
    let limit = limit(asked.limit)?;
    let before: Option<u32> = match &asked.cursor {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            let message =
                "give back the `next_cursor` of the page before, or leave it out for the newest";
            ApiError::Unreadable(vec![FieldError::new("cursor", text, message)])
        })?),
    };
    let rows = api.ledger.template_revisions(name, before, limit + 1);
    let page = super::page(
        rows.await?,
        limit,
        |row| row.revision.to_string(),
        |row| present::revision(&row),
    );
    let items: Result<Vec<_>, LedgerError> = page.items.into_iter().collect();
    Ok(Page {
        items: items?,
        next_cursor: page.next_cursor,
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
    let headers = [
        (header::CONTENT_TYPE, "application/yaml".to_owned()),
        (header::ETAG, apply::tag(&row)),
    ];
    let text = match asked.merged {
        true => ingot_yaml::to_yaml(&row.parsed()?).map_err(|_| ApiError::Internal)?,
        false => row.yaml,
    };
    Ok((headers, text).into_response())
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
