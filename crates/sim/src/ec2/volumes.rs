//! DescribeVolumes: the volumes of machines that have not taken them along.

use crate::filters::Filters;
use crate::paging::Page;
use crate::sim::Call;
use crate::state::Place;
use crate::state::instances::{Phase, Volume};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let ids = params.list("VolumeId");
    let known = ["attachment.instance-id", "status", "volume-id", "tag-key"];
    let filters = Filters::read(params, &known)?;
    let page = Page::read(params, 5)?;
    let sim = call.sim;
    let place = call.place();
    let lost = |id: &&String| !place.volumes.get(*id).is_some_and(|v| exists(place, v));
    if let Some(id) = ids.iter().find(lost) {
        return Err(ApiError::not_found("InvalidVolume.NotFound", "volume", id));
    }
    let chosen = place.volumes.values().filter(|volume| {
        exists(place, volume)
            && (ids.is_empty() || ids.contains(&volume.id))
            && filters.pass(|name| {
                place
                    .tags
                    .facts(&volume.id, name)
                    .unwrap_or_else(|| match name {
                        "volume-id" => vec![volume.id.clone()],
                        "status" => vec![status(place, volume).to_owned()],
                        _ => vec![volume.instance.clone()],
                    })
            })
    });
    let (cut, next) = page.cut(chosen.collect(), |v: &&Volume| v.id.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("volumeSet", cut, |xml, volume| {
        xml.text("volumeId", &volume.id);
        xml.value("size", volume.size_gib);
        xml.text("snapshotId", volume.snapshot.as_deref().unwrap_or_default());
        xml.text("status", status(place, volume));
        xml.text("createTime", sim.clock.stamp(volume.created));
        xml.text("volumeType", &volume.kind);
        for (name, number) in [("iops", volume.iops), ("throughput", volume.throughput)] {
            if let Some(number) = number {
                xml.value(name, number);
            }
        }
        xml.value("encrypted", volume.encrypted);
        xml.maybe("kmsKeyId", place.kms.of(&volume.id));
        let attached = (status(place, volume) == "in-use").then_some(volume);
        xml.items("attachmentSet", attached, |xml, volume| {
            xml.text("volumeId", &volume.id);
            xml.text("instanceId", &volume.instance);
            xml.text("device", &volume.device);
            xml.text("status", "attached");
            xml.value("deleteOnTermination", volume.delete_on_termination);
        });
        place.tags.write(&volume.id, xml);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

fn exists(place: &Place, volume: &Volume) -> bool {
    !volume.delete_on_termination || status(place, volume) == "in-use"
}

fn status(place: &Place, volume: &Volume) -> &'static str {
    match place.instances.get(&volume.instance) {
        Some(instance) if instance.phase != Phase::Terminated => "in-use",
        Some(_) | None => "available",
    }
}
