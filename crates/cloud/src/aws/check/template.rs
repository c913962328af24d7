//! Whether what a template names is there in a region and fits. The base image is looked up; each instance type, each zone
//! and the instance profile is put to EC2 in a launch of its own that runs dry, so that one that is wrong hides no other.

use std::time::Duration;

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{IamInstanceProfileSpecification, InstanceType, Placement, ResourceType};
use ingot_domain::arch::Arch;
use ingot_domain::check::trial::{BASE, SMALLEST};
use ingot_domain::fitting::{Facts, fits};
use ingot_domain::image::{INSTALL_TAG, MANAGED_BY};
use ingot_domain::template::{BaseImage, Template};

use super::super::classify::Call;
use super::super::{AwsCloud, base_images, groups, tags};
use super::reads;
use crate::error::{CloudError, ErrorKind};
use crate::facts::BaseImageFacts;

/// RunInstances is rationed (EC2 33): a few launches, then two a second for the whole account, and a template may have more
/// types and zones than that. A person waits for the answer, so the question waits for its turn.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What AWS says of one thing that a template names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// Path of the field, such as `instance_types[0]`.
    pub field: String,
    /// What stands there.
    pub value: String,
    /// Whether it is there and fits.
    pub verdict: Verdict,
}

/// An answer about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is there, and a launch with it would go on; what it led to, if that is worth a word.
    Fits(Option<String>),
    /// It is not there, or does not fit: why.
    Misfit(String),
    /// It could not be asked about: why.
    Unasked(String),
}

/// Where to launch: the default VPC, which needs no name, or some subnet.
enum Place {
    Usual,
    Subnet(String),
}

/// Asks about everything a template names. `install` is the installation whose tag the launches carry, which the
/// credentials of its workers may launch with only.
pub(in crate::aws) async fn ask(
    cloud: &AwsCloud,
    region: &str,
    template: &Template,
    install: Option<&str>,
) -> Vec<Fit> {
    let mut found = Vec::new();
    let allowed = |one: &String| one == region;
    if !template.regions.is_empty() && !template.regions.iter().any(allowed) {
        let why = format!("the template allows {} only", template.regions.join(", "));
        found.push(fit("regions", region, Verdict::Misfit(why)));
    }
    let arch = template.architecture;
    let (base, place) = tokio::join!(
        base_images::resolve(cloud, region, &template.base_image, arch),
        place(cloud, region)
    );
    let field = match &template.base_image {
        BaseImage::Ssm(_) => "base_image.ssm",
        BaseImage::Ami(_) => "base_image.ami",
        BaseImage::Newest { .. } => "base_image.newest",
        BaseImage::Track(_) => "base_image.track",
    };
    let shown = template.base_image.describe();
    let shown = shown
        .split_once(':')
        .map_or(shown.as_str(), |(_, name)| name);
    let (verdict, image) = judged(arch, base);
    found.push(fit(field, shown, verdict));
    // What remains can be asked about with any base of the architecture.
    let image = match image {
        Some(image) => Some(image),
        None => known_base(cloud, region, arch).await,
    };
    let dry = match (image, place) {
        (Some(image), Ok(place)) => Ok(Dry {
            cloud,
            region,
            image,
            place,
            smallest: smallest(arch),
            install,
        }),
        (None, _) => Err(format!("no base image to ask with is known in {region}")),
        (_, Err(why)) => Err(why),
    };
    for (i, kind) in template.instance_types.iter().enumerate() {
        let verdict = match &dry {
            Ok(dry) => dry.would(dry.launch(kind)).await,
            Err(why) => Verdict::Unasked(why.clone()),
        };
        found.push(fit(&format!("instance_types[{i}]"), kind, verdict));
    }
    let here = template.zones.iter().enumerate();
    for (i, zone) in here.filter(|(_, zone)| zone.starts_with(region)) {
        let verdict = match &dry {
            Ok(dry) => dry.zone(zone).await,
            Err(why) => Verdict::Unasked(why.clone()),
        };
        found.push(fit(&format!("zones[{i}]"), zone, verdict));
    }
    if let Some(name) = &template.instance_profile {
        let verdict = match &dry {
            Ok(dry) => dry.profile(name).await,
            Err(why) => Verdict::Unasked(why.clone()),
        };
        found.push(fit("instance_profile", name, verdict));
    }
    if let Some(key) = &template.volume.kms_key_id {
        let why = format!(
            "EC2 looks at a key only when it makes a volume with it; `ingot aws check --region {region} --launch --kms-key {key}` tries it"
        );
        found.push(fit("volume.kms_key_id", key, Verdict::Unasked(why)));
    }
    found
}

fn fit(field: &str, value: &str, verdict: Verdict) -> Fit {
    Fit {
        field: field.to_owned(),
        value: value.to_owned(),
        verdict,
    }
}

