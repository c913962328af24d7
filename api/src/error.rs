//! Every failure of a request, as an RFC 9457 problem. Internals go to the log, joined by the request id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_client::{InvalidField, Problem};
use ingot_domain::field::FieldError;
use ingot_entity::LedgerError;

use crate::routes::templates::apply::Moved;

/// A failed request.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// Not readable as what it should be: JSON, a query, a header.
    Unreadable(Vec<FieldError>),
    /// Readable, but not acceptable.
    Invalid(Vec<FieldError>),
    /// No token, or none that is accepted.
    Unauthenticated(String),
    /// A browser's request from another site.
    Forbidden(&'static str),
    /// There is no such thing.
    NotFound(String),
    /// The method is not offered here.
    Method,
    /// Not from this state.
    Conflict(String),
    /// `stale: refuse`, and the only image is of another build of the base.
    BaseMoved(String),
    /// Another revision of a template came in between.
    RevisionMoved(Box<Moved>),
    /// The same Idempotency-Key with another body.
    KeyReused(String),
    /// More than 1 MiB.
    TooLarge,
    /// Another content type is needed.
    MediaType(&'static str),
    /// More than is good for the others: what of, and after how many seconds there may be room again.
    TooMany(String, u64),
    /// The ledger is away: later.
    Unavailable,
    /// A defect.
    Internal,
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(next) = source {
            text.push_str(": ");
            text.push_str(&next.to_string());
            source = next.source();
        }
        match error {
            LedgerError::Database(_) | LedgerError::Connect(_) => {
                tracing::error!(error = %text, "the ledger could not be used");
                ApiError::Unavailable
            }
            LedgerError::Unknown { .. }
            | LedgerError::Transition { .. }
            | LedgerError::Json { .. } => {
                tracing::error!(error = %text, "a request failed");
                ApiError::Internal
            }
        }
    }
}

impl ApiError {
    /// The problem without its request id.
    pub(crate) fn problem(self) -> Problem {
        use StatusCode as S;
        let (status, kind, title, detail, errors) = match self {
            ApiError::Unreadable(errors) => (
                S::BAD_REQUEST,
                "unreadable-request",
                "The request cannot be read",
                summary(&errors),
                errors,
            ),
            ApiError::Invalid(errors) => (
                S::UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request cannot be accepted",
                summary(&errors),
                errors,
            ),
            ApiError::Unauthenticated(why) => {
                let detail = format!(
                    "{why}: send `Authorization: Bearer <token>`; `ingot token create` makes one"
                );
                (
                    S::UNAUTHORIZED,
                    "unauthenticated",
                    "A token is needed",
                    detail,
                    vec![],
                )
            }
            ApiError::Forbidden(why) => (
                S::FORBIDDEN,
                "forbidden",
                "Not from there",
                why.to_owned(),
                vec![],
            ),
            ApiError::NotFound(what) => (
                S::NOT_FOUND,
                "not-found",
                "There is no such thing",
                what,
                vec![],
            ),
            ApiError::Method => {
                let detail = "this path does not take this method; see /docs".to_owned();
                (
                    S::METHOD_NOT_ALLOWED,
                    "method-not-allowed",
                    "Another method is needed",
                    detail,
                    vec![],
                )
            }
            ApiError::Conflict(detail) => (
                S::CONFLICT,
                "conflict",
                "Not from this state",
                detail,
                vec![],
            ),
            ApiError::BaseMoved(detail) => (
                S::CONFLICT,
                "base-moved",
                "The base has moved",
                detail,
                vec![],
            ),
            ApiError::RevisionMoved(moved) => (
                S::CONFLICT,
                "revision-moved",
                "Another revision came in between",
                moved.told(),
                vec![],
            ),
            ApiError::KeyReused(key) => {
                let message = "this key was used for another request; take a fresh one (a UUID), or repeat the same body";
                let error = FieldError::new("Idempotency-Key", key, message);
                (
                    S::UNPROCESSABLE_ENTITY,
                    "idempotency-key-reused",
                    "The key belongs to another request",
                    message.to_owned(),
                    vec![error],
                )
            }
            ApiError::TooLarge => {
                let detail = "the body is larger than 1 MiB; put large files where the instance can fetch them".to_owned();
                (
                    S::PAYLOAD_TOO_LARGE,
                    "too-large",
                    "The body is too large",
                    detail,
                    vec![],
                )
            }
            ApiError::MediaType(wanted) => {
                let detail = format!("send the body as `Content-Type: {wanted}`");
                (
                    S::UNSUPPORTED_MEDIA_TYPE,
                    "media-type",
                    "Another content type is needed",
                    detail,
                    vec![],
                )
            }
            ApiError::TooMany(detail, _) => (
                S::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Come back later",
                detail,
                vec![],
            ),
            ApiError::Unavailable => {
                let detail = "the ledger does not answer; try again in a few seconds".to_owned();
                (
                    S::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "Try again later",
                    detail,
                    vec![],
                )
            }
            ApiError::Internal => {
                let detail =
                    "this is a defect of Ingot; the log has the details under the request id"
                        .to_owned();
                (
                    S::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Something is broken",
                    detail,
                    vec![],
                )
            }
        };
        Problem {
            kind: format!("urn:ingot:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail,
            request_id: None,
            errors: errors.into_iter().map(InvalidField::from).collect(),
        }
    }
}

fn summary(errors: &[FieldError]) -> String {
    match errors {
        [] => "see the documentation at /docs".to_owned(),
        [one] => sentence(one),
        [first, rest @ ..] => {
            let first = sentence(first);
            format!("{first} (and {} more, see `errors`)", rest.len())
        }
    }
}

/// A mistake in one line; a value that is not there is not quoted.
fn sentence(error: &FieldError) -> String {
    if error.value.is_empty() {
        return format!("{}: {}", error.field, error.message);
    }
    error.to_string()
}

impl IntoResponse for ApiError {
    /// The problem travels as an extension; the outermost middleware adds the request id and writes the body.
    fn into_response(self) -> Response {
        let later = match &self {
            ApiError::TooMany(_, seconds) => Some(*seconds),
            ApiError::Unavailable => Some(5),
            _ => None,
        };
        let problem = self.problem();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = later {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(problem);
        response
    }
}
