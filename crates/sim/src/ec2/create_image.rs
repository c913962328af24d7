//! CreateImage: no token, the name is the guard (EC2.md 1, 2, 11, 13, 14).

use std::collections::BTreeMap;
use std::time::Duration;

use super::describe_instances::known;
use crate::quotas;
use crate::sim::Call;
use crate::state::ImagePlan;
use crate::state::images::{Device, Image};
use crate::state::instances::{Instance, Phase};
use crate::state::snapshots::Snapshot;
use crate::state::tags::{Tags, read_specifications};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

pub(super) fn create_image(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let params = call.params;
    let name = params.need("Name")?.to_owned();
    check_name(&name)?;
    check_description(params)?;
    let id = params.need("InstanceId")?.to_owned();
    let tags = read_specifications(params, &["image", "snapshot"])?;
    known(call, std::slice::from_ref(&id))?;
    let missing = || ApiError::not_found("InvalidInstanceID.NotFound", "instance ID", &id);
    let instance = call
        .place()
        .instances
        .get(&id)
        .cloned()
        .ok_or_else(missing)?;
    check_instance(&instance)?;
    let (now, lag) = (call.now, call.sim.config.consistency);
    let taken = call
        .place()
        .images
        .values()
        .find(|image| image.holds_name(&name, now, lag));
    if let Some(image) = taken {
        let message = format!("AMI name {name} is already in use by AMI {}", image.id);
        return Err(ApiError::client("InvalidAMIName.Duplicate", message));
    }
    check_quotas(call, instance.volumes.len())?;
    check_rate(call, &instance)?;
    let made = capture(call, &instance, &name, &tags)?;
    if !params.flag("NoReboot") {
        let span = call.sim.config.region_delays.reboot;
        if let Some(instance) = call.place().instances.get_mut(&id) {
            instance.reboot(now, span);
        }
    }
    let mut xml = Xml::default();
    xml.text("imageId", &made);
    // Before its snapshots: the image is what the caller asked for.
    call.effects.insert(0, made);
    Ok(xml)
}

/// EC2's rule for names: 3 to 128 of a few characters.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if (3..=128).contains(&name.chars().count()) && name.chars().all(legal) {
        return Ok(());
    }
    let message = "AMI names must be between 3 and 128 characters long, and may contain \
                   letters, numbers, '(', ')', '.', '-', '/' and '_'";
    Err(ApiError::client("InvalidAMIName.Malformed", message))
}

/// Refuses what the account's quotas do not hold.
fn check_quotas(call: &mut Call<'_>, snapshots: usize) -> Result<(), ApiError> {
    let account = call.key.account.clone();
    let place = call.place();
    let own = |image: &&Image| image.owner == account && image.deregistered_at.is_none();
    let images = place.images.values().filter(own).count();
    if !quotas::room(place, quotas::IMAGES, images) {
        let message = "You have reached your quota for the number of AMIs in this Region.";
        return Err(ApiError::client("ResourceLimitExceeded", message));
    }
    let more = snapshots.saturating_sub(1);
    if !quotas::room(place, quotas::SNAPSHOTS, place.snapshots.len() + more) {
        let message = "Maximum allowed snapshot limit exceeded.";
        return Err(ApiError::client("SnapshotLimitExceeded", message));
    }
    Ok(())
}

/// EC2's rule for descriptions: at most 255 characters of ASCII that prints.
pub(super) fn check_description(params: &Params) -> Result<(), ApiError> {
    let text = params.get("Description").unwrap_or_default();
    let prints = |c: char| c.is_ascii_graphic() || c == ' ';
    let why = if text.chars().count() > 255 {
        "Description is limited to 255 characters."
    } else if !text.chars().all(prints) {
        "Character sets beyond ASCII are not supported."
    } else {
        return Ok(());
    };
    let message = format!("Value ({text}) for parameter Description is invalid. {why}");
    Err(ApiError::invalid(message))
}

/// EBS begins one snapshot of a volume in this time.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(15);

/// Refuses a second snapshot of a volume within its time, else notes the moment.
fn check_rate(call: &mut Call<'_>, instance: &Instance) -> Result<(), ApiError> {
    let now = call.now;
    let volumes = &mut call.place().volumes;
    let early = |id: &String| {
        let last = volumes.get(id).and_then(|volume| volume.captured_at);
        last.is_some_and(|at| now < at.saturating_add(SNAPSHOT_EVERY))
    };
    if instance.volumes.iter().any(early) {
        let message = "The maximum per volume CreateSnapshot request rate has been exceeded. \
                       Use an increasing or variable sleep interval between requests.";
        let code = "SnapshotCreationPerVolumeRateExceeded";
        return Err(ApiError::client(code, message));
    }
    for id in &instance.volumes {
        if let Some(volume) = volumes.get_mut(id) {
            volume.captured_at = Some(now);
        }
    }
    Ok(())
}

