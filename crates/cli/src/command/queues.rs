//! `ingot queues …`

use std::process::ExitCode;

use ingot_client::event::EventFilter;
use ingot_client::{Event, Page, PauseQueue, Queue, QueueConcurrency, ResumeQueue};
use serde::Serialize;

use crate::args::work::{QueuesAction, QueuesArgs};
use crate::output::look::look;
use crate::output::{clean, pairs, table, time, time_or_dash};

/// Lines of a queue's story that are shown.
const LINES: u64 = 200;

/// What `ingot queues show` answers.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    queue: Queue,
    /// Its story, the oldest line first.
    events: Vec<Event>,
}

/// Runs one of them.
pub(crate) async fn run(args: QueuesArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        QueuesAction::List => output.result(&client.queues().await?, list_table)?,
        QueuesAction::Show { name } => {
            let filter = EventFilter {
                limit: Some(LINES),
                ..EventFilter::default()
            };
            let shown = Shown {
                queue: client.queue(&name).await?,
                events: client.queue_events(&name, &filter).await?.items,
            };
            output.result(&shown, details)?;
        }
        QueuesAction::Pause {
            name,
            reason,
            even_cleanup,
        } => {
            let pause = PauseQueue {
                reason,
                even_cleanup,
            };
            output.result(&client.pause_queue(&name, &pause).await?, paused)?;
        }
        QueuesAction::Resume { name, reason } => {
            let resumed = client.resume_queue(&name, &ResumeQueue { reason }).await?;
            output.result(&resumed, |queue| {
                format!(
                    "{} goes on: {} are due",
                    clean(&queue.name),
                    queue.available
                )
            })?;
        }
        QueuesAction::SetConcurrency {
            name,
            concurrency,
            reason,
        } => {
            let wanted = QueueConcurrency {
                concurrency: concurrency.0,
                reason,
            };
            output.result(&client.set_concurrency(&name, &wanted).await?, |queue| {
                format!(
                    "{}: {} visits at once in each worker",
                    clean(&queue.name),
                    at_once(queue)
                )
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn paused(queue: &Queue) -> String {
    let name = clean(&queue.name);
    let ending = match queue.running {
        0 => "no visit is under way".to_owned(),
        1 => "1 visit is under way and ends within 30 s".to_owned(),
        many => format!("{many} visits are under way and end within 30 s"),
    };
    format!("{name} is paused; {ending}\n`ingot queues resume {name}` lets it go on")
}

fn at_once(queue: &Queue) -> String {
    match queue.concurrency {
        Some(number) => number.to_string(),
        None => "default".to_owned(),
    }
}

/// Since when it is paused, by whom and why.
fn pause(queue: &Queue) -> String {
    match &queue.paused {
        Some(pause) => clean(&format!(
            "by {} since {}: {}",
            pause.by,
            time(&pause.since),
            pause.reason
        )),
        None => "-".to_owned(),
    }
}

fn list_table(page: &Page<Queue>) -> String {
    let head = [
        "queue",
        "due",
        "later",
        "running",
        "retrying",
        "given up",
        "oldest due",
        "at once",
        "paused",
    ];
    table(
        head,
        page.items.iter().map(|queue| {
            [
                clean(&queue.name),
                queue.available.to_string(),
                queue.scheduled.to_string(),
                queue.running.to_string(),
                queue.retryable.to_string(),
                queue.discarded.to_string(),
                look().when_or_dash(&queue.oldest_due),
                at_once(queue),
                pause(queue),
            ]
        }),
    )
}

fn details(shown: &Shown) -> String {
    let queue = &shown.queue;
    let mut text = pairs([
        ("name", clean(&queue.name)),
        ("paused", pause(queue)),
        ("at once", at_once(queue)),
        ("due", queue.available.to_string()),
        ("later", queue.scheduled.to_string()),
        ("running", queue.running.to_string()),
        ("retrying", queue.retryable.to_string()),
        ("given up", queue.discarded.to_string()),
        ("oldest due", time_or_dash(&queue.oldest_due)),
    ]);
    for event in &shown.events {
        text.push_str(&format!("\n{}  {}", time(&event.at), clean(&event.message)));
    }
    text
}
