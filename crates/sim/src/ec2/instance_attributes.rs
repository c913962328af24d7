//! DescribeInstanceAttribute and ModifyInstanceAttribute.

use super::describe_instances::known;
use super::done;
use crate::sim::Call;
use crate::state::instances::Phase;
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("InstanceId")?.to_owned();
    let attribute = call.params.need("Attribute")?.to_owned();
    known(call, std::slice::from_ref(&id))?;
    let missing = || ApiError::not_found("InvalidInstanceID.NotFound", "instance ID", &id);
    let place = call.place();
    let instance = place.instances.get(&id).ok_or_else(missing)?;
    let mut xml = Xml::default();
    xml.text("instanceId", &id);
    let value = match attribute.as_str() {
        "userData" => instance.user_data.clone(),
        "instanceType" => Some(instance.kind.clone()),
        "disableApiTermination" => Some(instance.protected.to_string()),
        "instanceInitiatedShutdownBehavior" => Some(instance.shutdown_behavior.clone()),
        "rootDeviceName" => Some(instance.root_device.clone()),
        "groupSet" => {
            xml.items("groupSet", &instance.groups, |xml, group| {
                xml.text("groupId", group)
            });
            return Ok(xml);
        }
        other => {
            let message = format!("Value ({other}) for parameter attribute is invalid.");
            return Err(ApiError::invalid(message));
        }
    };
    xml.el(&attribute, |xml| xml.maybe("value", value.as_deref()));
    Ok(xml)
}

pub(super) fn modify(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let id = params.need("InstanceId")?.to_owned();
    known(call, std::slice::from_ref(&id))?;
    let missing = || ApiError::not_found("InvalidInstanceID.NotFound", "instance ID", &id);
    let behavior = value(
        params,
        "InstanceInitiatedShutdownBehavior",
        "instanceInitiatedShutdownBehavior",
    );
    if let Some(other) = behavior.filter(|word| !matches!(*word, "stop" | "terminate")) {
        let message = format!("Invalid value '{other}' for InstanceInitiatedShutdownBehavior");
        return Err(ApiError::invalid(message));
    }
    let protected = value(params, "DisableApiTermination", "disableApiTermination");
    let user_data = value(params, "UserData", "userData");
    let place = call.place();
    let instance = place.instances.get_mut(&id).ok_or_else(missing)?;
    if behavior.is_none() && protected.is_none() && user_data.is_none() {
        return Err(ApiError::client(
            "InvalidParameterCombination",
            "No attributes specified.",
        ));
    }
    if let Some(text) = user_data {
        if instance.phase != Phase::Stopped {
            let message = format!("The instance '{id}' is not in the 'stopped' state.");
            return Err(ApiError::client("IncorrectInstanceState", message));
        }
        instance.user_data = Some(text.to_owned());
    }
    if let Some(flag) = protected {
        instance.protected = flag.eq_ignore_ascii_case("true");
    }
    if let Some(behavior) = behavior {
        instance.shutdown_behavior = behavior.to_owned();
    }
    call.effects.push(id);
    Ok(done())
}

/// An attribute in either form: `NAME.Value`, or `Attribute=name` with `Value`.
fn value<'a>(params: &'a Params, name: &str, attribute: &str) -> Option<&'a str> {
    let by_attribute = || {
        params
            .get("Value")
            .filter(|_| params.get("Attribute") == Some(attribute))
    };
    params.get(&format!("{name}.Value")).or_else(by_attribute)
}
