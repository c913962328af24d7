//! Commands: what the inside of an instance answers, once its agent hears of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::documents;
use super::need;
use crate::guest::{Machine, Outcome, run};
use crate::sim::Call;
use crate::state::Place;
use crate::state::images::Platform;
use crate::wire::errors::ApiError;

/// A command sent to some instances.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) document: String,
    pub(crate) instances: Vec<String>,
    /// What it runs, line by line.
    pub(crate) script: String,
    /// The access key that sent it.
    pub(crate) by: String,
    pub(crate) sent: Duration,
    /// How long it may run.
    longest: Duration,
    /// How it ended, by instance.
    ended: BTreeMap<String, End>,
}

impl Command {
    /// Whether it ended with 0 on an instance.
    pub(crate) fn went_well(&self, instance: &str) -> bool {
        let end = self.ended.get(instance);
        matches!(end, Some(End::Exited(outcome)) if outcome.code == 0)
    }
}

/// How a command ended on an instance.
#[derive(Clone, Debug)]
enum End {
    Exited(Outcome),
    /// It ran longer than its `executionTimeout`.
    TimedOut,
    /// Its machine went away meanwhile.
    Lost,
}

/// Simulated time a command is in progress at least.
const SHORTEST: Duration = Duration::from_secs(1);

/// Instances one command is sent to at most.
const MOST: usize = 50;

/// Characters of the two outputs SSM keeps, by its API reference.
const LONGEST_OUT: usize = 24_000;
const LONGEST_ERR: usize = 8_000;

pub(super) fn send(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let asked = documents::read(body)?;
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
    if ids.len() > MOST {
        let message = format!("InstanceIds holds at most {MOST} ids");
        return Err(ApiError::client("ValidationException", message));
    }
    let now = call.now;
    let by = call.caller.access_key.clone();
    let place = call.place();
    let reached = |id: &String| place.instances.get(id).is_some_and(|i| i.managed(now));
    if ids.is_empty() || !ids.iter().all(reached) {
        let message = format!("Instances {ids:?} not in a valid state for account");
        return Err(ApiError::client("InvalidInstanceId", message));
    }
    let shell = asked.document == "AWS-RunShellScript";
    let windows = |id: &String| {
        let instance = place.instances.get(id);
        instance.is_some_and(|instance| instance.platform == Platform::Windows)
    };
    if shell && ids.iter().any(windows) {
        let message = "The document does not support the platform type of the instances";
        return Err(ApiError::client("UnsupportedPlatformType", message));
    }
    let id = uuid::Uuid::new_v4().to_string();
    let mut command = Command {
        document: asked.document,
        instances: ids,
        script: asked.script,
        by,
        sent: now,
        longest: asked.longest,
        ended: BTreeMap::new(),
    };
    // What does not wait is over at once: later changes of the machine do not change the answer.
    for instance in command.instances.clone() {
        if let Some(outcome) = hear(place, &instance, &command, now) {
            command.ended.insert(instance, End::Exited(outcome));
        }
    }
    let answer = json!({"Command": {
        "CommandId": id,
        "DocumentName": command.document,
        "InstanceIds": command.instances,
        "TimeoutSeconds": asked.delivery,
        "Status": "Pending",
        "StatusDetails": "Pending",
        "RequestedDateTime": call.sim.clock.seconds(now),
    }});
    call.place().commands.insert(id.clone(), command);
    call.effects.push(id);
    Ok(answer)
}

fn hear(place: &Place, instance: &str, command: &Command, now: Duration) -> Option<Outcome> {
    let instance = place.instances.get(instance)?;
    let machine = Machine {
        place,
        instance,
        now,
        since: command.sent,
    };
    run(&machine, &command.script)
}

pub(super) fn get_invocation(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let (command_id, instance_id) = (need(body, "CommandId")?, need(body, "InstanceId")?);
    let now = call.now;
    let place = call.place();
    let unknown = || ApiError::client("InvocationDoesNotExist", "no such invocation");
    let mut command = place
        .commands
        .get(command_id)
        .cloned()
        .ok_or_else(unknown)?;
    if !command.instances.iter().any(|id| id == instance_id) {
        return Err(unknown());
    }
    if !command.ended.contains_key(instance_id)
        && let Some(end) = look_again(place, &command, instance_id, now)
    {
        command.ended.insert(instance_id.to_owned(), end);
        place
            .commands
            .insert(command_id.to_owned(), command.clone());
    }
    let end = command
        .ended
        .get(instance_id)
        .filter(|_| now >= command.sent.saturating_add(SHORTEST));
    let mut answer = json!({
        "CommandId": command_id,
        "InstanceId": instance_id,
        "DocumentName": command.document,
        "StandardOutputContent": "",
        "StandardErrorContent": "",
    });
    let (status, details, code) = match end {
        None => ("InProgress", "InProgress", -1),
        Some(End::TimedOut) => ("TimedOut", "ExecutionTimedOut", -1),
        Some(End::Lost) => ("Failed", "Terminated", -1),
        Some(End::Exited(outcome)) => {
            let (out, err) = printed(outcome);
            answer["StandardOutputContent"] = json!(out);
            answer["StandardErrorContent"] = json!(err);
            let word = if outcome.code == 0 {
                "Success"
            } else {
                "Failed"
            };
            (word, word, outcome.code)
        }
    };
    answer["Status"] = json!(status);
    answer["StatusDetails"] = json!(details);
    answer["ResponseCode"] = json!(code);
    Ok(answer)
}

/// A command that waited: whether it is over now.
fn look_again(place: &Place, command: &Command, id: &str, now: Duration) -> Option<End> {
    let until = command.sent.saturating_add(command.longest);
    if !place
        .instances
        .get(id)
        .is_some_and(|instance| instance.living())
    {
        return Some(End::Lost);
    }
    // It may have been over in time though only now is it asked for.
    match hear(place, id, command, now.min(until)) {
        Some(outcome) => Some(End::Exited(outcome)),
        None => (now >= until).then_some(End::TimedOut),
    }
}

/// Both outputs as SSM keeps them; the agent adds a line about a failure.
fn printed(outcome: &Outcome) -> (String, String) {
    let mut errors = outcome.stderr.clone();
    if outcome.code != 0 {
        errors.push_str(&format!(
            "failed to run commands: exit status {}",
            outcome.code
        ));
    }
    let cut = |text: &str, most| text.chars().take(most).collect::<String>();
    (cut(&outcome.stdout, LONGEST_OUT), cut(&errors, LONGEST_ERR))
}

pub(super) fn instance_information(call: &mut Call<'_>, body: &Value) -> Result<Value, ApiError> {
    let now = call.now;
    let seconds = call.sim.clock.seconds(now);
    let wanted = documents::instance_filter(body)?;
    let place = call.place();
    let list: Vec<Value> = place
        .instances
        .values()
        .filter(|instance| instance.registered(now) && instance.living())
        .filter(|instance| wanted.is_empty() || wanted.contains(&instance.id))
        .map(|instance| {
            let ping = if instance.managed(now) {
                "Online"
            } else {
                "ConnectionLost"
            };
            json!({
                "InstanceId": instance.id,
                "PingStatus": ping,
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
