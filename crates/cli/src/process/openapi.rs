//! `ingot openapi`: the OpenAPI document of the API, for generators and for the drift check.

use std::process::ExitCode;

use crate::args::process::OpenapiArgs;
use crate::output::say;

/// Runs it until it is over.
pub(crate) async fn run(_: OpenapiArgs) -> anyhow::Result<ExitCode> {
    say(&ingot_api::document())?;
    Ok(ExitCode::SUCCESS)
}
