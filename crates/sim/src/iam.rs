//! What callers may do: a policy document per access key, evaluated before every call.
//!
//! A caller without a policy may do everything, so that only tests of permissions need one.
//! What the evaluation does not know (`NotAction`, other operators and keys) is refused when
//! the document is ordered: a statement that is silently ignored would allow or deny the wrong call.

mod asks;
mod document;
mod evaluate;
mod order;
mod refusal;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::sim::Call;
use crate::wire::call::Service;
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use asks::Ask;
use document::Policy;
use evaluate::Verdict;

pub(crate) use order::{IamOrder, apply};
pub(crate) use refusal::decode;

/// The policies of callers, and which role each instance profile holds.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    /// By access key, or by the ARN of a role for all its sessions; `*` is every caller without
    /// a policy of its own.
    policies: HashMap<String, Arc<Policy>>,
    /// Role by instance profile; a profile that is not here holds the role of its own name.
    roles: BTreeMap<String, String>,
}

/// Who makes a call, and what it may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) arn: String,
    policy: Option<Arc<Policy>>,
    roles: BTreeMap<String, String>,
}

impl Iam {
    /// The caller behind an access key.
    pub(crate) fn caller(&self, access_key: &str, arn: String) -> Caller {
        let own = self.policies.get(access_key);
        let of_role = || self.policies.get(&role_of_session(&arn)?);
        let policy = own.or_else(of_role).or_else(|| self.policies.get("*"));
        let policy = policy.cloned();
        // Only the evaluation reads the roles.
        let roles = policy.as_ref().map(|_| self.roles.clone());
        Caller {
            access_key: access_key.to_owned(),
            arn,
            policy,
            roles: roles.unwrap_or_default(),
        }
    }
}

/// The role's ARN behind `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
fn role_of_session(arn: &str) -> Option<String> {
    let (account, session) = arn
        .strip_prefix("arn:aws:sts::")?
        .split_once(":assumed-role/")?;
    let (role, _) = session.split_once('/')?;
    Some(format!("arn:aws:iam::{account}:role/{role}"))
}

impl Caller {
    /// Whether the policy allows an action on a resource; for what EC2 does on the caller's behalf.
    pub(crate) fn may(&self, ask: &Ask) -> bool {
        let verdict = self.policy.as_ref().map(|policy| policy.decide(ask));
        verdict.is_none_or(|verdict| verdict == Verdict::Allowed)
    }

    fn check(&self, service: Service, asks: &[Ask]) -> Result<(), ApiError> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        for ask in asks {
            match policy.decide(ask) {
                Verdict::Allowed => {}
                verdict => return Err(refusal::refusal(service, &self.arn, ask, verdict)),
            }
        }
        Ok(())
    }
}

/// Refuses an EC2 call its caller's policy does not allow.
pub(crate) fn check_ec2(call: &mut Call<'_>, action: &str) -> Result<(), ApiError> {
    if call.caller.policy.is_none() {
        return Ok(());
    }
    let (caller, params) = (call.caller.clone(), call.params);
    let asks = asks::ec2(call.place(), &caller.roles, action, params);
    caller.check(Service::Ec2, &asks)
}

/// Refuses an SSM call its caller's policy does not allow.
pub(crate) fn check_ssm(call: &mut Call<'_>, action: &str, body: &Value) -> Result<(), ApiError> {
    if call.caller.policy.is_none() {
        return Ok(());
    }
    let caller = call.caller.clone();
    let asks = asks::ssm(call.place(), action, body);
    caller.check(Service::Ssm, &asks)
}

/// Refuses a call of Service Quotas its caller's policy does not allow.
pub(crate) fn check_quotas(call: &Call<'_>, action: &str, body: &Value) -> Result<(), ApiError> {
    let asks = asks::quotas(&call.key, action, body);
    call.caller.check(Service::Quotas, &asks)
}

/// Refuses an STS call its caller's policy does not allow. Who one is may be asked always.
pub(crate) fn check_sts(
    caller: &Caller,
    region: &str,
    action: &str,
    params: &Params,
) -> Result<(), ApiError> {
    if action == "GetCallerIdentity" {
        return Ok(());
    }
    caller.check(Service::Sts, &asks::sts(region, action, params))
}

/// What EC2 asks of a key's user when it encrypts a volume or reads an encrypted one (EBS user
/// guide, "Requirements for Amazon EBS encryption").
pub(crate) fn key_asks(region: &str, key_arn: &str) -> Vec<Ask> {
    let actions = [
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ];
    let ask = |action| {
        let ask = Ask::new(region, action, key_arn.to_owned());
        if action == "kms:CreateGrant" {
            ask.with("kms:GrantIsForAWSResource", "true")
        } else {
            ask
        }
    };
    actions.into_iter().map(ask).collect()
}

/// Status and code of a call that is not allowed, as each service has them.
pub(crate) fn denied_code(service: Service) -> (u16, &'static str) {
    match service {
        Service::Ec2 => (403, "UnauthorizedOperation"),
        Service::Sts => (403, "AccessDenied"),
        Service::Ssm | Service::Quotas | Service::Other => (400, "AccessDeniedException"),
    }
}
