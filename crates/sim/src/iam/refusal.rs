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
    let said = format!(
        "User: {user} is not authorized to perform: {action} on resource: {resource} {because}"
    );
    if service != Service::Ec2 {
        let (status, code) = super::denied_code(service);
        return ApiError::new(status, code, said);
    }
    // AWS encrypts this; it is the same in kind for a reader who only passes it on.
    let inside = json!({
        "allowed": false,
        "explicitDeny": verdict == Verdict::Denied,
        "context": {"principal": {"arn": user}, "action": action, "resource": resource},
    });
    let encoded = URL_SAFE_NO_PAD.encode(inside.to_string());
    let (status, code) = super::denied_code(service);
    let message = format!(
        "You are not authorized to perform this operation. {said}. Encoded authorization \
         failure message: {encoded}"
    );
    ApiError::new(status, code, message)
}
