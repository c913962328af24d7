//! What carries a tag of ours and is neither instance nor image: snapshots and security groups, for the reconciler to know
//! whose they are.

use chrono::DateTime;

use super::classify::Call;
use super::client::PAGE;
use super::{AwsCloud, tags};
use crate::error::CloudError;
use crate::facts::TaggedFacts;

/// Our account's snapshots with the tag, page by page. Held against the tag once more: a filter read more widely than we
/// mean must not make a stranger's snapshot ours.
pub(super) async fn snapshots(
    cloud: &AwsCloud,
    region: &str,
    key: &str,
    value: &str,
) -> Result<Vec<TaggedFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSnapshots",
        region,
    };
    let ec2 = cloud.at(&call)?.ec2;
    let request = ec2
        .describe_snapshots()
        .owner_ids("self")
        .filters(tags::exactly(format!("tag:{key}"), value));
    let mut pages = request.into_paginator().page_size(PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        found.extend(page.snapshots().iter().filter_map(|snapshot| {
            let started = snapshot.start_time();
            Some(TaggedFacts {
                id: snapshot.snapshot_id()?.to_owned(),
                created_at: started
                    .and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
                tags: tags::read(snapshot.tags()),
            })
        }));
    }
    found.retain(|one| carries(one, key, value));
    Ok(found)
}

/// Security groups with the tag.
pub(super) async fn groups(
    cloud: &AwsCloud,
    region: &str,
    key: &str,
    value: &str,
) -> Result<Vec<TaggedFacts>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeSecurityGroups",
        region,
    };
    let ec2 = cloud.at(&call)?.ec2;
    let request = ec2
        .describe_security_groups()
        .filters(tags::exactly(format!("tag:{key}"), value));
    let mut pages = request.into_paginator().page_size(PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = cloud.page(&call, pages.next()).await? {
        found.extend(page.security_groups().iter().filter_map(|group| {
            Some(TaggedFacts {
                id: group.group_id()?.to_owned(),
                created_at: None,
                tags: tags::read(group.tags()),
            })
        }));
    }
    found.retain(|one| carries(one, key, value));
    Ok(found)
}

fn carries(one: &TaggedFacts, key: &str, value: &str) -> bool {
    one.tags.get(key).is_some_and(|found| found == value)
}
