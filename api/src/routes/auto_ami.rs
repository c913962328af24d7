//! Where the automatic builds stand, and switching a template's builds.

use std::cmp::Reverse;
use std::collections::HashMap;

use axum::extract::State;
use ingot_client::auto_ami::{
    AutoAmiEnable, AutoAmiEvent, AutoAmiStatus, AutoAmiSwitch, AutoAmiTemplate,
};
use ingot_client::build::{Build, BuildDecision};
use ingot_client::event::EventFilter;
use ingot_client::{Event, Page};
use ingot_domain::Instant;
use ingot_domain::build::cost;
use ingot_domain::build::wants::{Facts, Subject, UpdateKind};
use ingot_domain::field::FieldError;
use ingot_entity::store::{UpdateQuery, template_story};

use super::{builds, decision, events, templates};
use crate::address::{Params, Path};
use crate::auth::Caller;
use crate::body::Json;
use crate::error::ApiError;
use crate::present::build::{planned, switch};
use crate::state::Api;

/// Launches of a week, at most, that a template may need to be popular.
const MOST_LAUNCHES: u32 = 1_000_000;
/// What happened lately, at most.
const RECENT: usize = 6;

/// Show where the automatic builds stand
///
/// By template what it has, what it lacks and what is planned, and what happened lately.
#[utoipa::path(
    get, path = "/v1/auto-ami/status", tag = "builds", operation_id = "autoAmiStatus",
    responses((status = 200, description = "The status", body = AutoAmiStatus))
)]
pub(crate) async fn status(
    State(api): State<Api>,
    _: Caller,
) -> Result<Json<AutoAmiStatus>, ApiError> {
    whole(&api).await.map(Json)
}

/// The status; the console uses it too.
pub(crate) async fn whole(api: &Api) -> Result<AutoAmiStatus, ApiError> {
    let now = api.ledger.calendar_now();
    let facts = api.ledger.build_facts(now).await?;
    let off = api.ledger.all_switched_off().await?;
    let (open, own) = (builds::open(api).await?, api.ledger.all_own().await?);
    let policy = api.ledger.policy().await?.policy;
    let history = api.ledger.build_queue().await?.history;
    let (mut shown, mut unused) = (Vec::new(), Vec::new());
    for row in api.ledger.templates().await? {
        let name = row.name;
        let threshold = own.get(&name).and_then(|own| own.popularity_threshold);
        let switch = switch(&name, off.iter().find(|off| off.name == name), threshold);
        let threshold = threshold.unwrap_or(policy.popularity_threshold);
        match template(switch, threshold, &facts, &open) {
            Some(one) => shown.push(one),
            None => unused.push(name),
        }
    }
    shown.sort_by_key(|one| (Reverse(one.launches), one.switch.template.clone()));
    let count = |of: &dyn Fn(&Build) -> bool| open.iter().filter(|one| of(one)).count() as u64;
    let expected: HashMap<&str, chrono::TimeDelta> = open
        .iter()
        .map(|one| {
            let lengths = history.get(&one.template).map(Vec::as_slice);
            (
                one.template.as_str(),
                cost::expected(lengths.unwrap_or_default()),
            )
        })
        .collect();
    let ends = open.iter().filter_map(|one| match one.waits() {
        true => Some(one.scheduled_for? + *expected.get(one.template.as_str())?),
        false => one.expected_end,
    });
    Ok(AutoAmiStatus {
        at: now,
        templates: shown,
        unused,
        recent: recent(api).await?,
        running: count(&|one| !one.waits()),
        scheduled: count(&|one| one.status == "queued" && one.scheduled_for.is_some()),
        awaiting_approval: count(&|one| one.status == "awaiting_approval"),
        blocked: count(&|one| one.status == "queued" && one.scheduled_for.is_none()),
        completion: ends.max(),
    })
}

/// A template of which there is anything.
fn template(
    switch: AutoAmiSwitch,
    threshold: u32,
    facts: &Facts,
    open: &[Build],
) -> Option<AutoAmiTemplate> {
    let name = switch.template.clone();
    let of = |subject: &&Subject| subject.aim.template == name;
    let subjects: Vec<&Subject> = facts.subjects.iter().filter(of).collect();
    let builds: Vec<_> = open
        .iter()
        .filter(|one| one.template == name)
        .map(planned)
        .collect();
    if subjects.is_empty() && builds.is_empty() && switch.enabled {
        return None;
    }
    let newest = subjects.iter().filter_map(|one| one.newest.as_ref());
    let newest = newest.max_by_key(|one| one.made);
    let lacks = subjects.iter().flat_map(|one| &one.lacks);
    let gravest = lacks
        .map(|one| word(one.kind))
        .min_by_key(|word| order(word));
    let launches = subjects.first().map_or(0, |one| one.launches);
    Some(AutoAmiTemplate {
        switch,
        launches,
        popular: launches >= threshold,
        image_id: newest.map(|one| one.id.clone()),
        compiled_at: newest.map(|one| one.made),
        current: newest.map(|one| one.current),
        lacks: gravest.map(str::to_owned),
        builds,
    })
}

/// The words of levels, the gravest first; what is no matter of security comes last.
const WORDS: [&str; 6] = ["critical", "high", "unknown", "medium", "low", "none"];

fn order(word: &str) -> usize {
    WORDS
        .iter()
        .position(|one| *one == word)
        .unwrap_or(WORDS.len())
}

fn word(kind: UpdateKind) -> &'static str {
    match kind {
        UpdateKind::Security(Some(level)) => level.as_str(),
        UpdateKind::Security(None) => "unknown",
        UpdateKind::Other => "none",
    }
}

