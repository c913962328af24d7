//! The table of codes, and what becomes of failures that never were an answer.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ConnectorError, SdkError};
use aws_sdk_ec2::operation::create_image::CreateImageError;

use super::{Call, classify, kind_of_code, tidy};
use crate::error::{CloudError, ErrorKind};

#[test]
fn codes_have_their_kinds() {
    use ErrorKind::*;
    let table = [
        ("RequestLimitExceeded", 503, Throttled),
        ("Throttling", 400, Throttled),
        ("ThrottlingException", 400, Throttled),
        ("ThrottledException", 400, Throttled),
        ("SnapshotCreationPerVolumeRateExceeded", 400, Throttled),
        ("Whatever", 429, Throttled),
        ("InsufficientInstanceCapacity", 500, NoCapacity),
        ("InsufficientInstanceCapacity", 400, NoCapacity),
        ("Server.InsufficientInstanceCapacity", 500, NoCapacity),
        ("InstanceLimitExceeded", 400, Quota),
        ("VcpuLimitExceeded", 400, Quota),
        ("ResourceLimitExceeded", 400, Quota),
        ("SnapshotLimitExceeded", 400, Quota),
        ("SecurityGroupLimitExceeded", 400, Quota),
        ("InvalidAMIName.Duplicate", 400, Duplicate),
        ("InvalidGroup.Duplicate", 400, Duplicate),
        ("InvalidPermission.Duplicate", 400, Duplicate),
        ("IdempotentParameterMismatch", 400, TokenMismatch),
        ("IdempotentInstanceTerminated", 400, TokenSpent),
        ("InvalidInstanceID.NotFound", 400, NotFound),
        ("InvalidAMIID.NotFound", 400, NotFound),
        ("InvalidSnapshot.NotFound", 400, NotFound),
        ("InvalidGroup.NotFound", 400, NotFound),
        ("InvalidInstanceId", 400, NotFound),
        ("InvocationDoesNotExist", 400, NotFound),
        ("ParameterNotFound", 400, NotFound),
        ("InvalidAMIID.Unavailable", 400, WrongState),
        ("IncorrectState", 400, WrongState),
        ("IncorrectInstanceState", 400, WrongState),
        (
            "ConcurrentCreateImageNoRebootLimitExceeded",
            400,
            WrongState,
        ),
        ("InvalidSnapshot.InUse", 400, Conflict),
        ("DependencyViolation", 400, Conflict),
        ("UnauthorizedOperation", 403, Denied),
        ("AuthFailure", 403, Denied),
        ("AccessDenied", 403, Denied),
        ("AccessDeniedException", 400, Denied),
        ("ExpiredToken", 400, Credentials),
        ("ExpiredTokenException", 400, Credentials),
        ("InvalidClientTokenId", 403, Credentials),
        ("UnrecognizedClientException", 400, Credentials),
        ("MissingAuthenticationToken", 403, Credentials),
        ("RequestExpired", 400, Credentials),
        ("SignatureDoesNotMatch", 403, Credentials),
        ("PendingVerification", 400, Verification),
        ("OptInRequired", 401, Invalid),
        ("Blocked", 403, Invalid),
        ("VPCIdNotSpecified", 400, Invalid),
        ("VPCResourceNotSpecified", 400, Invalid),
        ("MissingInput", 400, Invalid),
        ("InsufficientVolumeCapacity", 500, NoCapacity),
        ("InsufficientFreeAddressesInSubnet", 400, NoCapacity),
        ("TagLimitExceeded", 400, Invalid),
        ("FilterLimitExceeded", 400, Invalid),
        ("SecurityGroupsPerInterfaceLimitExceeded", 400, Invalid),
        ("RulesPerSecurityGroupLimitExceeded", 400, Invalid),
        ("ConcurrentSnapshotLimitExceeded", 400, Quota),
        ("MaxSpotInstanceCountExceeded", 400, Quota),
        ("OperationNotPermitted", 400, Conflict),
        ("ConcurrentTagAccess", 400, WrongState),
        ("InternalError", 500, Unknown),
        ("InternalFailure", 500, Unknown),
        ("Unavailable", 503, Unknown),
        ("ServiceUnavailable", 503, Unknown),
        ("SomethingNew", 500, Unknown),
        ("SomethingNew", 200, Unknown),
        ("", 200, Unknown),
        ("", 400, Unknown),
        ("", 500, Unknown),
        ("InvalidParameterValue", 400, Invalid),
        ("InvalidAMIID.Malformed", 400, Invalid),
        ("InvalidAMIName.Malformed", 400, Invalid),
        ("UnsupportedOperation", 400, Invalid),
        ("Unsupported", 400, Invalid),
    ];
    for (code, status, kind) in table {
        assert_eq!(kind_of_code(code, status), kind, "{code} {status}");
    }
}

