//! What of an account deployments meet besides permissions: encryption by default, limits, and the clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use ingot_domain::check::{Answer, Bearing, Fact};

use super::super::AwsCloud;
use super::super::classify::Call;
use super::{answer, seconds};
use crate::error::CloudError;
use crate::facts::Identity;

/// A clock this far off is told; from 5 minutes on AWS refuses every call (IAM guide, *signing*).
const SKEW: Duration = Duration::from_secs(30);

/// Permissions asked for on the way, and what was found.
pub(super) type Found = (Vec<(&'static str, Answer)>, Vec<Fact>);

/// The limits that end deployments: service, its code of the quota (Service Quotas console), our name, and what it is.
const QUOTAS: [(&str, &str, &str, &str); 3] = [
    (
        "ec2",
        "L-1216C47A",
        "quota_vcpus",
        "vCPUs of running on-demand standard instances",
    ),
    ("ec2", "L-B665C33B", "quota_images", "AMIs"),
    ("ebs", "L-309BACF6", "quota_snapshots", "snapshots"),
];

fn fact(name: &str, bearing: Bearing, text: String) -> Fact {
    Fact {
        name: name.to_owned(),
        bearing,
        text,
    }
}

/// How far AWS's clock is ahead of ours, in seconds; nothing when it did not tell.
pub(super) type Ahead = Option<i64>;

/// Reads the time in AWS's answer.
#[derive(Debug, Default)]
struct Clock(Arc<Mutex<Ahead>>);

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "ingot-clock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let told = context.response().headers().get("date");
        let theirs = told.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let ours = components.time_source().map(|source| source.now());
        let ours = ours.and_then(|now| now.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let (Some(theirs), Some(ours)) = (theirs, ours) {
            let ours = i64::try_from(ours.as_secs()).unwrap_or(i64::MAX);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(theirs.secs() - ours);
        }
        Ok(())
    }
}

/// Who we are, and how far AWS's clock is ahead.
pub(super) async fn identity(cloud: &AwsCloud) -> Result<(Identity, Ahead), CloudError> {
    let call = Call {
        service: "sts",
        operation: "GetCallerIdentity",
        region: cloud.home_region(),
    };
    let ahead = Arc::new(Mutex::new(None));
    let request = cloud.clients.sts().get_caller_identity().customize();
    let request = request.interceptor(Clock(Arc::clone(&ahead)));
    let answer = cloud.asked(&call, request.send()).await?;
    let identity = Identity {
        account: answer.account.ok_or_else(|| call.hollow("an account"))?,
        arn: answer.arn.ok_or_else(|| call.hollow("an arn"))?,
    };
    let ahead = *ahead.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((identity, ahead))
}

/// What the difference of the clocks means.
pub(super) fn clock(ahead: Ahead) -> Fact {
    let Some(ahead) = ahead else {
        return fact(
            "clock",
            Bearing::Unknown,
            "AWS did not tell its time".to_owned(),
        );
    };
    let off = Duration::from_secs(ahead.unsigned_abs());
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    if off < SKEW {
        let text = format!("the worker's clock is within {} of AWS's", seconds(SKEW));
        return fact("clock", Bearing::Good, text);
    }
    let text = format!(
        "the worker's clock is {} {side} AWS's: set it right (NTP), from 5 minutes on AWS refuses every call",
        seconds(off)
    );
    fact("clock", Bearing::Note, text)
}

/// Whether every new volume is encrypted, and with whose key.
pub(super) async fn encryption(cloud: &AwsCloud, region: &str) -> Found {
    let by_default = by_default(cloud, region).await;
    let key = default_key(cloud, region).await;
    let found = match (&by_default, &key) {
        (Ok(on), Ok(key)) => {
            let managed = key.is_empty() || key.ends_with("alias/aws/ebs");
            let whose = if managed { "AWS's own key" } else { key };
            let text = match on {
                true => format!("every new volume is encrypted, with {whose}"),
                false => format!("new volumes are encrypted when a template asks, with {whose}"),
            };
            if managed {
                fact("encryption", Bearing::Good, text)
            } else {
                let text = format!(
                    "{text}: launches need that key as well, `ingot aws policy --kms` grants it"
                );
                fact("encryption", Bearing::Note, text)
            }
        }
        _ => fact(
            "encryption",
            Bearing::Unknown,
            "it could not be asked for".to_owned(),
        ),
    };
    let answers = vec![
        ("ec2:GetEbsEncryptionByDefault", answer(by_default, &[])),
        ("ec2:GetEbsDefaultKmsKeyId", answer(key, &[])),
    ];
    (answers, vec![found])
}

async fn by_default(cloud: &AwsCloud, region: &str) -> Result<bool, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "GetEbsEncryptionByDefault",
        region,
    };
    let request = cloud.at(&call)?.ec2.get_ebs_encryption_by_default();
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(answer.ebs_encryption_by_default.unwrap_or_default())
}

async fn default_key(cloud: &AwsCloud, region: &str) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "GetEbsDefaultKmsKeyId",
        region,
    };
    let request = cloud.at(&call)?.ec2.get_ebs_default_kms_key_id();
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(answer.kms_key_id.unwrap_or_default())
}

/// The limits that matter.
pub(super) async fn quotas(cloud: &AwsCloud, region: &str) -> Found {
    let mut found = (Vec::new(), Vec::new());
    for (service, code, name, what) in QUOTAS {
        let asked = quota(cloud, region, service, code).await;
        let said = match &asked {
            Ok(Some(value)) => fact(name, Bearing::Good, format!("{value:.0} {what}")),
            Ok(None) => fact(name, Bearing::Unknown, format!("{what}: no limit is told")),
            Err(error) if error.is_refusal() => {
                let text = format!("{what}: servicequotas:GetServiceQuota is not allowed");
                fact(name, Bearing::Unknown, text)
            }
            Err(error) => fact(name, Bearing::Unknown, format!("{what}: {}", error.code)),
        };
        found.1.push(said);
        // Some accounts have never looked at a quota, and are told that it does not exist.
        let known = ["NoSuchResourceException"];
        found
            .0
            .push(("servicequotas:GetServiceQuota", answer(asked, &known)));
    }
    found
}

async fn quota(
    cloud: &AwsCloud,
    region: &str,
    service: &str,
    code: &str,
) -> Result<Option<f64>, CloudError> {
    let call = Call {
        service: "servicequotas",
        operation: "GetServiceQuota",
        region,
    };
    let request = cloud
        .at(&call)?
        .quotas
        .get_service_quota()
        .service_code(service)
        .quota_code(code);
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(answer.quota.and_then(|quota| quota.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_side() {
        let table = [
            (None, Bearing::Unknown, "did not tell"),
            (Some(3), Bearing::Good, "within 30 s"),
            (Some(-29), Bearing::Good, "within 30 s"),
            (Some(90), Bearing::Note, "90 s behind"),
            (Some(-400), Bearing::Note, "400 s ahead of"),
        ];
        for (ahead, bearing, part) in table {
            let said = clock(ahead);
            assert_eq!(said.bearing, bearing, "{ahead:?}");
            assert!(said.text.contains(part), "{said:?}");
        }
    }
}
