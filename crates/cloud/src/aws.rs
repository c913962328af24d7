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
use ingot_domain::arch::Arch;
use ingot_domain::check::AccountCheck;
use ingot_domain::template::BaseImage;
use ingot_domain::track::Shown;

use crate::Cloud;
use crate::error::CloudError;
use crate::facts::{
    BaseImageFacts, CommandState, Identity, ImageFacts, InstanceFacts, StatusChecks, TaggedFacts,
};
use crate::limit::RateLimit;
use crate::spec::{BaseQuery, CheckPlan, ImageQuery, ImageSpec, LaunchSpec, SecurityGroupSpec};

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

    /// Where the credentials of the last call came from; nothing before the first one.
    pub fn credential_source(&self) -> Option<CredentialSource> {
        self.clients.source()
    }
}

#[async_trait]
impl Cloud for AwsCloud {
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

    async fn launch(&self, region: &str, spec: &LaunchSpec) -> Result<String, CloudError> {
        instances::launch(self, region, spec).await
    }

    async fn find_instances_by_token(
        &self,
        region: &str,
        token: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let mut found =
            instances::find(self, region, vec![tags::exactly("client-token", token)]).await?;
        found.retain(|instance| instance.client_token.as_deref() == Some(token));
        found.sort_by(|a, b| {
            b.launched_at
                .cmp(&a.launched_at)
                .then_with(|| a.id.cmp(&b.id))
        });
        Ok(found)
    }

    async fn describe_instances(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(client::LONGEST_FILTER) {
            found.extend(
                instances::find(self, region, vec![tags::any_of("instance-id", some)]).await?,
            );
        }
        Ok(found)
    }

    async fn instance_checks(
        &self,
        region: &str,
        instance_id: &str,
    ) -> Result<StatusChecks, CloudError> {
        instances::checks(self, region, instance_id).await
    }

    async fn console(
        &self,
        region: &str,
        instance_id: &str,
        latest: bool,
    ) -> Result<String, CloudError> {
        instances::console(self, region, instance_id, latest).await
    }

    async fn find_instances_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<InstanceFacts>, CloudError> {
        let mut found = instances::find(
            self,
            region,
            vec![tags::exactly(format!("tag:{key}"), value)],
        )
        .await?;
        found.retain(|instance| instance.tags.get(key).is_some_and(|found| found == value));
        Ok(found)
    }

    async fn terminate(&self, region: &str, instance_id: &str) -> Result<(), CloudError> {
        instances::terminate(self, region, instance_id).await
    }

    async fn create_image(&self, region: &str, spec: &ImageSpec) -> Result<String, CloudError> {
        images::create(self, region, spec).await
    }

    async fn describe_images(
        &self,
        region: &str,
        ids: &[String],
    ) -> Result<Vec<ImageFacts>, CloudError> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(client::LONGEST_FILTER) {
            found.extend(images::find(self, region, vec![tags::any_of("image-id", some)]).await?);
        }
        Ok(found)
    }

    async fn find_images(
        &self,
        region: &str,
        query: &ImageQuery,
    ) -> Result<Vec<ImageFacts>, CloudError> {
        images::query(self, region, query).await
    }

    async fn deregister_image(&self, region: &str, image_id: &str) -> Result<(), CloudError> {
        images::deregister(self, region, image_id).await
    }

    async fn delete_snapshot(&self, region: &str, snapshot_id: &str) -> Result<(), CloudError> {
        images::delete_snapshot(self, region, snapshot_id).await
    }

    async fn find_snapshots_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError> {
        let by = tags::exactly(format!("tag:{key}"), value);
        let found = tagged::snapshots(self, region, by).await?;
        Ok(tagged::carrying(found, key, value))
    }

    async fn describe_snapshot(
        &self,
        region: &str,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError> {
        let found = tagged::snapshots(self, region, tags::any_of("snapshot-id", [id])).await?;
        Ok(found.into_iter().find(|one| one.id == id))
    }

    async fn find_security_groups_by_tag(
        &self,
        region: &str,
        key: &str,
        value: &str,
    ) -> Result<Vec<TaggedFacts>, CloudError> {
        let by = tags::exactly(format!("tag:{key}"), value);
        let found = tagged::groups(self, region, by).await?;
        Ok(tagged::carrying(found, key, value))
    }

    async fn describe_security_group(
        &self,
        region: &str,
        id: &str,
    ) -> Result<Option<TaggedFacts>, CloudError> {
        let found = tagged::groups(self, region, tags::any_of("group-id", [id])).await?;
        Ok(found.into_iter().find(|one| one.id == id))
    }

    async fn vpc_of(
        &self,
        region: &str,
        subnet: Option<&str>,
    ) -> Result<Option<String>, CloudError> {
        tagged::vpc(self, region, subnet).await
    }

    async fn resolve_base_image(
        &self,
        region: &str,
        base: &BaseImage,
        arch: Arch,
    ) -> Result<BaseImageFacts, CloudError> {
        base_images::resolve(self, region, base, arch).await
    }

    async fn list_base_images(
        &self,
        region: &str,
        query: &BaseQuery,
    ) -> Result<Vec<Shown>, CloudError> {
        base_listing::list(self, region, query).await
    }

    async fn base_parameter(
        &self,
        region: &str,
        parameter: &str,
    ) -> Result<Option<String>, CloudError> {
        base_images::pointer(self, region, parameter).await
    }

    async fn ensure_security_group(
        &self,
        region: &str,
        spec: &SecurityGroupSpec,
    ) -> Result<String, CloudError> {
        groups::ensure(self, region, spec).await
    }

    async fn delete_security_group(&self, region: &str, group_id: &str) -> Result<(), CloudError> {
        groups::delete(self, region, group_id).await
    }

    async fn groups_open_to_ssh(
        &self,
        region: &str,
        group_ids: &[String],
    ) -> Result<Vec<String>, CloudError> {
        groups::open_to_ssh(self, region, group_ids).await
    }

    async fn run_command(
        &self,
        region: &str,
        instance_id: &str,
        command: &str,
    ) -> Result<String, CloudError> {
        commands::run(self, region, instance_id, command).await
    }

    async fn command_state(
        &self,
        region: &str,
        instance_id: &str,
        command_id: &str,
    ) -> Result<CommandState, CloudError> {
        commands::state(self, region, instance_id, command_id).await
    }

    async fn check_account(
        &self,
        region: &str,
        plan: &CheckPlan,
    ) -> Result<AccountCheck, CloudError> {
        check::look(self, region, plan).await
    }
}
