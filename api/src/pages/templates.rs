//! The pages of templates, and writing one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::{Answer, Asked, Filled, form, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console::{self, Known, Verdict};
use crate::error::ApiError;
use crate::routes::templates;
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
}

pub(super) async fn one(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Asked(which): Asked<Which>,
) -> Answer {
    let row = templates::one(&api, &name, which.revision).await?;
    let revisions = templates::revisions_of(&api, &row.name).await?.items;
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
            revisions: &revisions,
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
    let yaml = match from.template {
        Some(name) => templates::one(&api, &name, None).await?.yaml,
        None => BEGINNING.to_owned(),
    };
    let page = console::desk_page(&yaml, &Verdict::Unasked);
    form(&api, page, StatusCode::OK).await
}

#[derive(Deserialize)]
pub(super) struct Written {
    yaml: String,
    r#do: String,
}

pub(super) async fn write(
    State(api): State<Api>,
    caller: Caller,
    Filled(written): Filled<Written>,
) -> Answer {
    // A browser ends lines as HTTP does.
    let yaml = written.yaml.replace("\r\n", "\n");
    let done = match templates::read(&yaml) {
        Ok(spec) if written.r#do == "apply" => {
            templates::applied(&api, &caller, None, &spec, &yaml)
                .await
                .map(|row| row.name)
        }
        Ok(spec) => {
            let page = console::desk_page(&yaml, &Verdict::Fine(&spec.name));
            return form(&api, page, StatusCode::OK).await;
        }
        Err(error) => Err(error),
    };
    let errors = match done {
        Ok(name) => return Ok(Redirect::to(&format!("/templates/{name}")).into_response()),
        Err(ApiError::Invalid(errors)) => errors,
        // A name that comes with Ingot: the text stays on the desk.
        Err(ApiError::Conflict(why)) => vec![ingot_domain::field::FieldError::new("name", "", why)],
        Err(error) => return Err(error),
    };
    let page = console::desk_page(&yaml, &Verdict::Wrong(&errors));
    form(&api, page, StatusCode::UNPROCESSABLE_ENTITY).await
}
