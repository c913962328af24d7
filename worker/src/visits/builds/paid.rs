//! What a builder cost: by the type that was launched, for as long as it ran. What cannot be told is settled as it was reserved,
//! never as nothing.

use ingot_domain::Instant;
use ingot_domain::build::cost;
use ingot_domain::deployment::Status;
use ingot_domain::money::Money;
use ingot_domain::request::Order;
use ingot_entity::store::{EffectKind, machine, status_of};
use ingot_entity::{build, deployment};

use crate::case::VisitError;
use crate::tools::Tools;
use crate::visits::launch::Params;

/// What a build's run reserved at its start.
pub(super) fn reserved(of: &build::Model) -> Money {
    let micros = of.estimated.and_then(|micros| u64::try_from(micros).ok());
    Money::from_micros(micros.unwrap_or_default())
}

/// What the builder of this build and so many copies of its image cost.
pub(super) async fn cost_of(
    tools: &Tools,
    of: &build::Model,
    builder: &deployment::Model,
    copies: u32,
    now: Instant,
) -> Result<Money, VisitError> {
    let Some(launched) = builder.launched_at else {
        return Ok(Money::ZERO);
    };
    if builder.instance_id.is_some() {
        // It is not over yet, whatever ends it.
        return Ok(reserved(of));
    }
    let Ok(order) = serde_json::from_value::<Order>(builder.order.clone()) else {
        return Ok(reserved(of));
    };
    let effect = tools
        .ledger
        .effect(&builder.id, builder.run, EffectKind::Launch)
        .await?;
    let params = effect.as_ref().map(Params::read).transpose()?;
    let launched_type = params
        .as_ref()
        .map_or(order.instance_type.as_str(), Params::instance_type);
    let os = tools
        .ledger
        .platform(&*tools.ledger.recipe(builder).await?)
        .await?;
    let price = tools
        .ledger
        .price(launched_type, &builder.region, os)
        .await?;
    let Ok(price) = price else {
        return Ok(reserved(of));
    };
    let calendar = tools.ledger.calendar();
    // Of one that is destroyed the row says when its instance was gone; a failed one's instance runs on after the failure.
    let destroyed = status_of(builder)? == Status::Destroyed;
    let gone = builder.finished_at.filter(|_| destroyed);
    let until = gone.map_or(now, |at| calendar.at(at));
    let ran = until - calendar.at(launched);
    let machine = machine(&order, price.hour, copies);
    Ok(cost::actual(&machine, ran, false, copies))
}
