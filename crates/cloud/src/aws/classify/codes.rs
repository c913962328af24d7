//! The table: which of AWS's error codes is of which class (EC2.md 2–8, 13, 17–20, 26, 27, 33–38).

use crate::error::ErrorKind;

/// The class of AWS's error code. `code` is empty when the answer had none: a page, half a body, an unknown format.
pub fn kind_of_code(code: &str, http_status: u16) -> ErrorKind {
    use ErrorKind::*;
    let code = code
        .strip_prefix("Server.")
        .or_else(|| code.strip_prefix("Client."))
        .unwrap_or(code);
    match code {
        "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "EC2ThrottledException"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded" => Throttled,
        "InsufficientInstanceCapacity"
        | "InsufficientHostCapacity"
        | "InsufficientReservedInstanceCapacity"
        | "InsufficientCapacity"
        | "InsufficientFreeAddressesInSubnet" => NoCapacity,
        "MaxSpotInstanceCountExceeded" | "ServiceQuotaExceededException" => Quota,
        "InvalidAMIName.Duplicate" | "InvalidGroup.Duplicate" | "InvalidPermission.Duplicate" => {
            Duplicate
        }
        "IdempotentParameterMismatch" => TokenMismatch,
        "IdempotentInstanceTerminated" => TokenSpent,
        "InvalidInstanceId"
        | "InvocationDoesNotExist"
        | "ParameterNotFound"
        | "ParameterVersionNotFound" => NotFound,
        "InvalidAMIID.Unavailable"
        | "IncorrectState"
        | "IncorrectInstanceState"
        | "ConcurrentTagAccess"
        | "ConcurrentCreateImageNoRebootLimitExceeded" => WrongState,
        "InvalidSnapshot.InUse"
        | "InvalidGroup.InUse"
        | "DependencyViolation"
        | "ResourceInUse" => Conflict,
        "UnauthorizedOperation"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "NotAuthorized"
        | "Blocked"
        | "PendingVerification" => Denied,
        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "Unavailable"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "" => Unknown,
        _ if code.starts_with("AccessDenied") => Denied,
        _ if code.starts_with("Throttl")
            || code.ends_with("RateExceeded")
            || http_status == 429 =>
        {
            Throttled
        }
        _ if code.ends_with("LimitExceeded") => Quota,
        _ if code.ends_with(".NotFound") => NotFound,
        _ if !(400..500).contains(&http_status) => Unknown,
        _ => Invalid,
    }
}

/// The class of an answer: its code, but for the one case that only the message tells (EC2.md 13).
pub(super) fn kind_of_answer(code: &str, http_status: u16, message: &str) -> ErrorKind {
    let plain: String = message
        .chars()
        .filter(|c| !matches!(c, '\'' | '"'))
        .collect();
    let too_early = plain
        .to_ascii_lowercase()
        .contains("not in state running or stopped");
    match kind_of_code(code, http_status) {
        ErrorKind::Invalid if too_early => ErrorKind::WrongState,
        kind => kind,
    }
}
