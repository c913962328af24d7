//! Reading addresses: path and query, each failure a problem that names the part.

use axum::extract::path::Path as AxumPath;
use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use ingot_domain::field::FieldError;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// NUL as an address writes it. No database stores one in a text, so nothing can have such a name.
const NUL: &str = "%00";

/// The variable parts of a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = parts.uri.path().to_owned();
        if path.contains(NUL) {
            let what = "there is nothing at this path: no name has a NUL character";
            return Err(ApiError::NotFound(what.to_owned()));
        }
        let read = AxumPath::<T>::from_request_parts(parts, state).await;
        read.map(|AxumPath(value)| Self(value)).map_err(|_| {
            let message = "write each part as percent-encoded UTF-8";
            ApiError::Unreadable(vec![FieldError::new("path", path, message)])
        })
    }
}

/// A query; unknown parameters are refused, so that a mistyped filter is not a list of everything.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let given = pairs(&parts.uri);
        if let Some((name, value)) = given.iter().find(|(_, value)| value.contains('\0')) {
            let error = FieldError::new(name, value, "remove the NUL character");
            return Err(ApiError::Unreadable(vec![error]));
        }
        let read = Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let message = rejection.to_string();
            let message = message
                .strip_prefix("Failed to deserialize query string: ")
                .unwrap_or(&message);
            let query = parts.uri.query().unwrap_or_default();
            let error = named(message, &given);
            ApiError::Unreadable(vec![
                error.unwrap_or_else(|| FieldError::new("query", query, message)),
            ])
        })?;
        Ok(Self(read.0))
    }
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map_or_else(|_| Vec::new(), |query| query.0)
}

/// The reader says `limit: what is wrong` when it knows the parameter.
fn named(message: &str, given: &[(String, String)]) -> Option<FieldError> {
    let (name, what) = message.split_once(": ")?;
    let (_, value) = given.iter().find(|(key, _)| key == name)?;
    Some(FieldError::new(name, value, what))
}
