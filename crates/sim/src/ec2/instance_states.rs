//! TerminateInstances, StopInstances, StartInstances, RebootInstances.

use super::describe_instances::known;
use super::{done, instance_xml};
use crate::sim::Call;
use crate::state::instances::{Instance, Phase, Reason};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn terminate(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let span = call.sim.config.region_delays.terminate;
    let now = call.now;
    let told = told(call);
    change(call, |instance| {
        if instance.protected && instance.living() {
            let message = format!(
                "The instance '{}' may not be terminated. Modify its 'disableApiTermination' \
                 instance attribute and try again.",
                instance.id
            );
            return Err(ApiError::client("OperationNotPermitted", message));
        }
        // Repeating it is fine (EC2.md 27).
        if instance.living() {
            instance.reason = Some(Reason::of("Client.UserInitiatedShutdown"));
            instance.transition = Some(told.clone());
            instance.pass(Phase::ShuttingDown, Phase::Terminated, now, span);
        }
        Ok(())
    })
}

/// How `StateTransitionReason` names what a person did.
fn told(call: &Call<'_>) -> String {
    let stamp = call.stamp().replace('T', " ");
    format!("User initiated ({} GMT)", stamp.get(..19).unwrap_or(&stamp))
}

pub(super) fn stop(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let span = call.sim.config.region_delays.terminate;
    let now = call.now;
    let told = told(call);
    change(call, |instance| match instance.phase {
        Phase::Running | Phase::Pending => {
            if instance.spot_request.is_some() {
                let message = "You can't stop the Spot Instance because it is associated with \
                               a one-time Spot Instance request.";
                return Err(ApiError::client("UnsupportedOperation", message));
            }
            instance.reason = Some(Reason::of("Client.UserInitiatedShutdown"));
            instance.transition = Some(told.clone());
            instance.pass(Phase::Stopping, Phase::Stopped, now, span);
            Ok(())
        }
        Phase::Stopping | Phase::Stopped => Ok(()),
        Phase::ShuttingDown | Phase::Terminated => Err(incorrect(instance, "stopped")),
    })
}

pub(super) fn start(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let delays = &call.sim.config.region_delays;
    let (span, boot) = (delays.running, delays.reboot);
    let now = call.now;
    change(call, |instance| match instance.phase {
        Phase::Stopped => {
            instance.reason = None;
            instance.transition = None;
            instance.pass(Phase::Pending, Phase::Running, now, span);
            instance.proxy_back_at = now.saturating_add(span).saturating_add(boot / 2);
            instance.away_until = now.saturating_add(span).saturating_add(boot);
            Ok(())
        }
        Phase::Running | Phase::Pending => Ok(()),
        Phase::Stopping | Phase::ShuttingDown | Phase::Terminated => {
            Err(incorrect(instance, "started"))
        }
    })
}

pub(super) fn reboot(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let span = call.sim.config.region_delays.reboot;
    let now = call.now;
    change(call, |instance| {
        if instance.phase != Phase::Running {
            return Err(incorrect(instance, "rebooted"));
        }
        instance.reboot(now, span);
        Ok(())
    })?;
    Ok(done())
}

fn incorrect(instance: &Instance, verb: &str) -> ApiError {
    let (id, (state, _)) = (&instance.id, instance.phase.name());
    let message = format!(
        "The instance '{id}' is not in a state from which it can be {verb}: it is '{state}'."
    );
    ApiError::client("IncorrectInstanceState", message)
}

/// Applies `act` to all named instances or, if one id is wrong or one refuses, to none
/// (EC2.md 27); answers with old and new states.
fn change(
    call: &mut Call<'_>,
    mut act: impl FnMut(&mut Instance) -> Result<(), ApiError>,
) -> Result<Xml, ApiError> {
    let ids = call.params.list("InstanceId");
    if ids.is_empty() {
        return Err(ApiError::missing("InstanceId"));
    }
    known(call, &ids)?;
    let place = call.place();
    let mut changed = Vec::new();
    for id in &ids {
        let Some(instance) = place.instances.get(id) else {
            continue;
        };
        let mut after = instance.clone();
        act(&mut after)?;
        changed.push((instance.phase, after));
    }
    let mut xml = Xml::default();
    xml.items("instancesSet", &changed, |xml, (before, after)| {
        xml.text("instanceId", &after.id);
        instance_xml::state(xml, "currentState", after.phase);
        instance_xml::state(xml, "previousState", *before);
    });
    for (_, after) in changed {
        place.instances.insert(after.id.clone(), after);
    }
    call.effects.extend(ids);
    Ok(xml)
}
