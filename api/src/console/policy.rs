//! The installation's policy, every key as text, and its revisions with what each changed; and the prices that builds reserve by.

use askama::Template;
use ingot_client::policy::{InstallationPolicy, PolicyChange, PolicyLine, PolicyRevision};
use ingot_client::price::Price;

use super::filter::{Filter, Place};
use super::frame::{Cell, List, ListPage, Nothing, Row, column};
use super::parts::{Moment, Value};

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyView<'a> {
    here: &'static str,
    said: String,
    warnings: &'a [String],
    says: &'a [PolicyLine],
    revisions: Vec<Revision<'a>>,
}

struct Revision<'a> {
    revision: i32,
    active: bool,
    by: &'a str,
    at: Moment,
    reason: Option<&'a str>,
    changes: &'a [PolicyChange],
}

/// The page at `/policy`.
pub fn policy_page(
    policy: &InstallationPolicy,
    revisions: &[PolicyRevision],
) -> Result<String, askama::Error> {
    let said = match (policy.revision, policy.active) {
        (0, true) => "No policy was imported: every key has its default.".to_owned(),
        (0, false) => "These are the defaults, which are not in force.".to_owned(),
        (revision, true) => format!("Revision {revision} is in force."),
        (revision, false) => format!("Revision {revision} is not in force."),
    };
    let revisions = revisions.iter().map(|one| Revision {
        revision: one.revision,
        active: one.active,
        by: &one.created_by,
        at: Moment::new(one.created_at),
        reason: one.created_reason.as_deref(),
        changes: &one.changes,
    });
    PolicyView {
        here: "policy",
        said,
        warnings: &policy.warnings,
        says: &policy.says,
        revisions: revisions.collect(),
    }
    .render()
}

/// The page at `/prices`.
pub fn prices_page(prices: &[Price]) -> Result<String, askama::Error> {
    let nowhere = Place {
        limit: None,
        cursor: None,
        next: None,
    };
    ListPage {
        here: "policy",
        title: "Prices",
        intro: Some(
            "What instance types cost an hour in us-east-1, on demand with Linux. Another region without a figure of its own costs half as much again; nothing is built on a type without a price.",
        ),
        way: None,
        filter: Filter::new("/prices", Vec::new(), &nowhere),
        unfinished: false,
        list: List {
            id: "prices",
            caption: "Prices of instance types",
            columns: vec![
                column("Type"),
                column("USD per hour"),
                column("As of"),
                column("Source"),
            ],
            rows: prices.iter().map(row).collect(),
            nothing: Nothing {
                what: "No price is known.",
                how: "A file of prices is loaded by a command.",
                command: Some("ingot prices load FILE"),
            },
        },
    }
    .render()
}

fn row(price: &Price) -> Row {
    let cells = vec![
        Cell::from(Value::text(Some(&price.instance_type))),
        Cell::from(Value::text(Some(&price.usd_per_hour))).number(),
        Cell::from(Value::text(Some(&price.as_of))),
        Cell::from(Value::text(Some(&price.source))).words(),
    ];
    Row { cells }
}
