//! What is neither instance nor image, for the reconciler to know whose it is: snapshots and security groups, by a tag of
//! ours or by id, and the network a group is made in.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, SecurityGroup, Snapshot};
use chrono::DateTime;
use ingot_domain::place::Place;

use super::classify::Call;
use super::client::PAGE;
use super::{AwsCloud, groups, images, tags};
use crate::error::CloudError;
use crate::facts::TaggedFacts;
use crate::nouns::Snapshots;

/// Our account's snapshots that the filter lets through, page by page.
pub(super) async fn snapshots(
    cloud: &AwsCloud,
    region: &str,
    by: Filter,
) -> Result<Vec<TaggedFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSnapshots",
        region,
    };
    let ec2 = cloud.at(&call)?.ec2;
    let request = ec2.describe_snapshots().owner_ids("self").filters(by);
    let mut pages = request.into_paginator().page_size(PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        found.extend(page.snapshots().iter().filter_map(snapshot));
    }
    Ok(found)
}

/// Security groups that the filter lets through.
pub(super) async fn groups(
    cloud: &AwsCloud,
    region: &str,
    by: Filter,
) -> Result<Vec<TaggedFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSecurityGroups",
        region,
    };
    let clients = cloud.at(&call)?;
    let found = groups::find(cloud, &clients, region, vec![by]).await?;
    Ok(found.iter().filter_map(group).collect())
}

/// The VPC a group for a launch into this subnet is made in: the subnet's, or the default one.
pub(super) async fn vpc(
    cloud: &AwsCloud,
    region: &str,
    subnet: Option<&str>,
) -> Result<Option<String>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeVpcs",
        region,
    };
    let clients = cloud.at(&call)?;
    match subnet {
        Some(subnet) => groups::vpc_of(cloud, &clients, region, subnet)
            .await
            .map(Some),
        None => groups::default_vpc(cloud, region).await,
    }
}

/// Those that carry the tag: a filter read more widely than we mean must not make a stranger's thing ours.
pub(super) fn carrying(mut found: Vec<TaggedFacts>, key: &str, value: &str) -> Vec<TaggedFacts> {
    found.retain(|one| one.tags.get(key).is_some_and(|found| found == value));
    found
}

fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn snapshot(snapshot: &Snapshot) -> Option<TaggedFacts> {
    let started = snapshot.start_time();
    Some(TaggedFacts {
        id: owned(snapshot.snapshot_id())?,
        owner_id: owned(snapshot.owner_id()),
        owner_alias: owned(snapshot.owner_alias()).filter(|alias| alias != "self"),
        name: None,
        description: owned(snapshot.description()),
        vpc_id: None,
        volume_id: owned(snapshot.volume_id()),
        created_at: started.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
        tags: tags::read(snapshot.tags()),
    })
}

fn group(group: &SecurityGroup) -> Option<TaggedFacts> {
    Some(TaggedFacts {
        id: owned(group.group_id())?,
        owner_id: owned(group.owner_id()),
        owner_alias: None,
        name: owned(group.group_name()),
        description: owned(group.description()),
        vpc_id: owned(group.vpc_id()),
        volume_id: None,
        created_at: None,
        tags: tags::read(group.tags()),
    })
}

#[async_trait]
impl Snapshots for AwsCloud {
    async fn describe_snapshot(
        &self,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let found = snapshots(self, region, tags::any_of("snapshot-id", [id])).await?;
        Ok(found.into_iter().find(|one| one.id == id))
    }

    async fn find_snapshots_by_tag(
        &self,
        place: Place<'_>,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError> {
        let region = self.region_of(place).await?;
        let by = tags::exactly(format!("tag:{key}"), value);
        let found = snapshots(self, region, by).await?;
        Ok(carrying(found, key, value))
    }

    async fn delete_snapshot(&self, place: Place<'_>, snapshot_id: &str) -> Result<(), CloudError> {
        let region = self.region_of(place).await?;
        images::delete_snapshot(self, region, snapshot_id).await
    }
}
