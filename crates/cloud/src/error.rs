//! What can go wrong with a cloud call. `ErrorKind` alone decides what happens next (STYLE rule 17): it is made once,
//! where the SDK's error is read, and never guessed again.

use std::fmt;

use crate::codes;

/// The classes of failure, by what may be done about them (EMULATORS section 6, FAULTS decision 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Rejected by a rate limit, surely without effect: try later (EC2.md 33, 34).
    Throttled,
    /// No capacity for this type and zone right now (EC2.md 38), surely without effect: try later.
    NoCapacity,
    /// A limit of the account is reached (vCPU, images, snapshots): try much later, tell people.
    Quota,
    /// The name or the rule is taken: look whether it is ours (EC2.md 2).
    Duplicate,
    /// The same token with other parameters (EC2.md 4): a defect, or another program's token.
    TokenMismatch,
    /// The token's instance has been terminated (EC2.md 8): this attempt is over.
    TokenSpent,
    /// EC2 does not know the id: gone, or too young (EC2.md 17, 18).
    NotFound,
    /// The object is in a state that does not allow it now (EC2.md 13, 20): try again shortly.
    WrongState,
    /// Something else still uses it (EC2.md 26).
    Conflict,
    /// Credentials are missing, wrong or expired, or the clock is: no fault of the work, surely without effect.
    Credentials,
    /// AWS verifies a new account or region: surely without effect, try in minutes.
    Verification,
    /// The credentials are good and may not do this.
    Denied,
    /// The request itself is wrong; repeating it will not help.
    Invalid,
    /// It was never sent: connection refused, name not resolved.
    NotSent,
    /// AWS did not say whether it happened: look before anything else.
    Unknown,
}

impl ErrorKind {
    /// Surely without effect and worth repeating as it is.
    pub fn is_retryable(self) -> bool {
        use ErrorKind::*;
        matches!(
            self,
            Throttled
                | NoCapacity
                | Quota
                | Credentials
                | Verification
                | WrongState
                | NotSent
                | Conflict
        )
    }

    /// The effect may have happened.
    pub fn is_unknown(self) -> bool {
        self == ErrorKind::Unknown
    }

    /// Stable word for logs and metric labels.
    pub fn as_str(self) -> &'static str {
        use ErrorKind::*;
        match self {
            Throttled => "throttled",
            NoCapacity => "no_capacity",
            Quota => "quota",
            Duplicate => "duplicate",
            TokenMismatch => "token_mismatch",
            TokenSpent => "token_spent",
            NotFound => "not_found",
            WrongState => "wrong_state",
            Conflict => "conflict",
            Credentials => "credentials",
            Verification => "verification",
            Denied => "denied",
            Invalid => "invalid",
            NotSent => "not_sent",
            Unknown => "unknown",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed cloud call: its class, AWS's code and message, the operation, and the request id for support.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} in {region}: {code}: {message}")]
pub struct CloudError {
    /// Decides what happens next.
    pub kind: ErrorKind,
    /// Such as `RunInstances`.
    pub operation: &'static str,
    /// Where.
    pub region: String,
    /// AWS's error code, or a word of ours when there was no answer.
    pub code: String,
    /// AWS's message without secrets.
    pub message: String,
    /// AWS's request id, when there was an answer.
    pub request_id: Option<String>,
}

impl CloudError {
    /// Everything a person should read: the sentence of the list, then AWS's own words.
    pub fn told(&self) -> String {
        let sentence = if self.is_about_profile() {
            "AWS does not know the instance profile or its role: it was made a moment ago, or the template's `instance_profile` names none".to_owned()
        } else {
            codes::sentence(&self.code, self.operation, &self.region)
        };
        format!(
            "{sentence} ({} in {}: {}: {})",
            self.operation, self.region, self.code, self.message
        )
    }

    /// The account does not allow this call. Credentials that AWS does not take say nothing about permissions.
    pub fn is_refusal(&self) -> bool {
        let codes = [
            "UnauthorizedOperation",
            "AccessDenied",
            "AccessDeniedException",
        ];
        codes.contains(&self.code.as_str())
    }

    /// The action in AWS's sentence: `… is not authorized to perform: ec2:CreateTags on resource: …`.
    pub fn refused_action(&self) -> Option<&str> {
        let (_, rest) = self.message.split_once("not authorized to perform: ")?;
        let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
        action.contains(':').then_some(action)
    }

    /// RunInstances does not know the instance profile, or its role.
    pub fn is_about_profile(&self) -> bool {
        self.kind == ErrorKind::NotFound && self.code == "InvalidParameterValue"
    }

    /// The list of codes knows it, or its suffix says what it is.
    pub fn is_known(&self) -> bool {
        codes::is_known(&self.code)
    }

    /// AWS refused the image a launch names: it is gone, not ready, or not this account's to launch.
    pub fn is_about_image(&self) -> bool {
        match self.kind {
            ErrorKind::NotFound => {
                self.code.starts_with("InvalidAMIID") || self.code == "AuthFailure"
            }
            ErrorKind::WrongState => self.code.starts_with("InvalidAMIID"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_read_from_awss_sentence() {
        let refused = |message: &str| CloudError {
            kind: ErrorKind::Denied,
            operation: "RunInstances",
            region: "us-east-1".to_owned(),
            code: "UnauthorizedOperation".to_owned(),
            message: message.to_owned(),
            request_id: None,
        };
        let said = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:1:instance/* because no identity-based policy allows the ec2:CreateTags action.";
        assert_eq!(refused(said).refused_action(), Some("ec2:CreateTags"));
        let plain = refused("You are not authorized to perform this operation.");
        assert_eq!(plain.refused_action(), None);
        assert!(plain.is_refusal());
    }
}
