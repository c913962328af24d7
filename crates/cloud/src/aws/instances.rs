//! Instances: launching with a token, looking for them, and ending them.

mod capacity;
mod checks;
mod console;

use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, Filter, HttpTokensState, IamInstanceProfileSpecification,
    Instance, InstanceLifecycleType, InstanceMetadataEndpointState, InstanceMetadataOptionsRequest,
    InstanceNetworkInterfaceSpecification, InstanceStateName, InstanceType, Placement,
    ResourceType, ShutdownBehavior, VolumeType,
};
use std::net::IpAddr;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use ingot_domain::arch::Arch;
use ingot_domain::place::Place;

pub(super) use checks::checks;
pub(super) use console::console;

use super::classify::Call;
use super::client::{LONGEST_FILTER, PAGE};
use super::{AwsCloud, tags};
use crate::error::CloudError;
use crate::facts::{InstanceFacts, InstanceState, StatusChecks};
use crate::nouns::Instances;
use crate::spec::LaunchSpec;

/// One instance, exactly. The SDK may repeat the call by itself: the token makes it the same launch (EC2.md 4, 5).
pub(super) async fn launch(
    cloud: &AwsCloud,
    region: &str,
    spec: &LaunchSpec,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "RunInstances",
        region,
    };
    let profile = |name: &String| {
        IamInstanceProfileSpecification::builder()
            .name(name)
            .build()
    };
    let user_data = (!spec.user_data.is_empty()).then(|| STANDARD.encode(&spec.user_data));
    let interface = interface(spec);
    let groups = (!spec.security_group_ids.is_empty()).then(|| spec.security_group_ids.clone());
    // With an interface of its own, subnet and groups belong there (EC2 refuses both).
    let (subnet, groups, interfaces) = match interface {
        Some(interface) => (None, None, Some(vec![interface])),
        None => (spec.subnet_id.clone(), groups, None),
    };
    let placement = |zone: &String| Placement::builder().availability_zone(zone).build();
    let kinds = [
        ResourceType::Instance,
        ResourceType::Volume,
        ResourceType::NetworkInterface,
    ];
    let request = cloud
        .at(&call)?
        .ec2
        .run_instances()
        .client_token(&spec.token)
        .min_count(1)
        .max_count(1)
        .image_id(&spec.image_id)
        .instance_type(InstanceType::from(spec.instance_type.as_str()))
        .metadata_options(metadata(spec.hop_limit))
        .block_device_mappings(root_volume(spec))
        .set_user_data(user_data)
        .set_subnet_id(subnet)
        .set_network_interfaces(interfaces)
        .set_placement(spec.zone.as_ref().map(placement))
        .set_security_group_ids(groups)
        .set_iam_instance_profile(spec.instance_profile.as_ref().map(profile))
        .set_instance_initiated_shutdown_behavior(
            spec.ends_itself.then_some(ShutdownBehavior::Terminate),
        )
        .set_tag_specifications(tags::specifications(kinds, &spec.tags))
        .customize()
        .config_override(aws_sdk_ec2::config::Builder::new().retry_classifier(capacity::GiveUp));
    let answer = cloud.asked(&call, request.send()).await?;
    let id = answer.instances().first().and_then(Instance::instance_id);
    id.map(str::to_owned)
        .ok_or_else(|| call.hollow("an instance id"))
}

/// The interface of a launch that asks for addresses; any other leaves it to EC2 and the subnet.
fn interface(spec: &LaunchSpec) -> Option<InstanceNetworkInterfaceSpecification> {
    if spec.assign_public_ip.is_none() && !spec.ipv6 {
        return None;
    }
    let groups = (!spec.security_group_ids.is_empty()).then(|| spec.security_group_ids.clone());
    Some(
        InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .delete_on_termination(true)
            .set_subnet_id(spec.subnet_id.clone())
            .set_groups(groups)
            .set_associate_public_ip_address(spec.assign_public_ip)
            .set_ipv6_address_count(spec.ipv6.then_some(1))
            .build(),
    )
}

/// IMDSv2 only, and not past the instance itself unless the template says so (F6).
fn metadata(hop_limit: u32) -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_endpoint(InstanceMetadataEndpointState::Enabled)
        .http_tokens(HttpTokensState::Required)
        .http_put_response_hop_limit(i32::try_from(hop_limit).unwrap_or(1))
        .build()
}

fn number(value: Option<u32>) -> Option<i32> {
    value.map(|value| i32::try_from(value).unwrap_or(i32::MAX))
}

/// The root volume goes with its instance: what is worth keeping is in the image's snapshots.
fn root_volume(spec: &LaunchSpec) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .volume_size(i32::try_from(spec.volume_size_gb).unwrap_or(i32::MAX))
        .volume_type(VolumeType::from(spec.volume_type.as_str()))
        .set_iops(number(spec.iops))
        .set_throughput(number(spec.throughput))
        // Never `false`: an account that encrypts by default, or an encrypted image, would refuse the impossible.
        .set_encrypted(spec.encrypted.then_some(true))
        .set_kms_key_id(spec.kms_key_id.clone())
        .delete_on_termination(true)
        .build();
    BlockDeviceMapping::builder()
        .device_name(&spec.root_device_name)
        .ebs(ebs)
        .build()
}

