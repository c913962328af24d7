//! A person asks for a build. What is not said is taken from the template's newest image, else from its last launch.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_client::build::{Build, NewBuild};
use ingot_domain::arch::Arch;
use ingot_domain::build::order::draft;
use ingot_domain::build::wants::{Aim, Want};
use ingot_domain::field::FieldError;
use ingot_domain::money::Money;
use ingot_domain::request;
use ingot_domain::want::Cause;
use ingot_entity::store::{Ask, Asked, BuildSeen, DeploymentQuery, ImageQuery};
use uuid::Uuid;

use super::super::{LONGEST_REASON, templates};
use crate::auth::Caller;
use crate::body::{IdempotencyKey, Json};
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// Launches that are looked through for one that came to something.
const LAUNCHES: u64 = 50;
/// What is told of a request without a reason.
const UNSAID: &str = "asked for by hand";

/// Ask for a build
///
/// Answers as soon as the request is durable. It joins the build of the same template, version, mode, architecture and region
/// that waits, or makes one; the plan says when that starts. Of a template that is switched off it is recorded as `skipped`.
/// Repeat a request whose answer was lost with the same `Idempotency-Key`: it leads to the same build.
#[utoipa::path(
    post, path = "/v1/builds", tag = "builds", operation_id = "askBuild",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, kept with the build", min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body = NewBuild,
    responses(
        (status = 202, description = "Accepted", body = Build, headers(("Location" = String, description = "Where to look"))),
        (status = 404, description = "No such template", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(body): Json<NewBuild>,
) -> Result<Response, ApiError> {
    let (build, replayed) = asked(&api, &caller, key, body).await?;
    let headers = [
        (header::LOCATION, format!("/v1/builds/{}", build.id)),
        (
            HeaderName::from_static("idempotency-replayed"),
            replayed.to_string(),
        ),
    ];
    Ok((StatusCode::ACCEPTED, headers, Json(build)).into_response())
}

/// Asks, and says whether the same key has led to it before; the console uses it too.
pub(crate) async fn asked(
    api: &Api,
    caller: &Caller,
    key: Option<String>,
    body: NewBuild,
) -> Result<(Build, bool), ApiError> {
    let reason = reason(&body)?;
    let max_cost = body
        .max_cost
        .as_deref()
        .map(|text| Money::parse(text).map_err(|why| one_wrong("max_cost", text, why)));
    let max_cost = max_cost.transpose()?;
    // A caller's key is of that caller alone.
    let shown_key = key.clone().unwrap_or_default();
    let key = key.unwrap_or_else(|| Uuid::new_v4().to_string());
    let key = format!("manual/{}/{key}", caller.token_id);
    if let Some(before) = before(api, &key).await? {
        return match same(&before, &key, &body, &reason, max_cost) {
            true => Ok((super::one(api, &before.row.id).await?, true)),
            false => Err(ApiError::KeyReused(shown_key)),
        };
    }
    let ask = Ask {
        want: Want {
            key: key.clone(),
            aim: aim(api, &body).await?,
            cause: Cause::Manual {
                urgent: body.urgent,
            },
            detected: None,
            about: None,
            said: reason.clone(),
        },
        by: Some(caller.name.clone()),
        max_cost,
    };
    match caller.ledger.ask(&ask).await? {
        Asked::New(row) | Asked::Skipped(row) => Ok((super::one(api, &row.id).await?, false)),
        Asked::Joined(row) => {
            let mut build = super::one(api, &row.id).await?;
            // What is on record is the plan's look before this request.
            present::build::unseen(&mut build);
            Ok((build, false))
        }
        // Another request with this key was faster.
        Asked::Before(id) => {
            let before = api.ledger.build(&id).await?.ok_or(ApiError::Internal)?;
            match same(&before, &key, &body, &reason, max_cost) {
                true => Ok((super::one(api, &id).await?, true)),
                false => Err(ApiError::KeyReused(shown_key)),
            }
        }
    }
}

async fn before(api: &Api, key: &str) -> Result<Option<BuildSeen>, ApiError> {
    match api.ledger.asked_for(key).await? {
        Some(id) => Ok(api.ledger.build(&id).await?),
        None => Ok(None),
    }
}

/// Whether a request under a key that was used says what the first one said; what it leaves out is taken as it was.
fn same(
    before: &BuildSeen,
    key: &str,
    body: &NewBuild,
    reason: &str,
    max_cost: Option<Money>,
) -> bool {
    let row = &before.row;
    let Some(request) = before.requests.iter().find(|one| one.request_key == key) else {
        return false;
    };
    let cost = request.max_cost.and_then(|most| u64::try_from(most).ok());
    let fits = |given: &Option<String>, is: &str| given.as_deref().is_none_or(|given| given == is);
    let version = body.version.as_deref().is_none_or(|given| {
        ingot_domain::version::Version::read(given)
            .is_ok_and(|read| String::from(read) == row.version)
    });
    row.template == body.template
        && version
        && fits(&body.mode, &row.mode)
        && fits(&body.architecture, &row.arch)
        && fits(&body.region, &row.region)
        && request.urgent == body.urgent
        && request.said == reason
        && cost == max_cost.map(Money::micros)
}

fn one_wrong(field: &str, value: impl std::fmt::Display, message: impl Into<String>) -> ApiError {
    ApiError::Invalid(vec![FieldError::new(field, value, message)])
}

fn reason(body: &NewBuild) -> Result<String, ApiError> {
    let given = body.reason.as_deref().map(str::trim).unwrap_or_default();
    let length = given.chars().count();
    if length == 0 && body.urgent {
        let message =
            "say why it is urgent: it draws on the emergency budget (`--urgent --reason TEXT`)";
        return Err(one_wrong("reason", given, message));
    }
    if length > LONGEST_REASON || (length == 0 && body.reason.is_some()) {
        let message = format!("say why in 1 to {LONGEST_REASON} characters");
        return Err(one_wrong("reason", given, message));
    }
    Ok(match length {
        0 => UNSAID.to_owned(),
        _ => given.to_owned(),
    })
}

/// What is to be built, by today's template and limits.
async fn aim(api: &Api, body: &NewBuild) -> Result<Aim, ApiError> {
    let template = templates::one(api, &body.template, None).await?.parsed()?;
    let arch = match &body.architecture {
        None => None,
        Some(word) => {
            let arch = Arch::parse(word);
            let message = "choose x86_64 or arm64";
            Some(arch.ok_or_else(|| one_wrong("architecture", word, message))?)
        }
    };
    if let Some(region) = &body.region {
        allowed(region, &template.regions, &api.limits.regions)?;
    }
    let (version, region) = place(api, body).await?;
    let mode = body.mode.as_deref();
    let draft = draft(&template, &version, mode, arch, &region);
    let draft = draft.map_err(|why| one_wrong("architecture", arch.unwrap_or_default(), why))?;
    let order = request::parse(draft, &template, &api.limits).map_err(ApiError::Invalid)?;
    Ok(Aim {
        template: order.template,
        version: order.version.into(),
        mode: order.mode,
        arch: order.arch,
        region: order.region,
    })
}

/// A region is refused before a version is looked for in it.
fn allowed(region: &String, own: &[String], here: &[String]) -> Result<(), ApiError> {
    let mut allowed = here.to_vec();
    allowed.retain(|one| own.is_empty() || own.contains(one));
    match allowed.contains(region) {
        true => Ok(()),
        false => {
            let allowed = allowed.join(", ");
            let message = format!("choose one of the regions allowed here: {allowed}");
            Err(one_wrong("region", region, message))
        }
    }
}

/// Version and region: as given, else those of the newest image, else those it was launched in last.
async fn place(api: &Api, body: &NewBuild) -> Result<(String, String), ApiError> {
    if let (Some(version), Some(region)) = (&body.version, &body.region) {
        return Ok((version.clone(), region.clone()));
    }
    let known = match newest_image(api, body).await? {
        Some(known) => Some(known),
        None => last_launch(api, body).await?,
    };
    let known = known.unzip();
    let template = &body.template;
    let version = body.version.clone().or(known.0).ok_or_else(|| {
        let message = match &body.region {
            Some(region) => format!(
                "give the version: `{template}` has no image in {region} and was not launched there yet (`--version V`)"
            ),
            None => format!(
                "give the version: `{template}` has no image and was not launched yet (`--version V`)"
            ),
        };
        one_wrong("version", "", message)
    })?;
    let only = match api.limits.regions.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let region = body.region.clone().or(known.1).or(only).ok_or_else(|| {
        let message = format!(
            "give the region: `{template}` has no image and was not launched yet; choose among {}",
            api.limits.regions.join(", ")
        );
        one_wrong("region", "", message)
    })?;
    Ok((version, region))
}

async fn newest_image(api: &Api, body: &NewBuild) -> Result<Option<(String, String)>, ApiError> {
    let query = ImageQuery {
        status: Some("available".to_owned()),
        template: Some(body.template.clone()),
        region: body.region.clone(),
        ..ImageQuery::default()
    };
    let found = api.ledger.list_images(&query, 1).await?.pop();
    Ok(found.map(|row| (row.version, row.region)))
}

async fn last_launch(api: &Api, body: &NewBuild) -> Result<Option<(String, String)>, ApiError> {
    let query = DeploymentQuery {
        template: Some(body.template.clone()),
        region: body.region.clone(),
        ..DeploymentQuery::default()
    };
    let rows = api.ledger.list_deployments(&query, LAUNCHES).await?;
    let found = rows.into_iter().find(|row| row.ready_at.is_some());
    Ok(found.map(|row| (row.version, row.region)))
}
