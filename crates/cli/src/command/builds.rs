//! `ingot builds …`.

pub(crate) mod ask;

use std::process::ExitCode;

use ingot_client::build::{Build, BuildCopy, BuildDecision, BuildFilter, BuildRequest};
use ingot_client::{Client, Page};

use crate::args::builds::{BuildListArgs, BuildsAction, BuildsArgs, DecideArgs};
use crate::command::{ids, mention_rest, pages, story};
use crate::output::grid::{Cell, Column, grid};
use crate::output::moment::{moment, relative};
use crate::output::{Output, clean, or_dash, pairs, table};

/// Runs one of them.
pub(crate) async fn run(args: BuildsArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        BuildsAction::List(args) => list(&client, output, args).await?,
        BuildsAction::Show { id } => {
            let id = ids::build(&client, &id).await?;
            output.result(&client.build(&id).await?, details)?;
        }
        BuildsAction::Logs { id, after } => {
            let id = ids::build(&client, &id).await?;
            story::print_all(output, after, async |filter| {
                client.build_events(&id, &filter).await
            })
            .await?;
        }
        BuildsAction::Approve(args) => decide(&client, output, "approve", args).await?,
        BuildsAction::Reject(args) => decide(&client, output, "reject", args).await?,
        BuildsAction::Cancel(args) => decide(&client, output, "cancel", args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(
    client: &Client,
    output: Output,
    action: &str,
    args: DecideArgs,
) -> anyhow::Result<()> {
    let id = ids::build(client, &args.id).await?;
    let decision = BuildDecision {
        reason: args.reason,
    };
    let build = client.decide_build(&id, action, &decision).await?;
    output.result(&build, details)
}

async fn list(client: &Client, output: Output, args: BuildListArgs) -> anyhow::Result<()> {
    let filter = BuildFilter {
        status: args.status,
        template: args.template,
        region: args.region,
        cursor: None,
        limit: args.page.limit,
    };
    let page = pages(&args.page, async |cursor| {
        client
            .builds(&BuildFilter {
                cursor,
                ..filter.clone()
            })
            .await
    })
    .await?;
    output.result(&page, rows)?;
    mention_rest(&page, output.json);
    Ok(())
}

fn rows(page: &Page<Build>) -> String {
    let columns: [Column; 9] = [
        ("id", Cell::Id, 1),
        ("template", Cell::Text, 1),
        ("version", Cell::Text, 3),
        ("region", Cell::Whole, 3),
        ("trigger", Cell::Whole, 2),
        ("status", Cell::State, 1),
        ("start", Cell::Whole, 2),
        ("cost", Cell::Whole, 3),
        ("why not now, and when", Cell::Text, 2),
    ];
    grid(
        &columns,
        page.items.iter().map(|build| {
            [
                clean(&build.id),
                clean(&build.template),
                clean(&build.version),
                clean(&build.region),
                clean(&build.cause()),
                clean(&build.status),
                build
                    .started_at
                    .filter(|_| !build.waits())
                    .or(build.scheduled_for)
                    .map_or_else(|| "-".to_owned(), |at| relative(at, build.at)),
                or_dash(&build.actual_cost.as_ref().or(build.estimated_cost.as_ref())),
                note(build),
            ]
        }),
    )
}

/// Why it waits, where it is, or what went wrong.
fn note(build: &Build) -> String {
    or_dash(
        &build
            .why_not_now
            .as_ref()
            .or(build.progress.as_ref())
            .or(build.error.as_ref()),
    )
}

/// One build for people.
pub(crate) fn details(build: &Build) -> String {
    let when = |at: &Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or_else(|| "-".to_owned(), |at| moment(at, build.at))
    };
    let mut facts = vec![
        ("id", clean(&build.id)),
        ("template", clean(&build.template)),
        ("version", clean(&build.version)),
        ("mode", clean(&build.mode)),
        ("architecture", clean(&build.architecture)),
        ("region", clean(&build.region)),
        ("status", clean(&build.status)),
        ("trigger", clean(&build.cause())),
        (
            "urgency",
            format!("{}, priority {}", or_dash(&build.urgency), build.priority),
        ),
        ("asked for", moment(build.requested_at, build.at)),
    ];
    if let Some(why) = &build.why_not_now {
        facts.push(("why not now", clean(why)));
    }
    facts.push(("starts", when(&build.scheduled_for)));
    if build.deadline.is_some() {
        facts.push(("latest start", when(&build.latest_start)));
        let late = if build.late { ", at risk" } else { "" };
        facts.push(("deadline", format!("{}{late}", when(&build.deadline))));
    }
    facts.push(("paid by", or_dash(&build.budget_source)));
    facts.push(("cost", costs(build)));
    if build.run > 0 {
        facts.push(("run", build.run.to_string()));
        facts.push(("started", when(&build.started_at)));
        facts.push(("builder", or_dash(&build.deployment_id)));
    }
    facts.extend(build.progress.as_ref().map(|is| ("progress", clean(is))));
    match build.ended_at {
        Some(_) => facts.push(("ended", when(&build.ended_at))),
        None if build.run > 0 && !build.waits() => {
            facts.push(("expected end", when(&build.expected_end)));
            facts.push(("ends by", when(&build.bound_at)));
        }
        None => {}
    }
    if let Some(id) = &build.image_id {
        let ami = build.ami_id.as_ref();
        let ami = ami.map_or(String::new(), |ami| format!(" ({ami})"));
        facts.push(("image", clean(&format!("{id}{ami}"))));
    }
    facts.extend(
        build
            .copies
            .iter()
            .map(|copy| ("copy", clean(&copied(copy)))),
    );
    if let Some(error) = &build.error {
        let class = build.failure_class.as_ref();
        let class = class.map_or(String::new(), |class| format!(" ({class})"));
        facts.push(("went wrong", clean(&format!("{error}{class}"))));
    }
    if let (Some(by), Some(why)) = (&build.decided_by, &build.decided_reason) {
        facts.push(("decided by", clean(&format!("{by}: {why}"))));
    }
    let head = ["request", "trigger", "asked for", "by", "max cost", "why"];
    let requests = build.requests.iter().map(|one| request(one, build));
    format!("{}\n\n{}", pairs(facts), table(head, requests))
}

/// `us-west-2: available, ami-…`
fn copied(copy: &BuildCopy) -> String {
    let ami = copy.ami_id.as_ref().map(|ami| format!(", {ami}"));
    let why = copy.error.as_ref().map(|why| format!(": {why}"));
    format!(
        "{}: {}{}{}",
        copy.region,
        copy.status,
        ami.unwrap_or_default(),
        why.unwrap_or_default()
    )
}

fn costs(build: &Build) -> String {
    let usd = |cost: &Option<String>| {
        cost.as_ref()
            .map_or_else(|| "-".to_owned(), |cost| format!("{} USD", clean(cost)))
    };
    let most = build.max_cost.as_ref().map_or(String::new(), |most| {
        format!(", at most {} USD", clean(most))
    });
    format!(
        "estimated {}, reserved {}, actual {}{most}",
        usd(&build.estimated_cost),
        usd(&build.reserved_cost),
        usd(&build.actual_cost)
    )
}

fn request(one: &BuildRequest, build: &Build) -> [String; 6] {
    let level = one.security_level.as_ref();
    let level = level.map_or(String::new(), |level| format!(" {level}"));
    let urgent = if one.urgent { " urgent" } else { "" };
    let approved = if one.approved { ", approved" } else { "" };
    [
        clean(&one.id),
        clean(&format!("{}{level}{urgent}{approved}", one.trigger)),
        relative(one.requested_at, build.at),
        or_dash(&one.requested_by),
        or_dash(&one.max_cost),
        clean(&one.reason),
    ]
}

#[cfg(test)]
pub(crate) mod tests;
