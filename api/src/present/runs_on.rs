//! An instance that runs on after its deployment failed, with what it costs.

use ingot_client::status::RunsOn;
use ingot_domain::price;
use ingot_domain::request::Order;
use ingot_entity::deployment;

/// As the status shows it.
pub(crate) fn runs_on(row: deployment::Model) -> RunsOn {
    let order: Option<Order> = serde_json::from_value(row.order).ok();
    let kind = order.map(|order| order.instance_type).unwrap_or_default();
    let cost = price::running(&kind, &row.region);
    RunsOn {
        usd_cents_per_day: cost.cents_per_day(),
        cost: cost.to_string(),
        deployment_id: row.id,
        status: row.status,
        instance_id: row.instance_id.unwrap_or_default(),
        region: row.region,
        since: row.finished_at,
        ends_at: row.ends_at,
    }
}
