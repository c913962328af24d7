//! Parameters, with versions; writes of image ids are checked afterwards (EC2.md 39).

use std::time::Duration;

use serde_json::{Value, json};

use super::need;
use crate::sim::Call;
use crate::state::images::ImageState;
use crate::wire::errors::ApiError;

/// One version of a parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) value: String,
    /// `String`, `StringList` or `SecureString`.
    pub(crate) kind: String,
    /// `text` or `aws:ec2:image`.
    pub(crate) data_type: String,
    pub(crate) version: u64,
    pub(crate) modified: Duration,
}

const IMAGE: &str = "aws:ec2:image";

pub(super) fn get(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let asked = need(body, "Name")?;
    let missing = || ApiError::client("ParameterNotFound", format!("{asked} not found"));
    let (name, version) = match asked.rsplit_once(':') {
        // Names hold no colon; ARNs are not simulated.
        Some((name, version)) => (name, Some(version.parse::<u64>().map_err(|_| missing())?)),
        None => (asked, None),
    };
    let versions = call
        .place()
        .parameters
        .get(name)
        .cloned()
        .ok_or_else(missing)?;
    let chosen = match version {
        None => versions.last().cloned(),
        Some(number) => versions.into_iter().find(|known| known.version == number),
    };
    let chosen = chosen.ok_or_else(|| {
        ApiError::client(
            "ParameterVersionNotFound",
            format!("{asked} has no such version"),
        )
    })?;
    Ok(json!({"Parameter": shown(call, name, &chosen)}))
}

fn shown(call: &Call<'_>, name: &str, parameter: &Parameter) -> Value {
    let (region, account) = (&call.key.region, &call.key.account);
    json!({
        "Name": name,
        "Type": parameter.kind,
        "Value": parameter.value,
        "Version": parameter.version,
        "LastModifiedDate": call.sim.clock.seconds(parameter.modified),
        "ARN": format!("arn:aws:ssm:{region}:{account}:parameter{name}"),
        "DataType": parameter.data_type,
    })
}

pub(super) fn by_path(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let path = need(body, "Path")?.trim_end_matches('/').to_owned();
    let recursive = body
        .get("Recursive")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let max = body
        .get("MaxResults")
        .and_then(Value::as_u64)
        .unwrap_or(10)
        .clamp(1, 10);
    let after = body
        .get("NextToken")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let place = call.place();
    let found: Vec<(String, Parameter)> = place
        .parameters
        .iter()
        .filter(|(name, _)| {
            let below = name
                .strip_prefix(&path)
                .and_then(|rest| rest.strip_prefix('/'));
            below.is_some_and(|rest| recursive || !rest.contains('/')) && **name > after
        })
        .filter_map(|(name, versions)| Some((name.clone(), versions.last()?.clone())))
        .collect();
    let count = usize::try_from(max).unwrap_or(10);
    let page = &found[..found.len().min(count)];
    let list: Vec<Value> = page.iter().map(|(name, p)| shown(call, name, p)).collect();
    let mut answer = json!({"Parameters": list});
    if let Some((last, _)) = page.last().filter(|_| found.len() > count) {
        answer["NextToken"] = json!(last);
    }
    Ok(answer)
}

pub(super) fn put(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let name = need(body, "Name")?.to_owned();
    let value = need(body, "Value")?.to_owned();
    if name.starts_with("/aws") || name.starts_with("/ssm") {
        let message = format!("No access to reserved parameter name: {name}.");
        return Err(ApiError::client("AccessDeniedException", message));
    }
    let overwrite = body
        .get("Overwrite")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    let now = call.now;
    let data_type = text("DataType").unwrap_or_else(|| "text".to_owned());
    let place = call.place();
    let last = place
        .parameters
        .get(&name)
        .and_then(|versions| versions.last())
        .cloned();
    if last.is_some() && !overwrite {
        let message = "The parameter already exists. To overwrite this value, set the \
                       overwrite option in the request to true.";
        return Err(ApiError::client("ParameterAlreadyExists", message));
    }
    let version = last.as_ref().map_or(1, |last| last.version + 1);
    let image = place.images.get(&value);
    let usable = image.is_some_and(|image| image.state(now) == ImageState::Available);
    let answer = json!({"Version": version, "Tier": "Standard"});
    if data_type == IMAGE && !usable {
        // The trap of EC2.md 39: success is answered, nothing is written.
        return Ok(answer);
    }
    let kind = text("Type")
        .or(last.map(|last| last.kind))
        .unwrap_or_else(|| "String".to_owned());
    let parameter = Parameter {
        value,
        kind,
        data_type,
        version,
        modified: now,
    };
    place
        .parameters
        .entry(name.clone())
        .or_default()
        .push(parameter);
    call.effects.push(name);
    Ok(answer)
}
