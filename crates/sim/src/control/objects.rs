//! Orders that move one object or plan the next ones.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::account::key_of;
use super::{ControlError, done};
use crate::seeds;
use crate::sim::Sim;
use crate::ssm::Parameter;
use crate::state::instances::{Instance, Phase, Reason};
use crate::state::{ImagePlan, InstancePlan};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ImageWord {
    Available,
    Failed,
    Pending,
    Gone,
}

/// Body of `POST /_sim/images/{ami}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageOrder {
    state: ImageWord,
    reason: Option<String>,
}

const NO_REASON: &str = "failed on order of a test";

pub(super) fn move_image(sim: &Sim, id: &str, order: ImageOrder) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let mut world = sim.world();
    let missing = || ControlError::Missing(id.to_owned());
    let place = world.place_of_image(id).ok_or_else(missing)?;
    if matches!(order.state, ImageWord::Gone) {
        place.images.remove(id);
        place.tags.forget(id);
        return done();
    }
    let (ready_at, fails) = match order.state {
        ImageWord::Available => (now, None),
        ImageWord::Failed => (
            now,
            Some(order.reason.unwrap_or_else(|| NO_REASON.to_owned())),
        ),
        ImageWord::Pending | ImageWord::Gone => (Duration::MAX, None),
    };
    let image = place.images.get_mut(id).ok_or_else(missing)?;
    image.ready_at = ready_at;
    image.fails = fails.clone();
    image.visible_at = image.visible_at.min(now);
    for snapshot in image
        .devices
        .iter()
        .filter_map(|device| device.snapshot.as_ref())
    {
        if let Some(snapshot) = place.snapshots.get_mut(snapshot) {
            snapshot.ready_at = ready_at;
            snapshot.fails = fails.clone();
        }
    }
    done()
}

/// Body of `POST /_sim/next_image`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextImage {
    state: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    hold: bool,
    times: Option<usize>,
}

pub(super) fn plan_images(sim: &Sim, order: NextImage) -> Result<Value, ControlError> {
    let plan = match (order.state.as_deref(), order.hold) {
        (None, true) => ImagePlan::Hold,
        (Some("failed"), false) => {
            ImagePlan::Fail(order.reason.unwrap_or_else(|| NO_REASON.to_owned()))
        }
        _ => {
            let message = "either {\"state\": \"failed\"} or {\"hold\": true}";
            return Err(ControlError::Body(message.to_owned()));
        }
    };
    let plans = std::iter::repeat_n(plan, order.times.unwrap_or(1));
    sim.world().next_images.extend(plans);
    done()
}

/// Body of `POST /_sim/instances/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceOrder {
    state: Option<String>,
    serve: Option<String>,
    installed: Option<bool>,
    reason: Option<String>,
}

pub(super) fn move_instance(
    sim: &Sim,
    id: &str,
    order: InstanceOrder,
) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let mut world = sim.world();
    let missing = || ControlError::Missing(id.to_owned());
    let (instance, _) = world.instance(id).ok_or_else(missing)?;
    instance.settle(now);
    if let Some(word) = &order.state {
        let phase = read_phase(word)?;
        if instance.phase == Phase::Terminated && phase != Phase::Terminated {
            return Err(ControlError::Body(format!("`{id}` is terminated")));
        }
        force(instance, phase, now);
        let reason = Reason::of(order.reason.as_deref().unwrap_or("Server.InternalError"));
        if !matches!(phase, Phase::Running | Phase::Pending) {
            instance.transition = Some(reason.code.clone());
            instance.reason = Some(reason);
        }
    }
    if let Some(installed) = order.installed {
        instance.ready_at = if installed { now } else { Duration::MAX };
        instance.changed.tell();
    }
    if let Some(serve) = &order.serve {
        let wrong =
            |error: crate::state::serving::UnknownServe| ControlError::Body(error.to_string());
        let usual = serve == "auto";
        instance.serve = if usual {
            None
        } else {
            Some(serve.parse().map_err(wrong)?)
        };
        instance.changed.tell();
    }
    done()
}

