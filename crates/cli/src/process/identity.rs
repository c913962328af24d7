//! `ingot identity`: who the AWS credentials of this environment say we are (F112).

use std::process::ExitCode;

use ingot_cloud::Cloud;
use ingot_cloud::aws::AwsCloud;

use super::setup;
use crate::args::process::IdentityArgs;
use crate::output::say;

/// Runs it until it is over.
pub(crate) async fn run(args: IdentityArgs) -> anyhow::Result<ExitCode> {
    let mut config = setup::aws_config()?;
    config.region = Some(args.region);
    let cloud = AwsCloud::connect(config).await?;
    let identity = cloud.identity().await?;
    say(&serde_json::json!({ "account": identity.account, "arn": identity.arn }).to_string())?;
    Ok(ExitCode::SUCCESS)
}
