//! EC2's status checks of one instance.

use aws_sdk_ec2::types::{InstanceStatusSummary, SummaryStatus};

use super::super::AwsCloud;
use super::super::classify::Call;
use crate::error::CloudError;
use crate::facts::StatusChecks;

/// Asks for one instance. EC2 lists running instances only, so that one which is absent has not passed.
pub(in crate::aws) async fn checks(
    cloud: &AwsCloud,
    region: &str,
    id: &str,
) -> Result<StatusChecks, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeInstanceStatus",
        region,
    };
    let request = cloud.at(&call)?.ec2.describe_instance_status();
    let answer = cloud.asked(&call, request.instance_ids(id).send()).await?;
    Ok(answer.instance_statuses().first().map_or_else(
        || StatusChecks {
            passed: false,
            words: "EC2 does not list them yet".to_owned(),
        },
        |status| read(status.system_status(), status.instance_status()),
    ))
}

fn read(
    system: Option<&InstanceStatusSummary>,
    instance: Option<&InstanceStatusSummary>,
) -> StatusChecks {
    let word = |summary: Option<&InstanceStatusSummary>| {
        let status = summary.and_then(InstanceStatusSummary::status);
        status.map_or("unknown", SummaryStatus::as_str).to_owned()
    };
    let (system, instance) = (word(system), word(instance));
    StatusChecks {
        passed: system == "ok" && instance == "ok",
        words: format!("system {system}, instance {instance}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_must_be_ok() {
        let summary = |word: &str| {
            InstanceStatusSummary::builder()
                .status(SummaryStatus::from(word))
                .build()
        };
        let table = [
            (Some("ok"), Some("ok"), true),
            (Some("ok"), Some("initializing"), false),
            (Some("impaired"), Some("ok"), false),
            (Some("ok"), Some("insufficient-data"), false),
            (Some("not-applicable"), Some("ok"), false),
            (None, Some("ok"), false),
            (None, None, false),
        ];
        for (system, instance, passed) in table {
            let read = read(system.map(summary).as_ref(), instance.map(summary).as_ref());
            assert_eq!(read.passed, passed, "{}", read.words);
        }
    }
}
