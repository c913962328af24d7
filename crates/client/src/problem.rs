//! Errors over HTTP are RFC 9457 problems: a stable type, what happened, what to do.

use ingot_domain::field::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// An RFC 9457 problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable word behind `urn:ingot:problem:`, such as `urn:ingot:problem:invalid-request`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened here and what to do about it.
    pub detail: String,
    /// The request's id: quote it when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Which fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<InvalidField>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidField {
    /// Path of the field.
    pub field: String,
    /// Its value, shortened.
    pub value: String,
    /// What is expected instead.
    pub message: String,
}

impl From<FieldError> for InvalidField {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            value: error.value,
            message: error.message,
        }
    }
}
