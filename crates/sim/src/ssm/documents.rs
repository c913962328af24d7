//! What SendCommand takes: documents, their parameters, the two timeouts.

use std::time::Duration;

use serde_json::Value;

use super::need;
use crate::wire::errors::ApiError;

/// A command as asked for, checked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) document: String,
    pub(super) script: String,
    /// How long it may run (`executionTimeout`).
    pub(super) longest: Duration,
    /// Seconds within which it must be delivered.
    pub(super) delivery: u64,
}

/// Documents of AWS, with the parameters they take. The first is required where there is one.
const DOCUMENTS: &[(&str, &[&str])] = &[
    (
        "AWS-RunShellScript",
        &["commands", "workingDirectory", "executionTimeout"],
    ),
    (
        "AWS-RunPowerShellScript",
        &["commands", "workingDirectory", "executionTimeout"],
    ),
    (
        "AWS-RunRemoteScript",
        &[
            "sourceType",
            "sourceInfo",
            "commandLine",
            "workingDirectory",
            "executionTimeout",
        ],
    ),
    (
        "AWS-ConfigureAWSPackage",
        &[
            "action",
            "installationType",
            "name",
            "version",
            "additionalArguments",
        ],
    ),
    (
        "AWS-RunPatchBaseline",
        &[
            "Operation",
            "SnapshotId",
            "InstallOverrideList",
            "RebootOption",
        ],
    ),
    ("AWS-UpdateSSMAgent", &["", "version", "allowDowngrade"]),
];

/// Seconds: the API's bounds of `TimeoutSeconds`, and what it is without one.
const DELIVERY: (u64, u64) = (30, 2_592_000);
const USUAL_DELIVERY: u64 = 3600;

/// Seconds: the documents' bounds of `executionTimeout`, and what it is without one.
const EXECUTION: (u64, u64) = (1, 172_800);
const USUAL_EXECUTION: u64 = 3600;

/// Checks a request as SSM does.
pub(super) fn read(body: &Value) -> Result<Asked, ApiError> {
    let name = need(body, "DocumentName")?;
    let delivery = delivery(body)?;
    let found = DOCUMENTS.iter().find(|(known, _)| *known == name);
    let Some((_, known)) = found else {
        let message = format!("Document with name {name} does not exist.");
        return Err(ApiError::client("InvalidDocument", message));
    };
    let none = serde_json::Map::new();
    let parameters = match body.get("Parameters") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Err(invalid("Parameters must be a map of lists".to_owned())),
    };
    if let Some(other) = parameters.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(invalid(format!("{other} is not a parameter of {name}")));
    }
    let texts = |key: &str| -> Result<Vec<String>, ApiError> {
        let Some(value) = parameters.get(key) else {
            return Ok(Vec::new());
        };
        let list = value.as_array().cloned().unwrap_or_default();
        let texts: Option<Vec<String>> = list
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect();
        texts
            .filter(|texts| !texts.is_empty())
            .ok_or_else(|| invalid(format!("{key} must be a list of texts")))
    };
    let required = known.first().copied().unwrap_or_default();
    let first = texts(required)?;
    if !required.is_empty() && first.is_empty() {
        return Err(invalid(format!("{required} is required by {name}")));
    }
    let longest = match texts("executionTimeout")?.first() {
        None => USUAL_EXECUTION,
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| (EXECUTION.0..=EXECUTION.1).contains(seconds))
            .ok_or_else(|| {
                let (least, most) = EXECUTION;
                invalid(format!(
                    "executionTimeout `{text}` is not {least} to {most} seconds"
                ))
            })?,
    };
    Ok(Asked {
        document: name.to_owned(),
        script: first.join("\n"),
        longest: Duration::from_secs(longest),
        delivery,
    })
}

fn delivery(body: &Value) -> Result<u64, ApiError> {
    let Some(value) = body.get("TimeoutSeconds").filter(|value| !value.is_null()) else {
        return Ok(USUAL_DELIVERY);
    };
    let (least, most) = DELIVERY;
    let bound = match value.as_u64() {
        Some(seconds) if seconds < least => format!("greater than or equal to {least}"),
        Some(seconds) if seconds > most => format!("less than or equal to {most}"),
        Some(seconds) => return Ok(seconds),
        None => "a number".to_owned(),
    };
    let message = format!(
        "1 validation error detected: Value '{value}' at 'timeoutSeconds' failed to satisfy \
         constraint: Member must have value {bound}"
    );
    Err(ApiError::client("ValidationException", message))
}

fn invalid(message: String) -> ApiError {
    ApiError::client("InvalidParameters", message)
}

/// The instance ids DescribeInstanceInformation is asked for; empty for all.
pub(super) fn instance_filter(body: &Value) -> Result<Vec<String>, ApiError> {
    let mut ids = Vec::new();
    let forms = [
        ("Filters", "Key", "Values"),
        ("InstanceInformationFilterList", "key", "valueSet"),
    ];
    for (list, key, values) in forms {
        for filter in body
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if filter.get(key).and_then(Value::as_str) != Some("InstanceIds") {
                let message = format!("The filter {filter} is not simulated");
                return Err(ApiError::client(
                    "InvalidInstanceInformationFilterValue",
                    message,
                ));
            }
            let values = filter.get(values).and_then(Value::as_array);
            ids.extend(
                values
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requests_are_checked_as_ssm_does() {
        let shell = |more: Value| {
            let mut body = json!({"DocumentName": "AWS-RunShellScript",
                                  "Parameters": {"commands": ["a", "b"]}});
            for (name, value) in more.as_object().expect("an object") {
                body[name] = value.clone();
            }
            body
        };
        let parameters = |value: Value| shell(json!({"Parameters": value}));
        let table = [
            (shell(json!({})), None),
            (shell(json!({"TimeoutSeconds": 30})), None),
            (
                shell(json!({"TimeoutSeconds": 29})),
                Some("ValidationException"),
            ),
            (
                shell(json!({"TimeoutSeconds": 2_592_001})),
                Some("ValidationException"),
            ),
            (
                shell(json!({"TimeoutSeconds": "x"})),
                Some("ValidationException"),
            ),
            (
                shell(json!({"DocumentName": "AWS-Nope"})),
                Some("InvalidDocument"),
            ),
            (
                shell(json!({"DocumentName": ""})),
                Some("ValidationException"),
            ),
            (json!({"DocumentName": "AWS-UpdateSSMAgent"}), None),
            (parameters(json!({})), Some("InvalidParameters")),
            (
                parameters(json!({"commands": []})),
                Some("InvalidParameters"),
            ),
            (
                parameters(json!({"commands": "a"})),
                Some("InvalidParameters"),
            ),
            (
                parameters(json!({"commands": ["a"], "cwd": ["/"]})),
                Some("InvalidParameters"),
            ),
            (
                parameters(json!({"commands": ["a"], "executionTimeout": ["60"]})),
                None,
            ),
            (
                parameters(json!({"commands": ["a"], "executionTimeout": ["0"]})),
                Some("InvalidParameters"),
            ),
            (
                parameters(json!({"commands": ["a"], "executionTimeout": ["long"]})),
                Some("InvalidParameters"),
            ),
        ];
        for (body, want) in table {
            let code = read(&body).err().map(|error| error.code);
            assert_eq!(code.as_deref(), want, "{body}");
        }
        let asked = read(&shell(json!({}))).expect("taken");
        assert_eq!((asked.script.as_str(), asked.delivery), ("a\nb", 3600));
    }
}