fn check_instance(instance: &Instance) -> Result<(), ApiError> {
    let id = &instance.id;
    if instance.root_device_type != "ebs" {
        let message = format!("Instance {id} does not have an EBS root device");
        return Err(ApiError::client("InvalidParameterValue", message));
    }
    if matches!(instance.phase, Phase::Running | Phase::Stopped) {
        return Ok(());
    }
    // Said right after a stop, too: EC2.md 13.
    let message = format!("Instance {id} is not in state 'running' or 'stopped'");
    Err(ApiError::client("IncorrectState", message))
}

fn capture(
    call: &mut Call<'_>,
    instance: &Instance,
    name: &str,
    tags: &BTreeMap<String, Tags>,
) -> Result<String, ApiError> {
    let now = call.now;
    let id = call.world.id("ami");
    let (ready_at, fails) = plan(call);
    let visible_at = call.visible_at();
    let base = call.place().images.get(&instance.image).cloned();
    // What is not installed yet serves what the image brought along.
    let brought = || Some(base.as_ref()?.serves.clone());
    let serves = if instance.installed(now) {
        instance.serves.clone()
    } else {
        brought().unwrap_or_default()
    };
    let mut devices = Vec::new();
    for volume in &instance.volumes {
        let Some(volume) = call.place().volumes.get(volume).cloned() else {
            continue;
        };
        let snapshot = Snapshot {
            id: call.world.id("snap"),
            volume: volume.id,
            size_gib: volume.size_gib,
            description: format!("Created by CreateImage({}) for {id}", instance.id),
            owner_alias: None,
            encrypted: volume.encrypted,
            started: now,
            visible_at,
            ready_at,
            fails: fails.clone(),
        };
        devices.push(Device {
            name: volume.device,
            snapshot: Some(snapshot.id.clone()),
            size_gib: volume.size_gib,
            kind: volume.kind,
            iops: volume.iops,
            throughput: volume.throughput,
            delete_on_termination: volume.delete_on_termination,
            encrypted: volume.encrypted,
        });
        add_snapshot(call, snapshot, tags.get("snapshot"))?;
    }
    let image = Image {
        name: name.to_owned(),
        description: call
            .params
            .get("Description")
            .unwrap_or_default()
            .to_owned(),
        owner: call.key.account.clone(),
        owner_alias: None,
        architecture: instance.architecture.clone(),
        platform: instance.platform,
        creation_date: call.stamp(),
        root_device: instance.root_device.clone(),
        root_device_type: "ebs".to_owned(),
        devices,
        source_instance: Some(instance.id.clone()),
        source_image: Some((instance.image.clone(), call.key.region.clone())),
        public: false,
        imds_support: base.and_then(|image| image.imds_support),
        deprecation: None,
        shared_with: Vec::new(),
        protected: false,
        disabled: false,
        visible_at,
        created: now,
        ready_at,
        fails,
        deregistered_at: None,
        recycled_until: None,
        installed: instance.installed(now),
        serves,
        last_launched: None,
        id: id.clone(),
    };
    if let Some(tags) = tags.get("image") {
        call.place().tags.put(&id, tags)?;
    }
    call.place().images.insert(id.clone(), image);
    Ok(id)
}

/// When the next image is ready, and why it fails if tests said so.
pub(super) fn plan(call: &mut Call<'_>) -> (Duration, Option<String>) {
    let usual = call
        .now
        .saturating_add(call.sim.config.region_delays.image_pending);
    match call.world.next_images.pop_front() {
        None => (usual, None),
        Some(ImagePlan::Fail(reason)) => (usual, Some(reason)),
        Some(ImagePlan::Hold) => (Duration::MAX, None),
    }
}

pub(super) fn add_snapshot(
    call: &mut Call<'_>,
    snapshot: Snapshot,
    tags: Option<&Tags>,
) -> Result<(), ApiError> {
    call.effects.push(snapshot.id.clone());
    let place = call.place();
    if let Some(tags) = tags {
        place.tags.put(&snapshot.id, tags)?;
    }
    place.kms.follow(&snapshot.volume, &snapshot.id);
    place.snapshots.insert(snapshot.id.clone(), snapshot);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        let table = [
            ("ingot-web-1", true),
            ("a.b/c_d (e) [f] 'g' @h", true),
            ("ab", false),
            ("abc", true),
            ("a:b", false),
            ("a*b", false),
            ("käse", false),
        ];
        for (name, fine) in table {
            assert_eq!(check_name(name).is_ok(), fine, "{name}");
        }
        assert!(check_name(&"n".repeat(128)).is_ok());
        assert!(check_name(&"n".repeat(129)).is_err());
    }
}
