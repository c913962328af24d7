//! Who asks: a bearer token in the header, or in the console's cookie. Cookies only come along from our own pages: a
//! changing request with one must say `Sec-Fetch-Site: same-origin` or carry our own Origin (OPERATIONS section 2).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use chrono::SecondsFormat;
use ingot_domain::Instant;
use ingot_domain::actor::{Actor, Person, Way};
use ingot_domain::auth::BearerToken;
use ingot_domain::permit::Permit;
use ingot_entity::Ledger;
use ingot_entity::store::TokenEnd;
use ingot_telemetry::Metrics;

use crate::error::ApiError;
use crate::middleware::RequestId;
use crate::state::Api;
use crate::throttle::Peer;

/// The console's cookie.
pub(crate) const COOKIE: &str = "ingot_session";

/// Why a token is refused, in the words of the metric.
const KINDS: [&str; 6] = [
    "missing",
    "malformed",
    "refused",
    "throttled",
    "cross_site",
    "sign_in",
];

/// Lets the counter of refusals begin at 0.
pub(crate) fn begin_counting(metrics: &Metrics) {
    for kind in KINDS {
        metrics.auth_failures.with_label_values(&[kind]);
    }
}

/// The token that asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Its id.
    pub(crate) token_id: String,
    /// Its name, for the story.
    pub(crate) name: String,
    /// The ledger in their hands: what a request changes goes through it, so that its lines say who did it.
    pub(crate) ledger: Ledger,
    bearer: BearerToken,
    peer: Option<Peer>,
}

impl Caller {
    /// Whether the token is known to be refused by now: revoked or expired. While the ledger is away that is not known.
    pub(crate) async fn is_refused(&self, api: &Api) -> bool {
        matches!(api.authenticate(&self.bearer, self.peer).await, Ok(None))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let refused = |kind: &str, why: &str| {
            api.metrics.auth_failures.with_label_values(&[kind]).inc();
            ApiError::Unauthenticated(why.to_owned())
        };
        let signed_in;
        let text = match (header_token(&parts.headers), cookie_token(&parts.headers)) {
            (Some(token), _) => {
                signed_in = false;
                token
            }
            (None, Some(token)) => {
                signed_in = true;
                let reads = matches!(parts.method, Method::GET | Method::HEAD);
                if !reads && !same_origin(&parts.headers) {
                    api.metrics
                        .auth_failures
                        .with_label_values(&["cross_site"])
                        .inc();
                    return Err(ApiError::Forbidden(
                        "a signed-in browser may only act from Ingot's own pages",
                    ));
                }
                token
            }
            (None, None) => return Err(refused("missing", "there is no token")),
        };
        let bearer = BearerToken::parse(&text)
            .ok_or_else(|| refused("malformed", "this is not an Ingot token"))?;
        let peer = parts.extensions.get::<Peer>().copied();
        let known = api.authenticate(&bearer, peer).await;
        if let Err(ApiError::TooMany(..)) = &known {
            api.metrics
                .auth_failures
                .with_label_values(&["throttled"])
                .inc();
        }
        match known? {
            Some(row) => {
                may(parts.extensions.get::<Permit>().copied(), Permit::ALL)?;
                let person = Person {
                    token: row.id.clone(),
                    name: row.name.clone(),
                    way: Way::of(signed_in, agent(&parts.headers)),
                    request: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
                };
                Ok(Self {
                    token_id: row.id,
                    name: row.name,
                    ledger: api.ledger.as_actor(Actor::Person(person)),
                    bearer,
                    peer,
                })
            }
            None => {
                let end = api.ledger.token_end(&bearer).await?;
                Err(refused("refused", &why_refused(&bearer, end)))
            }
        }
    }
}

/// Refuses what a token's permits do not hold, and every route that declares none, so that a permit that was
/// forgotten opens nothing. Today each token holds all.
fn may(needed: Option<Permit>, held: &[Permit]) -> Result<(), ApiError> {
    match needed {
        Some(needed) if held.contains(&needed) => Ok(()),
        Some(_) => Err(ApiError::Forbidden("the token does not permit this")),
        None => Err(ApiError::Forbidden(
            "this route declares no permit, which is a defect: no token may use it",
        )),
    }
}

fn agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT)?.to_str().ok()
}

/// Why a token is not accepted: the whole of it only to who holds its secret.
fn why_refused(bearer: &BearerToken, end: Option<TokenEnd>) -> String {
    let at = |at: Instant| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    match end {
        Some(TokenEnd::Expired(when)) => format!("the token {} expired at {}", bearer.id, at(when)),
        Some(TokenEnd::Revoked(when)) => {
            format!("the token {} was revoked at {}", bearer.id, at(when))
        }
        None => "the token is not one of this installation's".to_owned(),
    }
}

fn header_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

fn cookie_token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            Some(
                pair.trim()
                    .strip_prefix(COOKIE)?
                    .strip_prefix('=')?
                    .to_owned(),
            )
        })
}

/// Whether a browser says that the request comes from a page of this origin.
pub(crate) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin");
    }
    let host = text("host").unwrap_or_default();
    text("origin").is_some_and(|origin| {
        origin
            .split_once("://")
            .is_some_and(|(_, from)| from == host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_asks_for_a_permit_that_the_token_holds() {
        let viewer = [Permit::View];
        assert!(may(Some(Permit::View), &viewer).is_ok());
        assert!(may(Some(Permit::Operate), &viewer).is_err());
        for permit in Permit::ALL {
            assert!(may(Some(*permit), Permit::ALL).is_ok());
        }
    }

    #[test]
    fn a_route_without_a_permit_is_closed() {
        assert!(may(None, Permit::ALL).is_err());
    }
}
