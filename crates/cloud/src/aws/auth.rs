//! Who Ingot is towards AWS: the four ways of F112, made into the SDK's providers. Credentials that expire are fetched
//! anew by the SDK's identity cache.

mod source;
mod vars;

use std::fmt;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::config::SharedHttpClient;

pub use source::{CredentialSource, WAYS};
pub(super) use source::{LastSource, NoCredentials, Told};
pub use vars::AuthError;

/// Length of an assumed role's session when nothing else is said, in seconds (OPERATIONS 3: one hour).
pub const SESSION_SECONDS: u32 = 3600;

/// Name of an assumed role's session when nothing else is said; CloudTrail shows it.
pub const SESSION_NAME: &str = "ingot";

/// A value that no log, error or debug print shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one who must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// The SDK's own order: environment, profile, web identity, container, instance role.
    #[default]
    DefaultChain,
    /// Fixed keys.
    AccessKeys {
        /// `AKIA…`, or `ASIA…` for temporary keys.
        access_key_id: String,
        /// Its secret.
        secret_access_key: Secret,
        /// Belongs to temporary keys.
        session_token: Option<Secret>,
    },
    /// A profile of the shared configuration files.
    Profile(String),
    /// A role, assumed through STS and renewed before its session ends.
    AssumeRole {
        /// `arn:aws:iam::<account>:role/<name>`
        role_arn: String,
        /// What the role's trust policy asks for (the confused deputy).
        external_id: Option<String>,
        /// Shown in CloudTrail; [`SESSION_NAME`] when absent.
        session_name: Option<String>,
        /// Who assumes it.
        base: Box<Auth>,
        /// Length of one session in seconds; AWS allows 900 up to the role's own limit.
        session_seconds: u32,
    },
}

impl Auth {
    /// The shortest session in the chain, if any expires at a length we chose.
    pub(super) fn session(&self) -> Option<Duration> {
        match self {
            Auth::AssumeRole {
                session_seconds,
                base,
                ..
            } => {
                let own = Duration::from_secs(u64::from(*session_seconds));
                Some(base.session().map_or(own, |below| own.min(below)))
            }
            _ => None,
        }
    }

    /// The credentials that are not made from other credentials, if they are named.
    pub(super) fn root_provider(
        &self,
        http: &SharedHttpClient,
        region: Option<&str>,
    ) -> Option<SharedCredentialsProvider> {
        match self {
            Auth::DefaultChain => None,
            Auth::AccessKeys {
                access_key_id,
                secret_access_key,
                session_token,
            } => {
                let token = session_token
                    .as_ref()
                    .map(|token| token.expose().to_owned());
                let keys = Credentials::new(
                    access_key_id,
                    secret_access_key.expose(),
                    token,
                    None,
                    "ingot",
                );
                Some(SharedCredentialsProvider::new(keys))
            }
            Auth::Profile(name) => {
                // Roles of a profile are assumed in this region; an SSO portal has its own.
                let region = region.map(|region| Region::new(region.to_owned()));
                let through = ProviderConfig::default()
                    .with_http_client(http.clone())
                    .with_region(region);
                let provider = ProfileFileCredentialsProvider::builder()
                    .profile_name(name)
                    .configure(&through)
                    .build();
                Some(SharedCredentialsProvider::new(provider))
            }
            Auth::AssumeRole { base, .. } => base.root_provider(http, region),
        }
    }

    /// The roles assumed on top of the root credentials, the innermost first.
    pub(super) fn roles(&self) -> Vec<String> {
        match self {
            Auth::AssumeRole { role_arn, base, .. } => {
                let mut roles = base.roles();
                roles.push(role_arn.clone());
                roles
            }
            _ => Vec::new(),
        }
    }

    /// The profile whose region counts when none is given.
    pub(super) fn profile_name(&self) -> Option<&str> {
        match self {
            Auth::Profile(name) => Some(name),
            Auth::AssumeRole { base, .. } => base.profile_name(),
            _ => None,
        }
    }

    /// Puts the roles on top of the root credentials, the innermost first.
    pub(super) async fn assume(&self, mut conf: SdkConfig) -> SdkConfig {
        let mut roles = Vec::new();
        let mut next = self;
        while let Auth::AssumeRole {
            role_arn,
            external_id,
            session_name,
            base,
            session_seconds,
        } = next
        {
            roles.push((role_arn, external_id, session_name, *session_seconds));
            next = base;
        }
        for (role_arn, external_id, session_name, seconds) in roles.into_iter().rev() {
            let mut provider = AssumeRoleProvider::builder(role_arn)
                .session_name(session_name.as_deref().unwrap_or(SESSION_NAME))
                .session_length(Duration::from_secs(u64::from(seconds)));
            if let Some(id) = external_id {
                provider = provider.external_id(id);
            }
            let provider = provider.configure(&conf).build().await;
            conf = conf
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                .build();
        }
        conf
    }
}
