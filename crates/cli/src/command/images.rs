//! `ingot images …`.

mod copies;
mod held;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use ingot_client::base_update::ImageSecurity;
use ingot_client::copy::ImageCopy;
use ingot_client::{Image, ImageDecision, ImageFilter, Page};
use ingot_domain::stale::span;
use serde::Serialize;

use crate::args::catalog::{ImagesAction, ImagesArgs};
use crate::command::{ids, mention_rest, now, pages, story};
use crate::output::grid::{Cell, Column, grid};
use crate::output::{clean, or_dash, pairs, time, time_or_dash};

/// Runs one of them.
pub(crate) async fn run(args: ImagesArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        ImagesAction::List(args) => {
            let filter = ImageFilter {
                template: args.template,
                version: args.version,
                region: args.region,
                status: args.status,
                cursor: None,
                limit: args.page.limit,
            };
            let page = pages(&args.page, async |cursor| {
                client
                    .images(&ImageFilter {
                        cursor,
                        ..filter.clone()
                    })
                    .await
            })
            .await?;
            output.result(&page, list_table)?;
            mention_rest(&page, output.json);
        }
        ImagesAction::Adopt { id, reason } => {
            let decision = ImageDecision { reason };
            let id = ids::image(&client, &id).await?;
            let image = client.decide_image(&id, "adopt", &decision).await?;
            output.result(&image, details)?;
        }
        ImagesAction::Drop { id, reason } => {
            let decision = ImageDecision { reason };
            let id = ids::image(&client, &id).await?;
            let image = client.decide_image(&id, "drop", &decision).await?;
            output.result(&image, details)?;
        }
        ImagesAction::Copy(args) => return copies::run(&client, output, args).await,
        ImagesAction::Logs { id, after } => {
            let id = ids::image(&client, &id).await?;
            story::print_all(output, after, async |filter| {
                client.image_events(&id, &filter).await
            })
            .await?;
        }
        ImagesAction::Show { id } => {
            let id = ids::image(&client, &id).await?;
            let image = client.image(&id).await?;
            let security = client.image_security(&id).await.ok();
            let copies = client.image_copies(&id).await.ok();
            let copies = copies.map(|all| all.copies).unwrap_or_default();
            let shown = Shown {
                image,
                security,
                copies,
            };
            output.result(&shown, |shown| {
                let mut text = details(&shown.image);
                if !shown.copies.is_empty() {
                    text.push_str("\n\n");
                    text.push_str(&copies::rows(&shown.copies));
                    text.push('\n');
                }
                if let Some(security) = &shown.security {
                    text.push('\n');
                    text.push_str(&standing(security));
                    if let Some(by_list) = &security.by_list {
                        text.push_str("\n\n");
                        text.push_str(&held::people(by_list, now()));
                    }
                }
                text
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An image with its copies and how it stands against the builds of its base. An API of before does not say that.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    image: Image,
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<ImageSecurity>,
    copies: Vec<ImageCopy>,
}

fn standing(of: &ImageSecurity) -> String {
    let Some(base) = &of.base else {
        return pairs([("track", "none: its base is not watched".to_owned())]);
    };
    let behind = match of.builds_behind {
        0 => "stands on the newest build".to_owned(),
        builds => format!(
            "{}: {} -> {}",
            ingot_client::base_update::behind(builds, of.days_behind),
            or_dash(&of.build),
            or_dash(&of.newest_build)
        ),
    };
    let few = |cves: &[String]| match cves {
        [] => "none known".to_owned(),
        cves => clean(&cves.join(", ")),
    };
    let mut facts = vec![("track", clean(base)), ("behind", behind)];
    facts.extend(
        of.lacks
            .as_ref()
            .map(|level| ("lacks", format!("updates up to {}", clean(level)))),
    );
    if let Some(before) = &of.predecessor {
        facts.push((
            "fixed",
            format!("against {}: {}", clean(before), few(&of.fixed)),
        ));
    }
    facts.push(("still open", few(&of.open)));
    pairs(facts)
}

fn list_table(page: &Page<Image>) -> String {
    let columns: [Column; 14] = [
        ("ami", Cell::Whole, 1),
        ("name", Cell::Text, 6),
        ("template", Cell::Text, 1),
        ("version", Cell::Text, 1),
        ("mode", Cell::Whole, 4),
        ("region", Cell::Whole, 2),
        ("status", Cell::State, 1),
        ("origin", Cell::Whole, 6),
        ("class", Cell::Whole, 6),
        ("size", Cell::Whole, 5),
        ("base", Cell::Text, 7),
        ("age", Cell::Whole, 3),
        ("available", Cell::Whole, 7),
        ("id", Cell::Id, 8),
    ];
    grid(
        &columns,
        page.items.iter().map(|image| {
            [
                or_dash(&image.ami_id),
                clean(&image.name),
                clean(&image.template),
                clean(&image.version),
                mode(image),
                clean(&image.region),
                clean(&status(image)),
                clean(&image.origin),
                or_dash(&image.class),
                or_dash(&image.size_gb.map(|size| format!("{size} GB"))),
                clean(image.base_name.as_deref().unwrap_or(&image.base_image)),
                image.available_at.map_or_else(|| "-".to_owned(), age),
                time_or_dash(&image.available_at),
                clean(&image.id),
            ]
        }),
    )
}

/// The status, and that EC2 launches nothing from it, or that its owner says it should not be used any more.
fn status(image: &Image) -> String {
    match (image.disabled_at, image.deprecated_at) {
        (Some(_), _) => format!("{} (disabled)", image.status),
        (None, Some(_)) => format!("{} (deprecated)", image.status),
        (None, None) => image.status.clone(),
    }
}

/// The mode of its key; the Kamiwaza scripts' images do not say theirs.
fn mode(image: &Image) -> String {
    let known = if image.mode_known { "" } else { "?" };
    format!("{}{known}", clean(&image.mode))
}

fn class(image: &Image) -> Option<String> {
    let class = image.class.as_deref()?;
    let why = image.class_reason.as_deref().unwrap_or_default();
    Some(format!("{class}: {why}"))
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

/// What became of the scrub of identity, with the reason.
fn scrub(image: &Image) -> String {
    match (&image.scrub, &image.scrub_reason) {
        (Some(scrub), Some(why)) => clean(&format!("{scrub}: {why}")),
        (scrub, _) => or_dash(scrub),
    }
}

fn details(image: &Image) -> String {
    let tags: Vec<String> = image
        .tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs([
        ("id", clean(&image.id)),
        ("ami", or_dash(&image.ami_id)),
        ("name", clean(&image.name)),
        (
            "template",
            clean(&format!(
                "{} {} ({})",
                image.template,
                image.version,
                mode(image)
            )),
        ),
        ("status", clean(&status(image))),
        ("error", or_dash(&image.error)),
        ("account", clean(&image.account)),
        ("region", clean(&image.region)),
        ("architecture", clean(&image.architecture.to_string())),
        ("base image", clean(&image.base_image)),
        ("base name", or_dash(&image.base_name)),
        ("base owner", or_dash(&image.base_owner)),
        ("base of", time_or_dash(&image.base_created_at)),
        ("base line", or_dash(&image.base_line)),
        ("fingerprint", clean(&image.fingerprint)),
        ("generation", image.generation.to_string()),
        ("origin", clean(&image.origin)),
        ("by its own facts", or_dash(&class(image))),
        ("decided", or_dash(&decided(image))),
        (
            "size",
            or_dash(&image.size_gb.map(|size| format!("{size} GB"))),
        ),
        ("snapshots", or_dash(&Some(image.snapshot_ids.join(" ")))),
        ("copy of", or_dash(&image.copy_of)),
        ("deployment", or_dash(&image.source_deployment_id)),
        ("instance", or_dash(&image.source_instance_id)),
        ("tags", or_dash(&Some(tags.join(" ")))),
        ("created", time(&image.created_at)),
        ("available", time_or_dash(&image.available_at)),
        ("disabled", time_or_dash(&image.disabled_at)),
        ("deprecated", time_or_dash(&image.deprecated_at)),
        (
            "age",
            image.available_at.map_or_else(|| "-".to_owned(), age),
        ),
        ("scrub", scrub(image)),
    ])
}

/// How old an image is, by this computer's clock.
fn age(at: DateTime<Utc>) -> String {
    span(at, now())
}
