//! Operations over many tasks: what is to be done to which, before it begins, and how far each came.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Operation, OperationPreview, Page, TasksMeant};
use ingot_domain::verb::Verb;

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Value};
use super::text;

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsView {
    here: &'static str,
    running: Vec<Running>,
    unfinished: bool,
    list: List,
    next: Option<String>,
}

/// An operation that can be stopped.
struct Running {
    name: String,
    action: String,
}

/// The page at `/operations`.
pub fn operations_page(
    page: &Page<Operation>,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let running: Vec<Running> = page
        .items
        .iter()
        .filter(|one| one.state == "running")
        .map(|one| Running {
            name: text::plain(&format!("{} of {}", one.action, meant(&one.filter))),
            action: format!("/operations/{}/stop", text::segment(&one.id)),
        })
        .collect();
    let cursor = page.next_cursor.as_deref();
    OperationsView {
        here: "tasks",
        unfinished: !running.is_empty(),
        running,
        list: List {
            id: "operations",
            caption: "Operations, newest first",
            columns: vec![
                column("Operation"),
                column("State"),
                column("Done"),
                column("Refused"),
                column("Why"),
                column("By"),
                lesser("Begun"),
            ],
            rows: page.items.iter().map(|one| row(one, now)).collect(),
            nothing: Nothing {
                what: "Nothing was done to many tasks at once yet.",
                how: "The list of tasks leads to what can be done to all that a filter finds.",
                command: None,
            },
        },
        next: cursor.map(|cursor| text::address("/operations", &[("cursor", Some(cursor))])),
    }
    .render()
}

fn row(one: &Operation, now: DateTime<Utc>) -> Row {
    let tone = match one.state.as_str() {
        "running" => "moving",
        "done" => "good",
        "failed" => "bad",
        _ => "quiet",
    };
    let what = format!("{} of {}", one.action, meant(&one.filter));
    let done = format!("{} of {}", one.done, one.matching);
    let cells = vec![
        Cell::from(Value::text(Some(&what))).over(Value::code(Some(&one.id))),
        Cell::from(Value::State(Badge::new(tone, &one.state))),
        Cell::from(Value::Text(done)).number(),
        Cell::from(Value::Text(one.refused.to_string()))
            .over(Value::text(one.last_refusal.as_deref())),
        Cell::from(Value::text(Some(&one.reason))).words(),
        Cell::from(Value::text(Some(&one.created_by))),
        Cell::from(Value::ago(Some(one.created_at), now)).number(),
    ];
    Row { cells }
}

/// Which tasks, in a few words.
fn meant(filter: &TasksMeant) -> String {
    let parts = [&filter.state, &filter.queue, &filter.deployment_id];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    format!("{} tasks", parts.join(" "))
}

#[derive(Template)]
#[template(path = "operation_new.html")]
struct PreviewView {
    here: &'static str,
    what: String,
    matching: u64,
    queue: String,
    state: String,
    deployment_id: String,
    verbs: Vec<&'static str>,
    sample: List,
}

/// The page at `/operations/new`: what a filter finds, and what can be done to all of it.
pub fn operation_preview_page(
    preview: &OperationPreview,
    filter: &TasksMeant,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let field = |value: &Option<String>| text::plain(value.as_deref().unwrap_or_default());
    PreviewView {
        here: "tasks",
        what: text::plain(&meant(filter)),
        matching: preview.matching,
        queue: field(&filter.queue),
        state: field(&filter.state),
        deployment_id: field(&filter.deployment_id),
        // Another due time is one for the command line.
        verbs: Verb::ALL
            .iter()
            .filter(|verb| **verb != Verb::Reschedule)
            .map(|verb| verb.as_str())
            .collect(),
        sample: super::tasks::task_list(
            "sample",
            "The newest of them",
            &preview.sample,
            now,
            Nothing {
                what: "There are no such tasks.",
                how: "",
                command: None,
            },
        ),
    }
    .render()
}
