//! What IAM is asked for RunInstances: everything the launch uses and everything it makes.

use std::collections::BTreeMap;

use super::{Ask, Subject, request_tags};

pub(super) fn run_instances(subject: &Subject<'_>, roles: &BTreeMap<String, String>) -> Vec<Ask> {
    let params = subject.params;
    let image = params.get("ImageId").unwrap_or("*");
    let interfaces = params.structs("NetworkInterface");
    let mut groups = params.list("SecurityGroupId");
    let mut subnet = params.get("SubnetId").map(str::to_owned);
    for interface in &interfaces {
        groups.extend(interface.list("SecurityGroupId"));
        subnet = subnet.or_else(|| interface.get("SubnetId").map(str::to_owned));
    }
    for name in params.list("SecurityGroup") {
        let all = subject.place.groups.values();
        let found = all.filter(|group| group.name == name);
        groups.extend(found.map(|group| group.id.clone()));
    }
    if groups.is_empty() {
        groups.push("*".to_owned());
    }
    let mut asks = vec![
        subject.made("instance"),
        subject.existing("image", image),
        subject.existing("subnet", subnet.as_deref().unwrap_or("*")),
    ];
    asks.extend(
        groups
            .iter()
            .map(|id| subject.existing("security-group", id)),
    );
    asks.push(subject.made("network-interface"));
    asks.push(subject.made("volume"));
    for mapping in params.structs("BlockDeviceMapping") {
        let ebs = mapping.sub("Ebs");
        let snapshot = ebs.get("SnapshotId");
        asks.extend(snapshot.map(|id| subject.existing("snapshot", id)));
    }
    let key = params.get("KeyName");
    asks.extend(key.map(|name| subject.existing("key-pair", name)));
    let spot = "spot-instances-request";
    if request_tags(params).contains_key(spot) {
        asks.push(subject.made(spot));
    }
    asks.extend(pass_role(subject, roles));
    asks.extend(subject.tagging());
    asks
}

/// A profile hands its role to the instance: the caller must be allowed to pass that role on.
fn pass_role(subject: &Subject<'_>, roles: &BTreeMap<String, String>) -> Option<Ask> {
    let profile = subject.params.sub("IamInstanceProfile");
    let by_arn = || profile.get("Arn")?.rsplit('/').next();
    let name = profile.get("Name").or_else(by_arn)?;
    let role = roles.get(name).map_or(name, String::as_str);
    let key = &subject.place.key;
    let arn = format!("arn:aws:iam::{}:role/{role}", key.account);
    Some(
        Ask::new(&key.region, "iam:PassRole", arn).with("iam:PassedToService", "ec2.amazonaws.com"),
    )
}
