//! What only the whole answer tells: codes that mean one thing with one message and another with another, and a clock that
//! is off.

use chrono::{DateTime, Utc};

use crate::codes::kind_of_code;
use crate::error::ErrorKind;

/// A clock this far off is what AWS refuses a signature for: five minutes.
const SKEW: i64 = 5 * 60;

/// Messages that mean something else than their code does: the code, words of the message in lower case, the class.
const MEANINGS: &[(&str, &str, ErrorKind)] = &[
    // EC2.md 13.
    (
        "InvalidParameterValue",
        "not in state running or stopped",
        ErrorKind::WrongState,
    ),
    // A profile or its role that was made just now; IAM takes minutes (REAL-AWS M6).
    (
        "InvalidParameterValue",
        "invalid iam instance profile",
        ErrorKind::NotFound,
    ),
    (
        "InvalidParameterValue",
        "has no associated iam roles",
        ErrorKind::NotFound,
    ),
    // Another account's image that is not shared (any more).
    (
        "AuthFailure",
        "not authorized for image",
        ErrorKind::NotFound,
    ),
    (
        "AuthFailure",
        "not able to validate",
        ErrorKind::Credentials,
    ),
    // AWS Backup's own images; termination protection.
    (
        "InvalidParameterValue",
        "managed by the aws backup service",
        ErrorKind::Conflict,
    ),
];

/// The class of an answer: its code, but where only the message tells.
pub(super) fn kind_of_answer(code: &str, http_status: u16, message: &str) -> ErrorKind {
    let plain: String = message
        .chars()
        .filter(|c| !matches!(c, '\'' | '"'))
        .collect::<String>()
        .to_ascii_lowercase();
    let bare = code.strip_prefix("Client.").unwrap_or(code);
    let meaning = MEANINGS
        .iter()
        .find(|(known, words, _)| *known == bare && plain.contains(words));
    match meaning {
        Some((.., kind)) => *kind,
        None if bare == "AuthFailure" && http_status == 401 => ErrorKind::Credentials,
        None => kind_of_code(code, http_status),
    }
}

/// What to tell when the credentials were refused because this machine's clock is off: AWS says when it answered.
pub(super) fn clock_off(
    kind: ErrorKind,
    message: &str,
    said_at: Option<&str>,
    now: DateTime<Utc>,
) -> Option<String> {
    if kind != ErrorKind::Credentials {
        return None;
    }
    let there = said_at.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let off = there.map_or(0, |there| (now - there.to_utc()).num_seconds());
    let way = if off > 0 { "ahead of" } else { "behind" };
    if off.abs() >= SKEW {
        return Some(format!(
            "this machine's clock is {} min {way} AWS's: set it (NTP)",
            off.abs() / 60
        ));
    }
    let says_clock = ["Signature expired", "not yet current", "time too skewed"];
    says_clock
        .iter()
        .any(|words| message.contains(words))
        .then(|| "the signature's time is not AWS's: set this machine's clock (NTP)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_means_something_else() {
        use ErrorKind::*;
        let table = [
            (
                "InvalidParameterValue",
                400,
                "Instance is not in state 'running' or 'stopped'",
                WrongState,
            ),
            (
                "InvalidParameterValue",
                400,
                "Value (ingot-ssm) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
                NotFound,
            ),
            (
                "InvalidParameterValue",
                400,
                "IAM Instance Profile \"arn:aws:iam::1:instance-profile/x\" has no associated IAM Roles",
                NotFound,
            ),
            ("InvalidParameterValue", 400, "Value () is invalid", Invalid),
            (
                "AuthFailure",
                400,
                "Not authorized for images: [ami-1]",
                NotFound,
            ),
            (
                "AuthFailure",
                401,
                "AWS was not able to validate the provided access credentials",
                Credentials,
            ),
            ("AuthFailure", 401, "", Credentials),
            ("AuthFailure", 403, "You may not", Denied),
            (
                "InternalError",
                500,
                "Instance is not in state running or stopped",
                Unknown,
            ),
        ];
        for (code, status, message, kind) in table {
            assert_eq!(kind_of_answer(code, status, message), kind, "{message}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_said() {
        let now = DateTime::parse_from_rfc3339("2026-11-27T12:00:00Z").unwrap();
        let told = |date: &str, message: &str| {
            clock_off(ErrorKind::Credentials, message, Some(date), now.to_utc())
        };
        let behind = told("Fri, 27 Nov 2026 12:20:00 GMT", "Request has expired");
        assert!(behind.unwrap().contains("20 min behind AWS's"));
        let ahead = told("Fri, 27 Nov 2026 11:40:00 GMT", "Request has expired");
        assert!(ahead.unwrap().contains("20 min ahead of AWS's"));
        let right = "Fri, 27 Nov 2026 12:00:03 GMT";
        assert_eq!(told(right, "Request has expired"), None);
        assert!(told(right, "Signature expired: 1 is now earlier than 2").is_some());
        let other = clock_off(
            ErrorKind::Denied,
            "no",
            Some("Fri, 27 Nov 2026 13:00:00 GMT"),
            now.to_utc(),
        );
        assert_eq!(other, None);
    }
}
