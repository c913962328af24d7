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
    /// Try a launch as well: one `t3.micro`, ended within 5 minutes. It settles what no dry run can: SSM, the instance profile
    /// and its role, the key of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<NewTrial>,
}

/// What a trial launch is to try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrial {
    /// The template whose instance profile and key are tried; without it and without a profile, the first template of the
    /// region that names a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The instance profile; the template's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// The KMS key of the volume; the template's when absent, and the account's default without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// The subnet; EC2's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
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
    /// The last trial launch of the account and region: this check's own, or that of one before.
    pub trial: Option<AwsTrial>,
    /// Why it failed.
    pub error: Option<String>,
}

/// A trial launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AwsTrial {
    /// It was launched, and no call was denied.
    pub passed: bool,
    /// Such as `t3.micro`.
    pub instance_type: String,
    /// The instance profile that was tried.
    pub instance_profile: Option<String>,
    /// The KMS key that was tried.
    pub kms_key_id: Option<String>,
    /// The subnet it was tried in, when one was named.
    pub subnet_id: Option<String>,
    /// `i-…`, once there was one.
    pub instance_id: Option<String>,
    /// When its launch began.
    pub launched_at: Option<DateTime<Utc>>,
    /// When its end was asked for, or was seen.
    pub ended_at: Option<DateTime<Utc>>,
    /// A verdict for each call, in the order in which they were made.
    pub calls: Vec<AwsPermission>,
    /// Why it did not go through.
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
            _ if self.denied == 0 => match self.trial.as_ref().filter(|trial| !trial.passed) {
                None => "nothing is denied".to_owned(),
                Some(trial) => {
                    let why = trial.error.as_deref().unwrap_or("a call was denied");
                    format!("nothing else is denied, and the trial launch failed: {why}")
                }
            },
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
