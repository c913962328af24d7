//! Orders for those who live beside us in an account: backups, people, the Recycle Bin.
//!
//! What they make goes through the same actions as any call, so EC2's rules hold for it; only
//! the marks of AWS itself are put on afterwards.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::account::key_of;
use super::{ControlError, done};
use crate::iam::Caller;
use crate::sim::{Call, Sim};
use crate::state::tags::{Tags, reserved};
use crate::state::{PlaceKey, World};
use crate::wire::query::Params;
use crate::{ec2, host};

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Maker {
    /// AWS Backup: its AMIs cannot be deregistered through EC2.
    AwsBackup,
    /// Data Lifecycle Manager with `CopyTags`.
    Dlm,
    /// CreateImage with the instance's tags, as people's scripts do.
    Script,
}

/// Body of `POST /_sim/backups`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackupOrder {
    instance: String,
    by: Maker,
    /// The name of the AMI; absent: as its maker names it.
    name: Option<String>,
    /// Whether the tags of the instance and its volumes are copied.
    #[serde(default = "yes")]
    copy_tags: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn backup(sim: &Sim, order: BackupOrder) -> Result<Value, ControlError> {
    let mut world = sim.world();
    let key = key_of_instance(&mut world, &order.instance)?;
    let job = uuid::Uuid::new_v4();
    let id = &order.instance;
    let name = order.name.clone().unwrap_or_else(|| match order.by {
        Maker::AwsBackup => format!("AwsBackup_{id}_{job}"),
        Maker::Dlm => format!("Daily_{id}_policy-0{}", &job.simple().to_string()[..16]),
        Maker::Script => format!("backup-{id}-{}", &job.simple().to_string()[..8]),
    });
    let mut form = Form::default();
    form.add("InstanceId", id).add("Name", &name);
    form.add("NoReboot", "true");
    match order.by {
        Maker::AwsBackup => form.add(
            "Description",
            "This image is created by the AWS Backup service.",
        ),
        Maker::Dlm => form.add(
            "Description",
            "Created by policy: policy-0123456789abcdef0 schedule: Daily",
        ),
        Maker::Script => &mut form,
    };
    if order.copy_tags {
        let (instance, volume) = tags_of(&mut world, &key, id);
        form.tags("image", &instance).tags("snapshot", &volume);
    }
    // Its maker tries again until EBS takes it, whatever came before.
    let place = world.place(&key);
    for volume in place
        .volumes
        .values_mut()
        .filter(|volume| volume.instance == *id)
    {
        volume.captured_at = None;
    }
    let made = perform(sim, &mut world, &key, "CreateImage", &form.params())?;
    let Some((image, snapshots)) = made.effects.split_first() else {
        return Err(ControlError::Missing(order.instance));
    };
    mark(&mut world, &key, order.by, id, image, snapshots);
    Ok(json!({"image_id": image, "snapshots": snapshots, "name": name}))
}

/// What only AWS itself can set.
fn mark(
    world: &mut World,
    key: &PlaceKey,
    by: Maker,
    instance: &str,
    image: &str,
    snapshots: &[String],
) {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let tags = match by {
        Maker::AwsBackup => Tags::from([tag("aws:backup:source-resource", instance)]),
        Maker::Dlm => Tags::from([
            tag("aws:dlm:lifecycle-policy-id", "policy-0123456789abcdef0"),
            tag("aws:dlm:lifecycle-schedule-name", "Daily"),
            tag("dlm:managed", "true"),
        ]),
        Maker::Script => return,
    };
    let place = world.place(key);
    for id in snapshots.iter().chain([&image.to_owned()]) {
        let mut all = place.tags.of(id).clone();
        all.extend(tags.clone());
        place.tags.restore(id, all);
    }
    if by != Maker::AwsBackup {
        return;
    }
    let alias = || Some(crate::state::images::BACKUP_VAULT.to_owned());
    if let Some(image) = place.images.get_mut(image) {
        image.owner_alias = alias();
    }
    for id in snapshots {
        if let Some(snapshot) = place.snapshots.get_mut(id) {
            snapshot.owner_alias = alias();
            snapshot.description = "This snapshot is created by the AWS Backup service.".to_owned();
        }
    }
}

/// Body of `POST /_sim/launch_like`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaunchOrder {
    instance: String,
    /// Absent: none.
    client_token: Option<String>,
}

