//! DeregisterImage, with or without its snapshots (EC2.md 25, 27, 28).

use crate::sim::Call;
use crate::state::images::{BACKUP_VAULT, Image};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn deregister_image(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("ImageId")?.to_owned();
    let with_snapshots = call.params.flag("DeleteAssociatedSnapshots");
    let now = call.now;
    let image = own(call, &id)?;
    if image.owner_alias.as_deref() == Some(BACKUP_VAULT) {
        let message = "This image is managed by AWS Backup and cannot be deregistered via EC2 \
                       APIs. To deregister this image, please use the AWS Backup APIs, CLI, or \
                       console.";
        return Err(ApiError::invalid(message));
    }
    if image.protected {
        let message = format!("The image {id} is protected against deregistration");
        return Err(ApiError::client("OperationNotPermitted", message));
    }
    let snapshots: Vec<String> = image
        .devices
        .iter()
        .filter_map(|device| device.snapshot.clone())
        .collect();
    call.place().deregister(&id, now);
    call.effects.push(id);
    let mut xml = Xml::default();
    xml.text("return", "true");
    if with_snapshots {
        let mut results = Vec::new();
        for snapshot in snapshots {
            let code = delete(call, &snapshot);
            results.push((snapshot, code));
        }
        xml.items(
            "deleteSnapshotResultSet",
            results,
            |xml, (snapshot, code)| {
                xml.text("snapshotId", snapshot);
                xml.text("returnCode", code);
            },
        );
    }
    Ok(xml)
}

/// Snapshots other images use are kept, and the image still goes (EC2.md 25).
fn delete(call: &mut Call<'_>, id: &str) -> &'static str {
    let now = call.now;
    let place = call.place();
    if place.images.values().any(|image| image.holds_snapshot(id)) {
        return "skipped";
    }
    let code = if place.delete_snapshot(id, now) {
        "success"
    } else {
        "client-error"
    };
    call.effects.push(id.to_owned());
    code
}

/// An image of the caller that still exists, to be changed.
pub(super) fn own<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut Image, ApiError> {
    let (now, account) = (call.now, call.key.account.clone());
    let missing = || {
        let message = format!("The image id '[{id}]' does not exist");
        ApiError::client("InvalidAMIID.NotFound", message)
    };
    if !id.starts_with("ami-") {
        let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        return Err(ApiError::client("InvalidAMIID.Malformed", message));
    }
    let image = call
        .place()
        .images
        .get_mut(id)
        .filter(|image| image.known(now));
    let image = image.ok_or_else(missing)?;
    if image.owner != account {
        let message = format!("Not authorized for image:{id}");
        return Err(ApiError::new(403, "AuthFailure", message));
    }
    if image.deregistered_at.is_some() {
        let message = format!("The image ID '{id}' is no longer available");
        return Err(ApiError::client("InvalidAMIID.Unavailable", message));
    }
    Ok(image)
}
