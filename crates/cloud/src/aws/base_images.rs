//! Where a fresh install starts from: a public parameter, a fixed id, or the newest of an owner, made into one id
//! with the facts a launch needs.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Image, ImageState};
use ingot_domain::arch::Arch;
use ingot_domain::place::Place;
use ingot_domain::template::BaseImage;
use ingot_domain::track::Shown;

use super::classify::Call;
use super::client::PAGE;
use super::{AwsCloud, base_listing, tags};
use crate::error::{CloudError, ErrorKind};
use crate::facts::BaseImageFacts;
use crate::nouns::BaseImages;
use crate::spec::BaseQuery;

const DESCRIBE: &str = "DescribeImages";

/// Makes a template's base image one id. What can not be found says so with the region and the words of the template.
pub(super) async fn resolve(
    cloud: &AwsCloud,
    region: &str,
    base: &BaseImage,
    arch: Arch,
) -> Result<BaseImageFacts, CloudError> {
    let call = Call {
        service: "ec2",
        operation: DESCRIBE,
        region,
    };
    let image = match base {
        BaseImage::Ssm(parameter) => {
            let id = parameter_value(cloud, region, parameter).await?;
            by_id(
                cloud,
                region,
                &id,
                &format!("parameter {parameter} names {id}, which"),
            )
            .await?
        }
        BaseImage::Track(name) => {
            let id = base_listing::of_track(cloud, region, name).await?;
            by_id(
                cloud,
                region,
                &id,
                &format!("track {name} leads to {id}, which"),
            )
            .await?
        }
        BaseImage::Ami(id) => by_id(cloud, region, id, &format!("base image {id}")).await?,
        BaseImage::Newest { owner, name } => newest(cloud, region, (owner, name), arch).await?,
    };
    facts(&call, &image)
}

async fn parameter_value(
    cloud: &AwsCloud,
    region: &str,
    parameter: &str,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ssm",
        operation: "GetParameter",
        region,
    };
    let request = cloud.at(&call)?.ssm.get_parameter().name(parameter);
    let answer = cloud.asked(&call, request.send()).await.map_err(|error| match error.kind {
        ErrorKind::NotFound => {
            let message = format!("there is no parameter {parameter} in {region}; check its name and that the region has it");
            CloudError { message, ..error }
        }
        _ => error,
    })?;
    let value = answer
        .parameter
        .and_then(|parameter| parameter.value)
        .unwrap_or_default();
    let value = value.trim();
    if value.starts_with("ami-") {
        return Ok(value.to_owned());
    }
    // Some public parameters hold a whole description instead of an id.
    let message = format!(
        "parameter {parameter} does not hold an image id; name the parameter that ends in the id"
    );
    Err(call.error(ErrorKind::Invalid, "parameter_value", message))
}

