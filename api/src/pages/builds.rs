//! The pages of builds and of where they stand, and what is decided on them.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use ingot_client::auto_ami::AutoAmiEnable;
use ingot_client::build::{BuildDecision, BuildFilter, NewBuild};
use ingot_client::plan::PlanFilter;
use ingot_client::policy::PolicyEdit;
use ingot_domain::field::FieldError;
use ingot_entity::store::Verdict;
use serde::Deserialize;

use super::{Answer, Asked, Filled, shown};
use crate::address::Path;
use crate::auth::Caller;
use crate::console;
use crate::error::ApiError;
use crate::routes::{auto_ami, builds, plan, policy};
use crate::state::Api;

/// Lines a page shows; a build has some dozens.
const LINES: u64 = 200;

pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<BuildFilter>,
) -> Answer {
    let page = builds::find(&api, filter.clone()).await?;
    shown(&api, console::builds_page(&page, &filter)).await
}

pub(super) async fn one(State(api): State<Api>, _: Caller, Path(id): Path<String>) -> Answer {
    let build = builds::one(&api, &id).await?;
    let rows = api.ledger.events(&build.id, 0, LINES).await?;
    let events: Vec<_> = rows.into_iter().map(crate::present::event).collect();
    shown(&api, console::build_page(&build, &events)).await
}

pub(super) async fn act(
    State(api): State<Api>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    Filled(form): Filled<BuildDecision>,
) -> Answer {
    let verdict = match action.as_str() {
        "approve" => Verdict::Approve,
        "reject" => Verdict::Reject,
        "cancel" => Verdict::Cancel,
        _ => {
            let known = "there is no such action: approve, reject or cancel";
            return Err(ApiError::NotFound(known.to_owned()));
        }
    };
    let done = builds::decide(&api, &caller, &id, verdict, form).await?;
    Ok(Redirect::to(&format!("/builds/{}", done.id)).into_response())
}

/// A request as the form sends it: empty fields say nothing.
#[derive(Deserialize)]
pub(super) struct Form {
    template: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    max_cost: String,
    #[serde(default)]
    urgent: bool,
    reason: String,
}

pub(super) async fn ask(
    State(api): State<Api>,
    caller: Caller,
    Filled(form): Filled<Form>,
) -> Answer {
    let said = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let body = NewBuild {
        template: form.template,
        version: said(form.version),
        region: said(form.region),
        max_cost: said(form.max_cost),
        urgent: form.urgent,
        reason: Some(form.reason),
        ..NewBuild::default()
    };
    let (build, _) = builds::ask::asked(&api, &caller, None, body).await?;
    Ok(Redirect::to(&format!("/builds/{}", build.id)).into_response())
}

pub(super) async fn overview(State(api): State<Api>, _: Caller) -> Answer {
    let status = auto_ami::whole(&api).await?;
    let open = BuildFilter {
        status: Some("open".to_owned()),
        ..BuildFilter::default()
    };
    let open = builds::find(&api, open).await?;
    shown(&api, console::auto_ami_page(&status, &open.items)).await
}

pub(super) async fn plan(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<PlanFilter>,
) -> Answer {
    let when = filter.at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let supposing = filter.supposing.clone().unwrap_or_default();
    let plan = plan::seen(&api, filter).await?;
    shown(&api, console::plan_page(&plan, &supposing, &when)).await
}

#[derive(Deserialize)]
pub(super) struct Switch {
    template: String,
    to: String,
    #[serde(default)]
    popularity_threshold: String,
    reason: String,
}

pub(super) async fn switch(
    State(api): State<Api>,
    caller: Caller,
    Filled(form): Filled<Switch>,
) -> Answer {
    let (name, reason) = (form.template, form.reason);
    match form.to.as_str() {
        "on" => {
            let popularity_threshold = number(&form.popularity_threshold)?;
            let wanted = AutoAmiEnable {
                reason,
                popularity_threshold,
            };
            auto_ami::on(&api, &caller, &name, wanted).await?;
        }
        "off" => {
            auto_ami::off(&api, &caller, &name, BuildDecision { reason }).await?;
        }
        other => {
            let error = FieldError::new("to", other, "choose on or off");
            return Err(ApiError::Invalid(vec![error]));
        }
    }
    Ok(Redirect::to("/auto-ami#templates").into_response())
}

/// An empty field says nothing.
fn number(text: &str) -> Result<Option<u32>, ApiError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            let message = "give a whole number of launches, or nothing";
            ApiError::Invalid(vec![FieldError::new("popularity_threshold", text, message)])
        }),
    }
}

/// What the policy shall say, as the form sends it: empty fields say nothing.
#[derive(Deserialize)]
pub(super) struct Configure {
    reason: String,
    #[serde(flatten)]
    changes: BTreeMap<String, String>,
}

pub(super) async fn configure(
    State(api): State<Api>,
    caller: Caller,
    Filled(form): Filled<Configure>,
) -> Answer {
    let said = |(key, value): (String, String)| {
        let value = value.trim().to_owned();
        (!value.is_empty()).then_some((key, value))
    };
    let edit = PolicyEdit {
        changes: form.changes.into_iter().filter_map(said).collect(),
        reason: Some(form.reason),
        expected_revision: None,
    };
    policy::edited(&api, &caller, edit).await?;
    Ok(Redirect::to("/policy").into_response())
}
