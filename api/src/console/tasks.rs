//! The list of tasks and the page of one with its attempts: what is being worked on, and why it waits.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Attempt, Page, Task, TaskFilter};
use ingot_domain::task::{Queue, TaskKind, TaskState};
use ingot_domain::verb::{Verb, ruled};

use super::filter::{Field, Filter, Place, choice, typed};
use super::frame::{Cell, List, ListPage, Nothing, Row, Way, column, lesser};
use super::parts::{Badge, Fact, Group, Value};
use super::text;

/// The page at `/tasks`: one page of tasks, the filter it was asked with, and the way to the next page.
pub fn tasks_page(
    page: &Page<Task>,
    filter: &TaskFilter,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let queues = Queue::ALL.iter().map(|queue| queue.as_str());
    let states = TaskState::ALL.iter().map(|state| state.as_str());
    let housekeeping = (filter.housekeeping == Some(true)).then_some("true");
    let fields = vec![
        choice("queue", "Queue", queues, filter.queue.as_deref()),
        choice("state", "State", states, filter.state.as_deref()),
        typed(
            "deployment_id",
            "Deployment",
            "dep_…",
            filter.deployment_id.as_deref(),
        ),
        // The clockwork's own tasks are many, and hide the work: they are shown on demand, as `tasks list --all` does.
        Field {
            without: "hidden",
            ..choice("housekeeping", "Housekeeping", ["true"], housekeeping)
        },
    ];
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    let way = way(filter);
    let filter = Filter::new("/tasks", fields, &place);
    let nothing = filter.nothing(Nothing {
        what: "There are no tasks.",
        how: "Workers add their periodic ones as soon as they run.",
        command: Some("ingot worker"),
    });
    ListPage {
        here: "tasks",
        title: "Tasks",
        intro: Some("The durable units of work behind deployments and images, newest first."),
        way: Some(way),
        filter,
        unfinished: page.items.iter().any(|task| task.finished_at.is_none()),
        list: task_list("tasks", "Tasks, newest first", &page.items, now, nothing),
    }
    .render()
}

/// A list of tasks.
pub(super) fn task_list(
    id: &'static str,
    caption: &'static str,
    tasks: &[Task],
    now: DateTime<Utc>,
    nothing: Nothing,
) -> List {
    List {
        id,
        caption,
        columns: vec![
            column("Task"),
            column("State"),
            column("Waits for"),
            lesser("Attempt"),
            lesser("Deployment"),
            column("Due"),
            lesser("Worker"),
        ],
        rows: tasks.iter().map(|task| row(task, now)).collect(),
        nothing,
    }
}

/// What leads from the list: to all that its filter finds, else to what was done to many.
fn way(filter: &TaskFilter) -> Way {
    let parts = [
        ("queue", filter.queue.as_deref()),
        ("state", filter.state.as_deref()),
        ("deployment_id", filter.deployment_id.as_deref()),
    ];
    match parts.iter().any(|(_, value)| value.is_some()) {
        true => Way {
            href: text::address("/operations/new", &parts),
            name: "Handle all of these…",
        },
        false => Way {
            href: "/operations".to_owned(),
            name: "Operations",
        },
    }
}

/// Why it waits, or what went wrong last.
fn waits(task: &Task) -> Option<&str> {
    let waiting = task.waiting.as_ref().map(|wait| wait.sentence.as_str());
    waiting
        .or(task.waiting_for.as_deref())
        .or(task.last_error.as_deref())
}

fn attempts(task: &Task) -> String {
    format!("{} of {}", task.attempt, task.max_attempts)
}

fn row(task: &Task, now: DateTime<Utc>) -> Row {
    let href = format!("/tasks/{}", text::segment(&task.id));
    let due = task.finished_at.unwrap_or(task.run_at);
    let cells = vec![
        Cell::from(Value::link(href, &task.kind)).over(Value::text(Some(&task.queue))),
        Cell::from(Value::State(Badge::task(&task.state))),
        Cell::from(Value::text(waits(task))).words(),
        Cell::from(Value::Text(attempts(task))).number(),
        Cell::from(Value::deployment(task.deployment_id.as_deref())),
        Cell::from(Value::ago(Some(due), now)).number(),
        Cell::from(Value::text(task.worker.as_deref())),
    ];
    Row { cells }
}

