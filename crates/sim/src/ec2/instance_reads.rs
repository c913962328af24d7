//! DescribeInstanceStatus, GetConsoleOutput.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::console;
use super::describe_instances::known;
use super::instance_xml;
use crate::filters::Filters;
use crate::instance_types;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::instances::{Instance, Phase};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn status(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("InstanceId");
    known(call, &ids)?;
    let filters = Filters::read(params, &["instance-state-name"])?;
    let page = Page::read(params, 5)?;
    let all = params.flag("IncludeAllInstances");
    let now = call.now;
    let place = call.place();
    let chosen = place.instances.values().filter(|instance| {
        instance.visible(now)
            && (all || instance.phase == Phase::Running)
            && (ids.is_empty() || ids.contains(&instance.id))
            && filters.pass(|_| vec![instance.phase.name().0.to_owned()])
    });
    let (cut, next) = page.cut(chosen.collect(), |i: &&Instance| i.id.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("instanceStatusSet", cut, |xml, instance| {
        xml.text("instanceId", &instance.id);
        xml.text("availabilityZone", &instance.zone);
        instance_xml::state(xml, "instanceState", instance.phase);
        let healthy = now >= instance.running_at.saturating_add(CHECKS);
        let status = if healthy { "ok" } else { "initializing" };
        for check in ["systemStatus", "instanceStatus"] {
            xml.el(check, |xml| xml.text("status", status));
        }
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

/// Simulated time until both status checks of a running machine have passed.
const CHECKS: std::time::Duration = std::time::Duration::from_secs(60);

/// Bytes of a console that EC2 keeps.
const KEPT: usize = 64 * 1024;

/// Simulated time from `running` until EC2 keeps what the console has by then.
const POSTED: std::time::Duration = std::time::Duration::from_secs(60);

/// GetConsoleOutput: the log so far with `Latest`, for Nitro instances only; else as it was after the boot, or when the machine
/// ended.
pub(super) fn console_output(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("InstanceId")?.to_owned();
    known(call, std::slice::from_ref(&id))?;
    let (now, stamp) = (call.now, call.stamp());
    let latest = call.params.flag("Latest");
    let instance = call.place().instances.get(&id);
    if latest && instance.is_some_and(|instance| !instance_types::nitro(&instance.kind)) {
        let message = "This instance type does not support retrieving the latest console logs.";
        return Err(ApiError::client("UnsupportedOperation", message));
    }
    let mut xml = Xml::default();
    xml.text("instanceId", &id);
    xml.text("timestamp", stamp);
    let text = instance
        .map(|instance| {
            let posted = instance.running_at.saturating_add(POSTED);
            let runs = matches!(instance.phase, Phase::Pending | Phase::Running);
            console::log(
                instance,
                if latest || !runs {
                    now
                } else {
                    now.min(posted)
                },
            )
        })
        .unwrap_or_default();
    let kept = &text.as_bytes()[text.len().saturating_sub(KEPT)..];
    xml.text("output", STANDARD.encode(kept));
    Ok(xml)
}
