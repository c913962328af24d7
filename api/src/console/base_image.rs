//! One base image: its rule, its regions, its history and what a person can do about it.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{BaseImage, BaseImageRegion, BaseImageUpdate, Event};

use super::base_images::{badge, base_image_address, linked, listed, word};
use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Fact, Group, Line, Value};
use super::text;
use super::updates::level;

#[derive(Template)]
#[template(path = "base_image.html")]
struct BaseImageView {
    here: &'static str,
    name: String,
    what: String,
    badge: Badge,
    paused: Option<String>,
    troubles: Vec<String>,
    action: String,
    is_paused: bool,
    groups: Vec<Group>,
    regions: List,
    templates: List,
    history: List,
    lines: Vec<Line>,
}

/// The page at `/base-images/{name}`, with its story so far.
pub fn base_image_page(
    one: &BaseImage,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    BaseImageView {
        here: "base-images",
        name: text::plain(&one.name),
        what: text::plain(&match &one.current_name {
            Some(name) => format!("The newest build that a region has shown is {name}."),
            None => "No region has shown a build of it yet.".to_owned(),
        }),
        badge: badge(one),
        paused: one.paused_at.map(|at| paused(one, at)),
        troubles: one.regions.iter().flat_map(troubles).collect(),
        action: format!("{}/actions", base_image_address(&one.name)),
        is_paused: one.paused_at.is_some(),
        groups: vec![newest(one, now), rule(one)],
        regions: List {
            id: "regions",
            caption: "Regions that are watched",
            columns: vec![
                column("Region"),
                column("State"),
                column("Build"),
                column("Image"),
                column("Checked"),
                column("Next"),
            ],
            rows: one.regions.iter().map(|here| region(here, now)).collect(),
            nothing: Nothing {
                what: "It is watched in no region.",
                how: "A look watches it in the regions that this installation works in.",
                command: None,
            },
        },
        templates: List {
            id: "templates",
            caption: "Templates that start from it",
            columns: vec![column("Template")],
            rows: one
                .dependent_templates
                .iter()
                .map(|name| template(name))
                .collect(),
            nothing: Nothing {
                what: "No template starts from it.",
                how: "",
                command: None,
            },
        },
        history: List {
            id: "history",
            caption: "Its updates, the newest first",
            columns: vec![
                column("Update"),
                column("Level"),
                column("Type"),
                column("Seen in"),
                column("Seen"),
                column("Made"),
                lesser("Changes"),
            ],
            rows: one
                .update_history
                .iter()
                .map(|update| moved(update, now))
                .collect(),
            nothing: Nothing {
                what: "It has not moved since it is watched.",
                how: "The first sighting is what later builds are held against.",
                command: None,
            },
        },
        lines: events.iter().map(Line::of).collect(),
    }
    .render()
}

fn paused(one: &BaseImage, at: DateTime<Utc>) -> String {
    let by = one.paused_by.as_deref().unwrap_or("a person");
    let why = one.paused_reason.as_deref().unwrap_or_default();
    text::plain(&format!(
        "Paused by {by} at {}: {why}. Newer builds are not looked for.",
        text::instant(at)
    ))
}

fn troubles(here: &BaseImageRegion) -> Vec<String> {
    let checked = here.last_checked.map_or_else(String::new, |at| {
        format!(", last tried {}", text::instant(at))
    });
    let error = here.error.as_ref();
    let error = error.map(|why| format!("{} cannot be looked at{checked}: {why}", here.region));
    let all = error.into_iter().chain(here.alarms.iter().cloned());
    all.map(|said| text::plain(&said)).collect()
}

fn newest(one: &BaseImage, now: DateTime<Utc>) -> Group {
    Group {
        title: "Newest build",
        facts: vec![
            Fact::new("Build", Value::text(one.current_build.as_deref())),
            Fact::new("Name", Value::code(one.current_name.as_deref())),
            Fact::new("Image", Value::code(one.current_image_id.as_deref())),
            Fact::new(
                "Not yet in",
                Value::text(listed(&one.pending_region).as_deref()),
            ),
            Fact::new("Last checked", Value::ago(one.last_checked, now)),
            Fact::new("Next check", Value::ago(one.next_check, now)),
        ],
    }
}

fn rule(one: &BaseImage) -> Group {
    let from = if one.builtin {
        "every installation has it"
    } else {
        "added by a person"
    };
    Group {
        title: "What counts as it",
        facts: vec![
            Fact::new("Owner", Value::code(Some(&one.owner))),
            Fact::new("Listed by", Value::code(Some(&one.aws_filter))),
            Fact::new("Name rule", Value::code(Some(&one.pattern))),
            Fact::new("Parameter", Value::code(one.parameter.as_deref())),
            Fact::new("Architecture", Value::text(Some(&one.architecture))),
            Fact::new("Judged as", Value::text(one.like.as_deref())),
            Fact::new("Comes from", Value::text(Some(from))),
        ],
    }
}

fn region(here: &BaseImageRegion, now: DateTime<Utc>) -> Row {
    let (tone, word) = match (here.error.is_some(), here.state.as_str()) {
        (true, _) => ("bad", "not looked at"),
        (false, "current") => ("good", "current"),
        (false, "pending" | "new") => ("waiting", here.state.as_str()),
        (false, "rolled_back") => ("bad", "rolled back"),
        (false, "withdrawn") => ("bad", "withdrawn"),
        (false, other) => ("quiet", other),
    };
    let cells = vec![
        Cell::from(Value::text(Some(&here.region))),
        Cell::from(Value::State(Badge::new(tone, word))),
        Cell::from(Value::text(here.build.as_deref())),
        Cell::from(Value::code(here.image_id.as_deref())),
        Cell::from(Value::ago(here.last_checked, now)).number(),
        Cell::from(Value::ago(here.next_check, now)).number(),
    ];
    Row { cells }
}

fn template(name: &str) -> Row {
    let page = format!("/templates/{}", text::segment(name));
    let cells = vec![Cell::from(Value::link(page, name))];
    Row { cells }
}

fn moved(update: &BaseImageUpdate, now: DateTime<Utc>) -> Row {
    let alarm = update.kind != "update";
    let judged = if alarm {
        Value::State(Badge::new("bad", &update.kind.replace('_', " ")))
    } else {
        Value::State(level(word(update)))
    };
    let also = update.tags.join(", ");
    let also = Some(also.as_str()).filter(|tags| !tags.is_empty());
    let cells = vec![
        Cell::from(linked(update)).over(Value::code(update.image_id.as_deref())),
        Cell::from(judged),
        Cell::from(Value::text(update.update_type.as_deref())).over(Value::text(also)),
        Cell::from(Value::text(Some(&update.region))),
        Cell::from(Value::ago(Some(update.updated_at), now)).number(),
        Cell::from(Value::ago(update.created_at, now)).number(),
        Cell::from(Value::outside(update.changelog_url.as_deref())).words(),
    ];
    Row { cells }
}
