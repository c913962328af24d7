//! Our own images and their snapshots: making, finding and deleting them.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Image, ImageState as SdkState, ResourceType};
use chrono::{DateTime, Utc};
use ingot_domain::arch::Arch;
use ingot_domain::place::Place;

use super::classify::Call;
use super::client::{LONGEST_FILTER, PAGE, once};
use super::{AwsCloud, tags};
use crate::error::{CloudError, ErrorKind};
use crate::facts::{ImageFacts, ImageState, SnapshotFacts};
use crate::nouns::Images;
use crate::spec::{ImageQuery, ImageSpec};

/// Longest description EC2 takes, in characters.
const LONGEST_DESCRIPTION: usize = 255;

/// What EC2 takes as a description: printing ASCII. A base's own words, which are part of it, need not be; what people write
/// for a few signs is written, and `?` for any other.
pub(super) fn description(text: &str) -> String {
    let mut sent = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => sent.push(c),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => sent.push('-'),
            '\u{2018}' | '\u{2019}' => sent.push('\''),
            '\u{201c}' | '\u{201d}' => sent.push('"'),
            '\u{ae}' => sent.push_str("(R)"),
            '\u{2122}' => sent.push_str("(TM)"),
            '\u{a9}' => sent.push_str("(C)"),
            '\u{2026}' => sent.push_str("..."),
            c if c.is_whitespace() || c.is_control() => sent.push(' '),
            _ => sent.push('?'),
        }
    }
    sent.truncate(LONGEST_DESCRIPTION);
    sent
}

/// Creates an image of an instance. There is no client token for it (EC2.md 1), so it is sent once: whether a lost
/// answer had an effect is found out by name (EC2.md 2).
pub(super) async fn create(
    cloud: &AwsCloud,
    region: &str,
    spec: &ImageSpec,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "CreateImage",
        region,
    };
    let description = description(&spec.description);
    let kinds = [ResourceType::Image, ResourceType::Snapshot];
    let request = cloud
        .at(&call)?
        .ec2
        .create_image()
        .instance_id(&spec.instance_id)
        .name(&spec.name)
        .set_description((!description.is_empty()).then_some(description))
        .no_reboot(spec.no_reboot)
        .set_tag_specifications(tags::specifications(kinds, &spec.tags))
        .customize()
        .config_override(aws_sdk_ec2::config::Builder::new().retry_config(once()));
    let answer = cloud.asked(&call, request.send()).await?;
    answer.image_id.ok_or_else(|| call.hollow("an image id"))
}

/// All of our own images that the filters let through, page by page, disabled ones included (EC2.md 10, 21).
pub(super) async fn find(
    cloud: &AwsCloud,
    region: &str,
    by: Vec<Filter>,
) -> Result<Vec<ImageFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeImages",
        region,
    };
    let ec2 = cloud.at(&call)?.ec2;
    let request = ec2
        .describe_images()
        .owners("self")
        .include_disabled(true)
        .set_filters(Some(by));
    let mut pages = request.into_paginator().page_size(PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        found.extend(page.images().iter().filter_map(facts));
    }
    Ok(found)
}

/// Our own images that match. Asked with filters, and held against the query once more: a filter EC2 reads more
/// widely than we mean must not adopt a stranger.
pub(super) async fn query(
    cloud: &AwsCloud,
    region: &str,
    query: &ImageQuery,
) -> Result<Vec<ImageFacts>, CloudError> {
    let mut by: Vec<Filter> = query
        .tags
        .iter()
        .map(|(key, value)| tags::exactly(format!("tag:{key}"), value))
        .collect();
    by.extend(
        query
            .name
            .as_deref()
            .map(|name| tags::exactly("name", name)),
    );
    by.extend(
        query
            .source_instance_id
            .as_deref()
            .map(|id| tags::exactly("source-instance-id", id)),
    );
    by.extend(
        query
            .architecture
            .map(|arch| tags::exactly("architecture", arch.as_str())),
    );
    let mut found = find(cloud, region, by).await?;
    found.retain(|image| matches(query, image));
    Ok(found)
}

fn matches(query: &ImageQuery, image: &ImageFacts) -> bool {
    query.name.as_ref().is_none_or(|name| *name == image.name)
        && query.tags.iter().all(|(key, value)| image.tags.get(key) == Some(value))
        && query.architecture.is_none_or(|arch| image.architecture == Some(arch))
        // Not every answer repeats where the image came from.
        && query.source_instance_id.as_ref().is_none_or(|id| {
            image.source_instance_id.as_ref().is_none_or(|source| source == id)
        })
}

