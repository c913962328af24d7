//! Checks of AWS accounts: what AWS would let Ingot do in a region.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of `POST /v1/aws/checks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAwsCheck {
    /// The region to ask in; the first one that deployments may run in when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AwsCheck {
    /// `chk_…`
    pub id: String,
    /// The region it was asked in.
    pub region: String,
    /// `asked` (no worker has answered yet), `done` or `failed`.
    pub state: String,
    /// The name of the token it was asked with.
    pub asked_by: String,
    /// Asked.
    pub asked_at: DateTime<Utc>,
    /// Answered.
    pub done_at: Option<DateTime<Utc>>,
    /// The account, once it is known.
    pub account: Option<String>,
    /// Who asked there, as AWS names it.
    pub arn: Option<String>,
    /// How many permissions are denied.
    pub denied: u64,
    /// The permissions: denied ones first, then those that cannot be asked.
    pub permissions: Vec<AwsPermission>,
    /// What of the account deployments meet.
    pub facts: Vec<AwsFact>,
    /// Why it failed.
    pub error: Option<String>,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AwsPermission {
    /// The IAM action, such as `ec2:RunInstances`.
    pub action: String,
    /// `allowed`, `denied` or `cannot_be_asked`.
    pub verdict: String,
    /// AWS's words when it is denied, why it cannot be asked; else empty.
    pub reason: String,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AwsFact {
    /// `default_vpc`, `encryption`, `clock`, `quota_vcpus`, `quota_images`, `quota_snapshots`, `instance_profile`.
    pub name: String,
    /// `good`, `note` (deployments must take care of it) or `unknown`.
    pub bearing: String,
    /// The fact and what follows from it.
    pub text: String,
}

impl AwsCheck {
    /// The verdict in one line, without its age.
    pub fn verdict(&self) -> String {
        match self.state.as_str() {
            "asked" => "no worker has answered yet".to_owned(),
            "failed" => format!("failed: {}", self.error.as_deref().unwrap_or_default()),
            _ if self.denied == 0 => "nothing is denied".to_owned(),
            _ => {
                let denied = self
                    .permissions
                    .iter()
                    .filter(|one| one.verdict == "denied");
                let names: Vec<&str> = denied.map(|one| one.action.as_str()).collect();
                format!("denied: {}", names.join(", "))
            }
        }
    }
}
