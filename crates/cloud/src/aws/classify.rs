//! One error of the SDK becomes one `CloudError`: the only place that reads the SDK's errors (EMULATORS 6). What AWS
//! answered is classed by its code; what never was an answer by how far the request came.

mod answer;

use std::error::Error;
use std::io;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;

use super::auth::NoCredentials;
use super::gate::HeldBack;
use crate::error::{CloudError, ErrorKind};

pub use crate::codes::kind_of_code;
use answer::{clock_off, kind_of_answer};

/// Longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;

/// What one call was, for its error and its metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// `ec2`, `ssm` or `sts`.
    pub(super) service: &'static str,
    /// Such as `RunInstances`.
    pub(super) operation: &'static str,
    /// Where it went.
    pub(super) region: &'a str,
}

impl Call<'_> {
    /// An error of this call that the SDK did not make.
    pub(super) fn error(
        &self,
        kind: ErrorKind,
        code: &str,
        message: impl Into<String>,
    ) -> CloudError {
        CloudError {
            kind,
            operation: self.operation,
            region: self.region.to_owned(),
            code: code.to_owned(),
            message: message.into(),
            request_id: None,
        }
    }

    /// AWS answered well, but without what the call was made for: the effect may have happened.
    pub(super) fn hollow(&self, what: &str) -> CloudError {
        self.error(
            ErrorKind::Unknown,
            "incomplete_answer",
            format!("the answer lacks {what}"),
        )
    }
}

/// The SDK's error in Ingot's words.
pub(super) fn classify<E>(call: &Call<'_>, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let mut found = match error {
        SdkError::ServiceError(answer) => {
            // What comes from outside goes into logs and stories: each of them is one line.
            let code = one_line(answer.err().code().unwrap_or_default());
            let message = one_line(answer.err().message().unwrap_or_default());
            let (code, message) = (code.as_str(), message.as_str());
            let status = answer.raw().status().as_u16();
            let kind = kind_of_answer(code, status, message);
            let shown = if code.is_empty() { "no_code" } else { code };
            let said_at = answer.raw().headers().get("date");
            let off = clock_off(kind, message, said_at, SystemTime::now().into());
            let message = match off {
                Some(clock) => clock,
                None if message.is_empty() => {
                    format!("http status {status} without a message")
                }
                None => tidy(code, message),
            };
            let mut found = call.error(kind, shown, message);
            found.request_id = answer.err().meta().request_id().map(str::to_owned);
            found
        }
        SdkError::ConstructionFailure(_) => {
            call.error(ErrorKind::Invalid, "construction", chain(error))
        }
        SdkError::TimeoutError(_) => call.error(ErrorKind::Unknown, "timeout", chain(error)),
        SdkError::ResponseError(_) => {
            call.error(ErrorKind::Unknown, "unreadable_answer", chain(error))
        }
        SdkError::DispatchFailure(failure) => {
            let held = causes(error).find_map(|cause| cause.downcast_ref::<HeldBack>());
            let (kind, code) = match failure {
                // AWS did not say what an earlier attempt did.
                _ if held.is_some_and(|held| held.sent_before) => (ErrorKind::Unknown, "held_back"),
                _ if held.is_some() => (ErrorKind::Throttled, "held_back"),
                _ if never_connected(error) => (ErrorKind::NotSent, "not_sent"),
                failure if failure.is_timeout() => (ErrorKind::Unknown, "timeout"),
                _ => (ErrorKind::Unknown, "connection_lost"),
            };
            call.error(kind, code, chain(error))
        }
        _ => call.error(ErrorKind::Unknown, "unknown", chain(error)),
    };
    if !matches!(error, SdkError::ServiceError(_))
        && let Some((kind, code)) = kind_of_credentials(error)
    {
        found.kind = kind;
        found.code = code.to_owned();
        if let Some(sentence) = NoCredentials::within(error) {
            found.message = sentence.to_owned();
        }
    }
    found.request_id = found
        .request_id
        .or_else(|| error.request_id().map(str::to_owned));
    found
}

/// Without credentials nothing was sent. Whether that is a refusal or only bad weather on the way to STS or to the
/// metadata service is decided by the error below.
fn kind_of_credentials(error: &(dyn Error + 'static)) -> Option<(ErrorKind, &'static str)> {
    let credentials = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    let weather = match credentials {
        CredentialsError::ProviderTimedOut(_) => true,
        CredentialsError::ProviderError(_) => {
            sts_weather(credentials) || never_connected(credentials)
        }
        _ => false,
    };
    Some(if weather {
        (ErrorKind::NotSent, "credentials_unreachable")
    } else {
        (ErrorKind::Credentials, "no_credentials")
    })
}

/// STS could not be asked, or could not answer now.
fn sts_weather(error: &(dyn Error + 'static)) -> bool {
    use aws_sdk_sts::operation::assume_role::AssumeRoleError;
    let asked = causes(error)
        .find_map(|cause| cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>());
    match asked {
        Some(SdkError::ServiceError(answer)) => {
            let kind = kind_of_code(
                answer.err().code().unwrap_or_default(),
                answer.raw().status().as_u16(),
            );
            matches!(kind, ErrorKind::Throttled | ErrorKind::Unknown)
        }
        // Its own credentials may be what is missing.
        Some(other) => causes(other).all(|cause| !cause.is::<CredentialsError>()),
        None => false,
    }
}

/// The connection surely never stood: refused, unreachable or the name not resolved. A connection that broke later is
/// an I/O error for the SDK as well (`DispatchFailure::is_io`), but the request may have arrived by then.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    causes(error).any(|cause| {
        let refused = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable
            )
        });
        refused
            || cause.is::<aws_smithy_runtime_api::client::dns::ResolveDnsError>()
            || cause.to_string() == "dns error"
            // A proxy that did not open the tunnel has passed nothing on.
            || cause.to_string().starts_with("tunnel error: ")
    })
}

/// An error and everything below it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !line.ends_with(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    shorten(&line)
}

/// AWS's message without what must not be kept: a refused signature echoes the signed headers, session token
/// included, and a refused permission carries its encoded reasons.
fn tidy(code: &str, message: &str) -> String {
    if matches!(
        code,
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature"
    ) {
        return "the request's signature was refused: check the secret access key and the clock"
            .to_owned();
    }
    shorten(
        message
            .split("Encoded authorization failure message")
            .next()
            .unwrap_or_default()
            .trim(),
    )
}

/// The text without what would end a line or steer a terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
