//! The variables the documents name, read into an [`Auth`]. The look-up is given: nothing here asks the environment.

use super::{Auth, SESSION_SECONDS, Secret};

/// A variable that does not say how to sign in, what it says (never a secret) and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}={value}: {way_out}")]
pub struct AuthError {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value, `(not set)`, or `(hidden)`.
    pub value: String,
    /// What to do.
    pub way_out: String,
}

impl AuthError {
    fn new(variable: &'static str, value: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            variable,
            value: value.into(),
            way_out: way_out.into(),
        }
    }
}

impl Auth {
    /// Reads `AWS_AUTH_METHOD` (`assume_role`, `access_keys`, `profile`, `default`) and the variables that belong to
    /// it. Without a method a given `AWS_ASSUME_ROLE_ARN` is assumed; everything else is left to the SDK's own order.
    /// Empty variables count as absent.
    pub fn from_vars(get: impl Fn(&str) -> Option<String>) -> Result<Auth, AuthError> {
        let get = |name: &str| {
            get(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        match get("AWS_AUTH_METHOD")
            .map(|method| method.to_ascii_lowercase())
            .as_deref()
        {
            Some("assume_role") => assume_role(&get),
            Some("access_keys") => access_keys(&get),
            Some("profile") => profile(&get),
            Some("default") => Ok(Auth::DefaultChain),
            None if get("AWS_ASSUME_ROLE_ARN").is_some() => assume_role(&get),
            None => Ok(Auth::DefaultChain),
            Some(other) => Err(AuthError::new(
                "AWS_AUTH_METHOD",
                other,
                "use assume_role, access_keys, profile or default, or leave it out for the SDK's own order",
            )),
        }
    }
}

fn assume_role(get: &impl Fn(&str) -> Option<String>) -> Result<Auth, AuthError> {
    let role = "AWS_ASSUME_ROLE_ARN";
    let example =
        "give the role as `arn:aws:iam::<account>:role/<name>`, or choose another AWS_AUTH_METHOD";
    let role_arn = get(role).ok_or_else(|| AuthError::new(role, "(not set)", example))?;
    if !role_arn.starts_with("arn:") || !role_arn.contains(":role/") {
        return Err(AuthError::new(role, role_arn, example));
    }
    let external_id = get("AWS_EXTERNAL_ID");
    if let Some(id) = external_id
        .as_deref()
        .filter(|id| !legal(id, 2, 1224, "+=,.@:/-_"))
    {
        let way_out =
            "use 2 to 1224 letters, digits and `+=,.@:/-_`, as in the role's trust policy";
        return Err(AuthError::new("AWS_EXTERNAL_ID", id, way_out));
    }
    let session_name = get("AWS_SESSION_NAME");
    if let Some(name) = session_name
        .as_deref()
        .filter(|name| !legal(name, 2, 64, "+=,.@-_"))
    {
        let way_out = "use 2 to 64 letters, digits and `+=,.@-_`, or leave it out";
        return Err(AuthError::new("AWS_SESSION_NAME", name, way_out));
    }
    let base = if get("AWS_ACCESS_KEY_ID").is_some() || get("AWS_SECRET_ACCESS_KEY").is_some() {
        access_keys(get)?
    } else if get("AWS_PROFILE").is_some() {
        profile(get)?
    } else {
        Auth::DefaultChain
    };
    Ok(Auth::AssumeRole {
        role_arn,
        external_id,
        session_name,
        base: Box::new(base),
        session_seconds: SESSION_SECONDS,
    })
}

fn access_keys(get: &impl Fn(&str) -> Option<String>) -> Result<Auth, AuthError> {
    let (id, secret, token) = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    );
    let missing = |variable| {
        AuthError::new(
            variable,
            "(not set)",
            "set it, or choose another AWS_AUTH_METHOD",
        )
    };
    let access_key_id = get(id).ok_or_else(|| missing(id))?;
    if !legal(&access_key_id, 3, 128, "_-") {
        // A person may have swapped the two, so the value is not shown.
        return Err(AuthError::new(
            id,
            "(hidden)",
            "it has only letters and digits; is it the secret by mistake?",
        ));
    }
    let secret_access_key = Secret::new(get(secret).ok_or_else(|| missing(secret))?);
    let session_token = get(token).map(Secret::new);
    if access_key_id.starts_with("ASIA") && session_token.is_none() {
        return Err(AuthError::new(
            token,
            "(not set)",
            "keys that start with ASIA are temporary and come with a token",
        ));
    }
    Ok(Auth::AccessKeys {
        access_key_id,
        secret_access_key,
        session_token,
    })
}

fn profile(get: &impl Fn(&str) -> Option<String>) -> Result<Auth, AuthError> {
    let way_out =
        "name a profile of the shared configuration files, or choose another AWS_AUTH_METHOD";
    get("AWS_PROFILE")
        .map(Auth::Profile)
        .ok_or_else(|| AuthError::new("AWS_PROFILE", "(not set)", way_out))
}

fn legal(text: &str, shortest: usize, longest: usize, also: &str) -> bool {
    (shortest..=longest).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

#[cfg(test)]
mod tests;
