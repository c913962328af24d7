//! What every region has before anyone calls: vendors' base images, and the SSM parameters
//! that point at the newest of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ssm::Parameter;
use crate::state::images::{Device, Image};

/// FNV-1a cut to fifteen hexadecimal digits: ids that are the same in every run.
pub(crate) fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step) & 0x0fff_ffff_ffff_ffff
}

const AMAZON: &str = "137112412989";
const CANONICAL: &str = "099720109477";

/// A line of base images: the newest release has the parameter.
#[derive(Clone, Copy, Debug)]
struct Line {
    parameter: &'static str,
    owner: &'static str,
    architecture: &'static str,
    /// Releases, oldest first: name and creation date.
    releases: &'static [(&'static str, &'static str)],
    description: &'static str,
    root_device: &'static str,
}

const LINES: &[Line] = &[
    Line {
        parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        owner: AMAZON,
        architecture: "x86_64",
        releases: &[
            (
                "al2023-ami-2023.9.20261005.0-kernel-6.1-x86_64",
                "2026-10-06T21:14:09.000Z",
            ),
            (
                "al2023-ami-2023.9.20261109.0-kernel-6.1-x86_64",
                "2026-11-10T20:31:44.000Z",
            ),
        ],
        description: "Amazon Linux 2023 AMI 2023.9 x86_64 HVM kernel-6.1",
        root_device: "/dev/xvda",
    },
    Line {
        parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
        owner: AMAZON,
        architecture: "arm64",
        releases: &[(
            "al2023-ami-2023.9.20261109.0-kernel-6.1-arm64",
            "2026-11-10T20:33:02.000Z",
        )],
        description: "Amazon Linux 2023 AMI 2023.9 arm64 HVM kernel-6.1",
        root_device: "/dev/xvda",
    },
    Line {
        parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
        owner: CANONICAL,
        architecture: "x86_64",
        releases: &[
            (
                "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261011",
                "2026-10-11T06:12:37.000Z",
            ),
            (
                "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261115",
                "2026-11-15T07:02:11.000Z",
            ),
        ],
        description: "Canonical, Ubuntu, 24.04, amd64 noble image",
        root_device: "/dev/sda1",
    },
    Line {
        parameter: "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
        owner: CANONICAL,
        architecture: "arm64",
        releases: &[(
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261115",
            "2026-11-15T07:03:48.000Z",
        )],
        description: "Canonical, Ubuntu, 24.04, arm64 noble image",
        root_device: "/dev/sda1",
    },
    Line {
        parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
        owner: CANONICAL,
        architecture: "x86_64",
        releases: &[(
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261112",
            "2026-11-12T05:44:20.000Z",
        )],
        description: "Canonical, Ubuntu, 22.04, amd64 jammy image",
        root_device: "/dev/sda1",
    },
    Line {
        parameter: "/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id",
        owner: CANONICAL,
        architecture: "arm64",
        releases: &[(
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20261112",
            "2026-11-12T05:45:31.000Z",
        )],
        description: "Canonical, Ubuntu, 22.04, arm64 jammy image",
        root_device: "/dev/sda1",
    },
];

/// The one image whose instances cannot be captured: its root is instance store.
const INSTANCE_STORE: &str = "amzn-ami-minimal-hvm-2018.03.0.20231218.0-x86_64-s3";

/// The id of a base image, the same in every run; regions differ as they do on AWS.
fn image_id(region: &str, name: &str) -> String {
    format!("ami-0{:015x}b", hash(&format!("{region}/{name}")))
}

/// The base images of a region.
pub(crate) fn images(region: &str) -> BTreeMap<String, Image> {
    let mut images = BTreeMap::new();
    for line in LINES {
        for (name, date) in line.releases {
            let image = image(region, line, name, date);
            images.insert(image.id.clone(), image);
        }
    }
    let old = image(
        region,
        &LINES[0],
        INSTANCE_STORE,
        "2023-12-18T21:00:00.000Z",
    );
    let store = Image {
        root_device_type: "instance-store".to_owned(),
        devices: Vec::new(),
        ..old
    };
    images.insert(store.id.clone(), store);
    images
}