/// Whether the base was found and fits, and its id if so.
fn judged(arch: Arch, base: Result<BaseImageFacts, CloudError>) -> (Verdict, Option<String>) {
    let base = match base {
        Ok(base) => base,
        Err(error) => return (refused(&error), None),
    };
    let facts = Facts {
        id: &base.id,
        architecture: base.architecture,
        root_device_type: &base.root_device_type,
        virtualization: &base.virtualization,
        root_size_gb: base.root_size_gb,
    };
    match fits(arch, facts) {
        Ok(()) => {
            let led_to = format!("{} ({})", base.name, base.id);
            (Verdict::Fits(Some(led_to)), Some(base.id))
        }
        Err(why) => (Verdict::Misfit(why), None),
    }
}

/// What a refusal says: of the thing, or of the asking.
fn refused(error: &CloudError) -> Verdict {
    match error.kind {
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::WrongState => {
            Verdict::Misfit(error.told())
        }
        _ => Verdict::Unasked(error.told()),
    }
}

async fn place(cloud: &AwsCloud, region: &str) -> Result<Place, String> {
    match groups::default_vpc(cloud, region).await {
        Ok(Some(_)) => return Ok(Place::Usual),
        Ok(None) => {}
        Err(error) => return Err(error.told()),
    }
    match reads::some_subnet(cloud, region).await {
        Ok(Some((subnet, _))) => Ok(Place::Subnet(subnet)),
        Ok(None) => Err(format!(
            "{region} has neither a default VPC nor a subnet to ask with"
        )),
        Err(error) => Err(error.told()),
    }
}

/// A base that every region has, by the architecture.
async fn known_base(cloud: &AwsCloud, region: &str, arch: Arch) -> Option<String> {
    let name = BASE.replace(Arch::X86_64.as_str(), arch.as_str());
    let found = base_images::resolve(cloud, region, &BaseImage::Ssm(name), arch).await;
    found.ok().map(|base| base.id)
}

fn smallest(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => SMALLEST,
        Arch::Arm64 => "t4g.micro",
    }
}

struct Dry<'a> {
    cloud: &'a AwsCloud,
    region: &'a str,
    image: String,
    place: Place,
    /// A type that every region has.
    smallest: &'static str,
    install: Option<&'a str>,
}

impl Dry<'_> {
    fn call(&self) -> Call<'_> {
        Call {
            service: "ec2",
            operation: "RunInstances",
            region: self.region,
        }
    }

    /// A launch of one machine of this type that runs dry.
    fn launch(&self, kind: &str) -> Result<RunInstancesFluentBuilder, CloudError> {
        let clients = self.cloud.at(&self.call())?;
        let subnet = match &self.place {
            Place::Usual => None,
            Place::Subnet(id) => Some(id.clone()),
        };
        let install = self.install.map(|install| (INSTALL_TAG, install));
        let tags = install.into_iter().chain([("ManagedBy", MANAGED_BY)]);
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let kinds = [ResourceType::Instance, ResourceType::Volume];
        let specifications = tags::specifications(kinds, &tags.collect());
        Ok(clients
            .ec2
            .run_instances()
            .min_count(1)
            .max_count(1)
            .image_id(&self.image)
            .instance_type(InstanceType::from(kind))
            .set_subnet_id(subnet)
            .set_tag_specifications(specifications)
            .dry_run(true))
    }

    async fn would(&self, launch: Result<RunInstancesFluentBuilder, CloudError>) -> Verdict {
        let launch = match launch {
            Ok(launch) => launch,
            Err(error) => return refused(&error),
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let asked = self.cloud.asked(&self.call(), launch.clone().send()).await;
            match (asked, pauses.next()) {
                (Ok(_), _) => return Verdict::Fits(None),
                (Err(error), _) if error.code == "DryRunOperation" => return Verdict::Fits(None),
                (Err(error), Some(pause)) if error.kind == ErrorKind::Throttled => {
                    tokio::time::sleep(pause).await;
                }
                (Err(error), _) => return refused(&error),
            }
        }
    }

    async fn zone(&self, zone: &str) -> Verdict {
        if matches!(self.place, Place::Subnet(_)) {
            let why = "without a default VPC a deployment names a subnet, which lies in one zone";
            return Verdict::Unasked(why.to_owned());
        }
        let there = Placement::builder().availability_zone(zone).build();
        let launch = self.launch(self.smallest);
        self.would(launch.map(|launch| launch.placement(there)))
            .await
    }

    async fn profile(&self, name: &str) -> Verdict {
        let profile = IamInstanceProfileSpecification::builder()
            .name(name)
            .build();
        let launch = self.launch(self.smallest);
        let with = launch.map(|launch| launch.iam_instance_profile(profile));
        match self.would(with).await {
            // The launch without it is allowed to who may ask at all: the refusal is about the role.
            Verdict::Unasked(why) if why.contains("PassRole") => Verdict::Misfit(why),
            verdict => verdict,
        }
    }
}
