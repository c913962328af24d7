//! Feeds of advisories: how each stands, from where and how old, and why one cannot be relied on.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::feed::Feed;

use super::filter::{Filter, Place};
use super::frame::{Cell, List, ListPage, Nothing, Row, column, lesser};
use super::parts::{Badge, Value};

/// The page at `/advisories`; ages of loads are told by `now`.
pub fn feeds_page(feeds: &[Feed], now: DateTime<Utc>) -> Result<String, askama::Error> {
    let nowhere = Place {
        limit: None,
        cursor: None,
        next: None,
    };
    ListPage {
        here: "advisories",
        title: "Advisories",
        intro: Some(
            "What vendors say of vulnerabilities, and signs that they are exploited. A judgement is as good as the feeds it rests on.",
        ),
        way: None,
        filter: Filter::new("/advisories", Vec::new(), &nowhere),
        unfinished: feeds.iter().any(|feed| feed.loading_since.is_some()),
        list: List {
            id: "feeds",
            caption: "Feeds of advisories and of signs of exploitation",
            columns: vec![
                column("Feed"),
                column("State"),
                column("Records"),
                column("Loaded"),
                column("Newest record"),
                lesser("Next sync"),
                column("From"),
                column("What is wrong"),
            ],
            rows: feeds.iter().map(|feed| row(feed, now)).collect(),
            nothing: Nothing {
                what: "Nothing is loaded.",
                how: "A folder of vendors' files is loaded by a command.",
                command: Some("ingot advisories load DIR"),
            },
        },
    }
    .render()
}

fn row(feed: &Feed, now: DateTime<Utc>) -> Row {
    let tone = match feed.state.as_str() {
        "ok" => "good",
        "stale" => "warned",
        "failing" => "bad",
        _ => "quiet",
    };
    let loading = feed.loading_since.map(|_| "loading");
    let mut wrong = feed.why.clone();
    wrong.extend(feed.unread.iter().map(|part| format!("not read: {part}")));
    let wrong = wrong.join("\n");
    let cells = vec![
        Cell::from(Value::text(Some(&feed.name))).over(Value::text(Some(&feed.holds))),
        Cell::from(Value::State(Badge::new(tone, &feed.state))).over(Value::text(loading)),
        Cell::from(Value::text(Some(&feed.records.to_string()))).number(),
        Cell::from(Value::ago(feed.fetched_at, now)).number(),
        Cell::from(Value::time(feed.newest)).number(),
        Cell::from(Value::time(feed.next_sync_at)).number(),
        Cell::from(Value::text(feed.source.as_deref())).words(),
        Cell::from(Value::text(
            Some(wrong.as_str()).filter(|wrong| !wrong.is_empty()),
        ))
        .words(),
    ];
    Row { cells }
}
