//! `ingot templates auto-ami build`: asks for a build, tells what the plan says of it, and with `--wait` follows it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ingot_client::Client;
use ingot_client::build::{Build, NewBuild};
use ingot_client::event::EventFilter;
use ingot_client::plan::PlanFilter;
use ingot_domain::span::told;

use super::details;
use crate::args::auto_ami::BuildArgs;
use crate::command::{may_be_lost, random_key, repeated};
use crate::failure::{Exit, Refused, TimedOut};
use crate::output::moment::moment;
use crate::output::{Output, clean};
use crate::watch::line;

/// How long the first plan is waited for; it looks every minute of the installation.
const PLANNED: Duration = Duration::from_secs(4);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(400);

/// Runs it.
pub(crate) async fn run(
    client: &Client,
    output: Output,
    args: BuildArgs,
) -> anyhow::Result<ExitCode> {
    if args.security_update {
        return affected(client, output, &args).await;
    }
    let request = NewBuild {
        template: args.name.clone().unwrap_or_default(),
        version: args.version.clone(),
        mode: args.mode.clone(),
        architecture: args.architecture.clone(),
        region: args.region.clone(),
        ..common(&args)
    };
    let key = args.idempotency_key.clone().unwrap_or_else(random_key);
    let asked = ask(client, &request, &key).await?;
    let build = planned(client, asked).await?;
    if args.wait {
        eprintln!("{}", screen(&build, client.base(), args.urgent));
        return wait(client, output, build, args.timeout).await;
    }
    let base = client.base();
    output.result(&build, |build| screen(build, base, args.urgent))?;
    Ok(ended(&build))
}

fn common(args: &BuildArgs) -> NewBuild {
    NewBuild {
        urgent: args.urgent,
        reason: args.reason.clone(),
        max_cost: args.max_cost.map(|most| most.to_string()),
        ..NewBuild::default()
    }
}

async fn ask(client: &Client, request: &NewBuild, key: &str) -> anyhow::Result<Build> {
    let asked = repeated(Duration::from_millis(500), async || {
        client.ask_build(request, key).await
    })
    .await;
    asked
        .inspect_err(|error| {
            if may_be_lost(error) {
                eprintln!("whether it was asked for is unknown; repeat the command with --idempotency-key {key} to find out safely");
            }
        })
        .map_err(Into::into)
}

