//! How an image looks in EC2's XML.

use std::time::Duration;

use crate::sim::Sim;
use crate::state::images::{Device, Image, ImageState};
use crate::state::tags::TagBook;
use crate::wire::xml::Xml;

/// One image of an `imagesSet`; `tags` only for its owner.
pub(super) fn item(xml: &mut Xml, sim: &Sim, tags: Option<&TagBook>, image: &Image, now: Duration) {
    let state = image.state(now);
    xml.text("imageId", &image.id);
    xml.text("imageLocation", image.location());
    xml.text("imageState", state.name());
    xml.text("imageOwnerId", &image.owner);
    xml.maybe("imageOwnerAlias", image.owner_alias.as_deref());
    xml.value("isPublic", image.public);
    xml.text("architecture", &image.architecture);
    xml.text("imageType", "machine");
    xml.text("name", &image.name);
    xml.text("description", &image.description);
    xml.text("rootDeviceType", &image.root_device_type);
    xml.text("rootDeviceName", &image.root_device);
    xml.items("blockDeviceMapping", &image.devices, device);
    xml.text("virtualizationType", "hvm");
    xml.text("hypervisor", "xen");
    xml.text("enaSupport", "true");
    xml.text("sriovNetSupport", "simple");
    xml.maybe("platform", image.platform.word());
    xml.text("platformDetails", image.platform.details());
    xml.text("usageOperation", image.platform.operation());
    xml.text("creationDate", &image.creation_date);
    xml.maybe("imdsSupport", image.imds_support.as_deref());
    xml.maybe("deprecationTime", image.deprecation.as_deref());
    xml.maybe("sourceInstanceId", image.source_instance.as_deref());
    if let Some((id, region)) = &image.source_image {
        xml.text("sourceImageId", id);
        xml.text("sourceImageRegion", region);
    }
    let protection = if image.protected {
        "enabled-without-cooldown"
    } else {
        "disabled"
    };
    xml.text("deregistrationProtection", protection);
    // AWS learns of launches a day late, and of none before 2017 (EC2.md 24).
    let day_late = |at: &Duration| now >= at.saturating_add(Duration::from_secs(24 * 3600));
    if let Some(at) = image.last_launched.filter(day_late) {
        xml.text("lastLaunchedTime", sim.clock.stamp(at));
    }
    if let Some(reason) = image.fails.as_ref().filter(|_| state == ImageState::Failed) {
        xml.el("stateReason", |xml| {
            xml.text("code", "Client.InternalError");
            xml.text("message", reason);
        });
    }
    if let Some(tags) = tags {
        tags.write(&image.id, xml);
    }
}

fn device(xml: &mut Xml, device: &Device) {
    xml.text("deviceName", &device.name);
    xml.el("ebs", |xml| {
        xml.maybe("snapshotId", device.snapshot.as_deref());
        xml.value("volumeSize", device.size_gib);
        xml.value("deleteOnTermination", device.delete_on_termination);
        xml.text("volumeType", &device.kind);
        for (name, number) in [("iops", device.iops), ("throughput", device.throughput)] {
            if let Some(number) = number {
                xml.value(name, number);
            }
        }
        xml.value("encrypted", device.encrypted);
    });
}
