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
    let region = &place.key.region;
    let (private, public) = (instance.private_address(), instance.public_address());
    let private_name = private_name(instance, region);
    let dashed = |address: &String| address.replace('.', "-");
    let public_name = public.as_ref().map(dashed);
    let public_name =
        public_name.map(|dashed| format!("ec2-{dashed}.{region}.compute.amazonaws.com"));
    xml.text("instanceId", &instance.id);
    xml.text("imageId", &instance.image);
    state(xml, "instanceState", instance.phase);
    xml.text("privateDnsName", if gone { "" } else { &private_name });
    xml.text("dnsName", public_name.as_deref().unwrap_or_default());
    xml.text("reason", instance.transition.as_deref().unwrap_or_default());
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
        xml.text("vpcId", &instance.interface.vpc);
        xml.maybe("privateIpAddress", private.as_deref());
        xml.maybe("ipAddress", public.as_deref());
        let ipv6 = instance.interface.ipv6.map(|address| address.to_string());
        xml.maybe("ipv6Address", ipv6.as_deref());
        interfaces(xml, instance, public.as_deref());
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
    if let Some(reason) = &instance.reason {
        xml.el("stateReason", |xml| {
            xml.text("code", &reason.code);
            xml.text("message", &reason.message);
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
    xml.maybe("platform", instance.platform.word());
    xml.text("platformDetails", instance.platform.details());
    xml.text("usageOperation", instance.platform.operation());
}

/// A name after the address; an IPv6-only machine is named after its id.
fn private_name(instance: &Instance, region: &str) -> String {
    let dashed = instance.address.to_string().replace('.', "-");
    let host = if instance.interface.ipv4 {
        format!("ip-{dashed}")
    } else {
        instance.id.clone()
    };
    format!("{host}.{region}.compute.internal")
}

fn interfaces(xml: &mut Xml, instance: &Instance, public: Option<&str>) {
    let interface = &instance.interface;
    xml.items("networkInterfaceSet", [interface], |xml, interface| {
        xml.text("networkInterfaceId", &interface.id);
        xml.text("subnetId", &instance.subnet);
        xml.text("vpcId", &interface.vpc);
        xml.text("status", "in-use");
        xml.maybe("privateIpAddress", instance.private_address().as_deref());
        if let Some(address) = public {
            xml.el("association", |xml| {
                xml.text("publicIp", address);
                xml.text("ipOwnerId", "amazon");
            });
        }
        xml.items("ipv6AddressesSet", interface.ipv6, |xml, address| {
            xml.value("ipv6Address", address);
            xml.value("isPrimaryIpv6", !interface.ipv4);
        });
        xml.items("groupSet", &instance.groups, |xml, id| {
            xml.text("groupId", id)
        });
        xml.el("attachment", |xml| {
            xml.value("deviceIndex", 0);
            xml.text("status", "attached");
            xml.value("deleteOnTermination", true);
        });
    });
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
