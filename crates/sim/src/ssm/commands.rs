//! Commands: nothing is run, but the answer follows the install of the instance.

use std::time::Duration;

use serde_json::{Value, json};

use super::need;
use crate::sim::Call;
use crate::state::instances::{Instance, Phase};
use crate::wire::errors::ApiError;

/// A command sent to some instances.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) document: String,
    pub(crate) instances: Vec<String>,
    pub(crate) sent: Duration,
    /// It asked to wait for the end of the install, as `cloud-init status --wait` does.
    pub(crate) waits: bool,
}

/// Simulated time from `running` until the agent has registered.
const AGENT: Duration = Duration::from_secs(30);

/// Simulated time a command is in progress at least.
const SHORTEST: Duration = Duration::from_secs(1);

/// Whether the agent answers: up, booted and allowed to.
fn managed(instance: &Instance, now: Duration) -> bool {
    instance.phase == Phase::Running
        && instance.profile.is_some()
        && now >= instance.running_at.saturating_add(AGENT)
        && now >= instance.away_until
}

pub(super) fn send(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let document = need(body, "DocumentName")?.to_owned();
    let ids: Vec<String> = body
        .get("InstanceIds")
        .and_then(Value::as_array)
        .map(|ids| {
            ids.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    let now = call.now;
    let place = call.place();
    let reached = |id: &String| place.instances.get(id).is_some_and(|i| managed(i, now));
    if ids.is_empty() || !ids.iter().all(reached) {
        let message = format!("Instances {ids:?} not in a valid state for account");
        return Err(ApiError::client("InvalidInstanceId", message));
    }
    let lines = body
        .pointer("/Parameters/commands")
        .map(Value::to_string)
        .unwrap_or_default();
    let id = uuid::Uuid::new_v4().to_string();
    let waits = lines.contains("--wait");
    let command = Command {
        document,
        instances: ids,
        sent: now,
        waits,
    };
    let answer = json!({"Command": {
        "CommandId": id,
        "DocumentName": command.document,
        "InstanceIds": command.instances,
        "Status": "Pending",
        "StatusDetails": "Pending",
        "RequestedDateTime": call.sim.clock.seconds(now),
    }});
    call.place().commands.insert(id.clone(), command);
    call.effects.push(id);
    Ok(answer)
}

pub(super) fn get_invocation(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let (command_id, instance_id) = (need(body, "CommandId")?, need(body, "InstanceId")?);
    let now = call.now;
    let place = call.place();
    let unknown = || ApiError::client("InvocationDoesNotExist", "no such invocation");
    let command = place.commands.get(command_id).ok_or_else(unknown)?;
    if !command.instances.iter().any(|id| id == instance_id) {
        return Err(unknown());
    }
    let instance = place.instances.get(instance_id).ok_or_else(unknown)?;
    let outcome = outcome(command, instance, now);
    let (status, code, output) = match outcome {
        Outcome::Busy => ("InProgress", -1, ""),
        Outcome::Finished => ("Success", 0, "status: done\n"),
        Outcome::Installing => ("Failed", 1, "status: running\n"),
    };
    Ok(json!({
        "CommandId": command_id,
        "InstanceId": instance_id,
        "DocumentName": command.document,
        "Status": status,
        "StatusDetails": status,
        "ResponseCode": code,
        "StandardOutputContent": output,
        "StandardErrorContent": "",
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Busy,
    Finished,
    Installing,
}

fn outcome(command: &Command, instance: &Instance, now: Duration) -> Outcome {
    if now < command.sent.saturating_add(SHORTEST) {
        return Outcome::Busy;
    }
    let asked_at = if command.waits { now } else { command.sent };
    match (instance.installed(asked_at), command.waits) {
        (true, _) => Outcome::Finished,
        (false, true) => Outcome::Busy,
        (false, false) => Outcome::Installing,
    }
}

pub(super) fn instance_information(call: &mut Call<'_>, _: &Value) -> Result<Value, ApiError> {
    let now = call.now;
    let seconds = call.sim.clock.seconds(now);
    let place = call.place();
    let list: Vec<Value> = place
        .instances
        .values()
        .filter(|instance| managed(instance, now))
        .map(|instance| {
            json!({
                "InstanceId": instance.id,
                "PingStatus": "Online",
                "LastPingDateTime": seconds,
                "AgentVersion": "3.3.2299.0",
                "PlatformType": "Linux",
                "ResourceType": "EC2Instance",
                "IPAddress": instance.address.to_string(),
            })
        })
        .collect();
    Ok(json!({"InstanceInformationList": list}))
}
