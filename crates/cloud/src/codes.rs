//! The list of AWS's error codes: of which class each is, and the sentence a person reads (EC2.md 2–8, 13, 17–20, 26, 27,
//! 33–38; REAL-AWS section C). A code that is not in the list is told as such, and its class is that of its HTTP status.

mod known;
mod ours;

use crate::error::ErrorKind;
use crate::error::ErrorKind::*;

use known::GONE;
pub use known::KNOWN;
pub use ours::OURS;

/// What EC2 answers when it is asked for the latest console of an instance that is not on the Nitro system.
pub const NO_LATEST: &str = "UnsupportedOperation";

pub use ingot_domain::place::WRONG_ACCOUNT;

/// A code without the side that EC2 sometimes writes before it.
fn bare(code: &str) -> &str {
    code.strip_prefix("Server.")
        .or_else(|| code.strip_prefix("Client."))
        .unwrap_or(code)
}

/// What the list says of a code.
fn known(code: &str) -> Option<(ErrorKind, &'static str)> {
    let code = bare(code);
    let row = KNOWN.iter().find(|(_, _, codes)| codes.contains(&code));
    row.map(|(kind, said, _)| (*kind, *said))
}

/// Whether a code is in the list, is a word of ours or ends as codes of its kind do.
pub fn is_known(code: &str) -> bool {
    known(code).is_some()
        || OURS.iter().any(|(word, _)| *word == code)
        || code.ends_with(".NotFound")
        || code.ends_with(".Malformed")
}

/// The class of AWS's error code. `code` is empty when the answer had none: a page, half a body, an unknown format.
pub fn kind_of_code(code: &str, http_status: u16) -> ErrorKind {
    if let Some((kind, _)) = known(code) {
        return kind;
    }
    match bare(code) {
        "" => Unknown,
        code if code.ends_with(".NotFound") => NotFound,
        code if code.ends_with(".Malformed") => Invalid,
        _ if http_status == 429 => Throttled,
        _ if matches!(http_status, 401 | 403) => Denied,
        _ if (400..500).contains(&http_status) => Invalid,
        _ => Unknown,
    }
}

/// The sentence a person reads for a code of a call.
pub fn sentence(code: &str, operation: &str, region: &str) -> String {
    let ours = || OURS.iter().find(|(word, _)| *word == code);
    let said = match known(code) {
        Some((_, said)) => said,
        None if code.ends_with(".NotFound") => GONE,
        None if code.ends_with(".Malformed") => "AWS does not take the id or name as one",
        None => match ours() {
            Some((_, said)) => said,
            None => return format!("AWS answered `{code}`, which Ingot does not know"),
        },
    };
    let service = match operation {
        "SendCommand" | "GetCommandInvocation" | "GetParameter" => "ssm",
        "GetCallerIdentity" | "AssumeRole" => "sts",
        _ => "ec2",
    };
    said.replace("{region}", region)
        .replace("{action}", &format!("{service}:{operation}"))
}

#[cfg(test)]
mod tests;
