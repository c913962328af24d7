//! Answers a person's question whether AWS lets Ingot work in a region. What AWS says is written down, a refusal of the
//! credentials as well: the person waits for it, and asks again. A trial launch (`trial`) settles what a dry run cannot.

mod trial;

use ingot_cloud::{CheckPlan, CloudError};
use ingot_domain::check::AccountCheck;
use ingot_domain::place::Place;
use ingot_engine::Visit;
use ingot_entity::account_check;
use ingot_entity::store::{Claim, Then};

use crate::case::VisitError;
use crate::tools::Tools;

pub(crate) async fn visit(tools: &Tools, claim: &Claim) -> Result<Visit, VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let Some(row) = tools.ledger.check(id).await? else {
        return Err(VisitError::Nonsense(format!("there is no check `{id}`")));
    };
    if row.done_at.is_some() {
        return Ok(Visit::only(Then::Done));
    }
    if let Some(order) = row.trial_order()? {
        return trial::visit(tools, &row, order).await;
    }
    match dry(tools, &row.region).await? {
        Ok(found) => answered(tools, &row, &found).await,
        Err(error) => unanswered(tools, &row, &error).await,
    }
}

/// Everything that can be asked without making anything.
async fn dry(tools: &Tools, region: &str) -> Result<Result<AccountCheck, CloudError>, VisitError> {
    let plan = CheckPlan {
        install: tools.settings.install.clone(),
        profiles: profiles(tools, region).await?,
    };
    Ok(tools.cloud.check_account(Place::own(region), &plan).await)
}

async fn answered(
    tools: &Tools,
    row: &account_check::Model,
    found: &AccountCheck,
) -> Result<Visit, VisitError> {
    tracing::info!(region = %row.region, account = %found.account, denied = found.denied(), "the account was checked");
    tools.ledger.answer_check(&row.id, Ok(found)).await?;
    Ok(Visit::only(Then::Done))
}

async fn unanswered(
    tools: &Tools,
    row: &account_check::Model,
    error: &CloudError,
) -> Result<Visit, VisitError> {
    tracing::warn!(region = %row.region, %error, "the account could not be checked");
    let why = format!("{}: {}", error.code, error.message);
    tools.ledger.answer_check(&row.id, Err(&why)).await?;
    Ok(Visit::only(Then::Done))
}

/// The task was given up: the person hears it, with what a trial launch has found.
pub(crate) async fn failed(tools: &Tools, claim: &Claim, why: &str) -> Result<(), VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    let found = match tools.ledger.check(id).await? {
        Some(row) => row.parsed()?,
        None => None,
    };
    let Some(mut found) = found else {
        return Ok(tools.ledger.answer_check(id, Err(why)).await?);
    };
    if let Some(trial) = &mut found.trial {
        trial.error = Some(why.to_owned());
    }
    found.take_trial();
    Ok(tools.ledger.answer_check(id, Ok(&found)).await?)
}

/// The instance profiles that templates name for the region.
async fn profiles(tools: &Tools, region: &str) -> Result<Vec<String>, VisitError> {
    let mut profiles = Vec::new();
    for row in tools.ledger.templates().await? {
        let template = row.parsed()?;
        if template.regions.is_empty() || template.regions.iter().any(|one| one == region) {
            profiles.extend(template.instance_profile.clone());
        }
    }
    profiles.sort_unstable();
    profiles.dedup();
    Ok(profiles)
}
