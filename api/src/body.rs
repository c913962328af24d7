//! Reading requests: bodies, queries and headers, each failure a problem that names the field.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use ingot_domain::field::FieldError;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Largest body (OPERATIONS section 2).
pub(crate) const LARGEST: usize = 1024 * 1024;

/// A JSON body; unknown keys and wrong types are named with their path.
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
            let field = if path == "." { "body" } else { path.as_str() };
            ApiError::Unreadable(vec![FieldError::new(
                field,
                "",
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
        Ok(Self(value))
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

/// A query; unknown parameters are refused, so that a mistyped filter is not a list of everything.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let value = Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let message = rejection.to_string();
            let message = message
                .strip_prefix("Failed to deserialize query string: ")
                .unwrap_or(&message);
            let query = parts.uri.query().unwrap_or_default();
            ApiError::Unreadable(vec![FieldError::new("query", query, message)])
        })?;
        Ok(Self(value.0))
    }
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
        let text = value.to_str().unwrap_or_default();
        let legal = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if legal {
            return Ok(Self(Some(text.to_owned())));
        }
        let shown = String::from_utf8_lossy(value.as_bytes());
        let message = "give 1 to 128 visible ASCII characters; a fresh UUID is best";
        Err(ApiError::Unreadable(vec![FieldError::new(
            "Idempotency-Key",
            shown,
            message,
        )]))
    }
}
