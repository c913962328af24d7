//! What every region has before anyone calls: vendors' base images, and the SSM parameters
//! that point at the newest of them.

mod amazon;
mod enterprise;
mod history;
mod lines;
mod ubuntu;
mod windows;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ssm::Parameter;
use crate::state::images::{Device, Image, Platform};
pub(crate) use lines::Line;

/// FNV-1a cut to fifteen hexadecimal digits: ids that are the same in every run.
pub(crate) fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step) & 0x0fff_ffff_ffff_ffff
}

/// The id of a base image, the same in every run; regions differ as they do on AWS.
fn image_id(region: &str, name: &str) -> String {
    format!("ami-0{:015x}b", hash(&format!("{region}/{name}")))
}

/// The lines of a region whose clock began at a day of its own, else all of them.
fn lines_of(day: Option<&str>) -> Vec<Line> {
    match day {
        Some(day) => lines()
            .into_iter()
            .filter_map(|line| line.of_day(day))
            .collect(),
        None => lines(),
    }
}

/// Every line of base images of every vendor.
fn lines() -> Vec<Line> {
    let vendors = [
        amazon::lines(),
        ubuntu::lines(),
        enterprise::lines(),
        windows::lines(),
    ];
    vendors.into_iter().flatten().collect()
}

/// The base images of a region, as they were at `day` if one is said.
pub(crate) fn images(region: &str, day: Option<&str>) -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for line in lines_of(day) {
        for release in &line.releases {
            let image = image(region, &line, &release.name, &release.date);
            images.insert(image.id.clone(), image);
        }
    }
    images
}

/// The parameters of a region, which resolve to its newest base images.
pub(crate) fn parameters(region: &str, day: Option<&str>) -> BTreeMap<String, Vec<Parameter>> {
    let mut parameters = BTreeMap::new();
    for line in lines_of(day) {
        let Some(newest) = line.releases.last() else {
            continue;
        };
        for name in &line.parameters {
            let value = image_id(region, &newest.name);
            parameters.insert(name.clone(), vec![pointer(value)]);
        }
        for release in &line.releases {
            for name in &release.parameters {
                let value = image_id(region, &release.name);
                parameters.insert(name.clone(), vec![pointer(value)]);
            }
        }
    }
    parameters
}

/// Every parameter that moves with one: those that point at the newest release of the same line.
pub(crate) fn parameters_beside(parameter: &str) -> Vec<String> {
    let line = lines()
        .into_iter()
        .find(|line| line.parameters.iter().any(|name| name == parameter));
    line.map_or_else(|| vec![parameter.to_owned()], |line| line.parameters)
}

/// An image under another name, as its vendor publishes it in a region.
pub(crate) fn renamed(region: &str, like: &Image, name: &str, date: &str) -> Image {
    let mut image = like.clone();
    image.id = image_id(region, name);
    for (device, at) in image.devices.iter_mut().zip(["b", "c", "d"]) {
        let hash = hash(&format!("{region}/snap/{name}"));
        device.snapshot = Some(format!("snap-0{hash:015x}{at}"));
    }
    let serial = |name: &str| name.rsplit('-').next().unwrap_or_default().to_owned();
    image.description = image
        .description
        .replace(&serial(&like.name), &serial(name));
    image.name = name.to_owned();
    image.creation_date = date.to_owned();
    image.deprecation = None;
    image.deregistered_at = None;
    image
}

fn pointer(value: String) -> Parameter {
    Parameter {
        value,
        kind: "String".to_owned(),
        data_type: "aws:ec2:image".to_owned(),
        version: 1,
        modified: Duration::ZERO,
    }
}

/// A newer release of the line a parameter points at, as its vendor publishes it, with every
/// parameter that moves to it. `label` makes its name differ from others of the same day.
/// `None` if the parameter belongs to no vendor.
pub(crate) fn release(
    region: &str,
    parameter: &str,
    label: &str,
    date: &str,
) -> Option<(Image, Vec<String>)> {
    let line = lines()
        .into_iter()
        .find(|line| line.parameters.iter().any(|name| name == parameter))?;
    let name = lines::renamed(&line.releases.last()?.name, date, label);
    let image = image(region, &line, &name, date);
    Some((image, line.parameters))
}

fn image(region: &str, line: &Line, name: &str, date: &str) -> Image {
    let vendor = &line.vendor;
    let device = |index: usize, (device, gib): (&str, u64)| Device {
        name: device.to_owned(),
        snapshot: Some(format!(
            "snap-0{:015x}{}",
            hash(&format!("{region}/snap/{name}")),
            ["b", "c"].get(index).unwrap_or(&"d"),
        )),
        size_gib: gib,
        kind: line.volume.to_owned(),
        iops: None,
        throughput: None,
        delete_on_termination: true,
        encrypted: false,
    };
    let devices = line.devices.iter().copied().enumerate();
    let devices: Vec<Device> = devices.map(|(at, root)| device(at, root)).collect();
    let instance_store = devices.is_empty();
    Image {
        id: image_id(region, name),
        name: name.to_owned(),
        description: line.describe(name),
        owner: vendor.owner.to_owned(),
        owner_alias: vendor.alias.map(str::to_owned),
        architecture: line.architecture.to_owned(),
        platform: vendor.platform,
        creation_date: date.to_owned(),
        root_device: vendor.root_device.to_owned(),
        root_device_type: if instance_store {
            "instance-store".to_owned()
        } else {
            "ebs".to_owned()
        },
        devices,
        source_instance: None,
        source_image: None,
        public: true,
        imds_support: (vendor.platform != Platform::Windows).then(|| "v2.0".to_owned()),
        deprecation: None,
        shared_with: Vec::new(),
        protected: false,
        disabled: false,
        visible_at: Duration::ZERO,
        created: Duration::ZERO,
        ready_at: Duration::ZERO,
        fails: None,
        deregistered_at: None,
        recycled_until: None,
        installed: false,
        serves: Vec::new(),
        last_launched: None,
    }
}

#[cfg(test)]
mod tests;
