//! What IAM is asked for calls of SSM, STS and Service Quotas.

use serde_json::Value;

use super::Ask;
use crate::state::{Place, PlaceKey};
use crate::wire::query::Params;

/// Parameters and documents of AWS itself have no account in their ARN.
const AWS_PARAMETERS: &str = "/aws/service/";

pub(in crate::iam) fn ssm(place: &Place, action: &str, body: &Value) -> Vec<Ask> {
    let (region, account) = (&place.key.region, &place.key.account);
    let full = format!("ssm:{action}");
    let ask = |resource: String| Ask::new(region, &full, resource);
    let text = |member: &str| body.get(member).and_then(Value::as_str);
    let parameter = |name: &str| {
        let owner = if name.starts_with(AWS_PARAMETERS) {
            ""
        } else {
            account
        };
        let name = name.split(':').next().unwrap_or(name);
        let slash = if name.starts_with('/') { "" } else { "/" };
        ask(format!(
            "arn:aws:ssm:{region}:{owner}:parameter{slash}{name}"
        ))
    };
    match action {
        "GetParameter" | "PutParameter" | "DeleteParameter" => {
            vec![parameter(text("Name").unwrap_or("*"))]
        }
        "GetParametersByPath" => vec![parameter(text("Path").unwrap_or("*"))],
        "SendCommand" => {
            let name = text("DocumentName").unwrap_or("*");
            let owner = if name.starts_with("AWS-") {
                ""
            } else {
                account
            };
            let mut asks = vec![ask(format!("arn:aws:ssm:{region}:{owner}:document/{name}"))];
            let ids = body.get("InstanceIds").and_then(Value::as_array);
            for id in ids.into_iter().flatten().filter_map(Value::as_str) {
                let tags = place.tags.of(id);
                let on = ask(format!("arn:aws:ec2:{region}:{account}:instance/{id}"));
                asks.push(on.of_tagged(tags).with_tags("ssm:resourceTag", tags));
            }
            asks
        }
        _ => vec![ask(format!("arn:aws:ssm:{region}:{account}:*"))],
    }
}

pub(in crate::iam) fn sts(region: &str, action: &str, params: &Params) -> Vec<Ask> {
    let resource = params.get("RoleArn").unwrap_or("*").to_owned();
    vec![Ask::new(region, &format!("sts:{action}"), resource)]
}

pub(in crate::iam) fn quotas(place: &PlaceKey, action: &str, body: &Value) -> Vec<Ask> {
    let text = |member: &str| body.get(member).and_then(Value::as_str);
    let resource = match (text("ServiceCode"), text("QuotaCode")) {
        (Some(service), Some(code)) => format!(
            "arn:aws:servicequotas:{}:{}:{service}/{code}",
            place.region, place.account
        ),
        _ => "*".to_owned(),
    };
    let action = format!("servicequotas:{action}");
    vec![Ask::new(&place.region, &action, resource)]
}
