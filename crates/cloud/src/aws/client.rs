//! The SDK's clients, one set per region, and the one way a call is made: timed, observed and classified.
//! What is set here was measured in EMULATORS 1 and 6: ring, standard retries, never adaptive ones.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::SharedHttpClient;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

use super::auth::{CredentialSource, LastSource, Told};
use super::classify::{Call, classify};
use super::gate::{Account, Gate};
use super::shared;
use super::tls::http_client;
use super::{AwsCloud, AwsConfig, Timeouts};
use crate::error::{CloudError, ErrorKind};
use crate::limit::RateLimit;

/// Values one filter may have (EC2's limit).
pub(super) const LONGEST_FILTER: usize = 200;

/// Entries of one page of a Describe call (EC2's limit).
pub(super) const PAGE: i32 = 1000;

/// Attempts of reads and of calls that may be repeated without a second effect.
const ATTEMPTS: u32 = 3;

/// Longest pause between two attempts: the operation must end within its timeout.
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Credentials are renewed this long before they end: longer than any call, so that none runs out on the way.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// The clients of one region; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Regional {
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) ssm: aws_sdk_ssm::Client,
    pub(super) quotas: aws_sdk_servicequotas::Client,
}

/// Every client of one account.
pub(super) struct Clients {
    conf: SdkConfig,
    home: String,
    sts: aws_sdk_sts::Client,
    http: SharedHttpClient,
    limit: Option<Arc<dyn RateLimit>>,
    account: Account,
    last: LastSource,
    roles: Vec<String>,
    regions: RwLock<HashMap<String, Regional>>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

impl Clients {
    /// Reads the shared configuration and prepares credentials; sends nothing to EC2, SSM or STS.
    pub(super) async fn prepare(config: AwsConfig) -> Result<Self, CloudError> {
        let profile = shared::read(config.auth.profile_name()).await;
        let bundle = match config.ca_bundle_pem {
            Some(pem) => Some(pem),
            None => profile.ca_bundle().await?,
        };
        let http = http_client(bundle.as_deref(), &config.proxies)?;
        let renew = config
            .auth
            .session()
            .map_or(RENEW_BEFORE, |session| RENEW_BEFORE.min(session / 3));
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_max_backoff(LONGEST_BACKOFF),
            )
            .timeout_config(timeouts(config.timeouts))
            .identity_cache(IdentityCache::lazy().buffer_time(renew).build());
        let region = config.region.filter(|region| !region.is_empty());
        if let Some(region) = &region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = config.endpoint_url.filter(|url| !url.is_empty()) {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = config.auth.profile_name() {
            loader = loader.profile_name(profile);
        }
        let region = region.or_else(|| profile.region());
        if let Some(provider) = config.auth.root_provider(&http, region.as_deref()) {
            loader = loader.credentials_provider(provider);
        }
        let mut conf = loader.load().await;
        let told = conf.region().map(|region| region.as_ref().to_owned());
        // A variable that is set and empty would hide the profile's.
        let told = told.filter(|region| !region.is_empty());
        let home = told.or_else(|| profile.region()).unwrap_or_default();
        checked("Connect", &home)?;
        let last = LastSource::default();
        if let Some(root) = conf.credentials_provider() {
            let told = Told::wrap(root, &profile, &last);
            let home = Region::new(home.clone());
            let with = conf.into_builder().region(home).credentials_provider(told);
            conf = with.build();
        }
        let mut conf = config.auth.assume(conf).await;
        if let (Some(role), true) = (conf.credentials_provider(), config.auth.session().is_some()) {
            // What the role's own session tells is not where the credentials come from.
            let told = Told::wrap(role, &profile, &LastSource::default());
            conf = conf.into_builder().credentials_provider(told).build();
        }
        let sts = aws_sdk_sts::Client::new(&conf);
        Ok(Self {
            conf,
            home,
            sts,
            http,
            limit: config.limit,
            account: Account::default(),
            last,
            roles: config.auth.roles(),
            regions: RwLock::default(),
        })
    }

    /// Where the credentials of the last call came from; nothing before the first one.
    pub(super) fn source(&self) -> Option<CredentialSource> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().map(|found| CredentialSource {
            roles: self.roles.clone(),
            ..found
        })
    }

    /// Remembers whose credentials these are; they never change account.
    pub(super) fn know_account(&self, account: &str) {
        self.account.get_or_init(|| account.to_owned());
    }

