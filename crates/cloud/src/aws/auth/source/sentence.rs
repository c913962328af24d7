//! The SDK's errors about credentials, each as the sentence a person can act on. They are private types, so their texts
//! are read, as they stand in aws-config 1.13; a text of tomorrow is passed on in one line.

use std::error::Error;

use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::{NoCredentials, WAYS};

/// Longest part of another program's words that is passed on, in characters.
const LONGEST: usize = 300;

/// Why there are no credentials and what to do, for the profile that is looked into.
pub(super) fn of(error: &(dyn Error + 'static), profile: &str, exists: bool) -> String {
    if let Some(known) = NoCredentials::within(error) {
        return known.to_owned();
    }
    let mut texts = vec![error.to_string()];
    let mut below = error.source();
    while let Some(cause) = below {
        texts.push(cause.to_string());
        below = cause.source();
    }
    let said = |part: &str| texts.iter().any(|text| text.contains(part));
    let whole = texts.join(": ");
    if let Some(refused) = role_refused(error) {
        return refused;
    }
    if said("SSO token") || said("sso/cache") || said("UnauthorizedException") {
        return format!(
            "the SSO session of profile {profile} is missing or has ended: run `aws sso login --profile {profile}`"
        );
    }
    if said("ForbiddenException") {
        return format!(
            "profile {profile} is signed in, but its sso_account_id and sso_role_name are not granted to this person"
        );
    }
    if said("Login token") || said("login/cache") {
        return format!(
            "the login session of profile {profile} is missing or has ended: run `aws login --profile {profile}`"
        );
    }
    if let Some(at) = whole.find("external process") {
        let rest = whole[at..].trim_start_matches("external process");
        let rest = rest.trim_start_matches([',', ':', ' ']);
        return format!(
            "credential_process of profile {profile} failed: {}",
            one_line(rest)
        );
    }
    let nowhere = said("no credentials found in chain") || said("No profiles were defined");
    if said("was not defined") || (nowhere && !exists && profile != "default") {
        return format!(
            "there is no profile {profile} in AWS's configuration files: `aws configure list-profiles` names those there are"
        );
    }
    if said("did not contain credential information") {
        return format!("profile {profile} names no credentials: {WAYS}");
    }
    if let Some(own) = texts.iter().find(|text| {
        [
            "invalid profile",
            "credential source",
            "sso-session named",
            "SSO config",
            "infinite loop",
            "resolve an access token",
        ]
        .iter()
        .any(|part| text.contains(part))
    }) {
        return format!("profile {profile} cannot be used: {}", one_line(own));
    }
    if nowhere {
        return format!("no AWS credentials were found: {WAYS}");
    }
    let innermost = texts.last().map_or("", String::as_str);
    format!("AWS credentials could not be had: {}", one_line(innermost))
}

/// STS answered that a role is not to be had.
fn role_refused(error: &(dyn Error + 'static)) -> Option<String> {
    let mut below = Some(error);
    while let Some(cause) = below {
        if let Some(refused) = cause.downcast_ref::<AssumeRoleError>() {
            let (code, message) = (refused.code()?, refused.message().unwrap_or_default());
            return Some(format!(
                "the role cannot be assumed ({code}: {}): check its trust policy, and AWS_ASSUME_ROLE_ARN and AWS_EXTERNAL_ID or the profile's role_arn",
                one_line(message)
            ));
        }
        below = cause.source();
    }
    None
}

/// Words of another program, in one line of bounded length.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::error::CredentialsError;

    use super::*;

    #[test]
    fn each_kind_of_absence_has_its_sentence() {
        let table = [
            (
                "the SSO token has expired and cannot be refreshed",
                "run `aws sso login --profile dev`",
            ),
            (
                "failed to read `~/.aws/sso/cache/1.json`: missing field `accessToken` in cached SSO token file",
                "aws sso login --profile dev",
            ),
            (
                "cached Login token is expired",
                "run `aws login --profile dev`",
            ),
            (
                "Error retrieving credentials: external process exited with code exit status: 3. Stderr: no\nVPN",
                "credential_process of profile dev failed: exited with code exit status: 3. Stderr: no VPN",
            ),
            (
                "profile `dev` was not defined: could not find source profile",
                "there is no profile dev",
            ),
            (
                "profile `dev` did not contain credential information",
                "profile dev names no credentials",
            ),
            (
                "sso-session named `corp` (referenced by profile `dev`) was not found",
                "profile dev cannot be used: sso-session named `corp`",
            ),
            (
                "no credentials found in chain. Attempted: Environment",
                "no AWS credentials were found: sign in",
            ),
            (
                "something of tomorrow",
                "could not be had: something of tomorrow",
            ),
        ];
        for (text, part) in table {
            let said = of(&CredentialsError::provider_error(text), "dev", true);
            assert!(said.contains(part), "{text}: {said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }
}
