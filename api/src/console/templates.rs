//! The list of templates, and the page of one with its revisions and what changed between two.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{Page, Template as Shown, TemplateRevision};

mod desk;
mod lines;

pub use desk::{Beyond, Desk, Verdict, desk_page};

use super::filter::{Filter, Place};
use super::frame::{Cell, List, ListPage, Nothing, Row, Way, column, lesser};
use super::parts::{Badge, Fact, Group, Value};
use super::text;

/// The page at `/templates`.
pub fn templates_page(page: &Page<Shown>) -> Result<String, askama::Error> {
    let place = Place {
        limit: None,
        cursor: None,
        next: None,
    };
    ListPage {
        here: "templates",
        title: "Templates",
        intro: Some("What can be deployed: where it starts, how it installs, and what \u{201c}it really answers\u{201d} means."),
        way: Some(Way {
            href: "/templates/new".to_owned(),
            name: "New template",
        }),
        filter: Filter::new("/templates", Vec::new(), &place),
        unfinished: false,
        list: List {
            id: "templates",
            caption: "Templates, by name",
            columns: vec![
                column("Name"),
                column("Revision"),
                column("Base"),
                lesser("Architecture"),
                column("Probe"),
                column("Fresh"),
                column("Cached"),
            ],
            rows: page.items.iter().map(row).collect(),
            nothing: Nothing {
                what: "There is no template.",
                how: "Write one here, or apply a file:",
                command: Some("ingot templates apply FILE"),
            },
        },
    }
    .render()
}

fn address(name: &str) -> String {
    format!("/templates/{}", text::segment(name))
}

fn row(one: &Shown) -> Row {
    let took = |seconds: Option<u64>| Value::text(seconds.and_then(shown).as_deref());
    let cells = vec![
        Cell::from(Value::link(address(&one.name), &one.name))
            .over(Value::text(Some(&one.description)))
            .words(),
        Cell::from(Value::Text(one.revision.to_string())).number(),
        Cell::from(Value::code(Some(&one.base_image))),
        Cell::from(Value::text(Some(&one.architecture))),
        Cell::from(Value::code(Some(&one.probe))),
        Cell::from(took(one.launch_times.fresh_seconds)).number(),
        Cell::from(took(one.launch_times.cached_seconds)).number(),
    ];
    Row { cells }
}

/// Whole seconds as people say them.
pub(super) fn shown(seconds: u64) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    text::duration(seconds as f64)
}

/// What the page of a template is drawn from.
#[derive(Debug)]
pub struct Known<'a> {
    /// The revision that is looked at.
    pub shown: &'a Shown,
    /// What it says.
    pub yaml: &'a str,
    /// The newest revision there is.
    pub newest: u32,
    /// One page of its revisions, the newest first.
    pub revisions: &'a Page<TemplateRevision>,
    /// It is not the first page.
    pub further: bool,
    /// An older revision to hold it against, and what that one says.
    pub against: Option<(u32, &'a str)>,
}

#[derive(Template)]
#[template(path = "template.html")]
struct TemplateView {
    here: &'static str,
    name: String,
    description: String,
    badge: Option<Badge>,
    old: Option<String>,
    deploy: String,
    edit: String,
    groups: Vec<Group>,
    revisions: List,
    newest: Option<String>,
    older: Option<String>,
    revision: u32,
    against: Option<u32>,
    lines: Vec<lines::Line>,
    same: bool,
    cut: bool,
    most: usize,
    raw: String,
}