fn force(instance: &mut Instance, phase: Phase, now: Duration) {
    let was_stuck = instance.running_at == Duration::MAX;
    instance.enter(phase, now);
    instance.visible_at = instance.visible_at.min(now);
    match phase {
        // It had no time to install by; it is ready as soon as it runs.
        Phase::Running if was_stuck => instance.ready_at = now,
        Phase::Pending => instance.next = None,
        Phase::Running
        | Phase::ShuttingDown
        | Phase::Terminated
        | Phase::Stopping
        | Phase::Stopped => {}
    }
}

fn read_phase(word: &str) -> Result<Phase, ControlError> {
    let phases = [
        Phase::Pending,
        Phase::Running,
        Phase::ShuttingDown,
        Phase::Terminated,
        Phase::Stopping,
        Phase::Stopped,
    ];
    let wrong = || ControlError::Body(format!("`{word}` is not an instance state"));
    phases
        .into_iter()
        .find(|phase| phase.name().0 == word)
        .ok_or_else(wrong)
}

/// Body of `POST /_sim/next_instance`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NextInstance {
    serve: Option<String>,
    /// Simulated seconds after which AWS takes it back, as it does with Spot instances.
    dies_after: Option<u64>,
    /// EC2 ends it by itself for this reason: `CODE` or `CODE: message`.
    ends: Option<String>,
    /// Simulated seconds after its launch; absent: during the launch.
    ends_after: Option<u64>,
    #[serde(default)]
    hold_install: bool,
    #[serde(default)]
    stuck: bool,
    #[serde(default)]
    spot: bool,
    times: Option<usize>,
}

pub(super) fn plan_instances(sim: &Sim, order: NextInstance) -> Result<Value, ControlError> {
    let serve = order.serve.as_deref().map(str::parse).transpose();
    let reclaimed = || Some(("Server.SpotInstanceTermination", Some(order.dies_after?)));
    let ends = order.ends.as_deref().map(|code| (code, order.ends_after));
    let ends = ends
        .or_else(reclaimed)
        .map(|(reason, after)| (after.map(Duration::from_secs), Reason::of(reason)));
    let plan = InstancePlan {
        serve: serve.map_err(|error: crate::state::serving::UnknownServe| {
            ControlError::Body(error.to_string())
        })?,
        ends,
        hold_install: order.hold_install,
        stuck: order.stuck,
        spot: order.spot,
    };
    let plans = std::iter::repeat_n(plan, order.times.unwrap_or(1));
    sim.world().next_instances.extend(plans);
    done()
}

/// Body of `POST /_sim/base_images`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaseOrder {
    parameter: String,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn release_base(sim: &Sim, order: BaseOrder) -> Result<Value, ControlError> {
    let now = sim.clock.now();
    let key = key_of(order.region, order.account);
    let mut world = sim.world();
    let place = world.place(&key);
    let missing = || ControlError::Missing(order.parameter.clone());
    let versions = place
        .parameters
        .get_mut(&order.parameter)
        .ok_or_else(missing)?;
    let version = versions.last().map_or(1, |last| last.version + 1);
    let (label, date) = (version.to_string(), sim.clock.stamp(now));
    let (image, moved) =
        seeds::release(&key.region, &order.parameter, &label, &date).ok_or_else(missing)?;
    for parameter in moved {
        let versions = place.parameters.entry(parameter).or_default();
        versions.push(Parameter {
            value: image.id.clone(),
            kind: "String".to_owned(),
            data_type: "aws:ec2:image".to_owned(),
            version: versions.last().map_or(1, |last| last.version + 1),
            modified: now,
        });
    }
    let answer = json!({"image_id": image.id, "name": image.name, "version": version});
    place.images.insert(image.id.clone(), image);
    Ok(answer)
}
