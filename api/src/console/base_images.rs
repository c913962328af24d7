//! Base images: what is watched and what could be.

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::{BaseImage, BaseImageUpdate, Page};

use super::frame::{Cell, List, Nothing, Row, column, lesser};
use super::parts::{Badge, Value};
use super::text;
use super::updates::level;

#[derive(Template)]
#[template(path = "base_images.html")]
struct BaseImagesView {
    here: &'static str,
    watched: List,
    known: List,
}

/// The page at `/base-images`; ages are told by the calendar's `now`.
pub fn base_images_page(
    page: &Page<BaseImage>,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let (watched, known): (Vec<_>, Vec<_>) = page
        .items
        .iter()
        .partition(|one| !one.regions.is_empty() || one.paused_at.is_some());
    BaseImagesView {
        here: "base-images",
        watched: List {
            id: "watched",
            caption: "Base images that are watched, by name",
            columns: vec![
                column("Base image"),
                column("State"),
                column("Newest build"),
                column("Last update"),
                lesser("Regions"),
                lesser("Templates"),
                column("Checked"),
                lesser("Next"),
            ],
            rows: watched.into_iter().map(|one| row(one, now)).collect(),
            nothing: Nothing {
                what: "No base image is watched yet.",
                how: "One is once a template names it, an image stands on it, or a person asks for a look at it.",
                command: Some("ingot base-images scan ubuntu-24.04"),
            },
        },
        known: List {
            id: "known",
            caption: "Base images that could be watched, by name",
            columns: vec![
                column("Base image"),
                column("Architecture"),
                column("Owner"),
                column("Names"),
            ],
            rows: known.into_iter().map(unwatched).collect(),
            nothing: Nothing {
                what: "All that are known are watched.",
                how: "",
                command: None,
            },
        },
    }
    .render()
}

fn row(one: &BaseImage, now: DateTime<Utc>) -> Row {
    let (last, judged) = match one.update_history.first() {
        Some(update) => (linked(update), Value::State(level(word(update)))),
        None => (Value::Missing, Value::Missing),
    };
    let regions: Vec<&str> = one.regions.iter().map(|one| one.region.as_str()).collect();
    let pending = listed(&one.pending_region).map(|regions| format!("not yet in {regions}"));
    let cells = vec![
        Cell::from(Value::link(base_image_address(&one.name), &one.name)),
        Cell::from(Value::State(badge(one))),
        Cell::from(Value::text(one.current_build.as_deref())).over(Value::text(pending.as_deref())),
        Cell::from(last).over(judged),
        Cell::from(Value::text(Some(&regions.join(", ")))).words(),
        Cell::from(Value::text(listed(&one.dependent_templates).as_deref())).words(),
        Cell::from(Value::ago(one.last_checked, now)).number(),
        Cell::from(Value::ago(one.next_check, now)).number(),
    ];
    Row { cells }
}

fn unwatched(one: &BaseImage) -> Row {
    let cells = vec![
        Cell::from(Value::link(base_image_address(&one.name), &one.name)),
        Cell::from(Value::text(Some(&one.architecture))),
        Cell::from(Value::code(Some(&one.owner))),
        Cell::from(Value::text(Some(&one.aws_filter))).words(),
    ];
    Row { cells }
}

/// The page of a base image.
pub(crate) fn base_image_address(name: &str) -> String {
    format!("/base-images/{}", text::segment(name))
}

pub(super) fn listed(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}

/// How it stands, the worst first.
pub(super) fn badge(one: &BaseImage) -> Badge {
    let any = |state: &str| one.regions.iter().any(|here| here.state == state);
    let (tone, word) = if one.paused_at.is_some() {
        ("warned", "paused")
    } else if one.regions.iter().any(|here| here.error.is_some()) {
        ("bad", "not looked at")
    } else if any("withdrawn") {
        ("bad", "withdrawn")
    } else if any("rolled_back") {
        ("bad", "rolled back")
    } else if one.regions.is_empty() {
        ("quiet", "not watched")
    } else if one.current_build.is_none() {
        ("waiting", "not seen yet")
    } else if !one.pending_region.is_empty() {
        ("waiting", "pending")
    } else {
        ("good", "current")
    };
    Badge::new(tone, word)
}

pub(super) fn word(update: &BaseImageUpdate) -> Option<&str> {
    update.security_level.as_deref()
}

/// What moved to what, as the way to its evidence.
pub(super) fn linked(update: &BaseImageUpdate) -> Value {
    let build = |build: &Option<String>| build.clone().unwrap_or_else(|| "none".to_owned());
    let said = format!(
        "{} → {}",
        build(&update.previous_build),
        build(&update.build)
    );
    match update.kind.as_str() {
        "update" => Value::link(format!("/updates/{}", text::segment(&update.id)), &said),
        // An alarm was never judged, so it has no page.
        _ => Value::text(Some(&said)),
    }
}
