//! `ingot aws …`: what Ingot needs of an AWS account.

use std::process::ExitCode;

use ingot_cloud::aws::calls::{self, Asked, AwsCall, CALLS};
use serde::Serialize;

use crate::args::aws::{AwsAction, AwsArgs, CallsArgs};
use crate::output::{Output, say, table};

mod check;
mod policy;

/// Runs one of them.
pub(crate) async fn run(args: AwsArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        AwsAction::Check(wanted) => check::run(&args.connection, wanted).await,
        AwsAction::Policy(wanted) => policy::run(&args.connection, wanted).await,
        AwsAction::Calls(wanted) => list(args.connection.output(), &wanted),
    }
}

/// A call as it is printed.
#[derive(Debug, Serialize)]
struct Shown {
    call: String,
    why: &'static str,
    needs: Vec<&'static str>,
    /// `reads`, `dry_run`, `dry_run_on_ours` or `never`.
    asked: &'static str,
}

fn list(output: Output, wanted: &CallsArgs) -> anyhow::Result<ExitCode> {
    if wanted.markdown {
        say(&calls::markdown())?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown: Vec<Shown> = CALLS.iter().map(shown).collect();
    output.result(&shown, |shown| {
        let rows = shown
            .iter()
            .map(|one| [one.call.clone(), one.why.to_owned(), one.needs.join(" ")]);
        table(["call", "what for", "permissions"], rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn shown(call: &AwsCall) -> Shown {
    let mut needs: Vec<&'static str> = call.needs.iter().map(|need| need.0).collect();
    needs.dedup();
    Shown {
        call: format!("{}:{}", call.service, call.operation),
        why: call.why,
        needs,
        asked: match call.asked {
            Asked::Really => "reads",
            Asked::DryRun => "dry_run",
            Asked::DryRunOnOurs => "dry_run_on_ours",
            Asked::Never(_) => "never",
        },
    }
}
