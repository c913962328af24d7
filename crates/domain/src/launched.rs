//! What a launch asked for, read from the parameters of its effect: the type, size and place that were taken, which are not
//! the order's when EC2 had no room there, and the base as it was resolved.

use std::fmt;

use serde::Deserialize;

use crate::base::ResolvedBase;

/// The part of a launch effect's parameters that people are shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Launched {
    /// What RunInstances was asked for.
    pub spec: Taken,
    /// The ledger's image it starts from, if any.
    #[serde(default)]
    pub image_row: Option<String>,
    /// The template's base as it was resolved; none in a launch of the version before.
    #[serde(default)]
    pub base: Option<ResolvedBase>,
    /// It starts from an image of another build of that base.
    #[serde(default)]
    pub stale: bool,
}

/// What RunInstances was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Taken {
    /// Such as `m6i.xlarge`.
    pub instance_type: String,
    /// Root volume in GB.
    pub volume_size_gb: u32,
    /// The zone asked for; EC2's choice, or the subnet's, when absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// The subnet asked for; EC2's default when absent.
    #[serde(default)]
    pub subnet_id: Option<String>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.subnet_id.as_deref().or(self.zone.as_deref());
        let place = place.unwrap_or("a zone of EC2's choice");
        write!(
            f,
            "{} in {place}, {} GB",
            self.instance_type, self.volume_size_gb
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_every_version_are_read() {
        let old = serde_json::json!({ "spec": { "instance_type": "t3.micro", "volume_size_gb": 10, "token": "x" } });
        let old: Launched = serde_json::from_value(old).expect("reads");
        assert_eq!(
            old.spec.to_string(),
            "t3.micro in a zone of EC2's choice, 10 GB"
        );
        let new = serde_json::json!({
            "spec": { "instance_type": "t3.small", "volume_size_gb": 20, "zone": "us-east-1b", "subnet_id": null },
            "base": { "ami_id": "ami-1", "asked_at": "2026-11-28T00:00:00Z" }, "stale": true, "choice": {},
        });
        let new: Launched = serde_json::from_value(new).expect("reads");
        assert_eq!(new.spec.to_string(), "t3.small in us-east-1b, 20 GB");
        assert!(new.stale && new.base.is_some_and(|base| base.ami_id == "ami-1"));
    }
}
