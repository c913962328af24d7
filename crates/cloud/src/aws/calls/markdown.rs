//! The list as a page of documentation; `ingot aws calls --markdown` prints it.

use std::fmt::Write;

use super::{Asked, AwsCall, CALLS, Grant};

const HEAD: &str = "\
# What Ingot asks of AWS

Every call Ingot makes, what for, and the permissions it takes. This page is made by `ingot aws calls --markdown`, the
policy by `ingot aws policy`, both from the adapter's own list; a test holds list, policy and page equal.

- `ingot aws policy [--role ARN] [--kms KEY]` prints the policy of this installation: it may change only what carries its
  tag `ingot:install`, and only makes what it tags so.
- `ingot aws policy --read-only` prints what the check needs and changes nothing.
- `ingot aws check` asks AWS, from a worker, which of the calls are allowed; only a denied one makes it fail.
- `ingot aws check --launch` launches one `t3.micro` besides, tries SSM, the instance profile and the key with it, and ends it
  within 5 minutes.

A *role* is what an instance may do, an *instance profile* the container EC2 wants it in: templates name the profile
(`instance_profile`), `iam:PassRole` and `--role` name the role. The role itself needs AWS's managed policy
`AmazonSSMManagedInstanceCore`, for Ingot asks the instance through SSM. A key (`--kms`) is needed where the account
encrypts with a customer-managed key; the key's own policy must allow the same. Base images from parameters of your own
need `ssm:GetParameter` on them as well.

| call | what for | permissions | asked beforehand |
| --- | --- | --- | --- |
";

/// The page.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for call in CALLS {
        let name = format!("{}:{}", call.service, call.operation);
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} |",
            call.why,
            permissions(call),
            asked(call.asked)
        );
    }
    page
}

fn permissions(call: &AwsCall) -> String {
    if call.needs.is_empty() {
        return "none".to_owned();
    }
    let each = call
        .needs
        .iter()
        .map(|(action, grant)| format!("`{action}` {}", on(*grant)));
    each.collect::<Vec<_>>().join(", ")
}

fn on(grant: Grant) -> &'static str {
    match grant {
        Grant::Read => "on everything",
        Grant::PublicParameters => "on public parameters",
        Grant::LaunchUses => "on what a launch uses",
        Grant::GroupsVpc => "on VPCs",
        Grant::MakesOurs => "on what it makes with our tag",
        Grant::TagsAtCreation => "while making",
        Grant::ChangesOurs => "on what carries our tag",
        Grant::CommandDocument => "on `AWS-RunShellScript`",
        Grant::CommandOnOurs => "on instances with our tag",
        Grant::PassesRole => "on the role, with a profile",
        Grant::UsesKey => "on the key, with one",
        Grant::GrantsKey => "on the key, for EC2 only",
    }
}

fn asked(asked: Asked) -> &'static str {
    match asked {
        Asked::Really => "yes, it only reads",
        Asked::DryRun => "yes, by DryRun",
        Asked::DryRunOnOurs => "by DryRun, once there is such an object of ours",
        Asked::Never(why) => why,
    }
}
