//! The list itself, in the order in which a deployment meets the calls.

use super::{Asked, AwsCall, Grant, Need};

/// EC2 tags an object while it makes it only for who may tag.
const TAGS: Need = ("ec2:CreateTags", Grant::TagsAtCreation);

const fn read(service: &'static str, operation: &'static str, why: &'static str) -> AwsCall {
    AwsCall {
        service,
        operation,
        why,
        needs: &[],
        asked: Asked::Really,
        check_only: false,
    }
}

const fn needing(call: AwsCall, needs: &'static [Need]) -> AwsCall {
    AwsCall { needs, ..call }
}

const fn asked(call: AwsCall, asked: Asked) -> AwsCall {
    AwsCall { asked, ..call }
}

const fn check_only(call: AwsCall) -> AwsCall {
    AwsCall {
        check_only: true,
        ..call
    }
}

/// A read that IAM knows without resources.
macro_rules! reads {
    ($service:literal, $operation:literal, $why:literal) => {
        needing(
            read($service, $operation, $why),
            &[(concat!($service, ":", $operation), Grant::Read)],
        )
    };
}

/// Every call, each once.
pub const CALLS: &[AwsCall] = &[
    read(
        "sts",
        "GetCallerIdentity",
        "whose credentials these are; AWS refuses it to no caller",
    ),
    needing(
        read(
            "ssm",
            "GetParameter",
            "the id of a base image that a vendor publishes as a parameter",
        ),
        &[("ssm:GetParameter", Grant::PublicParameters)],
    ),
    reads!(
        "ec2",
        "DescribeImages",
        "base images, our own images, and whether an image is finished"
    ),
    reads!(
        "ec2",
        "DescribeSubnets",
        "the VPC of the subnet that a deployment names"
    ),
    reads!(
        "ec2",
        "DescribeVpcs",
        "the default VPC, when a deployment names no subnet"
    ),
    reads!(
        "ec2",
        "DescribeSecurityGroups",
        "a deployment's own group, and named groups that open SSH to the world"
    ),
    needing(
        asked(
            read(
                "ec2",
                "CreateSecurityGroup",
                "a deployment's own security group",
            ),
            Asked::DryRun,
        ),
        &[
            ("ec2:CreateSecurityGroup", Grant::MakesOurs),
            ("ec2:CreateSecurityGroup", Grant::GroupsVpc),
            TAGS,
        ],
    ),
    needing(
        asked(
            read(
                "ec2",
                "AuthorizeSecurityGroupIngress",
                "the rules of that group",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:AuthorizeSecurityGroupIngress", Grant::ChangesOurs)],
    ),
    needing(
        asked(
            read("ec2", "RunInstances", "the instance of a deployment"),
            Asked::DryRun,
        ),
        &[
            ("ec2:RunInstances", Grant::MakesOurs),
            ("ec2:RunInstances", Grant::LaunchUses),
            TAGS,
            ("iam:PassRole", Grant::PassesRole),
            ("kms:DescribeKey", Grant::UsesKey),
            ("kms:Decrypt", Grant::UsesKey),
            ("kms:GenerateDataKeyWithoutPlaintext", Grant::UsesKey),
            ("kms:ReEncryptFrom", Grant::UsesKey),
            ("kms:ReEncryptTo", Grant::UsesKey),
            ("kms:CreateGrant", Grant::GrantsKey),
        ],
    ),
    reads!(
        "ec2",
        "DescribeInstances",
        "the state and the addresses of instances"
    ),
    reads!(
        "ec2",
        "DescribeInstanceStatus",
        "the status checks of an instance whose first boot cannot be observed"
    ),
    needing(
        asked(
            read(
                "ssm",
                "SendCommand",
                "asks an instance whether its installation or first boot is over, and orders the scrub before its image",
            ),
            Asked::Never("SSM has no DryRun; `ingot aws check --launch` tells"),
        ),
        &[
            ("ssm:SendCommand", Grant::CommandDocument),
            ("ssm:SendCommand", Grant::CommandOnOurs),
        ],
    ),
    reads!("ssm", "GetCommandInvocation", "what that instance answered"),
    reads!(
        "ec2",
        "GetConsoleOutput",
        "how far an installation is, of a template that says `progress: console`"
    ),
    needing(
        asked(
            read("ec2", "CreateImage", "the image of a proven instance"),
            Asked::DryRunOnOurs,
        ),
        &[
            ("ec2:CreateImage", Grant::ChangesOurs),
            ("ec2:CreateImage", Grant::MakesOurs),
            TAGS,
        ],
    ),
    needing(
        asked(
            read(
                "ec2",
                "CopyImage",
                "the image in another region, asked of that region",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:CopyImage", Grant::MakesOurs), TAGS],
    ),
    reads!(
        "ec2",
        "DescribeSnapshots",
        "snapshots of this installation that no image uses"
    ),
    needing(
        asked(
            read(
                "ec2",
                "TerminateInstances",
                "ends the instance of a deployment",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:TerminateInstances", Grant::ChangesOurs)],
    ),
    needing(
        asked(
            read(
                "ec2",
                "DeregisterImage",
                "removes an image that failed or that no row names",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:DeregisterImage", Grant::ChangesOurs)],
    ),
    needing(
        asked(
            read(
                "ec2",
                "DeleteSnapshot",
                "removes the snapshots of such an image",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:DeleteSnapshot", Grant::ChangesOurs)],
    ),
    needing(
        asked(
            read(
                "ec2",
                "DeleteSecurityGroup",
                "removes a deployment's own group with its instance",
            ),
            Asked::DryRunOnOurs,
        ),
        &[("ec2:DeleteSecurityGroup", Grant::ChangesOurs)],
    ),
    check_only(reads!(
        "ec2",
        "GetEbsEncryptionByDefault",
        "whether the account encrypts every new volume"
    )),
    check_only(reads!(
        "ec2",
        "GetEbsDefaultKmsKeyId",
        "with which key it does"
    )),
    check_only(reads!(
        "servicequotas",
        "GetServiceQuota",
        "the account's limits of vCPUs, images and snapshots"
    )),
];
