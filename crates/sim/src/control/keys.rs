//! `POST /_sim/kms`: encryption by default, its key, and keys of the account.

use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlError;
use crate::kms::{AWS_EBS, Key};
use crate::sim::Sim;
use crate::state::PlaceKey;
use crate::sts::DEFAULT_ACCOUNT;

/// The body of the order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KmsOrder {
    by_default: Option<bool>,
    /// By id, ARN or alias; `aws/ebs` for AWS's own.
    default_key: Option<String>,
    #[serde(default)]
    keys: Vec<KeyOrder>,
    region: Option<String>,
    account: Option<String>,
}

/// One key: made, or changed if it is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyOrder {
    id: String,
    alias: Option<String>,
    #[serde(default = "yes")]
    grants: bool,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn apply(sim: &Sim, order: KmsOrder) -> Result<Value, ControlError> {
    let key = PlaceKey {
        account: order.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        region: order.region.unwrap_or_else(|| "us-east-1".to_owned()),
    };
    let mut world = sim.world();
    let kms = &mut world.place(&key).kms;
    let mut made = Vec::new();
    for wanted in order.keys {
        let arn = kms.arn(&key, &wanted.id);
        let new = Key {
            alias: wanted.alias,
            grants: wanted.grants,
            enabled: wanted.enabled,
        };
        kms.keys.insert(arn.clone(), new);
        made.push(arn);
    }
    kms.by_default = order.by_default.unwrap_or(kms.by_default);
    if let Some(named) = order.default_key {
        let aws = named == AWS_EBS || named == "aws/ebs";
        kms.default_key = (!aws).then_some(named);
    }
    Ok(json!({
        "by_default": kms.by_default,
        "default_key": kms.default_arn(&key),
        "keys": made,
    }))
}
