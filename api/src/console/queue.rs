//! One queue: how deep it is, who paused it and why, and what a person can do about it.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Event, Queue};

use super::parts::{Fact, Group, Line, Value};
use super::system::taken;
use super::text;

#[derive(Template)]
#[template(path = "queue.html")]
struct QueueView {
    here: &'static str,
    name: String,
    badge: Value,
    paused: Option<String>,
    cleans_up: bool,
    action: String,
    tasks: String,
    groups: Vec<Group>,
    lines: Vec<Line>,
}

/// The page at `/queues/{name}`, with its story so far.
pub fn queue_page(
    queue: &Queue,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let known = ingot_domain::task::Queue::parse(&queue.name);
    QueueView {
        here: "system",
        name: text::plain(&queue.name),
        badge: taken(queue),
        paused: queue.paused.as_ref().map(|pause| {
            text::plain(&format!(
                "Paused by {} since {}: {}. No worker takes anything from it; {} are being visited.",
                pause.by,
                text::instant(pause.since),
                pause.reason,
                queue.running
            ))
        }),
        cleans_up: known.is_some_and(ingot_domain::task::Queue::cleans_up),
        action: format!("{}/actions", queue_address(&queue.name)),
        tasks: text::address("/tasks", &[("queue", Some(&queue.name))]),
        groups: vec![depth(queue, now)],
        lines: events.iter().map(Line::of).collect(),
    }
    .render()
}

/// Where a queue's page is.
pub(crate) fn queue_address(name: &str) -> String {
    format!("/queues/{}", text::segment(name))
}

fn depth(queue: &Queue, now: DateTime<Utc>) -> Group {
    let number = |count: u64| Value::Text(count.to_string());
    let at_once = match queue.concurrency {
        Some(number) => format!("{number} in each worker"),
        None => "as each worker was started".to_owned(),
    };
    Group {
        title: "What is in it",
        facts: vec![
            Fact::new("Due", number(queue.available)),
            Fact::new("Later", number(queue.scheduled)),
            Fact::new("Running", number(queue.running)),
            Fact::new("To be tried again", number(queue.retryable)),
            Fact::new("Given up", number(queue.discarded)),
            Fact::new("Oldest due", Value::ago(queue.oldest_due, now)),
            Fact::new("Visits at once", Value::Text(at_once)),
        ],
    }
}
