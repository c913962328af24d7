//! `POST /_sim/iam`: gives a caller a policy, and profiles their roles.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Iam, document};

/// The body of the order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IamOrder {
    /// Whose policy: an access key, the ARN of a role for all its sessions, or `*` for every
    /// caller without one of its own.
    access_key: Option<String>,
    /// The document, as JSON or as the text of it; null takes the policy away.
    #[serde(default)]
    policy: Value,
    /// Roles by the instance profile that holds them.
    #[serde(default)]
    profiles: BTreeMap<String, String>,
}

/// Carries the order out, or says what in it is not understood.
pub(crate) fn apply(iam: &mut Iam, order: IamOrder) -> Result<(), String> {
    if order.access_key.is_none() && order.profiles.is_empty() {
        return Err("an access_key with its policy, or profiles with their roles".to_owned());
    }
    if order.access_key.is_none() && !order.policy.is_null() {
        return Err("policy needs the access_key it is for".to_owned());
    }
    if let Some(access_key) = order.access_key {
        match order.policy {
            Value::Null => {
                iam.policies.remove(&access_key);
            }
            Value::String(text) => {
                let document =
                    serde_json::from_str(&text).map_err(|error| format!("policy: {error}"))?;
                let policy = document::read(&document)?;
                iam.policies.insert(access_key, Arc::new(policy));
            }
            document => {
                let policy = document::read(&document)?;
                iam.policies.insert(access_key, Arc::new(policy));
            }
        }
    }
    iam.roles.extend(order.profiles);
    Ok(())
}