/// All instances the filters let through, page by page. Asked by filter and not by id, so that an id EC2 does not
/// know is absent and does not spoil the others (EC2.md 17, 18).
pub(super) async fn find(
    cloud: &AwsCloud,
    region: &str,
    by: Vec<Filter>,
) -> Result<Vec<InstanceFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeInstances",
        region,
    };
    let ec2 = cloud.at(&call)?.ec2;
    let mut pages = ec2
        .describe_instances()
        .set_filters(Some(by))
        .into_paginator()
        .page_size(PAGE)
        .send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        let instances = page
            .reservations()
            .iter()
            .flat_map(|reservation| reservation.instances());
        found.extend(instances.filter_map(facts));
    }
    Ok(found)
}

/// Asks for the end of one instance; each has its own call, for one wrong id would spare all (EC2.md 27).
pub(super) async fn terminate(cloud: &AwsCloud, region: &str, id: &str) -> Result<(), CloudError> {
    let call = Call {
        service: "ec2",
        operation: "TerminateInstances",
        region,
    };
    let request = cloud.at(&call)?.ec2.terminate_instances().instance_ids(id);
    cloud.asked(&call, request.send()).await.map(drop)
}

/// An entry without id or in a state we have never heard of is left out: better unseen than misread.
fn facts(instance: &Instance) -> Option<InstanceFacts> {
    let instance_type = instance
        .instance_type()
        .map(|found| found.as_str().to_owned())
        .unwrap_or_default();
    let told = instance
        .architecture()
        .and_then(|found| Arch::parse(found.as_str()));
    let reason = instance.state_reason().and_then(|reason| reason.message());
    let reason = reason
        .or_else(|| instance.state_transition_reason())
        .filter(|text| !text.is_empty());
    let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let device = instance
        .root_device_type()
        .map(|found| found.as_str().to_owned());
    Some(InstanceFacts {
        id: owned(instance.instance_id())?,
        state: state(instance.state()?.name()?)?,
        state_reason: owned(reason),
        image_id: owned(instance.image_id()).unwrap_or_default(),
        architecture: told.unwrap_or_else(|| Arch::of_instance_type(&instance_type)),
        instance_type,
        public_ip: instance
            .public_ip_address()
            .and_then(|text| text.parse().ok()),
        private_ip: instance
            .private_ip_address()
            .and_then(|text| text.parse().ok()),
        ipv6: ipv6(instance),
        root_device_type: device.unwrap_or_default(),
        spot: instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        vpc_id: owned(instance.vpc_id()),
        subnet_id: owned(instance.subnet_id()),
        launched_at: instance
            .launch_time()
            .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
        client_token: owned(instance.client_token()),
        tags: tags::read(instance.tags()),
    })
}

/// Its first IPv6 address.
fn ipv6(instance: &Instance) -> Option<IpAddr> {
    let of_interfaces = instance
        .network_interfaces()
        .iter()
        .flat_map(|interface| interface.ipv6_addresses())
        .find_map(|address| address.ipv6_address());
    let told = of_interfaces.or_else(|| instance.ipv6_address());
    told.and_then(|text| text.parse().ok())
}

fn state(name: &InstanceStateName) -> Option<InstanceState> {
    match name {
        InstanceStateName::Pending => Some(InstanceState::Pending),
        InstanceStateName::Running => Some(InstanceState::Running),
        InstanceStateName::ShuttingDown => Some(InstanceState::ShuttingDown),
        InstanceStateName::Terminated => Some(InstanceState::Terminated),
        InstanceStateName::Stopping => Some(InstanceState::Stopping),
        InstanceStateName::Stopped => Some(InstanceState::Stopped),
        _ => None,
    }
}

#[async_trait]
impl Instances for AwsCloud {
    async fn launch(&self, place: Place<'_>, spec: &LaunchSpec) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        launch(self, region, spec).await
    }

    async fn find_instances_by_token(
        &self,
        place: Place<'_>,
        token: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let mut found = find(self, region, vec![tags::exactly("client-token", token)]).await?;
        found.retain(|instance| instance.client_token.as_deref() == Some(token));
        found.sort_by(|a, b| {
            b.launched_at
                .cmp(&a.launched_at)
                .then_with(|| a.id.cmp(&b.id))
        });
        Ok(found)
    }

    async fn describe_instances(
        &self,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(LONGEST_FILTER) {
            found.extend(find(self, region, vec![tags::any_of("instance-id", some)]).await?);
        }
        Ok(found)
    }

    async fn instance_checks(
        &self,
        place: Place<'_>,
        instance_id: &str,
    ) -> Result<StatusChecks, CloudError> {
        let region = self.region_of(place).await?;
        checks(self, region, instance_id).await
    }

    async fn console(
        &self,
        place: Place<'_>,
        instance_id: &str,
        latest: bool,
    ) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        console(self, region, instance_id, latest).await
    }

    async fn find_instances_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let mut found = find(
            self,
            region,
            vec![tags::exactly(format!("tag:{key}"), value)],
        )
        .await?;
        found.retain(|instance| instance.tags.get(key).is_some_and(|found| found == value));
        Ok(found)
    }

    async fn terminate(&self, place: Place<'_>, instance_id: &str) -> Result<(), CloudError> {
        let region = self.region_of(place).await?;
        terminate(self, region, instance_id).await
    }
}

#[cfg(test)]
mod tests;
