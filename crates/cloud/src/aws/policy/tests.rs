//! What a policy of each kind allows, and what it is refused for.

use std::collections::BTreeSet;

use super::super::calls::CALLS;
use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/ingot-ssm";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn written(role: Option<&str>, key: Option<&str>, region: Option<&str>, read_only: bool) -> Policy {
    PolicyFor::read("0192f", role, key, region, read_only)
        .expect("a policy")
        .policy()
}

fn actions(policy: &Policy) -> BTreeSet<&'static str> {
    let each = policy.statement.iter().flat_map(|one| &one.action);
    each.copied().collect()
}

#[test]
fn the_whole_policy_allows_exactly_what_the_list_needs() {
    let needed: BTreeSet<_> = CALLS
        .iter()
        .flat_map(|call| call.needs)
        .map(|need| need.0)
        .collect();
    assert_eq!(
        actions(&written(Some(ROLE), Some(KEY), None, false)),
        needed
    );
    let without: BTreeSet<_> = needed
        .iter()
        .copied()
        .filter(|action| !action.starts_with("kms:") && *action != "iam:PassRole")
        .collect();
    assert_eq!(actions(&written(None, None, None, false)), without);
}

#[test]
fn the_read_only_policy_changes_nothing() {
    let allowed = actions(&written(Some(ROLE), Some(KEY), None, true));
    assert!(
        allowed.contains("ec2:DescribeInstances")
            && allowed.contains("servicequotas:GetServiceQuota")
    );
    for action in allowed {
        let verb = action.split_once(':').map_or("", |(_, verb)| verb);
        assert!(
            verb.starts_with("Describe") || verb.starts_with("Get"),
            "{action}"
        );
    }
}

/// What changes something is never granted on everything, and always under a condition or on one thing by name.
#[test]
fn nothing_changes_without_a_condition() {
    for statement in written(Some(ROLE), Some(KEY), None, false).statement {
        let free = statement.condition.is_empty();
        let reads = ["Read", "PublicParameters"].contains(&statement.sid);
        let bounded = [
            "LaunchFromAndInto",
            "GroupsInVpcs",
            "CommandDocument",
            "UseTheKey",
        ]
        .contains(&statement.sid);
        assert!(!free || reads || bounded, "{statement:?}");
        assert!(
            reads || !statement.resource.iter().any(|resource| resource == "*"),
            "{statement:?}"
        );
    }
}

/// IAM's limit of a managed policy, blanks not counted.
#[test]
fn it_fits_into_a_managed_policy() {
    let written =
        serde_json::to_string(&written(Some(ROLE), Some(KEY), None, false)).expect("json");
    assert!(written.len() < 6144, "{}", written.len());
}

#[test]
fn the_partition_comes_from_what_is_given() {
    let role = "arn:aws-cn:iam::123456789012:role/ingot-ssm";
    let table = [
        (None, None, "arn:aws:ec2"),
        (None, Some("eu-central-1"), "arn:aws:ec2"),
        (None, Some("cn-north-1"), "arn:aws-cn:ec2"),
        (None, Some("us-gov-west-1"), "arn:aws-us-gov:ec2"),
        (Some(role), Some("us-east-1"), "arn:aws-cn:ec2"),
    ];
    for (role, region, begins) in table {
        let text = serde_json::to_string(&written(role, None, region, false)).expect("json");
        assert!(text.contains(begins), "{region:?}: {text}");
        assert_eq!(text.contains("ec2.amazonaws.com.cn"), role.is_some());
    }
}

#[test]
fn what_cannot_be_granted_on_is_refused_with_the_way_out() {
    let profile = "arn:aws:iam::123456789012:instance-profile/ingot-ssm";
    let table = [
        ("", None, None, "--install", "ingot status"),
        ("a\"b", None, None, "--install", "ingot status"),
        ("x", Some("ingot-ssm"), None, "--role", "arn:aws:iam::"),
        ("x", Some(profile), None, "--role", "get-instance-profile"),
        (
            "x",
            Some("arn:aws:iam::12:role/a"),
            None,
            "--role",
            "arn:aws:iam::",
        ),
        ("x", None, Some("alias/ebs"), "--kms", "describe-key"),
        ("x", None, Some("1234abcd"), "--kms", "arn:aws:kms:"),
    ];
    for (install, role, key, option, way_out) in table {
        let error = PolicyFor::read(install, role, key, None, false).expect_err(option);
        assert_eq!(error.option, option);
        assert!(error.to_string().contains(way_out), "{error}");
    }
}
