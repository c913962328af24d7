//! DescribeInstanceTypes, and which zones offer them.

use crate::filters::Filters;
use crate::instance_types::{self, InstanceType};
use crate::paging::Page;
use crate::sim::Call;
use crate::state::network::Zone;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn types(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let names = params.list("InstanceType");
    let known = ["instance-type", "processor-info.supported-architecture"];
    let filters = Filters::read(params, &known)?;
    let page = Page::read(params, 5)?;
    let missing = |name: &String| {
        let message = format!("The following supplied instance types do not exist: [{name}]");
        ApiError::client("InvalidInstanceType", message)
    };
    let mut types = instance_types::all();
    if let Some(name) = names
        .iter()
        .find(|name| instance_types::find(name).is_none())
    {
        return Err(missing(name));
    }
    types.retain(|kind| {
        (names.is_empty() || names.contains(&kind.name))
            && filters.pass(|filter| match filter {
                "instance-type" => vec![kind.name.clone()],
                _ => vec![kind.architecture.to_owned()],
            })
    });
    let (cut, next) = page.cut(types, |kind| kind.name.clone(), |_| 1);
    let mut xml = Xml::default();
    xml.items("instanceTypeSet", cut, |xml, kind| type_item(xml, &kind));
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}

fn type_item(xml: &mut Xml, kind: &InstanceType) {
    xml.text("instanceType", &kind.name);
    xml.value("currentGeneration", !kind.name.starts_with("t2."));
    xml.value("burstablePerformanceSupported", kind.burstable);
    xml.el("supportedUsageClasses", |xml| {
        xml.text("item", "on-demand");
        xml.text("item", "spot");
    });
    xml.el("processorInfo", |xml| {
        xml.el("supportedArchitectures", |xml| {
            xml.text("item", kind.architecture)
        });
    });
    xml.el("vCpuInfo", |xml| xml.value("defaultVCpus", kind.vcpus));
    xml.el("memoryInfo", |xml| xml.value("sizeInMiB", kind.memory_mib));
    if let Some(gpu) = kind.gpu {
        xml.el("gpuInfo", |xml| {
            xml.items("gpus", [gpu], |xml, gpu| {
                xml.text("name", gpu);
                xml.text("manufacturer", "NVIDIA");
                xml.value("count", 1);
            });
        });
    }
    xml.text("hypervisor", "nitro");
}

/// A type that no zone offers is not offered in the region.
pub(super) fn offerings(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let filters = Filters::read(params, &["instance-type", "location"])?;
    let page = Page::read(params, 5)?;
    let kind_of_place = params.get("LocationType").unwrap_or("region");
    let region = call.key.region.clone();
    let zones = call.place().network.zones.clone();
    let mut rows: Vec<(String, String)> = Vec::new();
    for kind in instance_types::all() {
        let offering: Vec<&Zone> = zones
            .iter()
            .filter(|zone| zone.offers(&kind.name))
            .collect();
        let locations: Vec<&String> = match kind_of_place {
            "region" => offering.first().map(|_| &region).into_iter().collect(),
            "availability-zone" => offering.iter().map(|zone| &zone.name).collect(),
            "availability-zone-id" => offering.iter().map(|zone| &zone.id).collect(),
            other => {
                let message = format!("Invalid value '{other}' for LocationType.");
                return Err(ApiError::invalid(message));
            }
        };
        let row = |location: &&String| (kind.name.clone(), (*location).clone());
        rows.extend(locations.iter().map(row));
    }
    rows.retain(|(kind, location)| {
        filters.pass(|name| match name {
            "location" => vec![location.clone()],
            _ => vec![kind.clone()],
        })
    });
    let (cut, next) = page.cut(rows, |(kind, location)| format!("{kind}/{location}"), |_| 1);
    let mut xml = Xml::default();
    xml.items("instanceTypeOfferingSet", cut, |xml, (kind, location)| {
        xml.text("instanceType", kind);
        xml.text("locationType", kind_of_place);
        xml.text("location", location);
    });
    xml.maybe("nextToken", next.as_deref());
    Ok(xml)
}
