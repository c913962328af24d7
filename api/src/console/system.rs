//! How the installation is: its parts, its queues, its workers, and the rules it watches over itself.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Part, Queue, SystemStatus, WorkerSeen};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Value};
use super::text;

#[derive(Template)]
#[template(path = "system.html")]
struct SystemView {
    here: &'static str,
    badge: Badge,
    waiting: String,
    install: Option<String>,
    parts: List,
    queues: List,
    workers: List,
}

/// The page at `/system`.
pub fn system_page(status: &SystemStatus) -> Result<String, askama::Error> {
    let (tone, word) = if status.ok {
        ("good", "up")
    } else {
        ("bad", "troubled")
    };
    let waiting = &status.waiting;
    SystemView {
        here: "system",
        badge: Badge::new(tone, word),
        waiting: format!(
            "{} deployments and {} images are under way; {} tasks are due.",
            waiting.deployments, waiting.images, waiting.tasks
        ),
        install: status.install.as_deref().map(text::plain),
        parts: parts(&status.parts),
        queues: queues(&status.queues, status.at),
        workers: workers(&status.workers, status.at),
    }
    .render()
}

fn parts(parts: &[Part]) -> List {
    let row = |part: &Part| {
        let tone = match part.state.as_str() {
            "up" => "good",
            "down" => "bad",
            _ => "warned",
        };
        let cells = vec![
            Cell::from(Value::text(Some(&part.name))),
            Cell::from(Value::State(Badge::new(tone, &part.state))),
            Cell::from(Value::text(Some(&part.detail))).words(),
            Cell::from(Value::time(part.since)).number(),
        ];
        Row { cells }
    };
    List {
        id: "parts",
        caption: "Parts, as this API process sees them",
        columns: vec![
            column("Part"),
            column("State"),
            column("What was seen"),
            column("Not up since"),
        ],
        rows: parts.iter().map(row).collect(),
        nothing: Nothing {
            what: "No part has been looked at yet.",
            how: "",
            command: None,
        },
    }
}

/// Whether workers take from it.
pub(super) fn taken(queue: &Queue) -> Value {
    Value::State(match queue.paused {
        Some(_) => Badge::new("warned", "paused"),
        None => Badge::new("good", "taken"),
    })
}

fn queues(queues: &[Queue], now: DateTime<Utc>) -> List {
    let row = |queue: &Queue| {
        let asked = [("queue", Some(queue.name.as_str()))];
        let number = |count: u64| Cell::from(Value::Text(count.to_string())).number();
        let given_up = [asked[0], ("state", Some("discarded"))];
        let discarded = Value::link(
            text::address("/tasks", &given_up),
            &queue.discarded.to_string(),
        );
        let cells = vec![
            Cell::from(Value::link(
                format!("/queues/{}", text::segment(&queue.name)),
                &queue.name,
            )),
            Cell::from(taken(queue)),
            Cell::from(Value::link(
                text::address("/tasks", &asked),
                &queue.available.to_string(),
            ))
            .number(),
            number(queue.scheduled),
            number(queue.running),
            number(queue.retryable),
            Cell::from(discarded).number(),
            Cell::from(Value::ago(queue.oldest_due, now)).number(),
        ];
        Row { cells }
    };
    List {
        id: "queues",
        caption: "Queues",
        columns: vec![
            column("Queue"),
            column("State"),
            column("Due"),
            column("Later"),
            column("Running"),
            column("To be tried again"),
            column("Given up"),
            column("Oldest due"),
        ],
        rows: queues.iter().map(row).collect(),
        nothing: Nothing {
            what: "There are no tasks in any queue.",
            how: "",
            command: None,
        },
    }
}

fn workers(workers: &[WorkerSeen], now: DateTime<Utc>) -> List {
    let row = |worker: &WorkerSeen| {
        let tone = match worker.state.as_str() {
            "alive" => "good",
            "silent" => "bad",
            _ => "quiet",
        };
        let cells = vec![
            Cell::from(Value::text(Some(&worker.name))),
            Cell::from(Value::State(Badge::new(tone, &worker.state))),
            Cell::from(Value::Text(worker.holds.to_string())).number(),
            Cell::from(Value::ago(Some(worker.heartbeat_at), now)).number(),
            Cell::from(Value::ago(Some(worker.started_at), now)).number(),
            Cell::from(Value::text(Some(&worker.version))),
        ];
        Row { cells }
    };
    List {
        id: "workers",
        caption: "Workers of the last hour, the last heard of first",
        columns: vec![
            column("Worker"),
            column("State"),
            column("Holds"),
            column("Heard of"),
            lesser("Started"),
            lesser("Version"),
        ],
        rows: workers.iter().map(row).collect(),
        nothing: Nothing {
            what: "No worker has been heard of in the last hour.",
            how: "Nothing is lost: what is due waits in the ledger.",
            command: Some("ingot worker"),
        },
    }
}
