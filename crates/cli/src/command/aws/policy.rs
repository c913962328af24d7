//! `ingot aws policy`: the policy of this installation on stdout, what it leaves out on stderr.

use std::process::ExitCode;

use ingot_client::ClientError;
use ingot_cloud::aws::policy::PolicyFor;
use ingot_entity::Ledger;

use crate::args::aws::PolicyArgs;
use crate::args::connection::Connection;
use crate::failure::Usage;
use crate::output::say;
use crate::process::setup::variable;

/// Runs it.
pub(crate) async fn run(connection: &Connection, wanted: PolicyArgs) -> anyhow::Result<ExitCode> {
    let install = match &wanted.install {
        Some(given) => given.clone(),
        None => known(connection).await?,
    };
    let region = wanted
        .region
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"));
    let policy = PolicyFor::read(
        &install,
        wanted.role.as_deref(),
        wanted.kms.as_deref(),
        region.as_deref(),
        wanted.read_only,
    )
    .map_err(|error| Usage(error.to_string()))?;
    say(&serde_json::to_string_pretty(&policy.policy())?)?;
    if !wanted.read_only && wanted.role.is_none() {
        eprintln!(
            "note: without --role no instance can be given an instance profile, which `install_finished` needs; name the profile's role, not the profile"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The id as the API tells it, else as the ledger of `ingot up` has it.
async fn known(connection: &Connection) -> anyhow::Result<String> {
    let told = match connection.client()?.status().await {
        Ok(status) => status.install,
        Err(ClientError::Unreachable { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(install) = told {
        return Ok(install);
    }
    let file = connection.data().path()?.join("ingot.sqlite3");
    let stored = if file.is_file() {
        let ledger = Ledger::connect(&format!("sqlite://{}", file.display()), 1).await?;
        ledger.setting("install").await?
    } else {
        None
    };
    stored.ok_or_else(|| {
        let text = "which installation? no API answers, and the data directory has no ledger: give --install ID (`ingot status --json` of the running one shows it), --url, or --data-dir";
        Usage(text.to_owned()).into()
    })
}
