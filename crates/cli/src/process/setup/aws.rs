//! How the environment asks to reach AWS, and what is said when it cannot be reached with it.

use std::sync::Arc;

use anyhow::Context;
use ingot_cloud::aws::{Auth, AwsCloud, AwsConfig, Proxies};
use ingot_cloud::{Account, CloudError, ErrorKind};
use ingot_telemetry::Metrics;
use ingot_throttle::Throttle;
use ingot_worker::AwsObserver;

use super::variable;
use crate::process::rates::Ec2Rates;

/// The way to try Ingot without any of it.
const WITHOUT: &str = "`ingot up --cloud sim` works without an AWS account, in a simulated region";

/// The AWS account of the environment. Missing or refused credentials are refused now, not at the first deployment.
pub(crate) async fn aws(
    mut config: AwsConfig,
    throttle: Throttle,
    metrics: &Metrics,
) -> anyhow::Result<Arc<AwsCloud>> {
    config.limit = Some(Ec2Rates::new(throttle, metrics));
    let cloud = AwsCloud::connect(config).await;
    let cloud = cloud.map_err(|error| not_reached(&error))?;
    let cloud = cloud.with_observer(Arc::new(AwsObserver(metrics.clone())));
    match cloud.identity().await {
        Ok(identity) => {
            let source = cloud.credential_source().map(|source| source.to_string());
            tracing::info!(account = %identity.account, arn = %identity.arn, source, "AWS accepts the credentials")
        }
        Err(error) if refused(&error) => return Err(not_reached(&error)),
        Err(error) => {
            tracing::warn!(%error, "AWS did not say who we are; work starts and asks again")
        }
    }
    Ok(Arc::new(cloud))
}

/// AWS, or the way to credentials, said no; waiting would not help the person who starts a process.
fn refused(error: &CloudError) -> bool {
    matches!(error.kind, ErrorKind::Denied | ErrorKind::Credentials)
}

/// What keeps a process from AWS, in one sentence with the way out.
pub(crate) fn not_reached(error: &CloudError) -> anyhow::Error {
    let message = first_line(&error.message);
    match error.code.as_str() {
        "no_credentials" => anyhow::anyhow!("{message}; `ingot identity` tests it, and {WITHOUT}"),
        "no_region" => anyhow::anyhow!("{message}; {WITHOUT}"),
        "ca_bundle" => anyhow::anyhow!("AWS: {message}"),
        _ if refused(error) => anyhow::anyhow!(
            "AWS does not accept the credentials ({}: {message}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or AWS_AUTH_METHOD=assume_role with AWS_ASSUME_ROLE_ARN; `ingot identity` tests them, and {WITHOUT}",
            error.code,
        ),
        _ if message.contains("UnknownIssuer") => anyhow::anyhow!(
            "AWS cannot be reached: {}: name the certificate of the authority in AWS_CA_BUNDLE, or as `ca_bundle` of the profile",
            plain(message)
        ),
        "not_sent" | "connection_lost" | "timeout" => {
            anyhow::anyhow!("AWS cannot be reached: {}", plain(message))
        }
        _ => anyhow::anyhow!("AWS: {}: {message}", error.code),
    }
}

/// A failure of the network without the layers of the client that it came through.
fn plain(message: &str) -> &str {
    let layers = [
        "dispatch failure: ",
        "io error: ",
        "other: ",
        "client error (Connect): ",
    ];
    let mut rest = message;
    while let Some(inner) = layers.iter().find_map(|layer| rest.strip_prefix(layer)) {
        rest = inner;
    }
    rest
}

/// Messages of other programs may have several lines; the first says what matters.
fn first_line(text: &str) -> &str {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches([':', ' '])
}

/// How the environment asks to reach AWS.
pub(crate) fn aws_config() -> anyhow::Result<AwsConfig> {
    let auth = Auth::from_vars(variable)?;
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let ca_bundle_pem = variable("AWS_CA_BUNDLE")
        .map(|path| {
            std::fs::read(&path)
                .with_context(|| format!("AWS_CA_BUNDLE={path}: the certificates cannot be read"))
        })
        .transpose()?;
    Ok(AwsConfig {
        auth,
        region,
        ca_bundle_pem,
        proxies: Proxies::from_vars(variable)?,
        ..AwsConfig::default()
    })
}
