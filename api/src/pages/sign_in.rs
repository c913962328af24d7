//! Signing in and out of the console, and back to the page that was asked for.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use ingot_domain::auth::BearerToken;
use serde::Deserialize;

use super::{Answer, Asked, Filled, bare};
use crate::auth::{COOKIE, same_origin};
use crate::console;
use crate::error::ApiError;
use crate::state::Api;
use crate::throttle::Peer;

/// How long a browser stays signed in, in seconds.
const SESSION: u32 = 12 * 60 * 60;

/// Where a browser that is not signed in is sent, and what it asked for.
pub(crate) fn way_in(asked: &Uri) -> Redirect {
    let to = asked.path_and_query().map_or("/", |asked| asked.as_str());
    if to == "/" {
        return Redirect::to("/login");
    }
    Redirect::to(&console::address("/login", &[("to", Some(to))]))
}

/// A page of ours to go on to. Whatever a browser could read as another site's address is none.
fn own(to: Option<String>) -> String {
    let ours = |to: &String| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    to.filter(ours).unwrap_or_else(|| "/".to_owned())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    code: Option<String>,
    to: Option<String>,
}

/// The sign-in page; with the code of `ingot up`'s link, the sign-in itself. A HEAD request, with which programs look at a
/// link before a person follows it, does not use the link up.
pub(super) async fn form(
    method: Method,
    State(api): State<Api>,
    Asked(link): Asked<Link>,
) -> Answer {
    let to = own(link.to);
    let Some(code) = link.code.filter(|_| method != Method::HEAD) else {
        return bare(console::login_page(None, &to), StatusCode::OK);
    };
    if let Some(token) = api.redeem(&code) {
        return Ok(with_cookie(&api, &token, SESSION, &to));
    }
    let said =
        "This link was used before. Sign in with a token, or restart `ingot up` for a fresh link.";
    bare(
        console::login_page(Some(said), &to),
        StatusCode::UNAUTHORIZED,
    )
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
    to: Option<String>,
}

pub(super) async fn sign_in(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Filled(form): Filled<SignIn>,
) -> Answer {
    if !same_origin(&headers) {
        return Err(ApiError::Forbidden("sign in from Ingot's own page"));
    }
    let to = own(form.to);
    let token = form.token.trim();
    let known = match BearerToken::parse(token) {
        Some(bearer) => match api.authenticate(&bearer, peer.map(|peer| peer.0)).await {
            Err(ApiError::TooMany(_, seconds)) => return later(&api, seconds, &to),
            known => known?,
        },
        None => None,
    };
    if known.is_some() {
        return Ok(with_cookie(&api, token, SESSION, &to));
    }
    api.metrics
        .auth_failures
        .with_label_values(&["sign_in"])
        .inc();
    let said = "This token is not accepted. `ingot token create` makes a fresh one.";
    bare(
        console::login_page(Some(said), &to),
        StatusCode::UNAUTHORIZED,
    )
}

/// The form again, with the wait said: too many unknown tokens came from this address.
fn later(api: &Api, seconds: u64, to: &str) -> Answer {
    let failures = &api.metrics.auth_failures;
    failures.with_label_values(&["throttled"]).inc();
    let plural = if seconds == 1 { "" } else { "s" };
    let said = format!(
        "Too many unknown tokens came from this address, so this one was not looked at. Try again in {seconds} second{plural}."
    );
    let page = console::login_page(Some(&said), to);
    let mut response = bare(page, StatusCode::TOO_MANY_REQUESTS)?;
    let wait = HeaderValue::from(seconds);
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    Ok(response)
}

pub(super) async fn sign_out(State(api): State<Api>, headers: HeaderMap) -> Answer {
    if !same_origin(&headers) {
        return Err(ApiError::Forbidden("sign out from Ingot's own page"));
    }
    Ok(with_cookie(&api, "", 0, "/login"))
}

fn with_cookie(api: &Api, token: &str, seconds: u32, to: &str) -> Response {
    let secure = if api.secure_cookie { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut response = Redirect::to(to).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_gone_on_to() {
        for ours in [
            "/",
            "/deployments/dep_1",
            "/?status=failed&limit=2",
            "/images/img_1",
        ] {
            assert_eq!(own(Some(ours.to_owned())), ours);
        }
        let others = [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x=y",
            "/ä",
            "evil",
        ];
        for other in others {
            assert_eq!(own(Some(other.to_owned())), "/", "{other:?}");
        }
        assert_eq!(own(None), "/");
    }
}