/// Asks for every template whose newest image is behind its base image.
async fn affected(client: &Client, output: Output, args: &BuildArgs) -> anyhow::Result<ExitCode> {
    let status = client.security_status().await?;
    let behind = status.available.iter().flat_map(|entry| &entry.templates);
    let mut builds = Vec::new();
    for one in behind.filter(|one| one.builds_behind > 0) {
        let request = NewBuild {
            template: one.template.clone(),
            version: one.version.clone(),
            region: one.region.clone(),
            ..common(args)
        };
        let mut build = ask(client, &request, &random_key()).await?;
        if build.waits() && (build.estimated_cost.is_none() || joined(&build)) {
            foretold(client, &mut build).await?;
        }
        builds.push(build);
    }
    if builds.is_empty() {
        let none = "no template's newest image is behind its base image; `ingot templates auto-ami security-status` shows that";
        return Err(Refused(none.to_owned()).into());
    }
    let base = client.base();
    output.result(&builds, |builds| {
        let told = builds.iter().map(|build| screen(build, base, args.urgent));
        told.collect::<Vec<_>>().join("\n\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The build once the plan has looked at it, or as it is when that takes longer.
async fn planned(client: &Client, mut build: Build) -> anyhow::Result<Build> {
    let begin = Instant::now();
    loop {
        // What is on record of a build that others asked for may be the look's before this request.
        let joined = joined(&build);
        if joined && build.waits() {
            foretold(client, &mut build).await?;
        }
        let open = match build.state.as_deref() {
            None => true,
            state => joined && state == Some("start"),
        };
        if !build.waits() || !open || begin.elapsed() >= PLANNED {
            break;
        }
        tokio::time::sleep(LOOK).await;
        build = client.build(&build.id).await?;
    }
    if build.estimated_cost.is_none() && build.waits() {
        foretold(client, &mut build).await?;
    }
    Ok(build)
}

fn joined(build: &Build) -> bool {
    build.requests.len() > 1
}

/// What the plan will say at its next look, by the same function: cost, and when it starts.
async fn foretold(client: &Client, build: &mut Build) -> anyhow::Result<()> {
    let plan = client.plan(&PlanFilter::default()).await?;
    let mut planned = plan.builds.into_iter();
    let planned = planned.find(|one| one.build_id.as_ref() == Some(&build.id));
    if let Some(planned) = planned {
        build.state = Some(planned.state);
        build.estimated_cost = planned.estimated_cost;
        build.scheduled_for = planned.scheduled_for;
        build.latest_start = planned.latest_start;
        build.deadline = planned.deadline;
        build.late = planned.late;
        build.budget_source = planned.budget_source;
        let why: Vec<&str> = planned.why.iter().map(|why| why.said.as_str()).collect();
        build.why_not_now = Some(why.join("; ")).filter(|why| !why.is_empty());
        build.why = planned.why;
    }
    Ok(())
}

/// The document's screen.
fn screen(build: &Build, base: &str, urgent: bool) -> String {
    let what = clean(&build.what());
    let state = build.state.as_deref().filter(|_| build.waits());
    let status = state.unwrap_or(build.status.as_str());
    let mut lines = vec![match (status, urgent) {
        ("skipped", _) => format!("Nothing is built for {what}"),
        ("blocked", _) => format!("Asked for, but blocked: the compilation of {what}"),
        ("awaiting_approval", _) => {
            format!("Asked for: the compilation of {what}, which waits for a person's approval")
        }
        (_, true) => format!("Emergency compilation initiated for {what}"),
        (_, false) => format!("Compilation initiated for {what}"),
    }];
    if let Some(request) = build.requests.last() {
        lines.push(format!("Trigger: {}", clean(&request.reason)));
    }
    if build.requests.len() > 1 {
        let others = build.requests.len() - 1;
        let others = match others {
            1 => "1 other request waits".to_owned(),
            others => format!("{others} other requests wait"),
        };
        lines.push(format!("Joined: {others} for the same build"));
    }
    lines.push(match &build.estimated_cost {
        Some(cost) => format!("Estimated cost: ${}", clean(cost)),
        None => "Estimated cost: not known before the plan has looked at it".to_owned(),
    });
    if let Some(end) = build.expected_end.filter(|_| !build.waits()) {
        lines.push(format!("ETA: {}", moment(end, build.at)));
    } else if let Some(start) = build.scheduled_for {
        lines.push(format!("Start: {}", moment(start, build.at)));
    }
    if let Some(why) = &build.why_not_now {
        lines.push(format!("Why not now: {}", clean(why)));
    }
    if let Some([reject, again]) = build.lift_max_cost() {
        let (reject, again) = (clean(&reject), clean(&again));
        lines.push(format!("What to do: {reject}; then {again}"));
    }
    if let (Some(error), true) = (&build.error, build.is_over()) {
        lines.push(format!("Why: {}", clean(error)));
    }
    lines.push(format!("Progress: {base}/builds/{}", clean(&build.id)));
    lines.join("\n")
}

/// Follows the story on stderr; the result is the build at its end.
async fn wait(
    client: &Client,
    output: Output,
    mut build: Build,
    longest: Option<Duration>,
) -> anyhow::Result<ExitCode> {
    let (begin, mut after) = (Instant::now(), 0);
    loop {
        loop {
            let filter = EventFilter {
                after: Some(after),
                limit: None,
                actor: None,
            };
            let page = client.build_events(&build.id, &filter).await?;
            for event in &page.items {
                after = event.seq;
                eprintln!("{}", line::stamped(event));
            }
            if page.next_cursor.is_none() {
                break;
            }
        }
        if build.is_over() {
            output.result(&build, details)?;
            return Ok(ended(&build));
        }
        if longest.is_some_and(|longest| begin.elapsed() > longest) {
            let (id, long) = (clean(&build.id), told(begin.elapsed().as_secs()));
            let said = format!("{id} is not over after {long}; it goes on: `ingot why {id}`");
            return Err(TimedOut(said).into());
        }
        tokio::time::sleep(LOOK).await;
        build = client.build(&build.id).await?;
    }
}

/// A build that is over without an image ended badly.
fn ended(build: &Build) -> ExitCode {
    match build.is_over() && build.status != "completed" {
        true => Exit::Failed.into(),
        false => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::builds::tests::waiting;

    #[test]
    fn the_screen_is_the_documents() {
        let mut build = waiting();
        build.requests[0].reason = "critical-security-patch".to_owned();
        build.status = "building".to_owned();
        build.why_not_now = None;
        build.expected_end = Some(build.at + chrono::TimeDelta::minutes(25));
        assert_eq!(
            screen(&build, "http://127.0.0.1:8080", true),
            "Emergency compilation initiated for web v1.2.0 in us-east-1\n\
             Trigger: critical-security-patch\n\
             Estimated cost: $8.50\n\
             ETA: in 25 min (2026-11-27 12:25 UTC)\n\
             Progress: http://127.0.0.1:8080/builds/bld_1"
        );
        let waits = screen(&waiting(), "http://h", false);
        assert!(
            waits.starts_with("Compilation initiated for web"),
            "{waits}"
        );
        assert!(
            waits.contains("\nStart: in 14 h (2026-11-28 02:00 UTC)\nWhy not now: "),
            "{waits}"
        );
    }

    #[test]
    fn a_build_that_does_not_start_is_not_told_as_initiated() {
        let mut build = waiting();
        build.state = Some("blocked".to_owned());
        build.scheduled_for = None;
        build.why[0].on = "max_cost".to_owned();
        build.requests.push(build.requests[0].clone());
        let text = screen(&build, "http://h", true);
        assert!(text.starts_with("Asked for, but blocked: "), "{text}");
        assert!(!text.contains("initiated"), "{text}");
        assert!(text.contains("Joined: 1 other request waits for the same build"));
        assert!(
            text.contains("What to do: ingot builds reject bld_1"),
            "{text}"
        );
        build.status = "awaiting_approval".to_owned();
        build.state = Some("awaiting_approval".to_owned());
        let text = screen(&build, "http://h", true);
        assert!(text.contains("waits for a person's approval"), "{text}");
    }
}
