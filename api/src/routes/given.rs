//! `image: ami-…` at the door: an AMI that the ledger knows is held against the order here. One that it does not know the
//! launch itself asks the cloud about.

use ingot_domain::deployment::ImageChoice;
use ingot_domain::field::FieldError;
use ingot_domain::given::{contradictions, is_gone};
use ingot_domain::request::Order;
use ingot_domain::template::Template;

use crate::error::ApiError;
use crate::state::Api;

/// Refuses an order of something else than its AMI is, and notes what a forced one is.
pub(super) async fn check(api: &Api, order: &mut Order, recipe: &Template) -> Result<(), ApiError> {
    let (ImageChoice::Given, Some(ami)) = (order.image_choice, order.given_image.clone()) else {
        return Ok(());
    };
    let Some(row) = api.ledger.image(&ami).await? else {
        return Ok(());
    };
    let mut wrong = Vec::new();
    let status = row.parsed_status()?;
    if let Some(why) = is_gone(status, row.error.as_deref(), row.dropped_at.is_some()) {
        return Err(ApiError::Invalid(vec![FieldError::new("image", &ami, why)]));
    }
    // No force makes EC2 launch these.
    if row.region != order.region {
        let message = format!(
            "it is in {} and the order in {}: name an AMI of that region",
            row.region, order.region
        );
        wrong.push(FieldError::new("image", &ami, message));
    }
    if row.arch != order.arch.to_string() {
        let message = format!(
            "it is {}, and {} is {}: name an AMI of that architecture",
            row.arch, order.instance_type, order.arch
        );
        wrong.push(FieldError::new("image", &ami, message));
    }
    let told = api.ledger.told(&row).await?;
    let against = contradictions(order, recipe, &told);
    if !order.force {
        wrong.extend(against.iter().map(|one| one.problem(&ami)));
    }
    if !wrong.is_empty() {
        return Err(ApiError::Invalid(wrong));
    }
    if !against.is_empty() {
        order.told = Some(told);
    }
    Ok(())
}
