//! Checks of AWS accounts: a question goes to a worker, for this process has no credentials; its answer is kept.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use ingot_client::{AwsCheck, NewAwsCheck, NewTrial, Page};
use ingot_domain::check::trial::TrialOrder;
use ingot_domain::ec2;
use ingot_domain::field::FieldError;
use ingot_domain::ids::CheckId;
use ingot_domain::template::Template;

use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present;
use crate::state::Api;

/// List what is known of AWS accounts, the newest question first
///
/// One answer is kept per account and region, and one failure per region.
#[utoipa::path(
    get, path = "/v1/aws/checks", tag = "system", operation_id = "listAwsChecks",
    responses((status = 200, description = "All of them", body = Page<AwsCheck>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<Page<AwsCheck>>, ApiError> {
    let rows = api.ledger.checks().await?;
    let items = rows.into_iter().map(present::check);
    Ok(Json(Page {
        items: items.collect::<Result<_, _>>()?,
        next_cursor: None,
    }))
}

/// Ask what AWS would let Ingot do in a region
///
/// A worker asks and runs dry; nothing is made, changed or removed. With `launch` it launches one `t3.micro` besides and ends
/// it within 5 minutes. Ask for the check again until it is `done` or `failed`.
#[utoipa::path(
    post, path = "/v1/aws/checks", tag = "system", operation_id = "askAwsCheck",
    request_body = NewAwsCheck,
    responses(
        (status = 202, description = "Asked", body = AwsCheck),
        (status = 409, description = "A trial launch of the region is not over", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Json(wanted): Json<NewAwsCheck>,
) -> Result<(StatusCode, Json<AwsCheck>), ApiError> {
    let allowed = &api.limits.regions;
    let region = wanted.region.or_else(|| allowed.first().cloned());
    let region = region.unwrap_or_default();
    if !allowed.contains(&region) {
        let message = format!("choose one of {}", allowed.join(", "));
        let error = FieldError::new("region", &region, message);
        return Err(ApiError::Invalid(vec![error]));
    }
    if api.ledger.checks_are_too_many().await? {
        let what = "checks wait for a worker already; is one running?".to_owned();
        return Err(ApiError::TooMany(what, 10));
    }
    let trial = match wanted.launch {
        Some(wanted) => Some(trial(&api, &region, wanted).await?),
        None => None,
    };
    let asked = caller
        .ledger
        .ask_check(&region, &caller.name, trial.as_ref());
    let (row, task) = asked.await?;
    api.ringer
        .ring(task.kind.queue().as_str(), task.id.as_str());
    Ok((StatusCode::ACCEPTED, Json(present::check(row)?)))
}

/// What a trial launch in the region tries.
async fn trial(api: &Api, region: &str, wanted: NewTrial) -> Result<TrialOrder, ApiError> {
    if let Some(open) = api.ledger.open_trial(region).await? {
        let what = format!(
            "the trial launch of check `{}` in {region} is not over; `ingot aws check --last` shows its end",
            open.id
        );
        return Err(ApiError::Conflict(what));
    }
    let template = match &wanted.template {
        Some(name) => Some(named(api, name).await?),
        None if wanted.instance_profile.is_none() => first(api, region).await?,
        None => None,
    };
    let of_template = |get: fn(&Template) -> Option<String>| template.as_ref().and_then(get);
    let profile = |template: &Template| template.instance_profile.clone();
    let key = |template: &Template| template.volume.kms_key_id.clone();
    let order = TrialOrder {
        instance_profile: wanted.instance_profile.or_else(|| of_template(profile)),
        kms_key_id: wanted.kms_key_id.or_else(|| of_template(key)),
        subnet_id: wanted.subnet_id,
    };
    let problems = [
        order
            .instance_profile
            .as_ref()
            .map(|name| ec2::profile_name("launch.instance_profile", name)),
        order
            .kms_key_id
            .as_ref()
            .map(|key| ec2::kms_key("launch.kms_key_id", key)),
        order
            .subnet_id
            .as_ref()
            .map(|id| ec2::id("launch.subnet_id", id, "subnet-")),
    ];
    let problems: Vec<FieldError> = problems
        .into_iter()
        .flatten()
        .filter_map(Result::err)
        .collect();
    if problems.is_empty() {
        Ok(order)
    } else {
        Err(ApiError::Invalid(problems))
    }
}

async fn named(api: &Api, name: &str) -> Result<Template, ApiError> {
    let found = api.template(name).await?;
    let found = found.map(|found| Template::clone(&found.template));
    found.ok_or_else(|| {
        let message = "there is no such template; `ingot templates list` shows them";
        ApiError::Invalid(vec![FieldError::new("launch.template", name, message)])
    })
}

/// The first template of the region that names an instance profile.
async fn first(api: &Api, region: &str) -> Result<Option<Template>, ApiError> {
    for row in api.ledger.templates().await? {
        let template = row.parsed()?;
        let here = template.regions.is_empty() || template.regions.iter().any(|one| one == region);
        if here && template.instance_profile.is_some() {
            return Ok(Some(template));
        }
    }
    Ok(None)
}

/// Show a check
#[utoipa::path(
    get, path = "/v1/aws/checks/{id}", tag = "system", operation_id = "showAwsCheck",
    params(("id" = String, Path, description = "chk_…")),
    responses((status = 200, description = "The check", body = AwsCheck))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<AwsCheck>, ApiError> {
    let unknown = || ApiError::NotFound(format!("there is no check `{id}`"));
    let id: CheckId = id.parse().map_err(|_| unknown())?;
    let row = api.ledger.check(id.as_str()).await?.ok_or_else(unknown)?;
    Ok(Json(present::check(row)?))
}
