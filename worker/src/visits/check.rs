//! Answers a person's question whether AWS lets Ingot work in a region. What AWS says is written down, a refusal of the
//! credentials as well: the person waits for it, and asks again.

use ingot_cloud::CheckPlan;
use ingot_engine::Visit;
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
    let plan = CheckPlan {
        install: tools.settings.install.clone(),
        profiles: profiles(tools, &row.region).await?,
    };
    match tools.cloud.check_account(&row.region, &plan).await {
        Ok(found) => {
            tracing::info!(region = %row.region, account = %found.account, denied = found.denied(), "the account was checked");
            tools.ledger.answer_check(id, Ok(&found)).await?;
        }
        Err(error) => {
            tracing::warn!(region = %row.region, %error, "the account could not be checked");
            let why = format!("{}: {}", error.code, error.message);
            tools.ledger.answer_check(id, Err(&why)).await?;
        }
    }
    Ok(Visit::only(Then::Done))
}

/// The task was given up: the person hears it.
pub(crate) async fn failed(tools: &Tools, claim: &Claim, why: &str) -> Result<(), VisitError> {
    let id = claim.task.scope.as_deref().unwrap_or_default();
    Ok(tools.ledger.answer_check(id, Err(why)).await?)
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
