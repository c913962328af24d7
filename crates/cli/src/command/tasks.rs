//! `ingot tasks …` and `ingot status`.

use std::process::ExitCode;

use ingot_client::{CalendarSeen, Page, Ready, Task, TaskFilter};
use serde::Serialize;

use crate::args::work::{StatusArgs, TasksAction, TasksArgs};
use crate::command::operations::act;
use crate::command::{ids, mention_rest, pages, why};
use crate::failure::{Exit, report};
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{clean, or_dash, pairs, table, time, time_or_dash};

/// `ingot tasks …`
pub(crate) async fn run(args: TasksArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        TasksAction::List(args) => {
            let deployment_id = match &args.deployment {
                Some(id) => Some(ids::deployment(&client, id).await?),
                None => None,
            };
            let filter = TaskFilter {
                queue: args.queue,
                state: args.state,
                deployment_id,
                housekeeping: (!args.page.all).then_some(false),
                cursor: None,
                limit: args.page.limit,
            };
            let page = pages(&args.page, async |cursor| {
                client
                    .tasks(&TaskFilter {
                        cursor,
                        ..filter.clone()
                    })
                    .await
            })
            .await?;
            output.result(&page, list_table)?;
            mention_rest(&page, output.json);
            if filter.housekeeping.is_some() && filter.queue.is_none() && look().now.is_some() {
                eprintln!("housekeeping is not shown: --all, or --queue monitor");
            }
        }
        TasksAction::Show { id } => {
            let id = ids::task(&client, &id).await?;
            output.result(&client.task(&id).await?, details)?;
        }
        TasksAction::Retry(args) => return act(&client, output, "retry", args, None).await,
        TasksAction::Cancel(args) => return act(&client, output, "cancel", args, None).await,
        TasksAction::RunNow(args) => return act(&client, output, "run-now", args, None).await,
        TasksAction::Reschedule { act: args, at } => {
            return act(&client, output, "reschedule", args, Some(at)).await;
        }
        TasksAction::Discard(args) => return act(&client, output, "discard", args, None).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// What `ingot status` answers.
#[derive(Serialize)]
struct Standing {
    #[serde(flatten)]
    ready: Ready,
    /// The calendar in force, when it is not the real one and we may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<CalendarSeen>,
}

/// `ingot status`
pub(crate) async fn status(args: StatusArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let ready = client.ready().await?;
    let standing = Standing {
        // The readiness needs no token, and says what is wrong when the ledger is away; this does neither.
        calendar: client.status().await.ok().and_then(|seen| seen.calendar),
        ready,
    };
    args.connection.output().result(&standing, |standing| {
        let calendar = standing.calendar.as_ref().map(CalendarSeen::line);
        let parts = calendar.into_iter().chain([checks(&standing.ready)]);
        parts.collect::<Vec<_>>().join("\n\n")
    })?;
    let ready = standing.ready;
    if ready.ready {
        let impaired = clean(&ready.impaired.join(", "));
        if !impaired.is_empty() && !args.connection.output().json {
            eprintln!("it accepts requests, and is impaired: {impaired}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let detail = format!(
        "the API at {} is not ready; see the checks that failed",
        client.base()
    );
    let json = args.connection.output().json;
    eprintln!("{}", report::said(Exit::Unready, &detail, json));
    Ok(Exit::Unready.into())
}

fn list_table(page: &Page<Task>) -> String {
    let columns: [Column; 10] = [
        ("id", Cell::Id, 1),
        ("queue", Cell::Whole, 5),
        ("kind", Cell::Whole, 1),
        ("state", Cell::State, 1),
        ("attempt", Cell::Whole, 4),
        ("visits", Cell::Whole, 6),
        ("due", Cell::Whole, 2),
        ("waiting for", Cell::Text, 3),
        ("deployment", Cell::Id, 2),
        ("last error", Cell::Text, 3),
    ];
    grid(
        &columns,
        page.items.iter().map(|task| {
            [
                clean(&task.id),
                clean(&task.queue),
                clean(&task.kind),
                clean(&task.state),
                format!("{}/{}", task.attempt, task.max_attempts),
                task.visits.to_string(),
                look().when(&task.run_at),
                or_dash(&task.waiting_for),
                or_dash(&task.deployment_id),
                or_dash(&task.last_error),
            ]
        }),
    )
}

fn details(task: &Task) -> String {
    let mut text = pairs([
        ("id", clean(&task.id)),
        ("queue", clean(&task.queue)),
        ("kind", clean(&task.kind)),
        ("state", clean(&task.state)),
        ("deployment", or_dash(&task.deployment_id)),
        (
            "attempt",
            format!("{} of {}", task.attempt, task.max_attempts),
        ),
        ("crashes", task.crashes.to_string()),
        ("visits", task.visits.to_string()),
        ("due", time(&task.run_at)),
        (
            "waiting for",
            or_dash(
                &task
                    .waiting
                    .as_ref()
                    .map(why::short)
                    .or_else(|| task.waiting_for.clone()),
            ),
        ),
        ("worker", or_dash(&task.worker)),
        ("lease until", time_or_dash(&task.lease_until)),
        ("last error", or_dash(&task.last_error)),
        ("created", time(&task.created_at)),
        ("finished", time_or_dash(&task.finished_at)),
    ]);
    if !task.attempts.is_empty() {
        let rows = task.attempts.iter().map(|attempt| {
            [
                attempt.attempt.to_string(),
                clean(&attempt.outcome),
                time(&attempt.started_at),
                time(&attempt.finished_at),
                clean(&attempt.worker),
                or_dash(&attempt.error),
            ]
        });
        text.push_str("\n\n");
        text.push_str(&table(
            [
                "attempt", "outcome", "started", "finished", "worker", "error",
            ],
            rows,
        ));
    }
    text
}

fn checks(ready: &Ready) -> String {
    let rows = ready.checks.iter().map(|check| {
        let passed = match (check.ok, check.needed) {
            (true, _) => "ok",
            (false, true) => "FAILED",
            (false, false) => "IMPAIRED",
        };
        [clean(&check.name), passed.to_owned(), clean(&check.detail)]
    });
    table(["check", "result", "detail"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_say_what_failed() {
        let check = |name: &str, ok| ingot_client::Check {
            name: name.to_owned(),
            ok,
            needed: name == "database",
            detail: "seen".to_owned(),
        };
        let ready = Ready {
            ready: true,
            impaired: vec!["redis".to_owned()],
            checks: vec![check("database", true), check("redis", false)],
        };
        assert_eq!(
            checks(&ready),
            "CHECK     RESULT    DETAIL\ndatabase  ok        seen\nredis     IMPAIRED  seen"
        );
        let away = Ready {
            checks: vec![check("database", false)],
            ..ready
        };
        assert!(checks(&away).ends_with("FAILED  seen"));
    }
}