/// The page at `/templates/{name}`.
pub fn template_page(known: &Known<'_>, now: DateTime<Utc>) -> Result<String, askama::Error> {
    let one = known.shown;
    let old = (known.newest != one.revision).then_some(known.newest);
    let text = match known.against {
        Some((_, before)) => lines::changed(before, known.yaml),
        None => lines::all(known.yaml),
    };
    let at = |path: &str| text::address(path, &[("template", Some(one.name.as_str()))]);
    TemplateView {
        here: "templates",
        name: text::plain(&one.name),
        description: text::plain(&one.description),
        badge: one.builtin.then(|| Badge::new("quiet", "comes with Ingot")),
        old: old
            .map(|newest| format!("This is revision {}; the newest is {newest}.", one.revision)),
        deploy: at("/deployments/new"),
        edit: at("/templates/new"),
        groups: vec![recipe(one), launches(one)],
        revisions: revisions(known, now),
        newest: known.further.then(|| further(known, None)),
        older: known
            .revisions
            .next_cursor
            .as_deref()
            .map(|before| further(known, Some(before))),
        revision: one.revision,
        against: known.against.map(|(number, _)| number),
        same: text.lines.is_empty(),
        cut: text.cut,
        most: lines::MOST,
        raw: text::address(
            &format!("/v1{}/yaml", address(&one.name)),
            &[("revision", Some(one.revision.to_string().as_str()))],
        ),
        lines: text.lines,
    }
    .render()
}

fn recipe(one: &Shown) -> Group {
    Group {
        title: "Recipe",
        facts: vec![
            Fact::new("Revision", Value::Text(one.revision.to_string())),
            Fact::new("Base", Value::code(Some(&one.base_image))),
            Fact::new("Architecture", Value::text(Some(&one.architecture))),
            Fact::new("Modes", Value::text(Some(&one.modes.join(", ")))),
            Fact::new(
                "Instance types",
                Value::text(Some(&one.instance_types.join(", "))),
            ),
            Fact::new(
                "Root volume",
                Value::Text(format!("{} GB", one.volume_size_gb)),
            ),
            Fact::new("Probe", Value::code(Some(&one.probe))),
            Fact::new("Fingerprint", Value::code(Some(&one.fingerprint))),
        ],
    }
}

fn launches(one: &Shown) -> Group {
    let times = &one.launch_times;
    let took = |seconds: Option<u64>| Value::text(seconds.and_then(shown).as_deref());
    let asked = [("template", Some(one.name.as_str()))];
    Group {
        title: "Launches",
        facts: vec![
            Fact::new("Installed fresh", took(times.fresh_seconds)),
            Fact::new("From its image", took(times.cached_seconds)),
            Fact::new("Measured on", Value::Text(times.samples.to_string())),
            Fact::new(
                "See also",
                Value::link(text::address("/images", &asked), "Its images"),
            ),
            Fact::new(
                "",
                Value::link(text::address("/", &asked), "Its deployments"),
            ),
        ],
    }
}

/// The same page with other revisions listed on it.
fn further(known: &Known<'_>, before: Option<&str>) -> String {
    let (shown, against) = (
        known.shown.revision.to_string(),
        known.against.map(|(number, _)| number.to_string()),
    );
    let asked = [
        ("revision", Some(shown.as_str())),
        ("against", against.as_deref()),
        ("before", before),
    ];
    text::address(&address(&known.shown.name), &asked)
}

fn revisions(known: &Known<'_>, now: DateTime<Utc>) -> List {
    let at = |revision: u32, against: Option<u32>| {
        let (revision, against) = (revision.to_string(), against.map(|old| old.to_string()));
        let asked = [
            ("revision", Some(revision.as_str())),
            ("against", against.as_deref()),
        ];
        text::address(&address(&known.shown.name), &asked)
    };
    let row = |one: &TemplateRevision| {
        let before = one.revision.checked_sub(1).filter(|before| *before > 0);
        let change = before.map_or(Value::Missing, |before| {
            Value::link(at(one.revision, Some(before)), &format!("since {before}"))
        });
        let cells = vec![
            Cell::from(Value::link(
                at(one.revision, None),
                &one.revision.to_string(),
            )),
            Cell::from(Value::ago(Some(one.created_at), now)).number(),
            Cell::from(change),
            Cell::from(Value::code(one.fingerprint.get(..12))),
        ];
        Row { cells }
    };
    List {
        id: "revisions",
        caption: "Revisions, newest first",
        columns: vec![
            column("Revision"),
            column("Applied"),
            column("What changed"),
            lesser("Fingerprint"),
        ],
        rows: known.revisions.items.iter().map(row).collect(),
        nothing: Nothing {
            what: "There is no revision.",
            how: "",
            command: None,
        },
    }
}
