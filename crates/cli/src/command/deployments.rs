//! `ingot deployments …`.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ingot_client::{Base, Client, Deployment, DeploymentFilter, Page};

use ingot_client::deployment::{ExtendDeployment, ImageReason, RetryDeployment};
use ingot_domain::span::told;
use ingot_domain::template::parameter;

use crate::args::deployments::{
    DeploymentsAction, DeploymentsArgs, DestroyArgs, ListArgs, RetryArgs,
};
use crate::command::{ids, mention_rest, pages, story, why};
use crate::failure::{Exit, TimedOut, Usage};
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{Output, clean, or_dash, pairs, span, time, time_or_dash};
use crate::watch;

/// Runs one of them.
pub(crate) async fn run(args: DeploymentsArgs) -> anyhow::Result<ExitCode> {
    let connection = args.connection;
    let output = connection.output();
    match args.action {
        DeploymentsAction::List(args) => list(&connection.client()?, output, args).await,
        DeploymentsAction::Show(args) => {
            let client = connection.client()?;
            let id = ids::deployment(&client, &args.id).await?;
            let deployment = client.deployment(&id).await?;
            let shown = show(output, &deployment)?;
            if !deployment.finished && !output.json {
                watch::trouble::mention(&client, &mut Vec::new()).await;
            }
            Ok(shown)
        }
        DeploymentsAction::Logs(args) => story::run_logs(&connection, args).await,
        DeploymentsAction::Watch(args) => story::run_watch(&connection, args).await,
        DeploymentsAction::Start(args) => {
            act(&connection.client()?, output, &args.id, "start").await
        }
        DeploymentsAction::Retry(args) => retry(&connection.client()?, output, args).await,
        DeploymentsAction::Cancel(args) => {
            act(&connection.client()?, output, &args.id, "cancel").await
        }
        DeploymentsAction::Image(args) => {
            let action = if args.cancel { "cancel_image" } else { "image" };
            let why = ImageReason {
                reason: args.reason,
            };
            let client = connection.client()?;
            let id = ids::deployment(&client, &args.id).await?;
            show(output, &client.ask_image(&id, action, &why).await?)
        }
        DeploymentsAction::Extend(args) => {
            let how = ExtendDeployment {
                by_seconds: args.by.map(|by| by.as_secs()),
                until: args.until,
                never: args.never,
            };
            let client = connection.client()?;
            let id = ids::deployment(&client, &args.id).await?;
            show(output, &client.extend(&id, &how).await?)
        }
        DeploymentsAction::Destroy(args) => destroy(&connection.client()?, output, args).await,
    }
}

async fn list(client: &Client, output: Output, args: ListArgs) -> anyhow::Result<ExitCode> {
    let filter = DeploymentFilter {
        status: args.status,
        template: args.template,
        version: args.version,
        region: args.region,
        purpose: args.purpose,
        cursor: None,
        limit: args.page.limit,
    };
    let page = pages(&args.page, async |cursor| {
        client
            .deployments(&DeploymentFilter {
                cursor,
                ..filter.clone()
            })
            .await
    })
    .await?;
    output.result(&page, list_table)?;
    mention_rest(&page, output.json);
    Ok(ExitCode::SUCCESS)
}

async fn act(client: &Client, output: Output, id: &str, action: &str) -> anyhow::Result<ExitCode> {
    let id = ids::deployment(client, id).await?;
    show(output, &client.act(&id, action).await?)
}

fn show(output: Output, deployment: &Deployment) -> anyhow::Result<ExitCode> {
    output.result(deployment, details)?;
    Ok(ExitCode::SUCCESS)
}

