//! Orders about what accounts may use: credentials, regions, quotas.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{ControlError, done};
use crate::quotas;
use crate::sim::Sim;
use crate::standing::{Opt, Trouble};
use crate::state::PlaceKey;
use crate::sts::DEFAULT_ACCOUNT;

/// Body of `POST /_sim/credentials`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsOrder {
    access_key: Option<String>,
    error: Option<Trouble>,
    /// Simulated seconds.
    seconds: Option<u64>,
}

pub(super) fn credentials(sim: &Sim, order: CredentialsOrder) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let key = order.access_key.as_deref().unwrap_or("*");
    let until = order
        .seconds
        .map(|seconds| now.saturating_add(Duration::from_secs(seconds)));
    sim.standing().lapse(key, order.error, until);
    done()
}

/// Body of `POST /_sim/regions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionOrder {
    region: String,
    opt_in: Opt,
}

pub(super) fn region(sim: &Sim, order: RegionOrder) -> Result<Value, ControlError> {
    sim.standing().set_opt(&order.region, order.opt_in);
    done()
}

/// Body of `POST /_sim/service_quotas`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuotaOrder {
    code: String,
    value: f64,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn quota(sim: &Sim, order: QuotaOrder) -> Result<Value, ControlError> {
    let key = PlaceKey {
        account: order.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        region: order.region.unwrap_or_else(|| "us-east-1".to_owned()),
    };
    let mut world = sim.world();
    if quotas::set(world.place(&key), &order.code, order.value) {
        return done();
    }
    Err(ControlError::Missing(order.code))
}
