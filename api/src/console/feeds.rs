//! Feeds of advisories: how each stands, from where and how old, and why one cannot be relied on.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::feed::Feed;

use super::parts::{Badge, Moment};
use super::text;

#[derive(Template)]
#[template(path = "feeds.html")]
struct FeedsView {
    here: &'static str,
    /// Feeds that hold something and cannot be relied on.
    doubtful: Vec<String>,
    empty: bool,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    holds: String,
    badge: Badge,
    records: u64,
    source: String,
    fetched: Option<Moment>,
    newest: Option<Moment>,
    next: Option<Moment>,
    why: Vec<String>,
    unread: Vec<String>,
}

/// The page at `/advisories`.
pub fn feeds_page(feeds: &[Feed], now: DateTime<Utc>) -> Result<String, askama::Error> {
    let doubtful = feeds
        .iter()
        .filter(|feed| !matches!(feed.state.as_str(), "ok" | "empty"));
    FeedsView {
        here: "advisories",
        doubtful: doubtful.map(|feed| text::plain(&feed.name)).collect(),
        empty: feeds.iter().all(|feed| feed.state == "empty"),
        rows: feeds.iter().map(|feed| row(feed, now)).collect(),
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
    let all = |texts: &[String]| texts.iter().map(|text| text::plain(text)).collect();
    Row {
        name: text::plain(&feed.name),
        holds: text::plain(&feed.holds),
        badge: Badge::new(tone, &feed.state),
        records: feed.records,
        source: text::plain(feed.source.as_deref().unwrap_or_default()),
        fetched: feed.fetched_at.map(|at| Moment::ago(at, now)),
        newest: feed.newest.map(Moment::new),
        next: feed.next_sync_at.map(Moment::new),
        why: all(&feed.why),
        unread: all(&feed.unread),
    }
}