/// The id that a parameter holds; `None` when there is no such parameter.
pub(super) async fn pointer(
    cloud: &AwsCloud,
    region: &str,
    parameter: &str,
) -> Result<Option<String>, CloudError> {
    match parameter_value(cloud, region, parameter).await {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn by_id(cloud: &AwsCloud, region: &str, id: &str, what: &str) -> Result<Image, CloudError> {
    let call = Call {
        service: "ec2",
        operation: DESCRIBE,
        region,
    };
    let absent =
        || format!("{what} does not exist in {region}, or is not shared with this account");
    let request = cloud.at(&call)?.ec2.describe_images().image_ids(id);
    let answer = cloud
        .asked(&call, request.send())
        .await
        .map_err(|error| match error.kind {
            ErrorKind::NotFound => CloudError {
                message: absent(),
                ..error
            },
            _ => error,
        })?;
    let image = answer.images.unwrap_or_default().into_iter().next();
    let image =
        image.ok_or_else(|| call.error(ErrorKind::NotFound, "InvalidAMIID.NotFound", absent()))?;
    match image.state() {
        Some(ImageState::Available) => Ok(image),
        // A pending one may become available; with any other it is over (EC2.md 21).
        Some(ImageState::Pending) => Err(call.error(
            ErrorKind::WrongState,
            "pending",
            format!("{what} is still pending in {region}"),
        )),
        state => {
            let state = state.map_or("unknown", ImageState::as_str);
            Err(call.error(
                ErrorKind::NotFound,
                "unusable",
                format!("{what} is {state} in {region}"),
            ))
        }
    }
}

/// The newest by creation date; between two of the same instant the greater id, so that the choice is a function of
/// what is there (EC2 defines no order, EC2.md 10).
async fn newest(
    cloud: &AwsCloud,
    region: &str,
    (owner, name): (&str, &str),
    arch: Arch,
) -> Result<Image, CloudError> {
    let call = Call {
        service: "ec2",
        operation: DESCRIBE,
        region,
    };
    let by = vec![
        tags::any_of("name", [name]),
        tags::any_of("state", ["available"]),
        tags::any_of("architecture", [arch.as_str()]),
        tags::any_of("root-device-type", ["ebs"]),
        tags::any_of("virtualization-type", ["hvm"]),
        tags::any_of("image-type", ["machine"]),
    ];
    let ec2 = cloud.at(&call)?.ec2;
    let mut pages = ec2
        .describe_images()
        .owners(owner)
        .set_filters(Some(by))
        .into_paginator()
        .page_size(PAGE)
        .send();
    let mut best: Option<Image> = None;
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        for image in page.images.unwrap_or_default() {
            if best.as_ref().is_none_or(|best| age(&image) > age(best)) {
                best = Some(image);
            }
        }
    }
    best.ok_or_else(|| {
        let message =
            format!("no available {arch} image of owner {owner} in {region} has a name like `{name}` (with an EBS root device and hvm)");
        call.error(ErrorKind::NotFound, "no_image", message)
    })
}

fn age(image: &Image) -> (Option<chrono::DateTime<chrono::Utc>>, Option<&str>) {
    (
        super::images::instant(image.creation_date()),
        image.image_id(),
    )
}

fn facts(call: &Call<'_>, image: &Image) -> Result<BaseImageFacts, CloudError> {
    let id = image.image_id().ok_or_else(|| call.hollow("an image id"))?;
    let told = image
        .architecture()
        .map(|found| found.as_str())
        .unwrap_or_default();
    let architecture = Arch::parse(told).ok_or_else(|| {
        let message =
            format!("base image {id} is for {told:?}, but only x86_64 and arm64 can be launched");
        call.error(ErrorKind::Invalid, "architecture", message)
    })?;
    let owned = |text: Option<&str>| {
        text.map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let name = owned(image.name()).unwrap_or_else(|| id.to_owned());
    Ok(BaseImageFacts {
        id: id.to_owned(),
        description: owned(image.description()).unwrap_or_else(|| name.clone()),
        name,
        architecture,
        root_device_type: image
            .root_device_type()
            .map(|found| found.as_str().to_owned())
            .unwrap_or_default(),
        root_device_name: owned(image.root_device_name())
            .ok_or_else(|| call.hollow("a root device name"))?,
        owner_id: owned(image.owner_id()),
        owner_alias: owned(image.image_owner_alias()),
        created_at: super::images::instant(image.creation_date()),
        virtualization: image
            .virtualization_type()
            .map(|found| found.as_str().to_owned())
            .unwrap_or_default(),
        root_size_gb: root_size(image),
        tags: tags::read(image.tags()),
    })
}

/// The size of the snapshot its root volume is made of.
fn root_size(image: &Image) -> Option<u32> {
    let root = image.root_device_name()?;
    let mapping = image
        .block_device_mappings()
        .iter()
        .find(|mapping| mapping.device_name() == Some(root))?;
    u32::try_from(mapping.ebs()?.volume_size()?).ok()
}

#[async_trait]
impl BaseImages for AwsCloud {
    async fn resolve_base_image(
        &self,
        place: Place<'_>,
        base: &BaseImage,
        arch: Arch,
    ) -> Result<BaseImageFacts, CloudError> {
        let region = self.region_of(place).await?;
        resolve(self, region, base, arch).await
    }

    async fn list_base_images(
        &self,
        place: Place<'_>,
        query: &BaseQuery,
    ) -> Result<Vec<Shown>, CloudError> {
        let region = self.region_of(place).await?;
        base_listing::list(self, region, query).await
    }

    async fn base_parameter(
        &self,
        place: Place<'_>,
        parameter: &str,
    ) -> Result<Option<String>, CloudError> {
        let region = self.region_of(place).await?;
        pointer(self, region, parameter).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{ArchitectureValues, DeviceType};

    #[test]
    fn base_images_are_read() {
        let call = Call {
            service: "ec2",
            operation: DESCRIBE,
            region: "us-east-1",
        };
        let image = Image::builder()
            .image_id("ami-1")
            .name("ubuntu-24.04")
            .root_device_name("/dev/sda1");
        let image = image.root_device_type(DeviceType::Ebs);
        let good = facts(
            &call,
            &image
                .clone()
                .architecture(ArchitectureValues::X8664)
                .build(),
        )
        .expect("facts");
        assert_eq!(
            (good.description.as_str(), good.root_device_type.as_str()),
            ("ubuntu-24.04", "ebs")
        );
        assert_eq!(good.owner_id, None, "EC2 told none");
        let told = image.clone().owner_id("137112412989");
        let told = told
            .image_owner_alias("amazon")
            .creation_date("2026-11-01T00:00:00.000Z")
            .architecture(ArchitectureValues::X8664)
            .build();
        let told = facts(&call, &told).expect("facts");
        assert_eq!(told.owner_alias.as_deref(), Some("amazon"));
        let (line, now) = (
            BaseImage::Ssm("/p".to_owned()),
            chrono::DateTime::UNIX_EPOCH,
        );
        let base = told.resolved(&line, now);
        assert_eq!(
            (base.owner.as_deref(), base.name.as_deref()),
            (Some("137112412989"), Some("ubuntu-24.04"))
        );
        assert_eq!(
            (base.line.as_str(), base.created_at.is_some()),
            ("ssm:/p", true)
        );
        let mac = facts(
            &call,
            &image.architecture(ArchitectureValues::X8664Mac).build(),
        )
        .expect_err("mac");
        assert_eq!(mac.kind, ErrorKind::Invalid);
    }

    #[test]
    fn the_newest_wins_and_a_date_beats_none() {
        let made = |id: &str, date: Option<&str>| {
            Image::builder()
                .image_id(id)
                .set_creation_date(date.map(str::to_owned))
                .build()
        };
        let old = made("ami-9", Some("2026-01-01T00:00:00.000Z"));
        let new = made("ami-1", Some("2026-11-01T00:00:00.000Z"));
        assert!(age(&new) > age(&old));
        assert!(age(&old) > age(&made("ami-z", None)));
    }
}