/// The console's "launch more like this": everything of the instance but its addresses.
pub(super) fn launch_like(sim: &Arc<Sim>, order: LaunchOrder) -> Result<Value, ControlError> {
    let mut world = sim.world();
    let key = key_of_instance(&mut world, &order.instance)?;
    let (instance, volume) = tags_of(&mut world, &key, &order.instance);
    let place = world.place(&key);
    let missing = || ControlError::Missing(order.instance.clone());
    let model = place.instances.get(&order.instance).ok_or_else(missing)?;
    let mut form = Form::default();
    form.add("ImageId", &model.image)
        .add("InstanceType", &model.kind)
        .add("MinCount", "1")
        .add("MaxCount", "1")
        .add("SubnetId", &model.subnet)
        .add(
            "InstanceInitiatedShutdownBehavior",
            &model.shutdown_behavior,
        );
    for (number, group) in (1..).zip(&model.groups) {
        form.add(&format!("SecurityGroupId.{number}"), group);
    }
    let optional = [
        ("KeyName", &model.key_name),
        ("IamInstanceProfile.Arn", &model.profile),
        ("UserData", &model.user_data),
        ("ClientToken", &order.client_token),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            form.add(name, value);
        }
    }
    form.tags("instance", &instance).tags("volume", &volume);
    let made = perform(sim, &mut world, &key, "RunInstances", &form.params())?;
    for id in made.launched {
        host::open(sim, &mut world, &id);
    }
    Ok(json!({"instance_id": made.effects.first()}))
}

/// Body of `POST /_sim/recycle_bin`: simulated seconds, absent for no rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BinOrder {
    images: Option<u64>,
    snapshots: Option<u64>,
    region: Option<String>,
    account: Option<String>,
}

pub(super) fn recycle_bin(sim: &Sim, order: BinOrder) -> Result<Value, ControlError> {
    let mut world = sim.world();
    let place = world.place(&key_of(order.region, order.account));
    place.bin.images = order.images.map(Duration::from_secs);
    place.bin.snapshots = order.snapshots.map(Duration::from_secs);
    done()
}

fn key_of_instance(world: &mut World, id: &str) -> Result<PlaceKey, ControlError> {
    let mut places = world.places.values();
    let place = places.find(|place| place.instances.contains_key(id));
    let missing = || ControlError::Missing(id.to_owned());
    Ok(place.ok_or_else(missing)?.key.clone())
}

/// The tags users gave an instance and its first volume.
fn tags_of(world: &mut World, key: &PlaceKey, id: &str) -> (Tags, Tags) {
    let place = world.place(key);
    let own = |id: &str| -> Tags {
        let tags = place.tags.of(id).iter().filter(|(key, _)| !reserved(key));
        tags.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let volume = place
        .instances
        .get(id)
        .and_then(|instance| instance.volumes.first());
    (
        own(id),
        volume.map(|volume| own(volume)).unwrap_or_default(),
    )
}

struct Made {
    effects: Vec<String>,
    launched: Vec<String>,
}

fn perform(
    sim: &Sim,
    world: &mut World,
    key: &PlaceKey,
    action: &str,
    params: &Params,
) -> Result<Made, ControlError> {
    let now = sim.clock.now();
    world.place(key).settle(now);
    let mut call = Call {
        sim,
        world,
        key: key.clone(),
        // No policy: what they may do is not our question.
        caller: Caller::default(),
        now,
        params,
        effects: Vec::new(),
        launched: Vec::new(),
    };
    ec2::perform(&mut call, action).map_err(|error| ControlError::Body(error.to_string()))?;
    Ok(Made {
        effects: call.effects,
        launched: call.launched,
    })
}

/// A request being written.
#[derive(Default)]
struct Form {
    fields: Vec<(String, String)>,
    specifications: usize,
}

impl Form {
    fn add(&mut self, name: &str, value: &str) -> &mut Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn tags(&mut self, kind: &str, tags: &Tags) -> &mut Self {
        if tags.is_empty() {
            return self;
        }
        self.specifications += 1;
        let start = format!("TagSpecification.{}", self.specifications);
        self.add(&format!("{start}.ResourceType"), kind);
        for (number, (key, value)) in (1..).zip(tags) {
            self.add(&format!("{start}.Tag.{number}.Key"), key);
            self.add(&format!("{start}.Tag.{number}.Value"), value);
        }
        self
    }

    fn params(self) -> Params {
        Params::of(self.fields)
    }
}
