//! Sharing, deprecation, disabling and protection of images (EC2.md 21, 28 to 30, 40).

use super::deregister_image::own;
use super::done;
use crate::kms::AWS_EBS;
use crate::sim::Call;
use crate::state::images::{Image, ImageState};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

/// Changes one image of the caller and answers `return`.
fn change(call: &mut Call<'_>, act: impl FnOnce(&mut Image)) -> Result<Xml, ApiError> {
    let id = call.params.need("ImageId")?.to_owned();
    act(own(call, &id)?);
    call.effects.push(id);
    Ok(done())
}

pub(super) fn modify(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let id = params.need("ImageId")?;
    let now = call.now;
    if own(call, id)?.state(now) != ImageState::Available {
        // EC2.md 40: sharing fails while the image is pending.
        let message = format!("The image ID '{id}' is not available");
        return Err(ApiError::client("InvalidAMIID.Unavailable", message));
    }
    let users = |list: &str| {
        let entries = params.structs(list);
        let ids = entries
            .iter()
            .filter_map(|entry| entry.get("UserId").map(str::to_owned));
        ids.collect::<Vec<_>>()
    };
    let mut add = users("LaunchPermission.Add");
    let mut remove = users("LaunchPermission.Remove");
    match params.get("OperationType") {
        Some("remove") => remove.extend(params.list("UserId")),
        Some(_) | None => add.extend(params.list("UserId")),
    }
    if !add.is_empty() {
        check_keys(call, id)?;
    }
    let description = params.get("Description.Value").map(str::to_owned);
    let imds = params.get("ImdsSupport.Value").map(str::to_owned);
    change(call, |image| {
        image
            .shared_with
            .retain(|user| !remove.contains(user) && !add.contains(user));
        image.shared_with.extend(add);
        if let Some(description) = description {
            image.description = description;
        }
        image.imds_support = imds.or(image.imds_support.take());
    })
}

/// Other accounts cannot use AWS's own key of this one, so nothing under it is shared.
fn check_keys(call: &mut Call<'_>, id: &str) -> Result<(), ApiError> {
    let here = call.key.clone();
    let devices = own(call, id)?.devices.clone();
    let kms = &call.place().kms;
    let own = kms.arn(&here, AWS_EBS);
    let mut snapshots = devices
        .iter()
        .filter_map(|device| device.snapshot.as_deref());
    if snapshots.any(|snapshot| kms.of(snapshot) == Some(own.as_str())) {
        let message = "Snapshots encrypted with the AWS Managed CMK can't be shared. \
                       Specify another snapshot.";
        return Err(ApiError::client("InvalidParameter", message));
    }
    Ok(())
}

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("ImageId")?.to_owned();
    let attribute = call.params.need("Attribute")?;
    let clock = &call.sim.clock;
    let image = own(call, &id)?;
    let mut xml = Xml::default();
    xml.text("imageId", &id);
    match attribute {
        "launchPermission" => xml.items("launchPermission", &image.shared_with, |xml, user| {
            xml.text("userId", user);
        }),
        "description" => xml.el("description", |xml| xml.text("value", &image.description)),
        "lastLaunchedTime" => xml.el("lastLaunchedTime", |xml| {
            xml.maybe(
                "value",
                image.last_launched.map(|at| clock.stamp(at)).as_deref(),
            );
        }),
        other => {
            return Err(ApiError::invalid(format!(
                "The attribute '{other}' is not simulated"
            )));
        }
    }
    Ok(xml)
}

pub(super) fn enable_deprecation(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let at = call.params.need("DeprecateAt")?.to_owned();
    change(call, |image| image.deprecation = Some(at))
}

pub(super) fn disable_deprecation(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    change(call, |image| image.deprecation = None)
}

pub(super) fn protect(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    change(call, |image| image.protected = true)
}

pub(super) fn unprotect(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    change(call, |image| image.protected = false)
}

pub(super) fn disable(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    change(call, |image| {
        image.disabled = true;
        // Enabling brings the image back, not the shares (EC2.md 29).
        image.shared_with.clear();
    })
}

pub(super) fn enable(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    change(call, |image| image.disabled = false)
}