fn of(source: ConnectorError) -> CloudError {
    let call = Call {
        service: "ec2",
        operation: "CreateImage",
        region: "us-east-1",
    };
    classify::<CreateImageError>(&call, &SdkError::dispatch_failure(source))
}

fn boxed(error: impl Error + Send + Sync + 'static) -> Box<dyn Error + Send + Sync> {
    Box::new(error)
}

#[test]
fn only_what_never_connected_was_not_sent() {
    let io = |kind: io::ErrorKind| of(ConnectorError::io(boxed(io::Error::from(kind)))).kind;
    assert_eq!(io(io::ErrorKind::ConnectionRefused), ErrorKind::NotSent);
    assert_eq!(io(io::ErrorKind::NetworkUnreachable), ErrorKind::NotSent);
    assert_eq!(io(io::ErrorKind::ConnectionReset), ErrorKind::Unknown);
    assert_eq!(io(io::ErrorKind::BrokenPipe), ErrorKind::Unknown);
    let timeout = of(ConnectorError::timeout("read timeout".into()));
    assert_eq!(
        (timeout.kind, timeout.code.as_str()),
        (ErrorKind::Unknown, "timeout")
    );
    assert_eq!(
        of(ConnectorError::other("incomplete message".into(), None)).kind,
        ErrorKind::Unknown
    );
}

#[test]
fn missing_credentials_are_waited_for_and_unreachable_ones_were_not_sent() {
    let with = |error: CredentialsError| of(ConnectorError::other(boxed(error), None));
    let none = with(CredentialsError::not_loaded("nothing configured"));
    assert_eq!(
        (none.kind, none.code.as_str()),
        (ErrorKind::Credentials, "no_credentials")
    );
    assert!(
        none.message.contains("nothing configured"),
        "{}",
        none.message
    );
    assert_eq!(
        with(CredentialsError::invalid_configuration("no such profile")).kind,
        ErrorKind::Credentials
    );
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    assert_eq!(
        with(CredentialsError::provider_error(boxed(refused))).kind,
        ErrorKind::NotSent
    );
    assert_eq!(
        with(CredentialsError::provider_error("access denied")).kind,
        ErrorKind::Credentials
    );
    let slow = CredentialsError::provider_timed_out(std::time::Duration::from_secs(5));
    assert_eq!(with(slow).kind, ErrorKind::NotSent);
}

#[test]
fn what_comes_from_outside_is_one_line() {
    let hostile = "first\nERROR forged\r\n\u{1b}[31mred";
    assert_eq!(super::one_line(hostile), "first ERROR forged   [31mred");
}

#[test]
fn messages_keep_no_secret_and_stay_short() {
    let echo = "The Canonical String should have been x-amz-security-token:SECRET";
    assert!(!tidy("SignatureDoesNotMatch", echo).contains("SECRET"));
    let refused = "You are not authorized. Encoded authorization failure message: abc123";
    assert_eq!(
        tidy("UnauthorizedOperation", refused),
        "You are not authorized."
    );
    assert!(tidy("X", &"ä".repeat(5000)).chars().count() <= 501);
}
