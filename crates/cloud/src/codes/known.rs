//! The list itself: AWS's codes with class and sentence.

use crate::error::ErrorKind;
use crate::error::ErrorKind::*;

/// What `.NotFound` says.
pub(super) const GONE: &str =
    "AWS does not know it: it is gone, was never there in {region}, or was made a moment ago";

/// The list: class, sentence, codes. `{region}` and `{action}` stand for the call's. Only `.NotFound` and `.Malformed` are
/// read as suffixes beside it.
pub const KNOWN: &[(ErrorKind, &str, &[&str])] = &[
    (
        Throttled,
        "AWS throttles calls; it goes on by itself",
        &[
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "Throttled",
            "TooManyRequestsException",
            "EC2ThrottledException",
            "SlowDown",
            "PriorRequestNotComplete",
            "BandwidthLimitExceeded",
        ],
    ),
    (
        Throttled,
        "AWS takes one snapshot of a volume per 15 seconds",
        &["SnapshotCreationPerVolumeRateExceeded"],
    ),
    (
        NoCapacity,
        "AWS has no room for it there at the moment",
        &[
            "InsufficientInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientReservedInstanceCapacity",
            "InsufficientCapacity",
            "InsufficientAddressCapacity",
        ],
    ),
    (
        NoCapacity,
        "AWS has no room for the volume there at the moment",
        &["InsufficientVolumeCapacity"],
    ),
    (
        NoCapacity,
        "the subnet has no free address",
        &["InsufficientFreeAddressesInSubnet"],
    ),
    (
        Quota,
        "a limit of the AWS account in {region} is reached: free something or ask AWS for more (Service Quotas)",
        &[
            "InstanceLimitExceeded",
            "VcpuLimitExceeded",
            "MaxSpotInstanceCountExceeded",
            "ServiceQuotaExceededException",
            "ResourceLimitExceeded",
            "ResourceCountExceeded",
            "SnapshotLimitExceeded",
            "PendingSnapshotLimitExceeded",
            "ConcurrentSnapshotLimitExceeded",
            "SecurityGroupLimitExceeded",
            "VolumeLimitExceeded",
            "MaxIOPSLimitExceeded",
            "AddressLimitExceeded",
            "NetworkInterfaceLimitExceeded",
            "ReservedInstancesLimitExceeded",
            "HostLimitExceeded",
            "ImageLimitExceeded",
            "AMIQuotaExceeded",
            "InstanceQuotaExceeded",
        ],
    ),
    (
        Invalid,
        "AWS takes 50 tags on one thing: name fewer",
        &["TagLimitExceeded"],
    ),
    (
        Invalid,
        "more was asked for than AWS takes at once",
        &["FilterLimitExceeded", "PrivateIpAddressLimitExceeded"],
    ),
    (
        Invalid,
        "the account allows fewer security groups on one instance (5, unless raised): name fewer",
        &["SecurityGroupsPerInterfaceLimitExceeded"],
    ),
    (
        Invalid,
        "the account allows fewer security groups on one instance: name fewer",
        &["SecurityGroupsPerInstanceLimitExceeded"],
    ),
    (
        Invalid,
        "the account allows fewer rules in one security group (60, unless raised): name fewer",
        &["RulesPerSecurityGroupLimitExceeded"],
    ),
    (
        Duplicate,
        "the name or the rule is there already",
        &[
            "InvalidAMIName.Duplicate",
            "InvalidGroup.Duplicate",
            "InvalidPermission.Duplicate",
        ],
    ),
    (
        TokenMismatch,
        "the same token was sent with other parameters",
        &["IdempotentParameterMismatch"],
    ),
    (
        TokenSpent,
        "the token's instance has ended",
        &["IdempotentInstanceTerminated"],
    ),
    (
        NotFound,
        "Systems Manager does not know the instance: its agent has not reported (instance profile, network), or not yet",
        &["InvalidInstanceId"],
    ),
    (NotFound, GONE, &["InvocationDoesNotExist"]),
    (
        NotFound,
        "there is no such parameter in {region}",
        &["ParameterNotFound"],
    ),
    (
        NotFound,
        "there is no such version of the parameter in {region}",
        &["ParameterVersionNotFound"],
    ),
    (NotFound, "no image in {region} fits", &["no_image"]),
    (
        WrongState,
        "the image is deregistered, or not ready yet",
        &["InvalidAMIID.Unavailable"],
    ),
    (
        WrongState,
        "it is in a state that does not allow this yet",
        &[
            "IncorrectState",
            "IncorrectInstanceState",
            "InvalidInstanceID",
        ],
    ),
    (
        WrongState,
        "its tags are being changed at this moment",
        &["ConcurrentTagAccess"],
    ),
    (
        WrongState,
        "another image of the instance is being made",
        &["ConcurrentCreateImageNoRebootLimitExceeded"],
    ),
    (
        Conflict,
        "an image still uses the snapshot",
        &["InvalidSnapshot.InUse"],
    ),
    (
        Conflict,
        "something still uses it",
        &["InvalidGroup.InUse", "DependencyViolation", "ResourceInUse"],
    ),
    (
        Conflict,
        "it is protected against this (termination or deregistration protection): take the protection off, or leave it",
        &["OperationNotPermitted"],
    ),
    (
        Credentials,
        "AWS does not accept our credentials: they are over, wrong or not known yet; renew them, nothing is lost meanwhile",
        &[
            "RequestExpired",
            "ExpiredToken",
            "ExpiredTokenException",
            "TokenRefreshRequired",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "InvalidIdentityToken",
        ],
    ),
    (
        Credentials,
        "there are no credentials for AWS: sign in again (`aws sso login`, `aws login`) or name some; nothing is lost meanwhile",
        &["no_credentials"],
    ),
    (
        Credentials,
        "AWS does not accept our signature: the secret access key is wrong, or this machine's clock is",
        &[
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "RequestTimeTooSkewed",
        ],
    ),
    (
        Denied,
        "AWS refuses the call: the credentials are not valid there, or {region} is not enabled for the account",
        &["AuthFailure"],
    ),
    (
        Verification,
        "AWS verifies the account, which takes up to 4 hours with a new account or region",
        &["PendingVerification"],
    ),
    (
        Denied,
        "our credentials may not do this: allow `{action}`",
        &[
            "UnauthorizedOperation",
            "AccessDenied",
            "AccessDeniedException",
            "NotAuthorized",
            "UnauthorizedAccess",
        ],
    ),
    (
        Invalid,
        "the account has not agreed to use this: accept the terms or enable it at the address AWS names",
        &["OptInRequired", "SubscriptionRequiredException"],
    ),
    (
        Invalid,
        "AWS has blocked the account: ask AWS Support",
        &["Blocked"],
    ),
    (
        Invalid,
        "there is no default VPC in {region}: name a subnet",
        &[
            "VPCIdNotSpecified",
            "VPCResourceNotSpecified",
            "DefaultVpcDoesNotExist",
            "MissingInput",
        ],
    ),
    (
        Invalid,
        "AWS takes the request as wrong",
        &[
            "MissingParameter",
            "InvalidParameter",
            "InvalidParameterValue",
            "InvalidParameterCombination",
            "InvalidParameterDependency",
            "UnknownParameter",
            "InvalidInput",
            "InvalidRequest",
            "InvalidTagKey",
            "InvalidUserData",
            "InvalidCharacter",
            "InvalidFilter",
            "InvalidAction",
            "InvalidPermission",
            "InvalidVolumeType",
            "ValidationError",
            "ValidationException",
            "InvalidDocument",
            "InvalidParameters",
        ],
    ),
    (
        Invalid,
        "the volume does not fit the image",
        &["InvalidBlockDeviceMapping"],
    ),
    (
        Invalid,
        "AWS does not offer this there, or not together",
        &[
            "InvalidInstanceType",
            "UnsupportedOperation",
            "UnsupportedOperationException",
            "Unsupported",
            "UnsupportedPlatformType",
            "VolumeTypeNotAvailableInZone",
            "InstanceTypeNotSupported",
            "InvalidAvailabilityZone",
        ],
    ),
    (
        Unknown,
        "AWS failed inside; whether it did anything is looked for",
        &[
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "Unavailable",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
        ],
    ),
];