/// The parameters of a region, which resolve to its newest base images.
pub(crate) fn parameters(region: &str) -> BTreeMap<String, Vec<Parameter>> {
    let newest = |line: &Line| line.releases.last().map(|(name, _)| image_id(region, name));
    let one = |line: &Line| Some((line.parameter.to_owned(), vec![pointer(newest(line)?)]));
    let mut parameters: BTreeMap<_, _> = LINES.iter().filter_map(one).collect();
    // Canonical publishes jammy under both volume types; recipes ask for either.
    for (name, versions) in parameters.clone() {
        if name.contains("/22.04/") {
            parameters.insert(name.replace("ebs-gp2", "ebs-gp3"), versions);
        }
    }
    parameters
}

fn pointer(value: String) -> Parameter {
    let kind = "String".to_owned();
    let data_type = "aws:ec2:image".to_owned();
    Parameter {
        value,
        kind,
        data_type,
        version: 1,
        modified: Duration::ZERO,
    }
}

/// A newer release of the line a parameter points at, as its vendor publishes it; `label`
/// ends its name. `None` if the parameter is none of ours.
pub(crate) fn release(region: &str, parameter: &str, label: &str, date: &str) -> Option<Image> {
    let either = parameter.replace("ebs-gp3", "ebs-gp2");
    let mut lines = LINES.iter();
    let line = lines.find(|line| [parameter, either.as_str()].contains(&line.parameter))?;
    let (newest, _) = line.releases.last()?;
    Some(image(region, line, &format!("{newest}.{label}"), date))
}

fn image(region: &str, line: &Line, name: &str, date: &str) -> Image {
    let serial = name.rsplit('-').next().unwrap_or_default();
    let description = if line.owner == CANONICAL {
        format!("{} build on {serial}", line.description)
    } else {
        line.description.to_owned()
    };
    let root = Device {
        name: line.root_device.to_owned(),
        snapshot: Some(format!(
            "snap-0{:015x}b",
            hash(&format!("{region}/snap/{name}"))
        )),
        size_gib: 8,
        kind: "gp3".to_owned(),
        delete_on_termination: true,
        encrypted: false,
    };
    Image {
        id: image_id(region, name),
        name: name.to_owned(),
        description,
        owner: line.owner.to_owned(),
        owner_alias: (line.owner == AMAZON).then(|| "amazon".to_owned()),
        architecture: line.architecture.to_owned(),
        platform_details: "Linux/UNIX".to_owned(),
        creation_date: date.to_owned(),
        root_device: line.root_device.to_owned(),
        root_device_type: "ebs".to_owned(),
        devices: vec![root],
        source_instance: None,
        source_image: None,
        public: true,
        imds_support: Some("v2.0".to_owned()),
        deprecation: None,
        shared_with: Vec::new(),
        protected: false,
        disabled: false,
        visible_at: Duration::ZERO,
        created: Duration::ZERO,
        ready_at: Duration::ZERO,
        fails: None,
        deregistered_at: None,
        installed: false,
        last_launched: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_resolves_to_an_image_of_its_region() {
        let images = images("eu-west-1");
        let parameters = parameters("eu-west-1");
        assert_eq!(parameters.len(), 8);
        for (name, versions) in &parameters {
            let image = &images[&versions[0].value];
            let arm = name.contains("arm64");
            assert_eq!(image.architecture == "arm64", arm, "{name}");
            assert_eq!(image.id.len(), "ami-0123456789abcdef0".len());
        }
        assert!(
            images
                .keys()
                .all(|id| !super::images("us-east-1").contains_key(id))
        );
    }

    #[test]
    fn a_release_is_a_new_image_of_the_same_line() {
        let name = LINES[2].parameter;
        let new = release("r", name, "2", "2026-12-01T00:00:00.000Z").expect("a known line");
        assert!(!images("r").contains_key(&new.id));
        assert_eq!(new.owner, CANONICAL);
        assert!(release("r", "/other", "2", "2026-12-01T00:00:00.000Z").is_none());
    }
}
