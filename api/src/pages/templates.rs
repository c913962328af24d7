//! The pages of templates, and writing one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use ingot_client::RevisionsFilter;
use ingot_domain::field::FieldError;
use ingot_entity::template;
use serde::Deserialize;

use super::{Answer, Asked, Filled, form, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console::{self, Beyond, Desk, Known, Verdict};
use crate::error::ApiError;
use crate::routes::templates;
use crate::routes::templates::apply::{self, Moved};
use crate::state::Api;

/// What an empty desk begins with: README's first template.
const BEGINNING: &str = include_str!("../../../templates/hello-web.yaml");

pub(super) async fn list(State(api): State<Api>, _: Caller) -> Answer {
    let page = templates::find(&api).await?;
    shown(&api, console::templates_page(&page)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    revision: Option<u32>,
    against: Option<u32>,
    before: Option<u32>,
}

pub(super) async fn one(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Asked(which): Asked<Which>,
) -> Answer {
    let row = templates::one(&api, &name, which.revision).await?;
    let newest = match which.revision {
        Some(_) => templates::one(&api, &name, None).await?.revision,
        None => row.revision,
    };
    let further = RevisionsFilter {
        cursor: which.before.map(|before| before.to_string()),
        ..RevisionsFilter::default()
    };
    let revisions = templates::revisions_of(&api, &row.name, further).await?;
    let before = match which.against {
        Some(number) => Some(templates::one(&api, &name, Some(number)).await?.yaml),
        None => None,
    };
    let yaml = row.yaml.clone();
    let seen = templates::shown(&api, row).await?;
    let now = api.ledger.now();
    // To compare two long texts takes a while, in which other requests are answered.
    let drawn = tokio::task::spawn_blocking(move || {
        let known = Known {
            shown: &seen,
            yaml: &yaml,
            newest: u32::try_from(newest).unwrap_or_default(),
            revisions: &revisions,
            further: which.before.is_some(),
            against: which.against.zip(before.as_deref()),
        };
        console::template_page(&known, now)
    });
    let page = drawn.await.map_err(|_| ApiError::Internal)?;
    shown(&api, page).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    template: Option<String>,
}

pub(super) async fn desk(State(api): State<Api>, _: Caller, Asked(from): Asked<From>) -> Answer {
    let row = match from.template {
        Some(name) => Some(templates::one(&api, &name, None).await?),
        None => None,
    };
    let desk = match &row {
        Some(row) => on(row, &row.yaml),
        None => Desk {
            yaml: BEGINNING,
            of: "",
            revision: 0,
        },
    };
    let page = console::desk_page(&desk, &Verdict::Unasked);
    form(&api, page, StatusCode::OK).await
}

/// A text on a revision.
fn on<'a>(row: &'a template::Model, yaml: &'a str) -> Desk<'a> {
    Desk {
        yaml,
        of: &row.name,
        revision: u32::try_from(row.revision).unwrap_or_default(),
    }
}

#[derive(Deserialize)]
pub(super) struct Written {
    yaml: String,
    r#do: String,
    /// The template the text was taken from, and its revision; a page of before sent neither.
    #[serde(default)]
    of: String,
    revision: Option<u32>,
}

pub(super) async fn write(
    State(api): State<Api>,
    caller: Caller,
    Filled(written): Filled<Written>,
) -> Answer {
    // A browser ends lines as HTTP does.
    let yaml = written.yaml.replace("\r\n", "\n");
    let desk = Desk {
        yaml: &yaml,
        of: &written.of,
        revision: written.revision.unwrap_or_default(),
    };
    let done = match apply::read(&api, &yaml).await {
        Ok(spec) if written.r#do == "apply" => {
            // Under another name than the one it was taken from it is a new template.
            let over = written
                .revision
                .map(|revision| if spec.name == written.of { revision } else { 0 });
            apply::applied(&api, &caller, None, over, &spec, &yaml)
                .await
                .map(|row| row.name)
        }
        Ok(spec) => {
            let page = console::desk_page(&desk, &Verdict::Fine(&spec.name));
            return form(&api, page, StatusCode::OK).await;
        }
        Err(error) => Err(error),
    };
    let errors = match done {
        Ok(name) => return Ok(Redirect::to(&format!("/templates/{name}")).into_response()),
        Err(ApiError::Invalid(errors)) => errors,
        Err(ApiError::RevisionMoved(moved)) => return beyond(&api, yaml, *moved).await,
        // A name that comes with Ingot: the text stays on the desk.
        Err(ApiError::Conflict(why)) => vec![FieldError::new("name", "", why)],
        Err(error) => return Err(error),
    };
    let page = console::desk_page(&desk, &Verdict::Wrong(&errors));
    form(&api, page, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// The desk with the text on it, standing on the revision that came in between: to apply again is to go over that one.
async fn beyond(api: &Api, yaml: String, moved: Moved) -> Answer {
    let told = moved.told();
    let Some(newest) = moved.newest else {
        let wrong = [FieldError::new("name", moved.name, told)];
        let desk = Desk {
            yaml: &yaml,
            of: "",
            revision: 0,
        };
        let page = console::desk_page(&desk, &Verdict::Wrong(&wrong));
        return form(api, page, StatusCode::CONFLICT).await;
    };
    // To compare two long texts takes a while, in which other requests are answered.
    let drawn = tokio::task::spawn_blocking(move || {
        let beyond = Beyond {
            newest: &newest.yaml,
            from: moved.expected,
        };
        console::desk_page(&on(&newest, &yaml), &Verdict::Beyond(beyond))
    });
    let page = drawn.await.map_err(|_| ApiError::Internal)?;
    form(api, page, StatusCode::CONFLICT).await
}