#[derive(Template)]
#[template(path = "task.html")]
struct TaskView {
    here: &'static str,
    kind: String,
    state: Badge,
    waits: Option<String>,
    way_out: Option<String>,
    error: Option<String>,
    action: String,
    verbs: Vec<Doable>,
    groups: Vec<Group>,
    attempts: List,
}

/// What can be done to a task.
struct Doable {
    verb: &'static str,
    means: &'static str,
}

/// What the table of verbs allows for a task, but for another due time, which is one for the command line.
fn doable(task: &Task) -> Vec<Doable> {
    let (kind, state) = (TaskKind::parse(&task.kind), TaskState::parse(&task.state));
    let Some((kind, state)) = kind.zip(state) else {
        return Vec::new();
    };
    let means = |verb| match verb {
        Verb::Retry => "It is tried again, as its subject's retry at that stage.",
        Verb::RunNow => "It is due now.",
        Verb::Cancel => "Its stage ends as when it is given up, and what it made is removed.",
        Verb::Discard => "The same, and it counts among those given up.",
        Verb::Reschedule => "It is due at another instant.",
    };
    let shown = Verb::ALL.iter().filter(|verb| {
        // What waits is run now; that is what a retry of it would be.
        let same = **verb == Verb::Retry && !state.is_final();
        let same = same || **verb == Verb::RunNow && state.is_final();
        **verb != Verb::Reschedule && !same && ruled(kind, **verb, state).is_ok()
    });
    let doable = |verb: &Verb| Doable {
        verb: verb.as_str(),
        means: means(*verb),
    };
    shown.map(doable).collect()
}

/// The page at `/tasks/{id}`.
pub fn task_page(task: &Task) -> Result<String, askama::Error> {
    let refused = task.waiting.as_ref().filter(|wait| wait.refused);
    TaskView {
        here: "tasks",
        kind: text::plain(&task.kind),
        state: Badge::task(&task.state),
        waits: task
            .waiting
            .as_ref()
            .map(|wait| wait.sentence.as_str())
            .or(task.waiting_for.as_deref())
            .map(text::plain),
        way_out: refused.map(|wait| text::plain(&wait.way_out)),
        error: task.last_error.as_deref().map(text::plain),
        action: format!("/tasks/{}/actions", text::segment(&task.id)),
        verbs: doable(task),
        groups: vec![work(task), times(task)],
        attempts: List {
            id: "attempts",
            caption: "Attempts with an outcome, oldest first",
            columns: vec![
                column("Attempt"),
                column("Outcome"),
                column("Error"),
                column("Worker"),
                column("Began"),
                column("Ended"),
            ],
            rows: task.attempts.iter().map(attempt).collect(),
            nothing: Nothing {
                what: "No attempt has failed.",
                how: "A visit that ends as it should, or that only looks again later, is no attempt.",
                command: None,
            },
        },
    }
    .render()
}

fn work(task: &Task) -> Group {
    Group {
        title: "Work",
        facts: vec![
            Fact::new("ID", Value::code(Some(&task.id))),
            Fact::new("Queue", Value::text(Some(&task.queue))),
            Fact::new(
                "Deployment",
                Value::deployment(task.deployment_id.as_deref()),
            ),
            Fact::new("Attempt", Value::Text(attempts(task))),
            Fact::new("Visits", Value::Text(task.visits.to_string())),
            Fact::new("Crashes", Value::Text(task.crashes.to_string())),
            Fact::new("Worker", Value::text(task.worker.as_deref())),
        ],
    }
}

fn times(task: &Task) -> Group {
    Group {
        title: "Times",
        facts: vec![
            Fact::new("Created", Value::time(Some(task.created_at))),
            Fact::new("Due", Value::time(Some(task.run_at))),
            Fact::new("Leased until", Value::time(task.lease_until)),
            Fact::new("Finished", Value::time(task.finished_at)),
        ],
    }
}

fn attempt(one: &Attempt) -> Row {
    let tone = match one.outcome.as_str() {
        "completed" => "good",
        "cancelled" => "quiet",
        _ => "bad",
    };
    let cells = vec![
        Cell::from(Value::Text(one.attempt.to_string())),
        Cell::from(Value::State(Badge::new(tone, &one.outcome))),
        Cell::from(Value::text(one.error.as_deref())).words(),
        Cell::from(Value::text(Some(&one.worker))),
        Cell::from(Value::time(Some(one.started_at))).number(),
        Cell::from(Value::time(Some(one.finished_at))).number(),
    ];
    Row { cells }
}
