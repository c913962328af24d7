//! What was found that must not be, with what it means and the way out (FIELD W17).

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Finding, FindingFilter, Page};

use super::filter::{Filter, Place, choice, typed};
use super::parts::{Badge, Moment, Value};
use super::text;

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsView {
    here: &'static str,
    filter: Filter,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    what: String,
    badge: Badge,
    meaning: String,
    advice: String,
    about: Value,
    subject: String,
    seen: String,
    first: Moment,
    last: Moment,
    settled: Option<String>,
    action: String,
    keep: bool,
    remove: bool,
}

/// The page at `/findings`.
pub fn findings_page(
    page: &Page<Finding>,
    filter: &FindingFilter,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let states = ["open", "settled", "cleared"];
    let fields = vec![
        choice("state", "State", states, filter.state.as_deref()),
        typed(
            "deployment_id",
            "Deployment",
            "dep_…",
            filter.deployment_id.as_deref(),
        ),
    ];
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    FindingsView {
        here: "findings",
        filter: Filter::new("/findings", fields, &place),
        rows: page.items.iter().map(|one| row(one, now)).collect(),
    }
    .render()
}

fn row(one: &Finding, now: DateTime<Utc>) -> Row {
    let (tone, word) = match (&one.cleared_at, one.settled.as_deref()) {
        (Some(_), _) => ("quiet", "cleared"),
        (None, Some("keep")) => ("quiet", "kept"),
        (None, Some(_)) => ("moving", "being removed"),
        (None, None) if one.violated => ("bad", "open"),
        (None, None) => ("warned", "open"),
    };
    let may = |verdict: &str| one.verdicts.iter().any(|known| known == verdict);
    let by = one.settled_by.as_deref().unwrap_or_default();
    let why = one.settled_reason.as_deref().unwrap_or_default();
    let times = if one.sightings == 1 { "time" } else { "times" };
    Row {
        id: text::segment(&one.id),
        what: text::plain(&one.what),
        badge: Badge::new(tone, word),
        meaning: text::plain(&one.meaning),
        advice: text::plain(&one.advice),
        about: Value::deployment(one.deployment_id.as_deref()),
        subject: text::plain(&format!(
            "{} · {} · {}",
            one.invariant, one.scope, one.subject
        )),
        seen: format!("Seen {} {times}", one.sightings),
        first: Moment::ago(one.first_seen_at, now),
        last: Moment::ago(one.last_seen_at, now),
        settled: one
            .settled
            .as_ref()
            .map(|_| text::plain(&format!("Settled by {by}: {why}"))),
        action: format!("/findings/{}/settle", text::segment(&one.id)),
        keep: may("keep"),
        remove: may("remove"),
    }
}
