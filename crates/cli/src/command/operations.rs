//! `ingot operations …`, and what `ingot tasks …` does to tasks.

use std::process::ExitCode;

use anyhow::bail;
use chrono::{DateTime, Utc};
use ingot_client::event::EventFilter;
use ingot_client::{
    Client, Event, NewOperation, Operation, OperationFilter, OperationPreview, Page, StopOperation,
    TaskAction, TaskDecision, TasksActed, TasksMeant,
};
use serde::Serialize;

use crate::args::work::{OperationsAction, OperationsArgs, TaskActArgs};
use crate::command::{ids, mention_rest, pages};
use crate::failure::{Exit, Refused};
use crate::output::{Output, clean, or_dash, pairs, table, time, time_or_dash};

/// Lines of an operation's story that are shown.
const LINES: u64 = 200;

/// What `ingot operations show` answers.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    operation: Operation,
    /// Its story, the oldest line first.
    events: Vec<Event>,
}

/// Runs one of them.
pub(crate) async fn run(args: OperationsArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        OperationsAction::List { page } => {
            let found = pages(&page, async |cursor| {
                let filter = OperationFilter {
                    cursor,
                    limit: page.limit,
                };
                client.operations(&filter).await
            })
            .await?;
            output.result(&found, list_table)?;
            mention_rest(&found, output.json);
        }
        OperationsAction::Show { id } => {
            let filter = EventFilter {
                limit: Some(LINES),
                ..EventFilter::default()
            };
            let shown = Shown {
                operation: client.operation(&id).await?,
                events: client.operation_events(&id, &filter).await?.items,
            };
            output.result(&shown, details)?;
        }
        OperationsAction::Stop { id, reason } => {
            let stopped = client
                .stop_operation(&id, &StopOperation { reason })
                .await?;
            output.result(&stopped, said)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something to one task, to listed ones, or to all that a filter finds.
pub(crate) async fn act(
    client: &Client,
    output: Output,
    action: &str,
    args: TaskActArgs,
    at: Option<DateTime<Utc>>,
) -> anyhow::Result<ExitCode> {
    if args.ids.is_empty() {
        return by_filter(client, output, action, args, at).await;
    }
    let Some(reason) = args.reason else {
        bail!(Refused("say why: --reason TEXT".to_owned()));
    };
    if let [id] = args.ids.as_slice() {
        let id = ids::task(client, id).await?;
        let decision = TaskDecision { reason, at };
        let task = client.act_on_task(&id, action, &decision).await?;
        output.result(&task, |task| {
            format!(
                "{action} of {}: it is {}, due {}",
                clean(&task.id),
                clean(&task.state),
                time(&task.run_at)
            )
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = TaskAction {
        action: action.to_owned(),
        ids: args.ids,
        reason,
        at,
    };
    let acted = client.act_on_tasks(&wanted).await?;
    output.result(&acted, |acted| listed(action, acted))?;
    Ok(match acted.refused.is_empty() {
        true => ExitCode::SUCCESS,
        false => Exit::Failed.into(),
    })
}

async fn by_filter(
    client: &Client,
    output: Output,
    action: &str,
    args: TaskActArgs,
    at: Option<DateTime<Utc>>,
) -> anyhow::Result<ExitCode> {
    let deployment_id = match &args.deployment {
        Some(id) => Some(ids::deployment(client, id).await?),
        None => None,
    };
    let filter = TasksMeant {
        queue: args.queue,
        state: args.state,
        deployment_id,
    };
    if filter == TasksMeant::default() {
        bail!(Refused(
            "give ids, or a filter: --state, --queue or --deployment".to_owned()
        ));
    }
    if args.dry_run {
        let preview = client.preview_operation(&filter).await?;
        output.result(&preview, |preview| previewed(action, preview))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(expected) = args.expect else {
        bail!(Refused(
            "say how many there are: --expect N; --dry-run shows them".to_owned()
        ));
    };
    let Some(reason) = args.reason else {
        bail!(Refused("say why: --reason TEXT".to_owned()));
    };
    let new = NewOperation {
        action: action.to_owned(),
        filter,
        expected,
        reason,
        at,
    };
    output.result(&client.begin_operation(&new).await?, said)?;
    Ok(ExitCode::SUCCESS)
}

fn previewed(action: &str, preview: &OperationPreview) -> String {
    let rows = preview.sample.iter().map(|task| {
        [
            clean(&task.id),
            clean(&task.queue),
            clean(&task.kind),
            clean(&task.state),
            or_dash(&task.deployment_id),
            or_dash(&task.last_error),
        ]
    });
    let head = ["id", "queue", "kind", "state", "deployment", "last error"];
    let number = preview.matching;
    format!(
        "{}\n\n{action} would be done to {number} tasks; the newest are shown. `--expect {number} --reason …` does it",
        table(head, rows)
    )
}

fn listed(action: &str, acted: &TasksActed) -> String {
    let mut lines = vec![format!("{action}: done to {} tasks", acted.done.len())];
    let refused = acted.refused.iter();
    lines.extend(refused.map(|one| format!("{}: {}", clean(&one.id), clean(&one.why))));
    lines.join("\n")
}

fn said(one: &Operation) -> String {
    format!(
        "{} is {}: {} of {} tasks, {} refused\n`ingot operations show {}` tells how far it came",
        clean(&one.id),
        clean(&one.state),
        one.done,
        one.matching,
        one.refused,
        clean(&one.id)
    )
}

/// A filter in a few words.
fn filter(one: &TasksMeant) -> String {
    let parts = [&one.state, &one.queue, &one.deployment_id];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .map(|part| clean(part))
        .collect();
    parts.join(" ")
}

fn list_table(page: &Page<Operation>) -> String {
    let head = [
        "id", "action", "tasks", "state", "done", "refused", "of", "by", "begun",
    ];
    table(
        head,
        page.items.iter().map(|one| {
            [
                clean(&one.id),
                clean(&one.action),
                filter(&one.filter),
                clean(&one.state),
                one.done.to_string(),
                one.refused.to_string(),
                one.matching.to_string(),
                clean(&one.created_by),
                time(&one.created_at),
            ]
        }),
    )
}

fn details(shown: &Shown) -> String {
    let one = &shown.operation;
    let mut text = pairs([
        ("id", clean(&one.id)),
        ("action", clean(&one.action)),
        ("tasks", filter(&one.filter)),
        ("state", clean(&one.state)),
        ("done", format!("{} of {}", one.done, one.matching)),
        ("refused", one.refused.to_string()),
        ("last refused", or_dash(&one.last_refusal)),
        ("reason", clean(&one.reason)),
        ("by", clean(&one.created_by)),
        ("begun", time(&one.created_at)),
        ("finished", time_or_dash(&one.finished_at)),
    ]);
    for event in &shown.events {
        text.push_str(&format!("\n{}  {}", time(&event.at), clean(&event.message)));
    }
    text
}
