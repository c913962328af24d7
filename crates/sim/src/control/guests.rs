//! Orders about the inside of instances, and the record of the commands they were sent.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, done};
use crate::guest::{Agent, Answer, BadStep, Ended, GuestPlan};
use crate::sim::Sim;
use crate::ssm::Command;
use crate::state::Place;
use crate::state::instances::Instance;
use crate::wire::query::Params;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum BootWord {
    Running,
    Done,
    Error,
}

/// Body of `POST /_sim/guests/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuestOrder {
    cloud_init: Option<BootWord>,
    agent: Option<bool>,
    /// Simulated seconds.
    first_boot: Option<u64>,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
}

pub(super) fn change(sim: &Sim, id: &str, order: GuestOrder) -> Result<Value, ControlError> {
    check(&order.answers)?;
    let now = sim.clock.now();
    let mut world = sim.world();
    let missing = || ControlError::Missing(id.to_owned());
    let (instance, _) = world.instance(id).ok_or_else(missing)?;
    instance.settle(now);
    let guest = &mut instance.guest;
    if let Some(word) = order.cloud_init {
        guest.fails = word == BootWord::Error;
        guest.ended = match word {
            BootWord::Running => Ended::Never,
            BootWord::Done | BootWord::Error => Ended::At(now),
        };
    }
    if let Some(agent) = order.agent {
        guest.agent = if agent {
            Agent::Installed
        } else {
            Agent::Absent
        };
    }
    if let Some(seconds) = order.first_boot {
        guest.first_boot = Duration::from_secs(seconds);
    }
    guest.answers.splice(0..0, order.answers);
    guest.files.extend(order.files);
    instance.changed.tell();
    done()
}

fn check(answers: &[Answer]) -> Result<(), ControlError> {
    if answers.iter().all(Answer::is_for_one) {
        return Ok(());
    }
    let message = "an answer has either `command` or `contains`";
    Err(ControlError::Body(message.to_owned()))
}

pub(super) fn show(sim: &Sim, id: &str) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let mut world = sim.world();
    let missing = || ControlError::Missing(id.to_owned());
    let mut places = world.places.values_mut();
    let place = places.find(|place| place.instances.contains_key(id));
    let place = place.ok_or_else(missing)?;
    place.settle(now);
    let instance = place.instances.get(id).ok_or_else(missing)?;
    Ok(json!({
        "id": id,
        "cloud_init": instance.boot(now).word(),
        "agent": format!("{:?}", instance.guest.agent).to_lowercase(),
        "managed": instance.managed(now),
        "script_ends": script_ends(instance),
        "now": now.as_secs_f64(),
        "first_boot": instance.guest.first_boot.as_secs_f64(),
        "answers": instance.guest.answers,
        "files": instance.guest.files,
        "commands": records(sim, place, Some(id)),
    }))
}

/// When the script ends, in simulated seconds; null for one that never does.
fn script_ends(instance: &Instance) -> Option<f64> {
    let ends = instance.script_ends();
    (ends < Duration::MAX).then_some(ends.as_secs_f64())
}

/// Body of `POST /_sim/next_guest`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextGuest {
    agent: Option<bool>,
    /// Simulated seconds.
    first_boot: Option<u64>,
    /// Simulated seconds.
    install: Option<u64>,
    cloud_init: Option<BootWord>,
    step: Option<BadStep>,
    #[serde(default)]
    answers: Vec<Answer>,
    times: Option<usize>,
}

pub(super) fn plan(sim: &Sim, order: NextGuest) -> Result<Value, ControlError> {
    check(&order.answers)?;
    let fails = match order.cloud_init {
        None => false,
        Some(BootWord::Error) => true,
        Some(BootWord::Running | BootWord::Done) => {
            let message = "cloud_init of a next guest is `error`, or absent for the usual course";
            return Err(ControlError::Body(message.to_owned()));
        }
    };
    let plan = GuestPlan {
        agent: order.agent,
        first_boot: order.first_boot.map(Duration::from_secs),
        install: order.install.map(Duration::from_secs),
        fails,
        step: order.step,
        answers: order.answers,
    };
    let mut world = sim.world();
    match order.times.unwrap_or(1) {
        0 => world.usual_guest = Some(plan),
        times => world.next_guests.extend(std::iter::repeat_n(plan, times)),
    }
    done()
}

/// Body of `POST /_sim/agents`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentOrder {
    image: String,
    agent: bool,
}

pub(super) fn agents(sim: &Sim, order: AgentOrder) -> Result<Value, ControlError> {
    let mut world = sim.world();
    let missing = || ControlError::Missing(order.image.clone());
    // Base images are in every account's place under the same id.
    let mut found = false;
    for place in world.places.values_mut() {
        if place.images.contains_key(&order.image) {
            place.agents.insert(order.image.clone(), order.agent);
            found = true;
        }
    }
    if found { done() } else { Err(missing()) }
}

pub(super) fn commands(sim: &Sim, query: &Params) -> Value {
    let world = sim.world();
    let places = world.places.values();
    let all = places.flat_map(|place| records(sim, place, query.get("instance")));
    json!({"commands": all.collect::<Vec<_>>()})
}

/// The commands of a place in the order they were sent, or those to one instance.
fn records(sim: &Sim, place: &Place, instance: Option<&str>) -> Vec<Value> {
    let to = |command: &Command| {
        instance.is_none_or(|id| command.instances.iter().any(|instance| instance == id))
    };
    let mut sent: Vec<(&String, &Command)> = place
        .commands
        .iter()
        .filter(|(_, command)| to(command))
        .collect();
    sent.sort_by_key(|(_, command)| command.sent);
    let each = sent.into_iter().map(|(id, command)| {
        json!({
            "command_id": id,
            "instances": command.instances,
            "document": command.document,
            "command": command.script,
            "access_key": command.by,
            "account": place.key.account,
            "region": place.key.region,
            "sim_time": sim.clock.stamp(command.sent),
            "sim_seconds": command.sent.as_secs_f64(),
        })
    });
    each.collect()
}