    /// Whose credentials these are, once STS was asked.
    pub(super) fn account(&self) -> Option<String> {
        self.account.get().cloned()
    }

    /// The region STS is asked in.
    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// STS in the home region.
    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        &self.sts
    }

    /// The clients of a region, made when first asked for. They share connections, credentials and settings.
    fn of(&self, region: &str) -> Regional {
        let known = self
            .regions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(region)
            .cloned();
        if let Some(found) = known {
            return found;
        }
        let mut regions = self.regions.write().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let here = Region::new(region.to_owned());
            let mut ec2 = aws_sdk_ec2::config::Builder::from(&self.conf).region(here.clone());
            let mut ssm = aws_sdk_ssm::config::Builder::from(&self.conf).region(here.clone());
            if let Some(limit) = &self.limit {
                let gate = Gate {
                    limit: Arc::clone(limit),
                    account: Arc::clone(&self.account),
                    region: region.into(),
                    http: self.http.clone(),
                };
                ec2 = ec2.http_client(gate.clone());
                ssm = ssm.http_client(gate);
            }
            let quotas = aws_sdk_servicequotas::config::Builder::from(&self.conf)
                .region(here)
                .build();
            Regional {
                ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
                ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
                quotas: aws_sdk_servicequotas::Client::from_conf(quotas),
            }
        };
        regions
            .entry(region.to_owned())
            .or_insert_with(make)
            .clone()
    }
}

impl AwsCloud {
    /// The clients that this call's region needs.
    pub(super) fn at(&self, call: &Call<'_>) -> Result<Regional, CloudError> {
        checked(call.operation, call.region)?;
        Ok(self.clients.of(call.region))
    }

    /// Waits for one call's answer, tells the observer, and classifies the error.
    pub(super) async fn asked<T, E>(
        &self,
        call: &Call<'_>,
        answer: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CloudError>
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let begun = Instant::now();
        let answer = answer.await.map_err(|error| classify(call, &error));
        self.tell(call, begun, answer.as_ref().err());
        answer
    }

    /// The next page of a paginated call, which is a call of its own; nothing after the last.
    pub(super) async fn page<T, E>(
        &self,
        call: &Call<'_>,
        next: impl Future<Output = Option<Result<T, SdkError<E, HttpResponse>>>>,
    ) -> Result<Option<T>, CloudError>
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        // Whether there is a next page at all is known only after the wait.
        let begun = Instant::now();
        let Some(page) = next.await else {
            return Ok(None);
        };
        let page = page.map_err(|error| classify(call, &error));
        self.tell(call, begun, page.as_ref().err());
        page.map(Some)
    }

    fn tell(&self, call: &Call<'_>, begun: Instant, error: Option<&CloudError>) {
        if let Some(observer) = &self.observer {
            let code = error.map_or("ok", |error| error.code.as_str());
            observer.observed(
                call.service,
                call.operation,
                call.region,
                code,
                begun.elapsed(),
            );
        }
    }
}

/// Settings of a call that the SDK must not send twice: only the ledger may repeat it.
pub(super) fn once() -> RetryConfig {
    RetryConfig::disabled()
}

fn timeouts(timeouts: Timeouts) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build()
}

/// A region becomes part of a host name, so only its shape passes.
fn checked(operation: &'static str, region: &str) -> Result<(), CloudError> {
    let call = Call {
        service: "aws",
        operation,
        region,
    };
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let message = match region {
        "" => "no AWS region is given: set AWS_REGION, or `region` in the profile (`aws configure set region eu-central-1`)".to_owned(),
        region if region.len() <= 32 && region.chars().all(legal) && !region.starts_with('-') => {
            return Ok(());
        }
        region => format!("`{region}` is not a region; write it like us-east-1"),
    };
    Err(call.error(ErrorKind::Invalid, "no_region", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_checked() {
        for good in ["us-east-1", "ap-southeast-5", "us-gov-west-1"] {
            assert!(checked("Connect", good).is_ok(), "{good}");
        }
        for bad in ["", "us_east", "evil.example/", "-x", "US-EAST-1"] {
            let error = checked("Connect", bad).expect_err(bad);
            assert_eq!(
                (error.kind, error.code.as_str()),
                (ErrorKind::Invalid, "no_region"),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_call_ends_before_its_visit() {
        let given = Timeouts::default();
        assert!(
            given.connect < given.read
                && given.read < given.attempt
                && given.attempt < given.operation
        );
        assert!(given.operation < Duration::from_secs(30));
    }
}
