//! The actions that have buckets: those Ingot calls of EC2 and SSM, and those EC2.md 33 names. A closed list, because they are labels of
//! metrics and parts of keys.

/// EC2's actions by their names in the API; `other` stands for what is not listed.
pub const ACTIONS: [&str; 28] = [
    "AuthorizeSecurityGroupIngress",
    "CopyImage",
    "CreateImage",
    "CreateLaunchTemplateVersion",
    "CreateSecurityGroup",
    "CreateSnapshot",
    "CreateTags",
    "DeleteSecurityGroup",
    "DeleteSnapshot",
    "DeregisterImage",
    "DescribeImages",
    "DescribeInstanceStatus",
    "DescribeInstances",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSubnets",
    "DescribeVpcs",
    "EnableFastLaunch",
    "GetCommandInvocation",
    "GetConsoleOutput",
    "ModifyImageAttribute",
    "RegisterImage",
    "RunInstances",
    "SendCommand",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
    "other",
];

/// The listed name of an action.
pub fn word(action: &str) -> &'static str {
    ACTIONS
        .iter()
        .find(|known| **known == action)
        .copied()
        .unwrap_or("other")
}

/// EC2's class of reads: `Describe*`, `Get*`, `List*`.
pub(crate) fn reads(action: &str) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|verb| action.starts_with(verb))
}
