//! `GET /_sim/way`: where on loopback a port of an instance answers. An ordinary user cannot bind ports below 1024, so an
//! instance may listen on another port than its script says; the prober asks here first.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::ControlError;
use crate::sim::Sim;
use crate::state::instances::{Instance, Phase};
use crate::wire::query::Params;

/// Why nothing answers at an instance whose script does not say what it serves.
const NOTHING: &str = "in the simulated region this instance runs nothing, because its script has no line \
                       `# ingot-serves: {…}` and its image brought none along; Ingot writes the line into user data in \
                       which a comment can stand, and the region plays what it says";

pub(super) fn way(sim: &Sim, query: &Params) -> Result<Value, ControlError> {
    let wrong = |name: &str| ControlError::Body(format!("`{name}` is missing or wrong"));
    let address = query.get("address").and_then(|text| text.parse().ok());
    let address: IpAddr = address.ok_or_else(|| wrong("address"))?;
    let port = query.get("port").and_then(|text| text.parse().ok());
    let port: u16 = port.ok_or_else(|| wrong("port"))?;
    let now = sim.clock.now();
    let mut world = sim.world();
    let all = world.places.values_mut();
    let all = all.flat_map(|place| place.instances.values_mut());
    // An address is given away again; of those that had it the living one has it.
    let found = all
        .filter(|instance| instance.is_at(address))
        .max_by_key(|instance| (instance.phase != Phase::Terminated, instance.number));
    let Some(instance) = found else {
        return Ok(none("no instance of the simulated region has this address"));
    };
    instance.settle(now);
    if instance.phase != Phase::Running {
        return Ok(none("the instance does not run"));
    }
    let listens = instance.listens(port, now);
    Ok(match instance.ways.get(&port) {
        _ if instance.serves.is_empty() => none(NOTHING),
        None if !instance.serves.iter().any(|one| one.port == port) => none(&elsewhere(instance)),
        Some(at) if listens => json!({"connect": format!("{}:{at}", instance.address)}),
        // It boots, or is to refuse.
        _ => json!({"connect": null}),
    })
}

fn none(why: &str) -> Value {
    json!({"connect": null, "why": why})
}

fn elsewhere(instance: &Instance) -> String {
    let ports: BTreeSet<u16> = instance.serves.iter().map(|one| one.port).collect();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!(
        "in the simulated region it plays what `# ingot-serves: {{…}}` of its user data says: port {}",
        ports.join(", ")
    )
}
