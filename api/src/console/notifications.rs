//! What people are told of, read and unread, and the receivers with how they stand.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::Page;
use ingot_client::notification::{Notification, NotificationFilter, Receiver};
use ingot_domain::notice::Topic;

use super::filter::{Filter, Place, choice};
use super::parts::{Badge, Moment};
use super::text;

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsView {
    here: &'static str,
    filter: Filter,
    unread: bool,
    rows: Vec<Row>,
    receivers: Vec<Way>,
}

struct Row {
    id: String,
    title: String,
    badge: Badge,
    unread: bool,
    new: Badge,
    message: String,
    facts: Vec<String>,
    at: Moment,
    subject: String,
    link: String,
}

struct Way {
    id: String,
    name: String,
    badge: Badge,
    channel: String,
    address: String,
    why: Vec<String>,
    wishes: String,
    waiting: i64,
    failed: i64,
    taken: Option<Moment>,
    next: Option<Moment>,
    test: String,
    disabled: bool,
}

/// The page at `/notifications`.
pub fn notifications_page(
    page: &Page<Notification>,
    receivers: &[Receiver],
    filter: &NotificationFilter,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let unread = filter.unread.map(|unread| unread.to_string());
    let fields = vec![
        choice("type", "Type", Topic::GROUPS, filter.topic.as_deref()),
        choice("unread", "Unread", ["true"], unread.as_deref()),
    ];
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    NotificationsView {
        here: "notifications",
        filter: Filter::new("/notifications", fields, &place),
        unread: page.items.iter().any(|one| one.read_at.is_none()),
        rows: page.items.iter().map(|one| row(one, now)).collect(),
        receivers: receivers.iter().map(|one| way(one, now)).collect(),
    }
    .render()
}

fn row(one: &Notification, now: DateTime<Utc>) -> Row {
    let tone = match one.severity.as_str() {
        "critical" => "bad",
        "warning" => "warned",
        _ => "quiet",
    };
    let subject = text::segment(&one.subject);
    let link = match one.subject.split('_').next() {
        Some("dep") => format!("/deployments/{subject}"),
        Some("img") => format!("/images/{subject}"),
        Some("upd") => format!("/updates/{subject}"),
        Some("fnd") => format!("/findings#{subject}"),
        _ => String::new(),
    };
    let fact = |(name, value): (&String, &String)| {
        text::plain(&format!("{}: {value}", name.replace('_', " ")))
    };
    Row {
        id: text::segment(&one.id),
        title: text::plain(&one.title),
        badge: Badge::new(tone, &one.severity),
        unread: one.read_at.is_none(),
        new: Badge::new("moving", "new"),
        message: text::plain(&one.message),
        facts: one.facts.iter().map(fact).collect(),
        at: Moment::ago(one.at, now),
        subject: text::plain(&one.subject),
        link,
    }
}

fn way(one: &Receiver, now: DateTime<Utc>) -> Way {
    let tone = match one.state.as_str() {
        "ok" => "good",
        "failing" => "warned",
        _ => "bad",
    };
    let wishes = &one.preferences;
    let all = |words: &[String], none: &str| match words {
        [] => none.to_owned(),
        words => words.join(", "),
    };
    let mut said = vec![format!("types: {}", all(&wishes.topics, "all"))];
    if !wishes.muted.is_empty() {
        said.push(format!("not {}", all(&wishes.muted, "")));
    }
    let zone = wishes.zone.as_deref().unwrap_or("UTC");
    if let Some(quiet) = &wishes.quiet {
        said.push(format!("quiet {quiet} ({zone})"));
    }
    if let Some(digest) = &wishes.digest {
        said.push(format!("digest at {digest} ({zone})"));
    }
    let why = [&one.disabled_reason, &one.last_error];
    Way {
        id: text::segment(&one.id),
        name: text::plain(&one.name),
        badge: Badge::new(tone, &one.state),
        channel: text::plain(&one.channel),
        address: text::plain(&one.address),
        why: why
            .into_iter()
            .flatten()
            .map(|why| text::plain(why))
            .collect(),
        wishes: text::plain(&said.join(" · ")),
        waiting: one.waiting,
        failed: one.failed,
        taken: one.last_ok_at.map(|at| Moment::ago(at, now)),
        next: one.paused_until.map(Moment::new),
        test: format!("/notifications/receivers/{}/test", text::segment(&one.id)),
        disabled: one.state == "disabled",
    }
}