async fn retry(client: &Client, output: Output, args: RetryArgs) -> anyhow::Result<ExitCode> {
    let id = ids::deployment(client, &args.id).await?;
    // What was said before is not said again.
    let mut last = 0;
    if args.watch || args.wait {
        watch::catch_up(client, &id, &mut last, &mut |_| Ok(())).await?;
    }
    let how = RetryDeployment {
        latest: args.latest,
    };
    let deployment = client.retry(&id, &how).await?;
    if let (Some(is), Some(newer)) = (deployment.template_revision, deployment.newer_revision) {
        eprintln!(
            "it is made by revision {is} of {}; revision {newer} is newer: --latest takes it",
            clean(&deployment.template)
        );
    }
    match (args.watch, args.wait) {
        (true, _) => story::watch_after(client, output, &deployment.id, last, args.timeout).await,
        (_, true) => story::wait(client, output, &deployment.id, last, args.timeout).await,
        _ => show(output, &deployment),
    }
}

async fn destroy(
    client: &Client,
    output: Output,
    mut args: DestroyArgs,
) -> anyhow::Result<ExitCode> {
    args.id = ids::deployment(client, &args.id).await?;
    if !args.yes && !confirmed(client, &args.id).await? {
        eprintln!("nothing was done");
        return Ok(Exit::Failed.into());
    }
    let mut deployment = client.act(&args.id, "destroy").await?;
    let mut pause = Duration::from_millis(200);
    let mut idle = 0;
    let (began, longest) = (Instant::now(), args.timeout);
    while args.wait && deployment.status != "destroyed" {
        let left = longest.saturating_sub(began.elapsed());
        if left.is_zero() {
            let said = format!(
                "{} is not destroyed after {} ({}); the destruction goes on: `ingot deployments show {0}`",
                deployment.id,
                told(longest.as_secs()),
                clean(&deployment.stage)
            );
            return Err(TimedOut(said).into());
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(Duration::from_secs(5));
        let now = client.deployment(&args.id).await?;
        idle = if now.status != "destroyed" && watch::end::is_left(client, &args.id).await {
            idle + 1
        } else {
            0
        };
        if idle >= 3 {
            anyhow::bail!(
                "{} is not destroyed, and nothing works on it any more: `ingot tasks list --deployment {0}` says why; `ingot deployments destroy {0}` asks again",
                clean(&args.id)
            );
        }
        if now.stage != deployment.stage {
            eprintln!("{}", clean(&now.stage));
        }
        deployment = now;
    }
    show(output, &deployment)
}

/// Asks the person at the terminal; without a terminal there is no consent.
async fn confirmed(client: &Client, id: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let text =
            "`destroy` terminates an instance and stdin is no terminal to confirm it at; add --yes";
        return Err(Usage(text.to_owned()).into());
    }
    let deployment = client.deployment(id).await?;
    eprint!(
        "terminate {} of `{}` ({} {})? its AMI stays. [y/N] ",
        or_dash(&deployment.instance_id),
        clean(&deployment.job_name),
        clean(&deployment.template),
        clean(&deployment.version)
    );
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

/// Whether what was typed is consent.
pub(crate) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn list_table(page: &Page<Deployment>) -> String {
    let columns: [Column; 11] = [
        ("id", Cell::Id, 1),
        ("name", Cell::Text, 5),
        ("template", Cell::Text, 1),
        ("version", Cell::Text, 1),
        ("region", Cell::Whole, 3),
        ("status", Cell::State, 1),
        ("ami", Cell::Whole, 4),
        ("ami status", Cell::State, 5),
        ("launched", Cell::Whole, 6),
        ("to ready", Cell::Whole, 6),
        ("created", Cell::Whole, 2),
    ];
    grid(
        &columns,
        page.items.iter().map(|deployment| {
            [
                clean(&deployment.id),
                clean(&deployment.job_name),
                clean(&deployment.template),
                clean(&deployment.version),
                clean(&deployment.region),
                clean(&status(deployment)),
                or_dash(&deployment.created_ami_id),
                or_dash(&deployment.ami_creation_status),
                or_dash(&deployment.launch_path),
                or_dash(&deployment.time_to_ready_seconds.map(span)),
                look().when(&deployment.created_at),
            ]
        }),
    )
}

/// The status, with what AWS refuses meanwhile in a word; `ingot why` says the rest.
fn status(deployment: &Deployment) -> String {
    match &deployment.waiting {
        Some(wait) if wait.refused => format!("{} ({})", deployment.status, wait.on),
        _ => deployment.status.clone(),
    }
}

fn revision(deployment: &Deployment) -> String {
    let number = deployment.template_revision;
    let newer = deployment.newer_revision;
    let newer = newer.map_or(String::new(), |newer| format!(" ({newer} is newer)"));
    number.map_or(String::new(), |number| {
        format!(", revision {number}{newer}")
    })
}

fn details(deployment: &Deployment) -> String {
    let values = parameter::told(&deployment.parameters);
    let tags: Vec<String> = deployment
        .tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let ami = match (&deployment.ami_creation_status, &deployment.ami_skip_reason) {
        (Some(status), Some(reason)) => Some(format!("{status} ({reason})")),
        (status, _) => status.clone(),
    };
    pairs([
        ("id", clean(&deployment.id)),
        ("name", clean(&deployment.job_name)),
        (
            "template",
            clean(&format!(
                "{} {} ({}){}",
                deployment.template,
                deployment.version,
                deployment.mode,
                revision(deployment)
            )),
        ),
        ("parameters", or_dash(&Some(values.join(" ")))),
        ("builder of", or_dash(&deployment.build_id)),
        ("status", clean(&deployment.status)),
        ("stage", clean(&deployment.stage)),
        (
            "waiting",
            or_dash(&deployment.waiting.as_ref().map(why::short)),
        ),
        ("error", or_dash(&deployment.error_message)),
        ("url", or_dash(&deployment.access_url)),
        ("region", clean(&deployment.region)),
        ("instance", or_dash(&deployment.instance_id)),
        ("ends", time_or_dash(&deployment.ends_at)),
        ("costs", or_dash(&deployment.running_cost)),
        (
            "type",
            clean(&format!(
                "{} {}, {} GB",
                deployment.instance_type, deployment.architecture, deployment.volume_size_gb
            )),
        ),
        (
            "addresses",
            format!(
                "{} / {}",
                or_dash(&deployment.public_ip),
                or_dash(&deployment.private_ip)
            ),
        ),
        ("launched", or_dash(&deployment.launch_path)),
        ("source ami", or_dash(&deployment.source_ami_id)),
        (
            "launched as",
            or_dash(&deployment.launched_as.as_ref().map(|taken| &taken.summary)),
        ),
        (
            "base",
            or_dash(&deployment.base.as_ref().map(Base::summary)),
        ),
        ("ami", or_dash(&deployment.created_ami_id)),
        ("ami status", or_dash(&ami)),
        ("ami error", or_dash(&deployment.ami_creation_error)),
        (
            "time to ready",
            or_dash(&deployment.time_to_ready_seconds.map(span)),
        ),
        ("first boot", or_dash(&deployment.first_boot)),
        ("last check", or_dash(&deployment.readiness_detail)),
        ("tags", or_dash(&Some(tags.join(" ")))),
        ("run", deployment.run.to_string()),
        ("created", time(&deployment.created_at)),
        ("ready", time_or_dash(&deployment.ready_at)),
        ("finished", time_or_dash(&deployment.finished_at)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::deployment;

    #[test]
    fn a_list_is_one_line_per_deployment() {
        let page = Page {
            items: vec![deployment("running")],
            next_cursor: None,
        };
        let text = list_table(&page);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let words: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(
            words,
            [
                "dep_1",
                "first",
                "kamiwaza",
                "v0.9.2",
                "us-east-1",
                "running",
                "-",
                "-",
                "-",
                "-",
                "2026-01-21T17:00:00Z"
            ]
        );
    }

    #[test]
    fn details_name_what_is_there_and_dash_what_is_not() {
        let mut shown = deployment("success");
        shown.ami_creation_status = Some("skipped".to_owned());
        shown.ami_skip_reason = Some("exists".to_owned());
        let text = details(&shown);
        assert!(
            text.contains("\nami status     skipped (exists)\n"),
            "{text}"
        );
        assert!(text.contains("\nerror          -\n"), "{text}");
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("no\n") && !is_yes("yep\n"));
    }
}
