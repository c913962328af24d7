//! What IAM is asked for calls that make images and security groups.

use super::{Ask, Subject};

/// The instance that is captured, and the image and snapshots that are made.
pub(super) fn image(subject: &Subject<'_>) -> Vec<Ask> {
    let instance = subject.params.get("InstanceId").unwrap_or("*");
    let mut asks = vec![
        subject.made("image"),
        subject.existing("instance", instance),
        subject.made("snapshot"),
    ];
    asks.extend(subject.tagging());
    asks
}

/// The copy; the source is in another region, where IAM is not asked again.
pub(super) fn image_copy(subject: &Subject<'_>) -> Vec<Ask> {
    let mut asks = vec![subject.made("image"), subject.made("snapshot")];
    asks.extend(subject.tagging());
    asks
}

/// The VPC, and the group that is made in it.
pub(super) fn security_group(subject: &Subject<'_>) -> Vec<Ask> {
    let usual = subject.place.network.default_vpc();
    let usual = usual.map_or("*", |vpc| vpc.id.as_str());
    let vpc = subject.params.get("VpcId").unwrap_or(usual);
    let mut asks = vec![subject.existing("vpc", vpc), subject.made("security-group")];
    asks.extend(subject.tagging());
    asks
}
