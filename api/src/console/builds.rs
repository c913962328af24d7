//! The list of builds, and the page of one (`page`).

mod page;

pub use page::build_page;

use askama::Template;
use ingot_client::Page;
use ingot_client::build::{Build, BuildFilter};
use ingot_domain::build::BuildStatus;

use super::filter::{Filter, Place, choice, typed};
use super::frame::{Cell, List, ListPage, Nothing, Row, Way, column, lesser};
use super::parts::{Badge, Value};
use super::text;

/// The page at `/builds`.
pub fn builds_page(page: &Page<Build>, filter: &BuildFilter) -> Result<String, askama::Error> {
    let statuses = BuildStatus::ALL.iter().map(|status| status.as_str());
    let statuses = ["open"].into_iter().chain(statuses);
    let fields = vec![
        choice("status", "Status", statuses, filter.status.as_deref()),
        typed("template", "Template", "", filter.template.as_deref()),
        typed("region", "Region", "us-east-1", filter.region.as_deref()),
    ];
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    let filter = Filter::new("/builds", fields, &place);
    let nothing = filter.nothing(Nothing {
        what: "Nothing was built anew yet.",
        how: "A build is asked for when a base image moves, a template is popular, its image is old, or by hand.",
        command: Some("ingot templates auto-ami build NAME"),
    });
    ListPage {
        here: "auto-ami",
        title: "Builds",
        intro: Some("Images that are made anew: what asks for it, when it starts and why not now."),
        way: Some(Way {
            href: "/auto-ami".to_owned(),
            name: "Auto-AMI",
        }),
        filter,
        unfinished: page.items.iter().any(|build| !build.is_over()),
        list: list("builds", "Builds, newest first", &page.items, nothing),
    }
    .render()
}

/// Builds as a list of any page.
pub(super) fn list(
    id: &'static str,
    caption: &'static str,
    builds: &[Build],
    nothing: Nothing,
) -> List {
    List {
        id,
        caption,
        columns: vec![
            column("Build"),
            column("Status"),
            column("Trigger"),
            column("Start"),
            column("Why not now, and when"),
            lesser("Cost"),
        ],
        rows: builds.iter().map(row).collect(),
        nothing,
    }
}

fn row(build: &Build) -> Row {
    let start = build.started_at.filter(|_| !build.waits());
    let start = start.or(build.scheduled_for);
    let note = build.why_not_now.as_ref().or(build.progress.as_ref());
    let note = note.or(build.error.as_ref());
    let cost = build.actual_cost.as_ref().or(build.estimated_cost.as_ref());
    let cost = cost.map(|cost| format!("{cost} USD"));
    let paid = build
        .budget_source
        .as_ref()
        .map(|purse| format!("{purse} purse"));
    let version = format!("{} · {}", build.version, build.region);
    let cells = vec![
        Cell::from(Value::link(address(&build.id), &build.template))
            .over(Value::text(Some(&version))),
        Cell::from(Value::State(badge(build))),
        Cell::from(Value::text(Some(&build.cause()))),
        Cell::from(Value::ago(start, build.at)).number(),
        Cell::from(Value::text(note.map(String::as_str))).words(),
        Cell::from(Value::text(cost.as_deref()))
            .over(Value::text(paid.as_deref()))
            .number(),
    ];
    Row { cells }
}

/// The page of a build.
pub(super) fn address(id: &str) -> String {
    format!("/builds/{}", text::segment(id))
}

/// A build's status as a coloured word.
fn badge(build: &Build) -> Badge {
    let tone = match (BuildStatus::parse(&build.status), build.state.as_deref()) {
        (Some(BuildStatus::Queued), Some("blocked")) => "warned",
        (Some(BuildStatus::Queued), _) => "waiting",
        (Some(BuildStatus::AwaitingApproval), _) => "warned",
        (Some(BuildStatus::Building | BuildStatus::Testing | BuildStatus::Publishing), _) => {
            "moving"
        }
        (Some(BuildStatus::Completed), _) => "good",
        (Some(BuildStatus::Failed), _) => "bad",
        (Some(BuildStatus::Cancelled | BuildStatus::Rejected | BuildStatus::Skipped) | None, _) => {
            "quiet"
        }
    };
    let word = match build.state.as_deref() {
        Some("blocked") if build.waits() => "blocked",
        _ => &build.status,
    };
    Badge::new(tone, &word.replace('_', " "))
}