/// Deregisters an image. Gone already is done (EC2.md 27): NotFound, or Unavailable, which EC2 also says of an image
/// that is not ready yet (EC2.md 20), so that one is only believed of an image that is not pending.
pub(super) async fn deregister(cloud: &AwsCloud, region: &str, id: &str) -> Result<(), CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DeregisterImage",
        region,
    };
    let request = cloud.at(&call)?.ec2.deregister_image().image_id(id);
    match cloud.asked(&call, request.send()).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        Err(error) if error.code == "InvalidAMIID.Unavailable" => {
            let now = find(cloud, region, vec![tags::any_of("image-id", [id])]).await?;
            if now.iter().any(|image| image.state == ImageState::Pending) {
                Err(error)
            } else {
                Ok(())
            }
        }
        Err(error) => Err(error),
    }
}

/// Deletes a snapshot; EC2 itself refuses one that an image still needs (EC2.md 26).
pub(super) async fn delete_snapshot(
    cloud: &AwsCloud,
    region: &str,
    id: &str,
) -> Result<(), CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DeleteSnapshot",
        region,
    };
    let request = cloud.at(&call)?.ec2.delete_snapshot().snapshot_id(id);
    match cloud.asked(&call, request.send()).await {
        Err(error) if error.kind != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// EC2's `2026-11-21T10:00:00.000Z`.
pub(super) fn instant(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

/// An entry without id or in a state we have never heard of is left out.
fn facts(image: &Image) -> Option<ImageFacts> {
    let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let reason = image
        .state_reason()
        .and_then(|reason| reason.message().or(reason.code()));
    let disks = image
        .block_device_mappings()
        .iter()
        .filter_map(|mapping| mapping.ebs());
    let snapshots = disks.filter_map(|ebs| {
        let size_gb = ebs
            .volume_size()
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(0);
        Some(SnapshotFacts {
            id: owned(ebs.snapshot_id())?,
            size_gb,
        })
    });
    Some(ImageFacts {
        id: owned(image.image_id())?,
        name: owned(image.name()).unwrap_or_default(),
        description: owned(image.description()),
        state: state(image.state()?)?,
        state_reason: owned(reason),
        owner_id: owned(image.owner_id()).unwrap_or_default(),
        owner_alias: owned(image.image_owner_alias()).filter(|alias| alias != "self"),
        architecture: image
            .architecture()
            .and_then(|found| Arch::parse(found.as_str())),
        created_at: instant(image.creation_date()),
        source_instance_id: owned(image.source_instance_id()),
        source_image_id: owned(image.source_image_id()),
        deprecated_at: instant(image.deprecation_time()),
        snapshots: snapshots.collect(),
        tags: tags::read(image.tags()),
    })
}

fn state(state: &SdkState) -> Option<ImageState> {
    match state {
        SdkState::Pending => Some(ImageState::Pending),
        SdkState::Available => Some(ImageState::Available),
        SdkState::Invalid => Some(ImageState::Invalid),
        SdkState::Deregistered => Some(ImageState::Deregistered),
        SdkState::Transient => Some(ImageState::Transient),
        SdkState::Failed => Some(ImageState::Failed),
        SdkState::Error => Some(ImageState::Error),
        SdkState::Disabled => Some(ImageState::Disabled),
        _ => None,
    }
}

#[async_trait]
impl Images for AwsCloud {
    async fn create_image(&self, place: Place<'_>, spec: &ImageSpec) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        create(self, region, spec).await
    }

    async fn describe_images(
        &self,
        place: Place<'_>,
        ids: &[String],
    ) -> Result<Vec<ImageFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(LONGEST_FILTER) {
            found.extend(find(self, region, vec![tags::any_of("image-id", some)]).await?);
        }
        Ok(found)
    }

    async fn find_images(
        &self,
        place: Place<'_>,
        query: &ImageQuery,
    ) -> Result<Vec<ImageFacts>, CloudError> {
        let region = self.region_of(place).await?;
        self::query(self, region, query).await
    }

    async fn deregister_image(&self, place: Place<'_>, image_id: &str) -> Result<(), CloudError> {
        let region = self.region_of(place).await?;
        deregister(self, region, image_id).await
    }
}

#[cfg(test)]
mod tests;
