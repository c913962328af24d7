//! How each service words a call that is not allowed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::asks::Ask;
use super::evaluate::Verdict;
use crate::wire::call::Service;
use crate::wire::errors::ApiError;

/// The refusal of `ask`; the words are AWS's, with the sentence on policies it added in 2022.
pub(super) fn refusal(service: Service, user: &str, ask: &Ask, verdict: Verdict) -> ApiError {
    let (action, resource) = (&ask.action, &ask.resource);
    let because = match verdict {
        Verdict::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        Verdict::NotAllowed | Verdict::Allowed => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    // Actions without resources are refused without naming one.
    let on = match resource.as_str() {
        "*" => String::new(),
        resource => format!("on resource: {resource} "),
    };
    let said = format!("User: {user} is not authorized to perform: {action} {on}{because}");
    if service != Service::Ec2 {
        let (status, code) = super::denied_code(service);
        return ApiError::new(status, code, said);
    }
    let (status, code) = super::denied_code(service);
    let start = "You are not authorized to perform this operation.";
    if on.is_empty() {
        return ApiError::new(status, code, format!("{start} {said}"));
    }
    // AWS encrypts this; it is the same in kind for a reader who only passes it on.
    let inside = json!({
        "allowed": false,
        "explicitDeny": verdict == Verdict::Denied,
        "context": {"principal": {"arn": user}, "action": action, "resource": resource},
    });
    let encoded = URL_SAFE_NO_PAD.encode(inside.to_string());
    let message = format!("{start} {said}. Encoded authorization failure message: {encoded}");
    ApiError::new(status, code, message)
}

/// What `DecodeAuthorizationMessage` reads out of the encoded part; `None` if it is none.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    text.starts_with("{\"allowed\"").then_some(text)
}
