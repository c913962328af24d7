//! Bodies and headers: reading requests, each failure a problem that names the field and what stands there; and answers.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingot_domain::field::FieldError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::error::ApiError;

/// Largest body (OPERATIONS section 2).
pub(crate) const LARGEST: usize = 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON body. Of a request: unknown keys and wrong types are named with their path.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = media_type(request.headers())
            .is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"));
        if !json {
            return Err(ApiError::MediaType("application/json"));
        }
        let bytes = whole(request, state).await?;
        let reader = &mut serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
            let path = error.path().to_string();
            // `?` stands for a place that the text broke off before.
            let field = match path.trim_end_matches('?').trim_end_matches('.') {
                "" => "body",
                field => field,
            };
            ApiError::Unreadable(vec![FieldError::new(
                field,
                value_at(&bytes, error.path()),
                format!("{}", error.inner()),
            )])
        })?;
        reader.end().map_err(|error| {
            ApiError::Unreadable(vec![FieldError::new(
                "body",
                "",
                format!("more than one JSON value: {error}"),
            )])
        })?;
        refuse_nul(&bytes)?;
        Ok(Self(value))
    }
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub(crate) struct MayJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MayJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let bodiless = length.is_none_or(|length| length == "0");
        if bodiless && media_type(request.headers()).is_none() {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state)
            .await
            .map(|Json(value)| Self(value))
    }
}

/// Most answers are shorter than this, in bytes: a deployment has one.
const USUAL: usize = 2048;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(USUAL);
        match serde_json::to_writer(&mut text, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written");
                ApiError::Internal.into_response()
            }
        }
    }
}

/// What stands at the place of a mistake, if the body is JSON at all.
fn value_at(bytes: &[u8], path: &Path) -> String {
    let whole: Option<Value> = serde_json::from_slice(bytes).ok();
    let (mut at, mut deep) = (whole.as_ref(), false);
    for segment in path.iter() {
        deep = true;
        at = at.and_then(|value| match segment {
            Segment::Seq { index } => value.get(index),
            Segment::Map { key } => value.get(key),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
    }
    match at.filter(|_| deep) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

/// No database stores a NUL character in a text, so none is taken.
fn refuse_nul(bytes: &[u8]) -> Result<(), ApiError> {
    // The only way to write one in JSON; most bodies are not read twice.
    if !bytes.windows(6).any(|six| six == b"\\u0000") {
        return Ok(());
    }
    let found = serde_json::from_slice(bytes)
        .ok()
        .and_then(|whole| nul(&whole));
    match found {
        Some(field) => Err(ApiError::Invalid(vec![FieldError::new(
            &field,
            "\0",
            "remove the NUL character",
        )])),
        None => Ok(()),
    }
}

/// The path of the first text, or key, with a NUL character in it.
pub(crate) fn nul(value: &Value) -> Option<String> {
    let below = |name: String, path: String| match path.as_str() {
        "" => name,
        path if path.starts_with('[') => format!("{name}{path}"),
        path => format!("{name}.{path}"),
    };
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(i, item)| {
            let path = nul(item)?;
            Some(below(format!("[{i}]"), path))
        }),
        Value::Object(entries) => entries.iter().find_map(|(key, item)| {
            if key.contains('\0') {
                return Some(ingot_domain::field::shown(key));
            }
            Some(below(key.clone(), nul(item)?))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A YAML body as text.
#[derive(Debug)]
pub(crate) struct Yaml(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Yaml {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = media_type(request.headers());
        let yaml = kind.is_some_and(|kind| {
            ["application/yaml", "application/x-yaml", "text/yaml"].contains(&kind.as_str())
        });
        if !yaml {
            return Err(ApiError::MediaType("application/yaml"));
        }
        let bytes = whole(request, state).await?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|error| {
            ApiError::Unreadable(vec![FieldError::new(
                "body",
                "",
                format!("not UTF-8: {error}"),
            )])
        })?;
        Ok(Self(text))
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<axum::body::Bytes, ApiError> {
    axum::body::Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
            _ => ApiError::Unreadable(vec![FieldError::new(
                "body",
                "",
                "it broke off before its end",
            )]),
        })
}

/// The Idempotency-Key of a creating request, if it carries one.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let shown = String::from_utf8_lossy(value.as_bytes());
        match check_key("Idempotency-Key", &shown) {
            Ok(()) => Ok(Self(Some(shown.into_owned()))),
            Err(error) => Err(ApiError::Unreadable(vec![error])),
        }
    }
}

/// The rule of idempotency keys, in a header or in a form.
pub(crate) fn check_key(field: &str, key: &str) -> Result<(), FieldError> {
    if (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    let message = "give 1 to 128 visible ASCII characters; a fresh UUID is best";
    Err(FieldError::new(field, key, message))
}
