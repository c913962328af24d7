//! `ingot aws check`: asks for a check, waits for a worker's answer, and shows it.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use ingot_client::{AwsCheck, AwsPermission, AwsTrial, Client, NewAwsCheck, NewTrial, Page};
use ingot_domain::check::trial::{BOUND, COST, SMALLEST};
use ingot_domain::wait::span;

use crate::args::aws::CheckArgs;
use crate::args::connection::Connection;
use crate::command::deployments::is_yes;
use crate::failure::{Exit, Usage};
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
    if wanted.launch && !agreed(&wanted)? {
        eprintln!("nothing was launched");
        return Ok(Exit::Failed.into());
    }
    let usual = if wanted.launch { 600 } else { 120 };
    let patience = wanted.timeout.unwrap_or(Duration::from_secs(usual));
    let launch = wanted.launch.then_some(NewTrial {
        template: wanted.template,
        instance_profile: wanted.instance_profile,
        kms_key_id: wanted.kms_key,
        subnet_id: wanted.subnet,
    });
    let region = wanted.region;
    let asked = client
        .ask_aws_check(&NewAwsCheck { region, launch })
        .await?;
    let check = answered(&client, asked, patience).await?;
    output.result(&check, text)?;
    let passed = check.trial.as_ref().is_none_or(|trial| trial.passed);
    Ok(ended(fine(&check) && (passed || !wanted.launch)))
}

/// Says what a trial launch makes and costs; a terminal is asked, and without one nothing but --yes is consent.
fn agreed(wanted: &CheckArgs) -> anyhow::Result<bool> {
    let place = wanted.region.as_deref().map_or_else(
        || "the first region that deployments may run in".to_owned(),
        clean,
    );
    eprintln!(
        "This launches one {SMALLEST} in {place} and ends it within {}; {COST}.",
        span(BOUND)
    );
    if wanted.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        let text =
            "`--launch` launches an instance and there is no terminal to confirm it on; add --yes";
        return Err(Usage(text.to_owned()).into());
    }
    eprint!("launch it? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

async fn answered(
    client: &Client,
    asked: AwsCheck,
    patience: Duration,
) -> anyhow::Result<AwsCheck> {
    let begun = Instant::now();
    let mut check = asked;
    let mut progress = Progress::default();
    while check.state == "asked" {
        if begun.elapsed() > patience {
            bail!(
                "no worker has answered within {} s: see `ingot doctor`; `ingot aws check --last` shows the answer when it is there",
                patience.as_secs()
            );
        }
        tokio::time::sleep(LOOK).await;
        check = client.aws_check(&check.id).await?;
        if check.state == "asked" {
            check.trial.iter().for_each(|trial| progress.tell(trial));
        }
    }
    Ok(check)
}

/// What was told of a trial launch that goes on, which takes minutes.
#[derive(Debug, Default)]
struct Progress {
    instance: bool,
    calls: usize,
}

impl Progress {
    fn tell(&mut self, trial: &AwsTrial) {
        for call in trial.calls.iter().skip(self.calls) {
            eprintln!("{}: {}", clean(&call.action), clean(&call.verdict));
        }
        self.calls = trial.calls.len();
        if let (Some(id), false) = (&trial.instance_id, self.instance) {
            self.instance = true;
            eprintln!(
                "{} is launched; SSM is asked as soon as it knows it",
                clean(id)
            );
        }
    }
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
    let rows = check.permissions.iter().map(row);
    parts.push(table(["permission", "verdict", "why"], rows));
    let rows = check.facts.iter().map(|one| {
        let name = one.name.replace('_', " ");
        [clean(&name), clean(&one.bearing), clean(&one.text)]
    });
    parts.push(table(["fact", "", "what it means"], rows));
    parts.extend(check.trial.as_ref().map(trial));
    if check.denied > 0 {
        parts.push("`ingot aws policy` prints the policy that allows all of it.".to_owned());
    }
    parts.join("\n\n")
}

fn row(one: &AwsPermission) -> [String; 3] {
    let verdict = match one.verdict.as_str() {
        "denied" => "DENIED",
        "cannot_be_asked" => "cannot be asked here",
        verdict => verdict,
    };
    [clean(&one.action), clean(verdict), clean(&one.reason)]
}

fn trial(one: &AwsTrial) -> String {
    let outcome = match (&one.error, one.passed) {
        (Some(why), _) => format!("FAILED: {}", clean(why)),
        (None, true) => "passed".to_owned(),
        (None, false) => "FAILED: a call was denied".to_owned(),
    };
    let pairs = pairs([
        ("trial launch", outcome),
        ("instance", or_dash(&one.instance_id)),
        ("type", clean(&one.instance_type)),
        ("profile", or_dash(&one.instance_profile)),
        ("key", or_dash(&one.kms_key_id)),
        ("launched", time_or_dash(&one.launched_at)),
        ("ended", time_or_dash(&one.ended_at)),
    ]);
    if one.calls.is_empty() {
        return pairs;
    }
    let calls = table(["call", "verdict", "why"], one.calls.iter().map(row));
    format!("{pairs}\n\n{calls}")
}
