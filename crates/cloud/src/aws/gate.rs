//! Where the rate limit stands: between the SDK and the wire, so that what the SDK repeats by itself is counted too.

use std::sync::{Arc, OnceLock};

use aws_sdk_ec2::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::limit::{NoRoom, RateLimit, Request};

/// What EC2 and SSM say of a rate that is used up.
const REFUSALS: [&[u8]; 2] = [b"<Code>RequestLimitExceeded</Code>", b"ThrottlingException"];

/// The account of the credentials, once it is known.
pub(super) type Account = Arc<OnceLock<String>>;

/// EC2's and SSM's HTTP client of one region, behind the limit.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) limit: Arc<dyn RateLimit>,
    pub(super) account: Account,
    pub(super) region: Arc<str>,
    pub(super) http: SharedHttpClient,
}

/// A request that found no room.
#[derive(Debug, thiserror::Error)]
#[error("{no_room}")]
pub(super) struct HeldBack {
    pub(super) no_room: NoRoom,
    /// The same call was sent before, and AWS did not say what came of it.
    pub(super) sent_before: bool,
}

impl HttpClient for Gate {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Gated {
            gate: self.clone(),
            inner: self.http.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct Gated {
    gate: Gate,
    inner: SharedHttpConnector,
}

impl HttpConnector for Gated {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (gate, inner) = (self.gate.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let action = action(&request).to_owned();
            let asked = Request {
                account: gate.account.get().map(String::as_str),
                region: &gate.region,
                action: &action,
            };
            let sent_before = repeated(&request);
            gate.limit.pass(asked).await.map_err(|no_room| {
                let held = HeldBack {
                    no_room,
                    sent_before,
                };
                ConnectorError::other(held.into(), None)
            })?;
            let answer = inner.call(request).await?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            let (answer, refused) = read(answer).await?;
            if refused {
                gate.limit.refused(asked).await;
            }
            Ok(answer)
        })
    }
}

/// EC2's Query protocol names the action first in the body, SSM's JSON protocol in a header.
fn action(request: &HttpRequest) -> &str {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default();
    }
    let body = request.body().bytes().unwrap_or_default();
    let body = body.strip_prefix(b"Action=").unwrap_or_default();
    let end = body.iter().position(|byte| *byte == b'&');
    let name = &body[..end.unwrap_or(body.len())];
    std::str::from_utf8(name).unwrap_or_default()
}

/// The SDK counts its attempts in a header of each.
fn repeated(request: &HttpRequest) -> bool {
    let header = request.headers().get("amz-sdk-request");
    header.is_some_and(|text| !text.split(';').any(|part| part.trim() == "attempt=1"))
}

/// An error's body is short: it is read here, and given on.
async fn read(mut answer: HttpResponse) -> Result<(HttpResponse, bool), ConnectorError> {
    let body = std::mem::replace(answer.body_mut(), SdkBody::empty());
    let body = ByteStream::new(body).collect().await;
    let body = body
        .map_err(|error| ConnectorError::io(error.into()))?
        .into_bytes();
    let says = |refusal: &&[u8]| body.windows(refusal.len()).any(|part| part == *refusal);
    let refused = REFUSALS.iter().any(says);
    *answer.body_mut() = SdkBody::from(body);
    Ok((answer, refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &'static str, attempt: Option<&'static str>) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        if let Some(attempt) = attempt {
            request.headers_mut().insert("amz-sdk-request", attempt);
        }
        request
    }

    #[test]
    fn the_action_is_read_from_the_body() {
        for (body, name) in [
            ("Action=RunInstances&Version=2016-11-15", "RunInstances"),
            ("Action=DescribeImages", "DescribeImages"),
            ("Version=2016-11-15&Action=RunInstances", ""),
            ("", ""),
        ] {
            assert_eq!(action(&request(body, None)), name, "{body}");
        }
    }

    #[test]
    fn ssms_action_is_read_from_its_header() {
        let mut asked = request("{\"InstanceIds\":[]}", None);
        asked
            .headers_mut()
            .insert("x-amz-target", "AmazonSSM.SendCommand");
        assert_eq!(action(&asked), "SendCommand");
    }

    #[test]
    fn a_second_attempt_is_told_from_a_first() {
        for (header, again) in [
            (None, false),
            (Some("attempt=1"), false),
            (Some("attempt=1; max=3"), false),
            (Some("ttl=20260101T000000Z; attempt=2; max=3"), true),
            (Some("attempt=12; max=30"), true),
        ] {
            assert_eq!(repeated(&request("", header)), again, "{header:?}");
        }
    }
}
