//! What the console's forms send: the query of a list, and the body of a form that was filled in.

use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use ingot_domain::field::FieldError;
use serde::de::DeserializeOwned;

use crate::address::Params;
use crate::error::ApiError;

/// Longest value of a field, in bytes. No field but the text of a template has a use for as much.
const LONGEST: usize = 4 * 1024;
/// The text of a template, which has a limit of its own.
const YAML: &str = "yaml";

/// What a list is asked for by a form, which sends its empty fields, too: an empty one asks for nothing.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_empty(pair)).collect();
        if let Ok(uri) = format!("{}?{}", parts.uri.path(), kept.join("&")).parse() {
            parts.uri = uri;
        }
        let Params(asked) = Params::from_request_parts(parts, state).await?;
        Ok(Self(asked))
    }
}

/// Whether a pair of a query is a field without a value: `name=`. A value may end in `=` as well.
fn is_empty(pair: &str) -> bool {
    pair.strip_suffix('=')
        .is_some_and(|name| !name.is_empty() && !name.contains('='))
}

/// A form that was filled in.
#[derive(Debug)]
pub(super) struct Filled<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Filled<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, state)
            .await
            .map_err(|rejection| refused(rejection.status(), rejection.body_text()))?;
        let again = |parts| Request::from_parts(parts, Body::from(bytes.clone()));
        let pairs: Vec<(String, String)> = read(again(parts.clone()), state).await?;
        let wrong: Vec<FieldError> = pairs.iter().filter_map(check).collect();
        if !wrong.is_empty() {
            return Err(ApiError::Invalid(wrong));
        }
        read(again(parts), state).await.map(Self)
    }
}

async fn read<T: DeserializeOwned, S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<T, ApiError> {
    match Form::<T>::from_request(request, state).await {
        Ok(Form(filled)) => Ok(filled),
        Err(rejection) => Err(refused(rejection.status(), rejection.body_text())),
    }
}

fn refused(status: StatusCode, why: String) -> ApiError {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::Unreadable(vec![FieldError::new("form", "", why)]),
    }
}

/// What no field takes: a NUL character, which no database stores in a text, and more than people write.
fn check((name, value): &(String, String)) -> Option<FieldError> {
    let field = ingot_domain::field::shown(name);
    if name.contains('\0') || value.contains('\0') {
        return Some(FieldError::new(&field, value, "remove the NUL character"));
    }
    let length = value.len();
    (name != YAML && length > LONGEST).then(|| {
        let message = format!("give at most {LONGEST} bytes; this has {length}");
        FieldError::new(&field, value, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_field_without_a_value_asks_for_nothing() {
        for empty in ["status=", "any-name="] {
            assert!(is_empty(empty), "{empty}");
        }
        for given in [
            "",
            "=",
            "==",
            "status",
            "status=failed",
            "cursor=abc=",
            "a==",
            "=a=",
        ] {
            assert!(!is_empty(given), "{given}");
        }
    }

    #[test]
    fn a_field_takes_no_nul_and_at_most_4_kib() {
        let told = |name: &str, value: String| check(&(name.to_owned(), value));
        assert_eq!(told("reason", "x".repeat(LONGEST)), None);
        assert_eq!(told("yaml", "x".repeat(LONGEST + 1)), None);
        let long = told("reason", "x".repeat(LONGEST + 1)).expect("too long");
        assert!(long.message.contains("this has 4097"), "{long}");
        for name in ["reason", "yaml", "nu\0l"] {
            let nul = told(name, "a\0b".to_owned()).expect(name);
            assert!(nul.message.contains("NUL"), "{nul}");
            assert!(!nul.field.contains('\0'));
        }
    }
}
