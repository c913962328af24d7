//! SSM: parameters, and commands on instances.

mod commands;
mod documents;
mod parameters;

pub(crate) use commands::Command;
pub(crate) use parameters::Parameter;

use serde_json::Value;

use crate::iam;
use crate::sim::Call;
use crate::wire::call::{Answer, Content};
use crate::wire::errors::ApiError;

type Action = fn(&mut Call<'_>, &Value) -> Result<Value, ApiError>;

const ACTIONS: &[(&str, Action)] = &[
    (
        "DescribeInstanceInformation",
        commands::instance_information,
    ),
    ("GetCommandInvocation", commands::get_invocation),
    ("GetParameter", parameters::get),
    ("GetParametersByPath", parameters::by_path),
    ("PutParameter", parameters::put),
    ("SendCommand", commands::send),
];

/// Performs an SSM action on the caller's place.
pub(crate) fn perform(call: &mut Call<'_>, action: &str, body: &Value) -> Answer {
    match ACTIONS.iter().find(|(name, _)| *name == action) {
        Some((_, perform)) => {
            iam::check_ssm(call, action, body)?;
            perform(call, body).map(Content::Json)
        }
        None => Err(ApiError::client(
            "UnknownOperationException",
            format!("no {action} here"),
        )),
    }
}

/// A text member of a request that must be there.
fn need<'a>(body: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    let missing = || ApiError::client("ValidationException", format!("{name} is required"));
    body.get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(missing)
}
