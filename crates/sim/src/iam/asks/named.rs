//! What IAM is asked for calls on objects they name by id, and for reads.

use super::{Ask, Subject, kind_of, plain_tags, request_tags};

/// Parameters that name objects, and of what kind.
const NAMES: &[(&str, &str)] = &[
    ("GroupId", "security-group"),
    ("ImageId", "image"),
    ("InstanceId", "instance"),
    ("ResourceId", "instance"),
    ("SnapshotId", "snapshot"),
    ("SourceSnapshotId", "snapshot"),
    ("SubnetId", "subnet"),
    ("VolumeId", "volume"),
    ("VpcId", "vpc"),
];

/// Reads that IAM asks for the object of, unlike all others.
const READS_OF_ONE: &[&str] = &[
    "DescribeImageAttribute",
    "DescribeInstanceAttribute",
    "DescribeSnapshotAttribute",
    "GetConsoleOutput",
];

/// The objects a call names; `*` for lists and for account settings.
pub(super) fn of(subject: &Subject<'_>) -> Vec<Ask> {
    let action = subject.action;
    let reads = ["Describe", "Get", "List"];
    let read = reads.iter().any(|verb| action.starts_with(verb));
    if read && !READS_OF_ONE.contains(&action) {
        return vec![subject.ask("*".to_owned())];
    }
    let mut asks: Vec<Ask> = objects(subject)
        .map(|(kind, id)| subject.existing(&kind, &id))
        .collect();
    if action == "CreateTags" {
        let tags = plain_tags(subject.params);
        asks = asks.into_iter().map(|ask| ask.requesting(&tags)).collect();
    }
    let makes = ["Create", "Copy", "Register", "Restore"];
    if makes.iter().any(|verb| action.starts_with(verb)) {
        let kinds = request_tags(subject.params);
        asks.extend(kinds.keys().map(|kind| subject.made(kind)));
    }
    if asks.is_empty() {
        asks.push(subject.ask("*".to_owned()));
    }
    asks.extend(subject.tagging());
    asks
}

fn objects(subject: &Subject<'_>) -> impl Iterator<Item = (String, String)> {
    let (params, place) = (subject.params, subject.place);
    let by_id = params.iter().filter_map(|(name, value)| {
        let root = name.split('.').next().unwrap_or(name);
        let (_, usual) = NAMES.iter().find(|(known, _)| *known == root)?;
        Some((kind_of(value, usual).to_owned(), value.to_owned()))
    });
    let name = params.get("GroupName");
    let by_name = place
        .groups
        .values()
        .filter(move |group| name == Some(group.name.as_str()))
        .map(|group| ("security-group".to_owned(), group.id.clone()));
    by_id.chain(by_name)
}
