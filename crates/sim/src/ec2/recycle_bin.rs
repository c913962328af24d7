//! The Recycle Bin: what is in it, and taking it out again.

use std::time::Duration;

use crate::paging::Page;
use crate::sim::Call;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn images(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("ImageId");
    let page = Page::read(params, 1)?;
    let (sim, now) = (call.sim, call.now);
    let place = call.place();
    let in_bin = |id: &String| {
        place
            .images
            .get(id)
            .is_some_and(|image| image.recycled(now))
    };
    if let Some(id) = ids.iter().find(|id| !in_bin(id)) {
        return Err(no_image(id));
    }
    let images = place
        .images
        .values()
        .filter(|image| image.recycled(now) && (ids.is_empty() || ids.contains(&image.id)));
    let (cut, next) = page.cut(images.collect(), |image| image.id.clone(), |_| 1);
    let mut xml = Xml::default();
    let stamp = |at: Option<Duration>| at.map(|at| sim.clock.stamp(at));
    xml.items("imageSet", cut, |xml, image| {
        xml.text("imageId", &image.id);
        xml.text("name", &image.name);
        xml.text("description", &image.description);
        xml.maybe(
            "recycleBinEnterTime",
            stamp(image.deregistered_at).as_deref(),
        );
        xml.maybe("recycleBinExitTime", stamp(image.recycled_until).as_deref());
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

/// The same id again, with its tags. Its snapshots must be there: those in the bin are to be
/// restored first (EC2.md 31).
pub(super) fn restore_image(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("ImageId")?.to_owned();
    let now = call.now;
    let place = call.place();
    let image = place.images.get(&id).filter(|image| image.recycled(now));
    let image = image.ok_or_else(|| no_image(&id))?;
    let snapshots = image
        .devices
        .iter()
        .filter_map(|device| device.snapshot.as_ref());
    let lost = |snapshot: &&String| !place.snapshots.contains_key(*snapshot);
    if let Some(snapshot) = snapshots.into_iter().find(lost) {
        let message = format!(
            "The snapshot '{snapshot}' of image {id} does not exist. Restore it from the \
             Recycle Bin first."
        );
        return Err(ApiError::client("InvalidSnapshot.NotFound", message));
    }
    place.restore_image(&id, now);
    call.effects.push(id);
    Ok(super::done())
}

pub(super) fn snapshots(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("SnapshotId");
    let page = Page::read(params, 5)?;
    let (sim, now) = (call.sim, call.now);
    let place = call.place();
    let in_bin = |id: &&String| {
        place
            .kept_snapshots(now)
            .any(|kept| kept.snapshot.id == **id)
    };
    if let Some(id) = ids.iter().find(|id| !in_bin(id)) {
        return Err(no_snapshot(id));
    }
    let kept = place
        .kept_snapshots(now)
        .filter(|kept| ids.is_empty() || ids.contains(&kept.snapshot.id));
    let (cut, next) = page.cut(kept.collect(), |kept| kept.snapshot.id.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("snapshotSet", cut, |xml, kept| {
        xml.text("snapshotId", &kept.snapshot.id);
        xml.text("recycleBinEnterTime", sim.clock.stamp(kept.entered));
        xml.text("recycleBinExitTime", sim.clock.stamp(kept.until));
        xml.text("description", &kept.snapshot.description);
        xml.text("volumeId", &kept.snapshot.volume);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

pub(super) fn restore_snapshot(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let id = call.params.need("SnapshotId")?.to_owned();
    let (sim, now, account) = (call.sim, call.now, call.key.account.clone());
    let snapshot = call.place().restore_snapshot(&id, now);
    let snapshot = snapshot.ok_or_else(|| no_snapshot(&id))?;
    let mut xml = Xml::default();
    xml.text("snapshotId", &snapshot.id);
    xml.text("description", &snapshot.description);
    xml.value("encrypted", snapshot.encrypted);
    xml.text("ownerId", &account);
    xml.text("progress", format!("{}%", snapshot.progress(now)));
    xml.text("startTime", sim.clock.stamp(snapshot.started));
    xml.text("status", snapshot.state(now));
    xml.text("volumeId", &snapshot.volume);
    xml.value("volumeSize", snapshot.size_gib);
    call.effects.push(id);
    Ok(xml)
}

fn no_image(id: &str) -> ApiError {
    let message = format!("The image ID '{id}' does not exist in the Recycle Bin");
    ApiError::client("InvalidAMIID.NotFound", message)
}

fn no_snapshot(id: &str) -> ApiError {
    let message = format!("The snapshot '{id}' does not exist in the Recycle Bin");
    ApiError::client("InvalidSnapshot.NotFound", message)
}
