//! How an instance looks in EC2's XML.

use crate::sim::Sim;
use crate::state::Place;
use crate::state::instances::{Instance, Phase};
use crate::wire::xml::Xml;

/// `reservationId` … `instancesSet`.
pub(super) fn reservation(
    xml: &mut Xml,
    sim: &Sim,
    place: &Place,
    account: &str,
    instances: &[&Instance],
) {
    if let Some(first) = instances.first() {
        xml.text("reservationId", &first.reservation);
    }
    xml.text("ownerId", account);
    xml.items("groupSet", Vec::<()>::new(), |_, ()| {});
    xml.items("instancesSet", instances, |xml, instance| {
        item(xml, sim, place, instance)
    });
}

pub(super) fn state(xml: &mut Xml, element: &str, phase: Phase) {
    let (name, code) = phase.name();
    xml.el(element, |xml| {
        xml.value("code", code);
        xml.text("name", name);
    });
}

fn item(xml: &mut Xml, sim: &Sim, place: &Place, instance: &Instance) {
    let gone = instance.phase == Phase::Terminated;
    let address = instance.address.to_string();
    let dashed = address.replace('.', "-");
    let region = &place.key.region;
    let private_name = format!("ip-{dashed}.{region}.compute.internal");
    // A public address exists only while the machine runs.
    let public = matches!(instance.phase, Phase::Running | Phase::ShuttingDown);
    xml.text("instanceId", &instance.id);
    xml.text("imageId", &instance.image);
    state(xml, "instanceState", instance.phase);
    xml.text("privateDnsName", if gone { "" } else { &private_name });
    let public_name = format!("ec2-{dashed}.{region}.compute.amazonaws.com");
    xml.text("dnsName", if public { &public_name } else { "" });
    if let Some((_, message)) = &instance.reason {
        xml.text("reason", message);
    }
    xml.maybe("keyName", instance.key_name.as_deref());
    xml.value("amiLaunchIndex", 0);
    xml.items("productCodes", Vec::<()>::new(), |_, ()| {});
    xml.text("instanceType", &instance.kind);
    xml.text("launchTime", sim.clock.stamp(instance.launched));
    xml.el("placement", |xml| {
        xml.text("availabilityZone", &instance.zone);
        xml.text("groupName", "");
        xml.text("tenancy", "default");
    });
    xml.el("monitoring", |xml| xml.text("state", "disabled"));
    if !gone {
        xml.text("subnetId", &instance.subnet);
        xml.text("vpcId", &place.network.vpc);
        xml.text("privateIpAddress", &address);
        if public {
            xml.text("ipAddress", &address);
        }
    }
    xml.text("sourceDestCheck", "true");
    let groups = instance.groups.iter().filter(|_| !gone);
    xml.items("groupSet", groups, |xml, id| {
        xml.text("groupId", id);
        xml.text(
            "groupName",
            place.groups.get(id).map_or("", |group| group.name.as_str()),
        );
    });
    if let Some((code, message)) = &instance.reason {
        xml.el("stateReason", |xml| {
            xml.text("code", code);
            xml.text("message", message);
        });
    }
    xml.text("architecture", &instance.architecture);
    xml.text("rootDeviceType", &instance.root_device_type);
    xml.text("rootDeviceName", &instance.root_device);
    devices(xml, sim, place, instance);
    xml.text("virtualizationType", "hvm");
    xml.text("clientToken", instance.token.as_deref().unwrap_or_default());
    if let Some(request) = &instance.spot_request {
        xml.text("instanceLifecycle", "spot");
        xml.text("spotInstanceRequestId", request);
    }
    place.tags.write(&instance.id, xml);
    xml.text("hypervisor", "xen");
    if let Some(arn) = &instance.profile {
        xml.el("iamInstanceProfile", |xml| {
            xml.text("arn", arn);
            xml.text("id", "AIPASIMULATEDPROFILE");
        });
    }
    xml.text("ebsOptimized", "false");
    xml.text("enaSupport", "true");
    xml.el("metadataOptions", |xml| {
        xml.text("state", "applied");
        xml.text("httpTokens", &instance.http_tokens);
        xml.value("httpPutResponseHopLimit", instance.hop_limit);
        xml.text("httpEndpoint", "enabled");
    });
    xml.text("platformDetails", "Linux/UNIX");
    xml.text("usageOperation", "RunInstances");
}

fn devices(xml: &mut Xml, sim: &Sim, place: &Place, instance: &Instance) {
    let volumes = instance
        .volumes
        .iter()
        .filter_map(|id| place.volumes.get(id));
    let volumes = volumes.filter(|_| instance.phase != Phase::Terminated);
    xml.items("blockDeviceMapping", volumes, |xml, volume| {
        xml.text("deviceName", &volume.device);
        xml.el("ebs", |xml| {
            xml.text("volumeId", &volume.id);
            xml.text("status", "attached");
            xml.text("attachTime", sim.clock.stamp(volume.created));
            xml.value("deleteOnTermination", volume.delete_on_termination);
        });
    });
}
