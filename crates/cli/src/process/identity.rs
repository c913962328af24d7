//! `ingot identity`: who the AWS credentials of this environment say we are, and where they come from (F112).

use std::process::ExitCode;

use ingot_cloud::Account;
use ingot_cloud::aws::AwsCloud;
use serde::Serialize;

use super::setup;
use crate::args::process::IdentityArgs;
use crate::output::{clean, pairs, time};

/// What AWS and the credentials say.
#[derive(Debug, Serialize)]
struct Answer {
    account: String,
    arn: String,
    /// The region STS was asked in, which is where work starts by default.
    region: String,
    credentials: Option<Source>,
}

/// Where the credentials come from.
#[derive(Debug, Serialize)]
struct Source {
    /// `keys`, `environment`, `profile`, `sso`, `login`, `credential_process`, `web_identity`, `container` or
    /// `instance`.
    kind: &'static str,
    profile: Option<String>,
    roles: Vec<String>,
    expires_at: Option<String>,
    /// The same for people.
    text: String,
}

/// Runs it until it is over.
pub(crate) async fn run(args: IdentityArgs) -> anyhow::Result<ExitCode> {
    let mut config = setup::aws_config()?;
    config.region = args.region.or(config.region);
    let cloud = AwsCloud::connect(config).await;
    let cloud = cloud.map_err(|error| setup::not_reached(&error))?;
    let identity = cloud.identity().await;
    let identity = identity.map_err(|error| setup::not_reached(&error))?;
    let answer = Answer {
        account: identity.account,
        arn: identity.arn,
        region: cloud.home_region().to_owned(),
        credentials: cloud.credential_source().map(|source| Source {
            text: source.to_string(),
            kind: source.kind,
            profile: source.profile,
            roles: source.roles,
            expires_at: source.expires_at.as_ref().map(time),
        }),
    };
    args.format.output().result(&answer, people)?;
    Ok(ExitCode::SUCCESS)
}

fn people(answer: &Answer) -> String {
    let mut rows = vec![
        ("account", clean(&answer.account)),
        ("arn", clean(&answer.arn)),
        ("region", clean(&answer.region)),
    ];
    if let Some(source) = &answer.credentials {
        rows.push(("credentials", clean(&source.text)));
        if let Some(until) = &source.expires_at {
            rows.push(("valid until", format!("{until}, then fetched anew")));
        }
    }
    pairs(rows)
}
