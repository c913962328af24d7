//! Images that vendors publish, listed for the tracks: one call for several owners and names, page by page.

use aws_sdk_ec2::types::{DeviceType, Image, ImageState, VirtualizationType};
use ingot_domain::arch::Arch;
use ingot_domain::track::{Recorded, Seen, Shown, Verdict, known, newest};

use super::classify::Call;
use super::client::{LONGEST_FILTER, PAGE};
use super::{AwsCloud, images, tags};
use crate::error::{CloudError, ErrorKind};
use crate::spec::BaseQuery;

/// Lists them. More names or ids than one filter takes are several calls.
pub(super) async fn list(
    cloud: &AwsCloud,
    region: &str,
    query: &BaseQuery,
) -> Result<Vec<Shown>, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeImages",
        region,
    };
    let (filter, values) = match query {
        BaseQuery::Named { names, .. } => ("name", names),
        BaseQuery::Ids(ids) => ("image-id", ids),
    };
    let mut found = Vec::new();
    // The limit counts the values of all filters of a request, and two more filters of one value each may stand beside.
    for values in values.chunks(LONGEST_FILTER - 2) {
        let mut by = vec![tags::any_of(filter, values)];
        let request = cloud.at(&call)?.ec2.describe_images();
        let request = match query {
            BaseQuery::Named { owners, .. } => {
                by.push(tags::any_of("state", ["available"]));
                by.push(tags::any_of("image-type", ["machine"]));
                // Without owners every account's images would be listed (whoAMI, ADVISORIES 1.2).
                request.set_owners(Some(owners.clone()))
            }
            // EC2 leaves deprecated images out of what is filtered, unless it is told not to.
            BaseQuery::Ids(_) => request.include_deprecated(true),
        };
        let request = request.set_filters(Some(by));
        let mut pages = request.into_paginator().page_size(PAGE).send();
        while let Some(page) = cloud.page(&call, pages.next()).await? {
            found.extend(page.images().iter().filter_map(shown));
        }
    }
    if let BaseQuery::Ids(ids) = query {
        found.retain(|image| ids.contains(&image.id));
    }
    Ok(found)
}

/// The newest build of a track that every installation has, by its rule. Tracks of one installation and recorded heads are
/// in its ledger, which is asked before.
pub(super) async fn of_track(
    cloud: &AwsCloud,
    region: &str,
    name: &str,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "DescribeImages",
        region,
    };
    let refuse = |message: String| call.error(ErrorKind::NotFound, "no_image", message);
    let track = known::find(name).ok_or_else(|| {
        refuse(format!(
            "track `{name}` is not one that every installation has"
        ))
    })?;
    let absent = || refuse(format!("track `{name}` has no build in {region}"));
    let owner = track.owners.of(region).ok_or_else(absent)?;
    let rule = track.rule().map_err(|error| refuse(error.to_string()))?;
    let query = BaseQuery::Named {
        owners: vec![owner.to_owned()],
        names: vec![track.filter.clone()],
    };
    let images = list(cloud, region, &query).await?;
    let both = (
        Recorded::default(),
        Seen {
            images: &images,
            pointed: None,
        },
    );
    match newest(&track, &rule, owner, both, chrono::DateTime::UNIX_EPOCH).verdict {
        Verdict::Baseline(found) => Ok(found.image.id),
        _ => Err(absent()),
    }
}

/// An entry without id, name or owner is none that a rule could judge.
fn shown(image: &Image) -> Option<Shown> {
    let owned = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let usable = image.state() == Some(&ImageState::Available)
        && image.root_device_type() == Some(&DeviceType::Ebs)
        && image.virtualization_type() == Some(&VirtualizationType::Hvm);
    Some(Shown {
        id: owned(image.image_id())?,
        owner: owned(image.owner_id())?,
        name: owned(image.name())?,
        arch: image
            .architecture()
            .and_then(|found| Arch::parse(found.as_str())),
        created_at: images::instant(image.creation_date()),
        deprecated_at: images::instant(image.deprecation_time()),
        usable,
    })
}
