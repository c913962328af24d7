//! The list of images with every fact the ledger has about them (F55), until each gets its own page.

use askama::Template;
use ingot_client::{Image, ImageFilter, Page};
use ingot_domain::image::ImageStatus;
use ingot_domain::provenance::Class;

use super::filter::{Asked, Filter};
use super::parts::{Badge, Fact, Moment, Value};
use super::text;

#[derive(Template)]
#[template(path = "images.html")]
struct ImagesView {
    here: &'static str,
    rows: Vec<Row>,
    filter: Filter,
}

struct Row {
    anchor: String,
    ami_id: Value,
    name: String,
    status: Badge,
    what: String,
    mode: String,
    region: String,
    size: Value,
    created: Moment,
    facts: Vec<Fact>,
}

/// The page at `/images`: one page of images, the filter it was asked with, and the way to the next page.
pub fn images_page(page: &Page<Image>, filter: &ImageFilter) -> Result<String, askama::Error> {
    let asked = Asked {
        path: "/images",
        status: filter.status.as_deref(),
        template: filter.template.as_deref(),
        version: filter.version.as_deref(),
        region: filter.region.as_deref(),
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
    };
    let statuses = ImageStatus::ALL.iter().map(|status| status.as_str());
    ImagesView {
        here: "images",
        filter: asked.form(statuses, page.next_cursor.as_deref()),
        rows: page.items.iter().map(row).collect(),
    }
    .render()
}

fn row(image: &Image) -> Row {
    let tags: Vec<_> = image
        .tags
        .iter()
        .map(|(name, value)| (text::plain(name), text::plain(value)))
        .collect();
    let snapshots = (!image.snapshot_ids.is_empty()).then(|| image.snapshot_ids.join(", "));
    let scrub = image
        .scrub
        .as_deref()
        .map(|scrub| match &image.scrub_reason {
            Some(why) => format!("{scrub}: {why}"),
            None => scrub.to_owned(),
        });
    let source = image.source_deployment_id.as_deref();
    let origin = match image.origin.as_str() {
        "auto" => "auto: made here",
        "found" => "found in the account",
        "adopted" => "adopted by a person",
        other => other,
    };
    Row {
        anchor: text::segment(&image.id),
        ami_id: Value::code(image.ami_id.as_deref()),
        name: text::plain(&image.name),
        status: Badge::image(if image.disabled_at.is_some() {
            "disabled"
        } else {
            &image.status
        }),
        what: text::plain(&format!("{} {}", image.template, image.version)),
        mode: mode(image),
        region: text::plain(&image.region),
        size: image
            .size_gb
            .map_or(Value::Missing, |size| Value::Text(format!("{size} GB"))),
        created: Moment::short(image.created_at),
        facts: vec![
            Fact::new("ID", Value::code(Some(&image.id))),
            Fact::new("Available since", Value::time(image.available_at)),
            Fact::new("Disabled in EC2 since", Value::time(image.disabled_at)),
            Fact::new("Deprecated in EC2 from", Value::time(image.deprecated_at)),
            Fact::new("Error", Value::text(image.error.as_deref())),
            Fact::new("Origin", Value::text(Some(origin))),
            Fact::new("By its own facts", Value::text(class(image).as_deref())),
            Fact::new("Decided", Value::text(decided(image).as_deref())),
            Fact::new("Made of", source.map_or(Value::Missing, deployment_link)),
            Fact::new("Instance", Value::code(image.source_instance_id.as_deref())),
            Fact::new("Base image", Value::code(Some(&image.base_image))),
            Fact::new("Base name", Value::code(image.base_name.as_deref())),
            Fact::new("Base owner", Value::code(image.base_owner.as_deref())),
            Fact::new("Base made", Value::time(image.base_created_at)),
            Fact::new(
                "Architecture",
                Value::text(Some(image.architecture.as_str())),
            ),
            Fact::new("Account", Value::code(Some(&image.account))),
            Fact::new("Generation", Value::Text(image.generation.to_string())),
            Fact::new("Fingerprint", Value::code(Some(&image.fingerprint))),
            Fact::new("Snapshots", Value::code(snapshots.as_deref())),
            Fact::new("Scrub", Value::text(scrub.as_deref())),
            Fact::new(
                "Tags",
                if tags.is_empty() {
                    Value::Missing
                } else {
                    Value::Tags(tags)
                },
            ),
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

fn deployment_link(id: &str) -> Value {
    Value::Link {
        href: format!("/deployments/{}", text::segment(id)),
        shown: text::plain(id),
    }
}
