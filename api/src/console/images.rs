//! The list of images and the page of one, with every fact the ledger has about it (F55).

use askama::Template;
use chrono::{DateTime, Utc};
use ingot_client::base_update::ImageSecurity;
use ingot_client::{Event, Image, ImageFilter, Page};
use ingot_domain::image::ImageStatus;
use ingot_domain::provenance::Class;

use super::filter::{Filter, Place, of_versions};
use super::frame::{Cell, List, ListPage, Nothing, Row, column, lesser};
use super::held;
use super::parts::{Badge, Fact, Group, Line, Value, tags};
use super::text;

/// The page at `/images`: one page of images, the filter it was asked with, and the way to the next page. Ages are told
/// by `now`.
pub fn images_page(
    page: &Page<Image>,
    filter: &ImageFilter,
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let statuses = ImageStatus::ALL.iter().map(|status| status.as_str());
    let asked = [
        &filter.status,
        &filter.template,
        &filter.version,
        &filter.region,
    ];
    let fields = of_versions(statuses, asked);
    let place = Place {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        next: page.next_cursor.as_deref(),
    };
    let filter = Filter::new("/images", fields, &place);
    let nothing = filter.nothing(Nothing {
        what: "There are no images yet.",
        how: "The first deployment of a version that proves ready leaves one.",
        command: None,
    });
    let moves = |image: &Image| ["claimed", "pending"].contains(&image.status.as_str());
    ListPage {
        here: "images",
        title: "Images",
        intro: None,
        way: None,
        filter,
        unfinished: page.items.iter().any(moves),
        list: List {
            id: "images",
            caption: "Images, newest first",
            columns: vec![
                column("Name"),
                column("AMI"),
                column("Version"),
                lesser("Region"),
                column("Status"),
                lesser("Size"),
                column("Created"),
            ],
            rows: page.items.iter().map(|image| row(image, now)).collect(),
            nothing,
        },
    }
    .render()
}

fn row(image: &Image, now: DateTime<Utc>) -> Row {
    let cells = vec![
        Cell::from(Value::link(address(image), &image.name))
            .over(Value::text(Some(&image.template))),
        Cell::from(Value::code(image.ami_id.as_deref())),
        Cell::from(Value::text(Some(&image.version))).over(Value::text(Some(&mode(image)))),
        Cell::from(Value::text(Some(&image.region))).whole(),
        Cell::from(Value::State(badge(image))),
        Cell::from(size(image)).number(),
        Cell::from(Value::ago(Some(image.created_at), now)).number(),
    ];
    Row { cells }
}

/// The page of an image.
pub(super) fn address(image: &Image) -> String {
    format!("/images/{}", text::segment(&image.id))
}

fn badge(image: &Image) -> Badge {
    Badge::image(if image.disabled_at.is_some() {
        "disabled"
    } else {
        &image.status
    })
}

fn size(image: &Image) -> Value {
    let size = image.size_gb.map(|size| format!("{size} GB"));
    Value::text(size.as_deref())
}

#[derive(Template)]
#[template(path = "image.html")]
struct ImageView {
    here: &'static str,
    name: String,
    what: String,
    badge: Badge,
    error: Option<String>,
    /// How to launch from it, while that is possible.
    launch: Option<Launch>,
    base: String,
    adopt: bool,
    drop: bool,
    groups: Vec<Group>,
    /// What its list shows, where it has one: what is open, and what is fixed since the image before it.
    open: Option<Fixes>,
    fixed: Option<Fixes>,
    lines: Vec<Line>,
}

/// Fixes, and what is left off.
struct Fixes {
    list: List,
    rest: Option<String>,
}

/// The same in the console and on the command line.
struct Launch {
    href: String,
    command: String,
}

/// The page at `/images/{id}`, with how it stands against advisories and its story so far. Ages are told by `now`.
pub fn image_page(
    image: &Image,
    security: Option<&ImageSecurity>,
    events: &[Event],
    now: DateTime<Utc>,
) -> Result<String, askama::Error> {
    let found = image.origin == "found" || image.origin == "adopted";
    let gone = ["missing", "deleted"].contains(&image.status.as_str());
    let dropped = image.dropped_at.is_some();
    let mut groups = vec![facts(image), base(image), origin(image)];
    groups.extend(security.map(held::standing));
    let by_list = security.and_then(|of| of.by_list.as_ref());
    groups.extend(by_list.map(|of| held::list(of, now)));
    let listed = by_list.filter(|of| of.taken_at.is_some());
    let compared = listed.filter(|of| of.predecessor_taken_at.is_some());
    ImageView {
        here: "images",
        name: text::plain(&image.name),
        what: text::plain(&format!(
            "{} {} · {} · {}",
            image.template, image.version, image.mode, image.region
        )),
        badge: badge(image),
        error: image.error.as_deref().map(text::plain),
        launch: launch(image),
        base: format!("{}/actions", address(image)),
        adopt: image.origin == "found" || dropped,
        drop: !dropped && (found || gone || image.disabled_at.is_some()),
        groups,
        open: listed.map(|one| Fixes {
            list: held::table("open", "Fixes that it lacks, the gravest first", &one.open),
            rest: held::rest(&one.open, &image.id),
        }),
        fixed: compared.map(|one| Fixes {
            list: held::table(
                "fixed",
                "Fixes that the image before it lacks, with the versions of that one",
                &one.fixed,
            ),
            rest: held::rest(&one.fixed, &image.id),
        }),
        lines: events.iter().map(Line::of).collect(),
    }
    .render()
}

