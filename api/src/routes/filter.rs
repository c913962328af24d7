//! Filters of lists: a value is read as a request reads it, and one that nothing can have is named instead of answered by an
//! empty list.

use ingot_domain::field::FieldError;
use ingot_domain::version::Version;
use ingot_entity::store::{DeploymentQuery, ImageQuery};

use crate::error::ApiError;
use crate::state::Api;

/// A version as the ledger spells it: `0.9.2` and `release/0.9.2` are `v0.9.2`.
pub(super) fn version(text: Option<String>) -> Result<Option<String>, ApiError> {
    let given = text.filter(|text| !text.is_empty());
    let read = given.map(|text| Version::read(&text)).transpose();
    let read = read.map_err(|error| ApiError::Unreadable(vec![error]))?;
    Ok(read.map(String::from))
}

/// Refuses a template or a region that no request could name and no row has. Asked only when a list is empty, so that a list
/// with anything in it costs no more.
pub(super) async fn refuse_unknown(
    api: &Api,
    template: Option<&str>,
    region: Option<&str>,
) -> Result<(), ApiError> {
    let mut wrong = Vec::new();
    if let Some(name) = template
        && api.template(name).await?.is_none()
        && !anything(api, Some(name), None).await?
    {
        let known = api.ledger.templates().await?;
        let known: Vec<String> = known.into_iter().map(|row| row.name).collect();
        let message = format!("choose one of {}", known.join(", "));
        wrong.push(FieldError::new("template", name, message));
    }
    if let Some(name) = region
        && !api.limits.regions.iter().any(|allowed| allowed == name)
        && !anything(api, None, Some(name)).await?
    {
        let known = api.limits.regions.join(", ");
        let message = format!("choose one of the regions allowed here: {known}");
        wrong.push(FieldError::new("region", name, message));
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(ApiError::Unreadable(wrong)),
    }
}

/// Whether a deployment or an image has it: one that was found in the account may be of a template that is not here.
async fn anything(
    api: &Api,
    template: Option<&str>,
    region: Option<&str>,
) -> Result<bool, ApiError> {
    let (template, region) = (template.map(str::to_owned), region.map(str::to_owned));
    let images = ImageQuery {
        template: template.clone(),
        region: region.clone(),
        ..ImageQuery::default()
    };
    if !api.ledger.list_images(&images, 1).await?.is_empty() {
        return Ok(true);
    }
    let deployments = DeploymentQuery {
        template,
        region,
        ..DeploymentQuery::default()
    };
    let found = api.ledger.list_deployments(&deployments, 1).await?;
    Ok(!found.is_empty())
}
