//! `ingot aws check`: asks for a check, waits for a worker's answer, and shows it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use ingot_client::{AwsCheck, Client, NewAwsCheck, Page};

use crate::args::aws::CheckArgs;
use crate::args::connection::Connection;
use crate::failure::Exit;
use crate::output::{clean, or_dash, pairs, table, time_or_dash};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(300);

/// Runs it.
pub(crate) async fn run(connection: &Connection, wanted: CheckArgs) -> anyhow::Result<ExitCode> {
    let client = connection.client()?;
    let output = connection.output();
    if wanted.last {
        let known = client.aws_checks().await?;
        output.result(&known, list)?;
        return Ok(ended(known.items.iter().all(fine)));
    }
    let region = wanted.region;
    let asked = client.ask_aws_check(&NewAwsCheck { region }).await?;
    let check = answered(&client, asked, Duration::from_secs(wanted.timeout)).await?;
    output.result(&check, text)?;
    Ok(ended(fine(&check)))
}

async fn answered(
    client: &Client,
    asked: AwsCheck,
    patience: Duration,
) -> anyhow::Result<AwsCheck> {
    let begun = Instant::now();
    let mut check = asked;
    while check.state == "asked" {
        if begun.elapsed() > patience {
            bail!(
                "no worker has answered within {} s: see `ingot doctor`; `ingot aws check --last` shows the answer when it is there",
                patience.as_secs()
            );
        }
        tokio::time::sleep(LOOK).await;
        check = client.aws_check(&check.id).await?;
    }
    Ok(check)
}

fn fine(check: &AwsCheck) -> bool {
    check.denied == 0 && check.state != "failed"
}

fn ended(fine: bool) -> ExitCode {
    if fine {
        ExitCode::SUCCESS
    } else {
        Exit::Failed.into()
    }
}

fn list(known: &Page<AwsCheck>) -> String {
    let rows = known.items.iter().map(|one| {
        let at = time_or_dash(&one.done_at);
        [
            or_dash(&one.account),
            clean(&one.region),
            at,
            clean(&one.verdict()),
        ]
    });
    table(["account", "region", "found", "verdict"], rows)
}

fn text(check: &AwsCheck) -> String {
    let mut parts = vec![pairs([
        ("account", or_dash(&check.account)),
        ("as", or_dash(&check.arn)),
        ("region", clean(&check.region)),
        ("verdict", clean(&check.verdict())),
    ])];
    let rows = check.permissions.iter().map(|one| {
        let verdict = match one.verdict.as_str() {
            "denied" => "DENIED",
            "cannot_be_asked" => "cannot be asked here",
            verdict => verdict,
        };
        [clean(&one.action), clean(verdict), clean(&one.reason)]
    });
    parts.push(table(["permission", "verdict", "why"], rows));
    let rows = check.facts.iter().map(|one| {
        let name = one.name.replace('_', " ");
        [clean(&name), clean(&one.bearing), clean(&one.text)]
    });
    parts.push(table(["fact", "", "what it means"], rows));
    if check.denied > 0 {
        parts.push("`ingot aws policy` prints the policy that allows all of it.".to_owned());
    }
    parts.join("\n\n")
}
