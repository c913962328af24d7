//! EC2's actions: one list, from name to function.

mod console;
mod copy_image;
mod create_image;
mod deregister_image;
mod describe_images;
mod describe_instances;
mod encryption;
mod group_rules;
mod image_attributes;
mod image_xml;
mod instance_attributes;
mod instance_launch;
mod instance_reads;
mod instance_states;
mod instance_xml;
mod key_pairs;
mod launch_groups;
mod launch_network;
mod launch_volumes;
mod network;
mod recycle_bin;
mod regions;
mod run_instances;
mod security_groups;
mod snapshots;
mod tag_actions;
mod types;
mod volumes;

use crate::iam;
use crate::sim::Call;
use crate::wire::call::{Answer, Content};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

type Action = fn(&mut Call<'_>) -> Result<Xml, ApiError>;

const ACTIONS: &[(&str, Action)] = &[
    (
        "AuthorizeSecurityGroupIngress",
        security_groups::authorize_ingress,
    ),
    ("CopyImage", copy_image::copy_image),
    ("CreateKeyPair", key_pairs::create),
    ("CreateImage", create_image::create_image),
    ("CreateSecurityGroup", security_groups::create),
    ("CreateTags", tag_actions::create),
    ("DeleteKeyPair", key_pairs::delete),
    ("DeleteSecurityGroup", security_groups::delete),
    ("DeleteSnapshot", snapshots::delete),
    ("DeleteTags", tag_actions::delete),
    ("DeregisterImage", deregister_image::deregister_image),
    ("DescribeAvailabilityZones", network::zones),
    ("DescribeImageAttribute", image_attributes::describe),
    ("DescribeImages", describe_images::describe_images),
    ("DescribeInstanceAttribute", instance_attributes::describe),
    ("DescribeInstanceStatus", instance_reads::status),
    ("DescribeInstanceTypeOfferings", types::offerings),
    ("DescribeInstanceTypes", types::types),
    ("DescribeInstances", describe_instances::describe_instances),
    ("DescribeKeyPairs", key_pairs::describe),
    ("DescribeRegions", regions::describe),
    ("DescribeSecurityGroups", security_groups::describe),
    ("DescribeSnapshots", snapshots::describe),
    ("DescribeSubnets", network::subnets),
    ("DescribeTags", tag_actions::describe),
    ("DescribeVolumes", volumes::describe),
    ("DescribeVpcs", network::vpcs),
    ("DisableEbsEncryptionByDefault", encryption::disable),
    ("DisableImage", image_attributes::disable),
    (
        "DisableImageDeprecation",
        image_attributes::disable_deprecation,
    ),
    (
        "DisableImageDeregistrationProtection",
        image_attributes::unprotect,
    ),
    ("EnableEbsEncryptionByDefault", encryption::enable),
    ("EnableImage", image_attributes::enable),
    (
        "EnableImageDeprecation",
        image_attributes::enable_deprecation,
    ),
    (
        "EnableImageDeregistrationProtection",
        image_attributes::protect,
    ),
    ("GetConsoleOutput", instance_reads::console_output),
    ("GetEbsDefaultKmsKeyId", encryption::get_key),
    ("GetEbsEncryptionByDefault", encryption::get_by_default),
    ("ImportKeyPair", key_pairs::import),
    ("ListImagesInRecycleBin", recycle_bin::images),
    ("ListSnapshotsInRecycleBin", recycle_bin::snapshots),
    ("ModifyEbsDefaultKmsKeyId", encryption::modify_key),
    ("ModifyImageAttribute", image_attributes::modify),
    ("ModifyInstanceAttribute", instance_attributes::modify),
    ("RebootInstances", instance_states::reboot),
    ("ResetEbsDefaultKmsKeyId", encryption::reset_key),
    ("RestoreImageFromRecycleBin", recycle_bin::restore_image),
    (
        "RestoreSnapshotFromRecycleBin",
        recycle_bin::restore_snapshot,
    ),
    ("RunInstances", run_instances::run_instances),
    ("StartInstances", instance_states::start),
    ("StopInstances", instance_states::stop),
    ("TerminateInstances", instance_states::terminate),
];

/// Performs an action on the caller's place.
pub(crate) fn perform(call: &mut Call<'_>, action: &str) -> Answer {
    let Some((_, perform)) = ACTIONS.iter().find(|(name, _)| *name == action) else {
        let message = format!("The action {action} is not valid for this web service.");
        return Err(ApiError::client("InvalidAction", message));
    };
    iam::check_ec2(call, action)?;
    if call.params.flag("DryRun") {
        return Err(rehearse(call, *perform));
    }
    perform(call).map(Content::Xml)
}

/// Plays an action on a copy of the world: a dry run finds every error the action would answer,
/// and changes nothing.
fn rehearse(call: &mut Call<'_>, perform: Action) -> ApiError {
    let mut world = call.world.clone();
    let mut trial = Call {
        sim: call.sim,
        world: &mut world,
        key: call.key.clone(),
        caller: call.caller.clone(),
        now: call.now,
        params: call.params,
        effects: Vec::new(),
        launched: Vec::new(),
    };
    let message = "Request would have succeeded, but DryRun flag is set.";
    match perform(&mut trial) {
        Ok(_) => ApiError::new(412, "DryRunOperation", message),
        Err(refusal) => refusal,
    }
}

/// Whether a read is neither by id nor filtered nor paged: such reads have smaller buckets.
pub(crate) fn wide(params: &Params) -> bool {
    let narrow = [
        "InstanceId",
        "SnapshotId",
        "VolumeId",
        "Filter",
        "MaxResults",
        "NextToken",
    ];
    !params
        .iter()
        .any(|(name, _)| narrow.contains(&name.split('.').next().unwrap_or(name)))
}

/// How many instances a call starts or ends.
pub(crate) fn resources(params: &Params) -> u64 {
    let named = params.list("InstanceId").len() as u64;
    let most = params.number("MaxCount").ok().flatten().unwrap_or(1);
    named.max(most).max(1)
}

/// EC2's whole answer to actions that only succeed.
fn done() -> Xml {
    let mut xml = Xml::default();
    xml.text("return", "true");
    xml
}
