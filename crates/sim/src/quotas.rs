//! Service Quotas: what an account may have at most, by service and code.

use serde_json::{Value, json};

use crate::iam;
use crate::sim::Call;
use crate::state::Place;
use crate::wire::call::{Answer, Content};
use crate::wire::errors::ApiError;

/// A quota as AWS names it, with the value accounts have at first.
#[derive(Clone, Copy, Debug)]
struct Quota {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    value: f64,
}

/// vCPUs of standard On-Demand instances.
const STANDARD_VCPUS: &str = "L-1216C47A";
/// vCPUs of On-Demand instances with a GPU of the G and VT families.
const GPU_VCPUS: &str = "L-DB2E81BA";
/// vCPUs of standard Spot instances.
const SPOT_VCPUS: &str = "L-34B43A08";
/// Images of an account in a region.
pub(crate) const IMAGES: &str = "L-B665C33B";
/// Snapshots of an account in a region.
pub(crate) const SNAPSHOTS: &str = "L-309BACF6";

const QUOTAS: &[Quota] = &[
    Quota {
        service: "ec2",
        code: STANDARD_VCPUS,
        name: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        value: 1152.0,
    },
    Quota {
        service: "ec2",
        code: GPU_VCPUS,
        name: "Running On-Demand G and VT instances",
        value: 768.0,
    },
    Quota {
        service: "ec2",
        code: SPOT_VCPUS,
        name: "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
        value: 1152.0,
    },
    Quota {
        service: "ec2",
        code: IMAGES,
        name: "AMIs",
        value: 50_000.0,
    },
    Quota {
        service: "ebs",
        code: SNAPSHOTS,
        name: "Snapshots per Region",
        value: 100_000.0,
    },
];

/// Performs an action of Service Quotas on the caller's place.
pub(crate) fn perform(call: &mut Call<'_>, action: &str, body: &Value) -> Answer {
    iam::check_quotas(call, action, body)?;
    let text = |name: &str| {
        let missing =
            || ApiError::client("IllegalArgumentException", format!("{name} is required"));
        body.get(name).and_then(Value::as_str).ok_or_else(missing)
    };
    match action {
        "GetServiceQuota" | "GetAWSDefaultServiceQuota" => {
            let (service, code) = (text("ServiceCode")?, text("QuotaCode")?);
            let quota = known(service, code)?;
            let value = if action == "GetServiceQuota" {
                value(call.place(), quota)
            } else {
                quota.value
            };
            Ok(Content::Json(json!({"Quota": shown(call, quota, value)})))
        }
        "ListServiceQuotas" => {
            let service = text("ServiceCode")?;
            if !QUOTAS.iter().any(|quota| quota.service == service) {
                return Err(missing());
            }
            let mut list = Vec::new();
            for quota in QUOTAS.iter().filter(|quota| quota.service == service) {
                let value = value(call.place(), quota);
                list.push(shown(call, quota, value));
            }
            Ok(Content::Json(json!({"Quotas": list})))
        }
        other => Err(ApiError::client(
            "UnknownOperationException",
            format!("no {other} here"),
        )),
    }
}

fn known(service: &str, code: &str) -> Result<&'static Quota, ApiError> {
    let mut all = QUOTAS.iter();
    all.find(|quota| quota.service == service && quota.code == code)
        .ok_or_else(missing)
}

fn missing() -> ApiError {
    let message = "The request failed because the specified service or quota does not exist.";
    ApiError::client("NoSuchResourceException", message)
}

/// What a quota is worth: as ordered here, as the launches are held to, or as at first.
fn value(place: &Place, quota: &Quota) -> f64 {
    // Whole numbers far below the point from which a float loses them.
    let held = match quota.code {
        STANDARD_VCPUS => place.quotas.vcpus.map(|most| most as f64),
        SPOT_VCPUS => place.quotas.spot_vcpus.map(|most| most as f64),
        GPU_VCPUS => place.quotas.gpu_vcpus.map(|most| most as f64),
        code => place.service_quotas.get(code).copied(),
    };
    held.unwrap_or(quota.value)
}

fn shown(call: &Call<'_>, quota: &Quota, value: f64) -> Value {
    let key = &call.key;
    let (service, code) = (quota.service, quota.code);
    json!({
        "ServiceCode": service,
        "ServiceName": if service == "ec2" {
            "Amazon Elastic Compute Cloud (Amazon EC2)"
        } else {
            "Amazon Elastic Block Store (Amazon EBS)"
        },
        "QuotaArn": format!("arn:aws:servicequotas:{}:{}:{service}/{code}", key.region, key.account),
        "QuotaCode": code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
    })
}

/// Sets a quota's value, and holds launches to it; `false` if there is none of this code.
pub(crate) fn set(place: &mut Place, code: &str, value: f64) -> bool {
    // A quota is a count: a fraction or a negative number is cut to one.
    let most = Some(value.max(0.0) as u64);
    match code {
        STANDARD_VCPUS => place.quotas.vcpus = most,
        SPOT_VCPUS => place.quotas.spot_vcpus = most,
        GPU_VCPUS => place.quotas.gpu_vcpus = most,
        code if QUOTAS.iter().any(|quota| quota.code == code) => {
            place.service_quotas.insert(code.to_owned(), value);
        }
        _ => return false,
    }
    true
}

/// Whether an account that has `have` may have one more.
pub(crate) fn room(place: &Place, code: &str, have: usize) -> bool {
    let quota = QUOTAS.iter().find(|quota| quota.code == code);
    quota.is_none_or(|quota| (have as f64) < value(place, quota))
}
