//! Updates of base images: how they were judged, and which templates are behind them.

use std::collections::BTreeSet;

use axum::extract::State;
use ingot_client::Page;
use ingot_client::affected::Affected;
use ingot_client::base_update::{
    BaseUpdate, BaseUpdateDetail, BaseUpdateFilter, LevelDecision, SecurityStatus,
};
use ingot_domain::advisory::feed::is_cve;
use ingot_domain::advisory::level::SecurityLevel;
use ingot_domain::build::wants::wants;
use ingot_domain::field::FieldError;
use ingot_domain::ids::UpdateId;
use ingot_entity::store::UpdateQuery;

use super::{builds, cursor, decided, decision, limit, page, word};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::rebuilds::Rebuilds;
use crate::present::update as show;
use crate::state::Api;

/// List updates of base images, newest first
#[utoipa::path(
    get, path = "/v1/base-updates", tag = "base images", operation_id = "listBaseUpdates", params(BaseUpdateFilter),
    responses(
        (status = 200, description = "One page", body = Page<BaseUpdate>),
        (status = 404, description = "No such base image", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Caller,
    Params(filter): Params<BaseUpdateFilter>,
) -> Result<Json<Page<BaseUpdate>>, ApiError> {
    let limit = limit(filter.limit)?;
    word(
        "level",
        filter.level.as_ref(),
        &SecurityLevel::ALL.map(SecurityLevel::as_str),
    )?;
    cursor::<UpdateId>(filter.cursor.as_ref())?;
    if let Some(name) = &filter.base
        && api.ledger.track(name).await?.is_none()
    {
        let shown = ingot_domain::field::shown(name);
        return Err(ApiError::NotFound(format!(
            "there is no base image `{shown}`; `ingot base-images list` shows them"
        )));
    }
    let query = UpdateQuery {
        base: filter.base,
        level: filter.level,
        before: filter.cursor,
    };
    let rows = api.ledger.list_updates(&query, limit + 1).await?;
    let shown = |seen| show::update(&seen);
    Ok(Json(page(rows, limit, |seen| seen.row.id.clone(), shown)))
}

/// Show an update of a base image with its evidence
#[utoipa::path(
    get, path = "/v1/base-updates/{id}", tag = "base images", operation_id = "showBaseUpdate",
    params(("id" = String, Path, description = "upd_…")),
    responses((status = 200, description = "The update", body = BaseUpdateDetail))
)]
pub(crate) async fn show_one(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<BaseUpdateDetail>, ApiError> {
    one(&api, &id).await.map(Json)
}

/// One update; the console uses it too.
pub(crate) async fn one(api: &Api, id: &str) -> Result<BaseUpdateDetail, ApiError> {
    let seen = match id.parse::<UpdateId>() {
        Ok(id) => api.ledger.update(id.as_str()).await?,
        Err(_) => None,
    };
    let seen = seen.ok_or_else(|| ApiError::NotFound(missing(id)))?;
    let rows = api.ledger.assessments(&seen.row.id).await?;
    let judged = rows.iter().find(|row| row.body.is_some());
    let (evidence, outside) = show::evidence(judged.and_then(|row| row.body.as_ref()));
    let facts = api.ledger.security_facts().await?;
    let rebuilds = rebuilds(api).await?;
    let templates: Vec<_> = show::templates(&facts, &seen.track)
        .iter()
        .map(|one| show::template(one, &rebuilds))
        .collect();
    Ok(BaseUpdateDetail {
        update: show::update(&seen),
        plan: rebuilds.plan(&templates),
        templates,
        evidence,
        outside,
        assessments: rows.iter().map(show::judgement).collect(),
    })
}

fn missing(id: &str) -> String {
    let shown = ingot_domain::field::shown(id);
    format!("there is no update `{shown}`; `ingot base-images updates` shows them")
}

/// Set the level of an update by a person's word
///
/// It is kept as a judgement among the others, with the reason. It stands until the rules find more than they had found.
#[utoipa::path(
    post, path = "/v1/base-updates/{id}/level", tag = "base images", operation_id = "setBaseUpdateLevel",
    params(("id" = String, Path, description = "upd_…")),
    request_body = LevelDecision,
    responses(
        (status = 200, description = "Set", body = BaseUpdateDetail),
        (status = 409, description = "It is no update, or was judged meanwhile", body = ingot_client::Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_level(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<LevelDecision>,
) -> Result<Json<BaseUpdateDetail>, ApiError> {
    set(&api, &caller, &id, body).await.map(Json)
}

/// Sets a level; the console uses it too.
pub(crate) async fn set(
    api: &Api,
    caller: &Caller,
    id: &str,
    wanted: LevelDecision,
) -> Result<BaseUpdateDetail, ApiError> {
    let decision = decision(caller, wanted.reason)?;
    let known =
        SecurityLevel::parse(&wanted.level).filter(|level| *level != SecurityLevel::Unknown);
    let Some(level) = known else {
        let message = "choose one of critical, high, medium, low, none";
        let error = FieldError::new("level", wanted.level, message);
        return Err(ApiError::Invalid(vec![error]));
    };
    if id.parse::<UpdateId>().is_err() {
        return Err(ApiError::NotFound(missing(id)));
    }
    decided(caller.ledger.set_level(id, level, &decision).await?, || {
        missing(id)
    })?;
    one(api, id).await
}

/// Show which base images have moved and which templates are behind
#[utoipa::path(
    get, path = "/v1/security-status", tag = "base images", operation_id = "securityStatus",
    responses((status = 200, description = "The status", body = SecurityStatus))
)]
pub(crate) async fn security_status(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<SecurityStatus>, ApiError> {
    status(&api).await.map(Json)
}

/// The status; the console uses it too.
pub(crate) async fn status(api: &Api) -> Result<SecurityStatus, ApiError> {
    let facts = api.ledger.security_facts().await?;
    let (now, today) = (api.ledger.now(), api.ledger.calendar_now());
    let rows = api.ledger.feeds().await?;
    let feeds = show::feeds_in_doubt(&rows, facts.steps.keys(), now, today);
    let rebuilds = rebuilds(api).await?;
    Ok(show::security_status(&facts, &rebuilds, feeds, today))
}

/// What waits and runs, and what is switched off.
async fn rebuilds(api: &Api) -> Result<Rebuilds, ApiError> {
    Ok(Rebuilds {
        open: builds::open(api).await?,
        off: api.ledger.all_switched_off().await?,
        wanted: wanted(api).await?,
    })
}

/// What updates want and nothing has asked for yet, by the scheduler's own function.
async fn wanted(api: &Api) -> Result<BTreeSet<(String, String)>, ApiError> {
    let now = api.ledger.calendar_now();
    let facts = api.ledger.build_facts(now).await?;
    let mut wanted = wants(&facts, &api.ledger.policy().await?.policy, now);
    wanted.retain(|want| {
        let about = want.about.as_deref();
        about.is_some_and(|id| id.parse::<UpdateId>().is_ok())
    });
    let keys: Vec<&str> = wanted.iter().map(|want| want.key.as_str()).collect();
    let asked = api.ledger.asked_before(&keys).await?;
    let open = wanted.into_iter().filter(|want| !asked.contains(&want.key));
    Ok(open
        .map(|want| (want.aim.template, want.aim.region))
        .collect())
}

/// Show what has a vulnerability
///
/// Images and running deployments by the lists of packages that their installs took, and where there is none by the judgements
/// of the updates of their base images, to which packages that a template installs by itself are not known.
#[utoipa::path(
    get, path = "/v1/advisories/{id}/affected", tag = "advisories", operation_id = "listAffected",
    params(("id" = String, Path, description = "`CVE-2024-6387`, `USN-6859-1`, `ALSA-2024:4312`, …")),
    responses((status = 200, description = "What has it", body = Affected))
)]
pub(crate) async fn affected(
    State(api): State<Api>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Affected>, ApiError> {
    what_has(&api, id).await.map(Json)
}

/// What has a vulnerability; the console uses it too.
pub(crate) async fn what_has(api: &Api, id: String) -> Result<Affected, ApiError> {
    let large = id.trim().to_ascii_uppercase();
    if is_cve(&large) {
        let told = api.ledger.exposed_to(&large).await?;
        return Ok(show::affected_by(large, told));
    }
    // Vendors write theirs in capitals; Microsoft's are months, such as 2024-Aug.
    for named in [id.trim(), &large] {
        if !api.ledger.advisories_named(named).await?.is_empty() {
            let told = api.ledger.exposed_to(named).await?;
            return Ok(show::affected_by(named.to_owned(), told));
        }
    }
    let message = "name a CVE, such as CVE-2024-6387, or an advisory that is loaded, such as USN-6859-1; \
                   `ingot advisories feeds` shows what is loaded";
    Err(ApiError::Unreadable(vec![FieldError::new(
        "id", id, message,
    )]))
}
