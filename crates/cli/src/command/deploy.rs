//! `ingot deploy`.

use std::process::ExitCode;
use std::time::Duration;

use ingot_client::Deployment;

use crate::args::deploy::DeployArgs;
use crate::command::{random_key, read, repeated, story};
use crate::output::{clean, say};

/// Creates the deployment, and with `--watch` follows it.
pub(crate) async fn run(args: DeployArgs) -> anyhow::Result<ExitCode> {
    let user_data = args.user_data.as_deref().map(read).transpose()?;
    let request = args.request(user_data)?;
    let client = args.connection.client()?;
    let output = args.connection.output();
    let key = args.idempotency_key.clone().unwrap_or_else(random_key);
    let created = repeated(Duration::from_millis(500), async || {
        client.create_deployment(&request, &key).await
    })
    .await;
    let deployment = created.inspect_err(|error| {
        if super::may_be_lost(error) {
            eprintln!("whether it was created is unknown; repeat the command with --idempotency-key {key} to find out safely");
        }
    })?;
    if args.wait {
        return story::wait(&client, output, &deployment.id, 0, args.timeout).await;
    }
    if !args.watch {
        output.result(&deployment, one_line)?;
        let verb = if args.no_start {
            "deployments start"
        } else {
            "watch"
        };
        eprintln!("next: ingot {verb} {}", clean(&deployment.id));
        return Ok(ExitCode::SUCCESS);
    }
    if output.json {
        output.line(&deployment, one_line)?;
    } else {
        say(&one_line(&deployment))?;
    }
    story::watch(&client, output, &deployment.id, args.timeout).await
}

/// `dep_… queued kamiwaza v0.9.2 in us-east-1 (its name)`
fn one_line(deployment: &Deployment) -> String {
    let Deployment {
        id,
        status,
        template,
        version,
        region,
        job_name,
        ..
    } = deployment;
    clean(&format!(
        "{id} {status} {template} {version} in {region} ({job_name})"
    ))
}