fn launch(image: &Image) -> Option<Launch> {
    let usable = image.status == "available" && image.disabled_at.is_none();
    let ami = image.ami_id.as_deref().filter(|_| usable)?;
    let asked = [
        ("template", Some(image.template.as_str())),
        ("version", Some(&image.version)),
        ("mode", Some(&image.mode)),
        ("region", Some(&image.region)),
        ("image", Some(ami)),
    ];
    Some(Launch {
        href: text::address("/deployments/new", &asked),
        command: text::plain(&format!(
            "ingot deploy {} --version {} --mode {} --region {} --image {ami}",
            image.template, image.version, image.mode, image.region
        )),
    })
}

/// The image that it is a copy of.
fn copy_of(image: &Image) -> Value {
    image.copy_of.as_deref().map_or(Value::Missing, |id| {
        Value::link(format!("/images/{}", text::segment(id)), id)
    })
}

fn facts(image: &Image) -> Group {
    let snapshots = (!image.snapshot_ids.is_empty()).then(|| image.snapshot_ids.join(", "));
    let scrub = image
        .scrub
        .as_deref()
        .map(|scrub| match &image.scrub_reason {
            Some(why) => format!("{scrub}: {why}"),
            None => scrub.to_owned(),
        });
    Group {
        title: "Image",
        facts: vec![
            Fact::new("AMI", Value::code(image.ami_id.as_deref())),
            Fact::new("ID", Value::code(Some(&image.id))),
            Fact::new("Mode", Value::text(Some(&mode(image)))),
            Fact::new("Account", Value::code(Some(&image.account))),
            Fact::new("Created", Value::time(Some(image.created_at))),
            Fact::new("Available since", Value::time(image.available_at)),
            Fact::new("Disabled in EC2 since", Value::time(image.disabled_at)),
            Fact::new("Deprecated in EC2 from", Value::time(image.deprecated_at)),
            Fact::new("Size", size(image)),
            Fact::new("Snapshots", Value::code(snapshots.as_deref())),
            Fact::new("Scrub", Value::text(scrub.as_deref())),
            Fact::new("Tags", tags(&image.tags)),
        ],
    }
}

fn base(image: &Image) -> Group {
    Group {
        title: "Base",
        facts: vec![
            Fact::new("Base image", Value::code(Some(&image.base_image))),
            Fact::new("Base name", Value::code(image.base_name.as_deref())),
            Fact::new("Base owner", Value::code(image.base_owner.as_deref())),
            Fact::new("Base made", Value::time(image.base_created_at)),
            Fact::new("Line", Value::code(image.base_line.as_deref())),
            Fact::new(
                "Architecture",
                Value::text(Some(image.architecture.as_str())),
            ),
            Fact::new("Fingerprint", Value::code(Some(&image.fingerprint))),
            Fact::new("Generation", Value::Text(image.generation.to_string())),
        ],
    }
}

fn origin(image: &Image) -> Group {
    let origin = match image.origin.as_str() {
        "auto" => "auto: made here",
        "found" => "found in the account",
        "adopted" => "adopted by a person",
        other => other,
    };
    Group {
        title: "Where it comes from",
        facts: vec![
            Fact::new("Origin", Value::text(Some(origin))),
            Fact::new(
                "Made of",
                Value::deployment(image.source_deployment_id.as_deref()),
            ),
            Fact::new("Copy of", copy_of(image)),
            Fact::new("Instance", Value::code(image.source_instance_id.as_deref())),
            Fact::new("By its own facts", Value::text(class(image).as_deref())),
            Fact::new("Decided", Value::text(decided(image).as_deref())),
        ],
    }
}

/// The mode of its key, and that its tags do not say so: the Kamiwaza scripts' images are of one that was not written down.
fn mode(image: &Image) -> String {
    let known = if image.mode_known {
        ""
    } else {
        " (mode unknown)"
    };
    format!("{}{known}", text::plain(&image.mode))
}

fn class(image: &Image) -> Option<String> {
    let class = Class::parse(image.class.as_deref()?)?;
    let why = image.class_reason.as_deref().unwrap_or_default();
    Some(format!("{}: {why}", class.said()))
}

fn decided(image: &Image) -> Option<String> {
    let by = image.decided_by.as_deref()?;
    let what = if image.dropped_at.is_some() {
        "dropped"
    } else {
        "adopted"
    };
    let why = image.decided_reason.as_deref().unwrap_or_default();
    Some(format!("{what} by {by}: {why}"))
}
