//! What is known of the credentials in use: where they come from and until when they hold, and, when there are none, one
//! sentence a person can act on instead of the SDK's nested errors.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as Provided, SharedCredentialsProvider, future,
};
use chrono::{DateTime, Utc};

use crate::aws::shared::Shared;

mod sentence;

/// The usual ways to have credentials, for every message that says there are none.
pub const WAYS: &str = "sign in with `aws sso login` or `aws login` and name the profile in AWS_PROFILE, set \
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given (instance, container, web identity)";

/// Where the credentials in use come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSource {
    /// One of `keys`, `environment`, `profile`, `sso`, `login`, `credential_process`, `web_identity`, `container`,
    /// `instance`.
    pub kind: &'static str,
    /// The profile they come from, when they come from one.
    pub profile: Option<String>,
    /// Roles assumed on top, the last one being who we are.
    pub roles: Vec<String>,
    /// Until when they hold; for ever when absent. They are fetched anew before.
    pub expires_at: Option<DateTime<Utc>>,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.profile.as_deref().unwrap_or("default");
        match self.kind {
            "environment" => f.write_str("the environment (AWS_ACCESS_KEY_ID)")?,
            "profile" => write!(f, "profile {profile}")?,
            "sso" => write!(f, "profile {profile}, signed in with `aws sso login`")?,
            "login" => write!(f, "profile {profile}, signed in with `aws login`")?,
            "credential_process" => write!(f, "profile {profile}, its credential_process")?,
            "web_identity" => f.write_str("a web identity token")?,
            "container" => f.write_str("the container's role")?,
            "instance" => f.write_str("the instance's role")?,
            _ => f.write_str("keys given to Ingot")?,
        }
        for role in &self.roles {
            write!(f, ", then role {role}")?;
        }
        Ok(())
    }
}

/// What the providers told last.
pub(in crate::aws) type LastSource = Arc<Mutex<Option<CredentialSource>>>;

/// A provider that remembers what it gave and says in one sentence why it gave nothing.
#[derive(Debug)]
pub(in crate::aws) struct Told {
    inner: SharedCredentialsProvider,
    profile: String,
    exists: bool,
    last: LastSource,
}

impl Told {
    /// Wraps `inner`; `profile` is the one that is looked into.
    pub(in crate::aws) fn wrap(
        inner: SharedCredentialsProvider,
        profile: &Shared,
        last: &LastSource,
    ) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Self {
            inner,
            profile: profile.name().to_owned(),
            exists: profile.exists(),
            last: Arc::clone(last),
        })
    }

    async fn told(&self) -> Provided {
        match self.inner.provide_credentials().await {
            Ok(credentials) => {
                let found = source_of(&credentials, &self.profile);
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                Ok(credentials)
            }
            Err(error) => Err(self.explained(error)),
        }
    }

    /// The same class of error, with the sentence on top and the SDK's own errors below.
    fn explained(&self, error: CredentialsError) -> CredentialsError {
        let sentence = sentence::of(&error, &self.profile, self.exists);
        let told = |source| NoCredentials { sentence, source };
        match error {
            CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(told(error)),
            CredentialsError::InvalidConfiguration(_) => {
                CredentialsError::invalid_configuration(told(error))
            }
            CredentialsError::ProviderError(_) => CredentialsError::provider_error(told(error)),
            // A time-out has its own meaning, and its text is plain.
            CredentialsError::ProviderTimedOut(_) => error,
            _ => CredentialsError::unhandled(told(error)),
        }
    }
}

impl ProvideCredentials for Told {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.told())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.inner.fallback_on_interrupt()
    }
}

/// Why there are no credentials, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(in crate::aws) struct NoCredentials {
    pub(in crate::aws) sentence: String,
    source: CredentialsError,
}

impl NoCredentials {
    /// The sentence somewhere in a call's error.
    pub(in crate::aws) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a str> {
        std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
            (*error).source()
        })
        .find_map(|cause| cause.downcast_ref::<NoCredentials>())
        .map(|found| found.sentence.as_str())
    }
}

fn source_of(credentials: &Credentials, profile: &str) -> CredentialSource {
    use AwsCredentialFeature as Feature;
    let told = credentials.get_property::<Vec<Feature>>();
    let has = |feature| told.is_some_and(|told| told.contains(&feature));
    let table = [
        (Feature::CredentialsEnvVars, "environment", false),
        (Feature::CredentialsSso, "sso", true),
        (Feature::CredentialsProfileLogin, "login", true),
        (Feature::CredentialsLogin, "login", true),
        (Feature::CredentialsProcess, "credential_process", true),
        (
            Feature::CredentialsProfileStsWebIdToken,
            "web_identity",
            false,
        ),
        (Feature::CredentialsHttp, "container", false),
        (Feature::CredentialsImds, "instance", false),
        (Feature::CredentialsProfile, "profile", true),
    ];
    let found = table.into_iter().find(|(feature, ..)| has(feature.clone()));
    let (kind, of_profile) = found.map_or(("keys", false), |(_, kind, profile)| (kind, profile));
    CredentialSource {
        kind,
        profile: of_profile.then(|| profile.to_owned()),
        roles: Vec::new(),
        expires_at: credentials.expiry().map(DateTime::from),
    }
}
