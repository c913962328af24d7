//! `Cloud` over the AWS SDK for Rust. This file says what the adapter is given and sends each question to its room;
//! `client` makes the SDK's clients and times every call, `classify` reads its errors, `auth` signs in.

pub mod auth;
mod base_images;
mod base_listing;
pub mod calls;
mod check;
pub mod classify;
mod client;
mod commands;
mod copies;
mod gate;
mod groups;
mod images;
mod instances;
pub mod policy;
mod proxy;
mod shared;
mod tagged;
mod tags;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ingot_domain::check::AccountCheck;
use ingot_domain::place::Place;

use crate::codes;
use crate::error::{CloudError, ErrorKind};
use crate::facts::Identity;
use crate::limit::RateLimit;
use crate::nouns::Account;
use crate::spec::CheckPlan;

pub use auth::{Auth, AuthError, CredentialSource, Secret, WAYS};
pub use check::template::{Fit, Verdict};
use classify::Call;
use client::Clients;
pub use proxy::Proxies;

/// What of the SDK's log is left out unless a person asks for it: a machine that is no EC2 instance has no credentials of
/// one, which is nothing to warn of; what is missing then is said once, in our words.
pub const QUIET: &str = "aws_config::imds=error,aws_config::meta=error";

/// How to reach AWS.
#[derive(Debug, Clone, Default)]
pub struct AwsConfig {
    /// Who we are.
    pub auth: Auth,
    /// Home region, where STS is asked; the SDK's own order (environment, profile, instance) when absent.
    pub region: Option<String>,
    /// One endpoint for every service, such as a simulated region's; `AWS_ENDPOINT_URL*` when absent.
    pub endpoint_url: Option<String>,
    /// Certificates to trust instead of the system's, what `AWS_CA_BUNDLE` names; the profile's `ca_bundle` when absent.
    pub ca_bundle_pem: Option<Vec<u8>>,
    /// What the calls go through; straight to AWS when empty.
    pub proxies: Proxies,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// What keeps EC2's requests within its rates; without it nothing holds them back.
    pub limit: Option<Arc<dyn RateLimit>>,
}

/// How long one call may take. Together shorter than a visit (30 s), so that a visit always hears the end of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first byte of the answer.
    pub read: Duration,
    /// One attempt.
    pub attempt: Duration,
    /// All attempts and the pauses between them.
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(3),
            read: seconds(15),
            attempt: seconds(20),
            operation: seconds(25),
        }
    }
}

/// Is told of every call, for metrics (OPERATIONS 3: service, operation, region, code; duration).
pub trait CallObserver: Send + Sync + fmt::Debug {
    /// One call ended. `code` is `ok`, AWS's error code, or a word of ours when there was no answer.
    fn observed(
        &self,
        service: &'static str,
        operation: &'static str,
        region: &str,
        code: &str,
        took: Duration,
    );
}

/// AWS.
#[derive(Debug, Clone)]
pub struct AwsCloud {
    clients: Arc<Clients>,
    observer: Option<Arc<dyn CallObserver>>,
}

impl AwsCloud {
    /// Whether what a template names is there in a region and fits: reads and dry runs, nothing is made. `install` is the
    /// installation whose tag the launches carry, if one is known.
    pub async fn fits(
        &self,
        region: &str,
        template: &ingot_domain::template::Template,
        install: Option<&str>,
    ) -> Vec<Fit> {
        check::template::ask(self, region, template, install).await
    }

    /// Prepares credentials and HTTP client; asks AWS nothing yet. Without any region this is an error now rather
    /// than at the first call (EMULATORS 6).
    pub async fn connect(config: AwsConfig) -> Result<AwsCloud, CloudError> {
        Ok(Self {
            clients: Arc::new(Clients::prepare(config).await?),
            observer: None,
        })
    }

    /// Tells `observer` of every call from now on.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn CallObserver>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// The region STS is asked in.
    pub fn home_region(&self) -> &str {
        self.clients.home()
    }

    /// The region to call, once it is certain that the place is of the credentials' account: in any other account EC2 knows
    /// none of its ids, and a visit would take what runs there for gone.
    async fn region_of<'a>(&self, place: Place<'a>) -> Result<&'a str, CloudError> {
        let Some(wanted) = place.account() else {
            return Ok(place.region());
        };
        let call = Call {
            service: "sts",
            operation: "GetCallerIdentity",
            region: place.region(),
        };
        let own = match self.clients.account() {
            Some(known) => known,
            // Nothing was sent to the place yet, whatever became of this question.
            None => self
                .identity()
                .await
                .map(|found| found.account)
                .map_err(|error| CloudError {
                    kind: match error.kind {
                        ErrorKind::Unknown => ErrorKind::NotSent,
                        kind => kind,
                    },
                    ..error
                })?,
        };
        if place.is_of(&own) {
            return Ok(place.region());
        }
        let message = format!(
            "this is of account {wanted} and the credentials are of account {own}: give the worker credentials of {wanted}"
        );
        Err(call.error(ErrorKind::Credentials, codes::WRONG_ACCOUNT, message))
    }

    /// Where the credentials of the last call came from; nothing before the first one.
    pub fn credential_source(&self) -> Option<CredentialSource> {
        self.clients.source()
    }
}

#[async_trait]
impl Account for AwsCloud {
    async fn identity(&self) -> Result<Identity, CloudError> {
        let call = Call {
            service: "sts",
            operation: "GetCallerIdentity",
            region: self.home_region(),
        };
        let answer = self
            .asked(&call, self.clients.sts().get_caller_identity().send())
            .await?;
        let account = answer.account.ok_or_else(|| call.hollow("an account"))?;
        let arn = answer.arn.ok_or_else(|| call.hollow("an arn"))?;
        self.clients.know_account(&account);
        Ok(Identity { account, arn })
    }

    async fn check_account(
        &self,
        place: Place<'_>,
        plan: &CheckPlan,
    ) -> Result<AccountCheck, CloudError> {
        let region = self.region_of(place).await?;
        check::look(self, region, plan).await
    }
}