/// The newest updates of base images and ends of builds.
async fn recent(api: &Api) -> Result<Vec<AutoAmiEvent>, ApiError> {
    let most = RECENT as u64;
    let updates = api
        .ledger
        .list_updates(&UpdateQuery::default(), most)
        .await?;
    let mut found: Vec<AutoAmiEvent> = updates
        .iter()
        .map(|seen| {
            let row = &seen.row;
            let judged = match (row.update_type.as_deref(), row.level.as_deref()) {
                (Some("security"), Some(level)) => format!("security: {level}"),
                (Some(kind), _) => kind.to_owned(),
                _ => "not judged yet".to_owned(),
            };
            AutoAmiEvent {
                at: row.detected_at,
                said: format!("{} base image updated ({judged})", seen.track),
                about: row.id.clone(),
            }
        })
        .collect();
    for row in api.ledger.builds_over(most).await? {
        let at: Instant = row.ended_at.unwrap_or(row.requested_at);
        let trigger = row.trigger.as_deref().unwrap_or("manual");
        let what = format!("{} {} in {}", row.template, row.version, row.region);
        let said = match row.status.as_str() {
            "completed" => format!("{what} rebuilt ({trigger})"),
            _ => {
                let why = row.error.as_deref().unwrap_or("it is not known why");
                format!("{what} failed to build ({trigger}): {why}")
            }
        };
        found.push(AutoAmiEvent {
            at,
            said,
            about: row.id,
        });
    }
    found.sort_by_key(|one| Reverse(one.at));
    found.truncate(RECENT);
    Ok(found)
}

/// Switch a template's automatic builds on
#[utoipa::path(
    post, path = "/v1/templates/{name}/auto-ami/enable", tag = "builds", operation_id = "enableAutoAmi",
    params(("name" = String, Path, description = "Such as `kamiwaza`")),
    request_body = AutoAmiEnable,
    responses((status = 200, description = "On, or so already", body = AutoAmiSwitch))
)]
pub(crate) async fn enable(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<AutoAmiEnable>,
) -> Result<Json<AutoAmiSwitch>, ApiError> {
    on(&api, &caller, &name, body).await.map(Json)
}

/// Switch a template's automatic builds off
///
/// Requests to build it are recorded as `skipped` with this reason, those for security included, until it is switched on.
/// Builds that wait or run already are left to be decided one by one.
#[utoipa::path(
    post, path = "/v1/templates/{name}/auto-ami/disable", tag = "builds", operation_id = "disableAutoAmi",
    params(("name" = String, Path, description = "Such as `kamiwaza`")),
    request_body = BuildDecision,
    responses((status = 200, description = "Off, or so already: then with the reason it was given first", body = AutoAmiSwitch))
)]
pub(crate) async fn disable(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<BuildDecision>,
) -> Result<Json<AutoAmiSwitch>, ApiError> {
    off(&api, &caller, &name, body).await.map(Json)
}

/// Switches on; the console uses it too.
pub(crate) async fn on(
    api: &Api,
    caller: &Caller,
    name: &str,
    body: AutoAmiEnable,
) -> Result<AutoAmiSwitch, ApiError> {
    let decision = decision(caller, body.reason)?;
    let threshold = body.popularity_threshold;
    if let Some(many) = threshold.filter(|launches| *launches > MOST_LAUNCHES) {
        let message =
            format!("give 1 to {MOST_LAUNCHES} launches in 7 days, or 0 for the policy's count");
        let error = FieldError::new("popularity_threshold", many, message);
        return Err(ApiError::Invalid(vec![error]));
    }
    let row = templates::one(api, name, None).await?;
    let (by, why) = (&decision.by, &decision.reason);
    tracing::info!(%by, template = %row.name, ?threshold, %why, "a template's builds were switched on");
    caller.ledger.switch_on(&row.name, &decision).await?;
    let own = match threshold {
        Some(launches) => {
            let launches = Some(launches).filter(|launches| *launches > 0);
            caller
                .ledger
                .set_threshold(&row.name, launches, &decision)
                .await?
        }
        None => api.ledger.own(&row.name).await?,
    };
    Ok(switch(&row.name, None, own.popularity_threshold))
}

/// Switches off; the console uses it too.
pub(crate) async fn off(
    api: &Api,
    caller: &Caller,
    name: &str,
    body: BuildDecision,
) -> Result<AutoAmiSwitch, ApiError> {
    let decision = decision(caller, body.reason)?;
    let row = templates::one(api, name, None).await?;
    let (by, why) = (&decision.by, &decision.reason);
    tracing::info!(%by, template = %row.name, %why, "a template's builds were switched off");
    let off = caller
        .ledger
        .switch_off(&row.name, row.revision, false, &decision);
    let off = off.await?;
    let own = api.ledger.own(&row.name).await?;
    Ok(switch(&row.name, Some(&off), own.popularity_threshold))
}

/// Read the story of a template's builds
///
/// What was decided about them beside the policy: switched off and on, by people or by Ingot itself, and how many launches make
/// the template popular.
#[utoipa::path(
    get, path = "/v1/templates/{name}/events", tag = "builds", operation_id = "listTemplateEvents",
    params(("name" = String, Path, description = "Such as `kamiwaza`"), EventFilter),
    responses((status = 200, description = "Lines in order; `next_cursor` is the next `after`", body = Page<Event>))
)]
pub(crate) async fn story(
    State(api): State<Api>,
    _: Caller,
    Path(name): Path<String>,
    Params(filter): Params<EventFilter>,
) -> Result<Json<Page<Event>>, ApiError> {
    let row = templates::one(&api, &name, None).await?;
    let story = template_story(&row.name);
    events::story(&api, &story, &filter).await.map(Json)
}
