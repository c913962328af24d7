//! `ingot why ID`: what a deployment, a build (`build`) or a task waits for, and how a deployment ended (`end`).

mod build;
mod end;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use ingot_client::{Task, TaskFilter, Wait};
use serde::Serialize;

use crate::args::work::WhyArgs;
use crate::command::ids;
use crate::output::{clean, time};

/// What is told of one task.
#[derive(Debug, Serialize)]
struct Waits {
    task_id: String,
    kind: String,
    state: String,
    /// When it is visited next, unless it is being visited.
    due_at: DateTime<Utc>,
    waiting: Option<Wait>,
}

/// The whole answer.
#[derive(Debug, Serialize)]
struct Why {
    id: String,
    /// Where a deployment is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    waits: Vec<Waits>,
    /// How it ended, when nothing works for it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

/// `ingot why ID`
pub(crate) async fn run(args: WhyArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    if args.id.starts_with("bld_") {
        let id = ids::build(&client, &args.id).await?;
        let build = client.build(&id).await?;
        args.connection.output().result(&build, build::told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (mut tasks, mut stage, mut ended) = (Vec::new(), None, None);
    let id = if args.id.starts_with("tsk_") {
        ids::task(&client, &args.id).await?
    } else {
        ids::is_for_deployments(&args.id)?;
        ids::deployment(&client, &args.id).await?
    };
    if id.starts_with("tsk_") {
        tasks.push(client.task(&id).await?);
    } else {
        // An unknown id is said as such.
        let deployment = client.deployment(&id).await?;
        let filter = TaskFilter {
            deployment_id: Some(deployment.id.clone()),
            limit: Some(200),
            ..TaskFilter::default()
        };
        let page = client.tasks(&filter).await?;
        tasks.extend(page.items.into_iter().filter(is_live));
        if tasks.is_empty() {
            ended = Some(end::told(&client, &deployment).await?);
        }
        stage = Some(deployment.stage);
    }
    let why = Why {
        id,
        stage,
        waits: tasks.into_iter().map(waits).collect(),
        ended,
    };
    args.connection.output().result(&why, told)?;
    Ok(ExitCode::SUCCESS)
}

/// A task that is still going to be worked on.
pub(crate) fn is_live(task: &Task) -> bool {
    matches!(
        task.state.as_str(),
        "available" | "scheduled" | "running" | "retryable"
    )
}

fn waits(task: Task) -> Waits {
    Waits {
        task_id: task.id,
        kind: task.kind,
        state: task.state,
        due_at: task.run_at,
        waiting: task.waiting,
    }
}

fn told(why: &Why) -> String {
    if let Some(ended) = &why.ended {
        return ended.clone();
    }
    if why.waits.is_empty() {
        return format!("{} waits for nothing: no task works for it", clean(&why.id));
    }
    let lines = why.waits.iter().map(|one| {
        let (task, kind) = (clean(&one.task_id), clean(&one.kind));
        match &one.waiting {
            Some(wait) => format!("{kind} ({task}) waits: {}", long(wait)),
            None => format!("{kind} ({task}) {}", unvisited(one)),
        }
    });
    // A wait for readiness does not say which step of the installation is under way.
    let installing = why
        .stage
        .iter()
        .filter(|stage| stage.starts_with("installing"));
    let installing = installing.map(|stage| format!("{} is {}", clean(&why.id), clean(stage)));
    installing.chain(lines).collect::<Vec<_>>().join("\n\n")
}

/// A task that no visit has given back yet: it has no wait of its own.
fn unvisited(one: &Waits) -> String {
    let due = time(&one.due_at);
    match (one.state.as_str(), one.kind.as_str()) {
        ("running", _) => "waits for nothing: a worker is at it".to_owned(),
        ("scheduled", "readiness") => format!("waits for its first check, due {due}"),
        ("scheduled", _) => format!("waits until it is due, {due}"),
        _ => format!("waits for a worker since {due}; `ingot doctor` tells when none takes it"),
    }
}

/// A wait in one line.
pub(crate) fn short(wait: &Wait) -> String {
    // A pause's sentence says since when itself.
    let since = wait.since.as_ref().filter(|_| wait.on != "paused");
    let since = since.map(|at| format!(", since {}", time(at)));
    let until = match &wait.until {
        Some(at) => format!(", until {} at most", time(at)),
        None => format!(", {}", wait.ends),
    };
    format!("{}{}{until}", wait.sentence, since.unwrap_or_default())
}

fn long(wait: &Wait) -> String {
    let mut lines = vec![clean(&wait.sentence)];
    if let Some(since) = &wait.since {
        lines.push(format!("  since       {}", time(since)));
    }
    lines.push(format!("  next look   {}", time(&wait.next_look_at)));
    lines.push(match &wait.until {
        Some(until) => format!("  ends        {} at the latest", time(until)),
        None => format!("  lasts       {}", clean(&wait.ends)),
    });
    lines.push(format!("  what to do  {}", clean(&wait.way_out)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota() -> Wait {
        let at = |text: &str| text.parse().expect("an instant");
        Wait {
            on: "quota".to_owned(),
            code: Some("VcpuLimitExceeded".to_owned()),
            refused: true,
            sentence: "a limit of the AWS account is reached (VcpuLimitExceeded)".to_owned(),
            since: Some(at("2026-11-27T12:00:00Z")),
            until: Some(at("2026-11-27T16:00:00Z")),
            ends: "for 4 h at most".to_owned(),
            next_look_at: at("2026-11-27T12:05:00Z"),
            way_out: "free something in the account".to_owned(),
        }
    }

    #[test]
    fn it_says_on_what_since_until_and_what_to_do() {
        let waits = Waits {
            task_id: "tsk_1".to_owned(),
            kind: "launch".to_owned(),
            state: "scheduled".to_owned(),
            due_at: quota().next_look_at,
            waiting: Some(quota()),
        };
        let text = told(&Why {
            id: "dep_1".to_owned(),
            stage: Some("installing: step 2 of 4: install nginx".to_owned()),
            waits: vec![waits],
            ended: None,
        });
        assert_eq!(
            text,
            "dep_1 is installing: step 2 of 4: install nginx\n\nlaunch (tsk_1) waits: a limit of the AWS account is reached (VcpuLimitExceeded)\n  \
             since       2026-11-27T12:00:00Z\n  \
             next look   2026-11-27T12:05:00Z\n  \
             ends        2026-11-27T16:00:00Z at the latest\n  \
             what to do  free something in the account"
        );
    }

    #[test]
    fn a_task_that_was_not_visited_yet_says_when_it_will_be() {
        let text = |kind: &str, state: &str| {
            let one = Waits {
                task_id: "tsk_1".to_owned(),
                kind: kind.to_owned(),
                state: state.to_owned(),
                due_at: quota().next_look_at,
                waiting: None,
            };
            let (id, waits) = ("dep_1".to_owned(), vec![one]);
            let (stage, ended) = (Some("the instance is starting".to_owned()), None);
            told(&Why {
                id,
                stage,
                waits,
                ended,
            })
        };
        let due = "2026-11-27T12:05:00Z";
        let first = format!("readiness (tsk_1) waits for its first check, due {due}");
        assert_eq!(text("readiness", "scheduled"), first);
        let later = format!("launch (tsk_1) waits until it is due, {due}");
        assert_eq!(text("launch", "scheduled"), later);
        assert!(text("launch", "available").contains("waits for a worker since"));
        assert!(text("launch", "running").contains("a worker is at it"));
    }

    #[test]
    fn what_waits_for_nothing_says_so() {
        let why = Why {
            id: "dep_1".to_owned(),
            stage: None,
            waits: Vec::new(),
            ended: None,
        };
        assert!(told(&why).contains("waits for nothing"));
        let text = short(&Wait {
            until: None,
            since: None,
            ends: "until the last batch".to_owned(),
            ..quota()
        });
        assert!(
            text.ends_with("(VcpuLimitExceeded), until the last batch"),
            "{text}"
        );
    }
}
