//! `ingot templates …`.

mod against;
mod beside;
mod catalogue;
mod check;
mod import;

use std::process::ExitCode;
use std::time::Duration;

use ingot_client::{
    ApplyFilter, Client, Page, RevisionFilter, RevisionsFilter, Template, TemplateRevision,
};
use serde::Serialize;
use similar::TextDiff;

use crate::args::catalog::{TemplatesAction, TemplatesArgs};
use crate::args::connection::Connection;
use crate::command::{auto_ami, mention_rest, pages, random_key, read, repeated, story};
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{clean, clean_lines, or_dash, pairs, say, span, time};

/// Runs one of them.
pub(crate) async fn run(args: TemplatesArgs) -> anyhow::Result<ExitCode> {
    let connection = args.connection;
    let output = connection.output();
    match args.action {
        TemplatesAction::AutoAmi(args) => {
            return auto_ami::run(&connection.client()?, output, args.action).await;
        }
        TemplatesAction::List => {
            output.result(&connection.client()?.templates().await?, list_table)?
        }
        TemplatesAction::Show {
            name,
            revision,
            yaml,
            merged,
        } => {
            let (client, of) = (connection.client()?, RevisionFilter { revision, merged });
            match yaml {
                true => say(&client.template_yaml(&name, of).await?)?,
                false => output.result(&client.template(&name, of).await?, details)?,
            }
        }
        TemplatesAction::Revisions { name, page: wanted } => {
            let client = connection.client()?;
            let limit = wanted.limit;
            let page = pages(&wanted, async |cursor| {
                let filter = RevisionsFilter { limit, cursor };
                client.template_revisions(&name, &filter).await
            })
            .await?;
            output.result(&page, revisions)?;
            mention_rest(&page, output.json);
        }
        TemplatesAction::Diff { name, from, to } => {
            let change = diff(&connection.client()?, &name, from, to).await?;
            output.result(&change, |change| clean_lines(&change.text))?;
        }
        TemplatesAction::Logs { name, after } => {
            let client = connection.client()?;
            story::print_all(output, after, async |filter| {
                client.template_events(&name, &filter).await
            })
            .await?;
        }
        TemplatesAction::Check { file, against } => {
            let known = match &against {
                // Only the tag of its installation makes launches of a worker's credentials allowed.
                Some(_) => installation(&connection).await,
                None => None,
            };
            check::run(
                output,
                &file,
                against.as_deref().map(|region| (region, known)),
            )
            .await?;
        }
        TemplatesAction::Catalogue { search, yaml } => match yaml {
            Some(name) => say(catalogue::recipe(&name)?)?,
            None => output.result(&catalogue::found(&search.join(" ")), catalogue::table)?,
        },
        TemplatesAction::Import { folder } => {
            import::run(&connection.client()?, output, &folder).await?;
        }
        TemplatesAction::Apply {
            file,
            catalogue,
            expect_revision,
            idempotency_key,
        } => {
            let yaml = match (file, catalogue) {
                (_, Some(name)) => catalogue::recipe(&name)?.to_owned(),
                (file, None) => read(&file.unwrap_or_default())?,
            };
            let client = connection.client()?;
            let key = idempotency_key.unwrap_or_else(random_key);
            let pause = Duration::from_millis(500);
            let before = newest(&client, &yaml).await;
            let over = ApplyFilter {
                expected_revision: expect_revision,
            };
            let template = repeated(pause, async || {
                client.apply_template_over(&yaml, over, &key).await
            })
            .await?;
            output.result(&template, |template| {
                let is = match before == Some(template.revision) {
                    true => "is unchanged at",
                    false => "is at",
                };
                clean(&format!(
                    "{} {is} revision {}",
                    template.name, template.revision
                ))
            })?;
            warn(&yaml);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The running installation's id, if one is reached.
async fn installation(connection: &Connection) -> Option<String> {
    let client = connection.client().ok()?;
    client.status().await.ok()?.install
}

/// What is right in the text and yet worth a word goes to stderr, so that it is no part of the result.
fn warn(yaml: &str) {
    let Ok(template) = ingot_yaml::parse(yaml) else {
        return;
    };
    for one in ingot_yaml::warnings(yaml, &template) {
        eprintln!("warning: {}: {}", clean(&one.field), clean(&one.message));
    }
}

/// The newest revision of the template in a text, before the text is applied; nothing when that is not known. A text that is
/// wrong is refused by the API.
async fn newest(client: &Client, yaml: &str) -> Option<u32> {
    let name = ingot_yaml::name(yaml)?;
    let known = client.template(&name, RevisionFilter::default()).await;
    known.ok().map(|template| template.revision)
}

fn revisions(page: &Page<TemplateRevision>) -> String {
    let columns: [Column; 3] = [
        ("revision", Cell::Whole, 1),
        ("applied", Cell::Whole, 2),
        ("fingerprint", Cell::Whole, 3),
    ];
    grid(
        &columns,
        page.items.iter().map(|one| {
            [
                one.revision.to_string(),
                look().when(&one.created_at),
                clean(one.fingerprint.get(..12).unwrap_or(&one.fingerprint)),
            ]
        }),
    )
}

/// What changed between two revisions.
#[derive(Serialize)]
struct Change {
    name: String,
    from: u32,
    to: u32,
    /// As a unified diff; empty when both say the same.
    text: String,
}

async fn diff(
    client: &Client,
    name: &str,
    from: Option<u32>,
    to: Option<u32>,
) -> anyhow::Result<Change> {
    let to = match to {
        Some(to) => to,
        None => {
            client
                .template(name, RevisionFilter::default())
                .await?
                .revision
        }
    };
    // The first revision changed nothing: it is held against itself.
    let from = from.unwrap_or_else(|| to.saturating_sub(1).max(1));
    let yaml = async |revision| {
        let revision = Some(revision);
        client
            .template_yaml(
                name,
                RevisionFilter {
                    revision,
                    ..RevisionFilter::default()
                },
            )
            .await
    };
    let (after, before) = (yaml(to).await?, yaml(from).await?);
    let text = TextDiff::from_lines(&before, &after)
        .unified_diff()
        .header(
            &format!("{name} revision {from}"),
            &format!("{name} revision {to}"),
        )
        .to_string();
    Ok(Change {
        name: name.to_owned(),
        from,
        to,
        text,
    })
}

fn list_table(page: &Page<Template>) -> String {
    let columns: [Column; 7] = [
        ("name", Cell::Text, 1),
        ("revision", Cell::Whole, 2),
        ("kind", Cell::Whole, 4),
        ("modes", Cell::Text, 3),
        ("fresh", Cell::Whole, 5),
        ("cached", Cell::Whole, 5),
        ("description", Cell::Text, 2),
    ];
    grid(
        &columns,
        page.items.iter().map(|template| {
            let times = &template.launch_times;
            [
                clean(&template.name),
                template.revision.to_string(),
                clean(&template.kind),
                clean(&template.modes.join(",")),
                or_dash(&times.fresh_seconds.map(seconds)),
                or_dash(&times.cached_seconds.map(seconds)),
                clean(&template.description),
            ]
        }),
    )
}

fn details(template: &Template) -> String {
    let times = &template.launch_times;
    pairs([
        ("name", clean(&template.name)),
        ("description", or_dash(&Some(&template.description))),
        ("inherits", or_dash(&inherited(template))),
        ("revision", template.revision.to_string()),
        (
            "built in",
            if template.builtin { "yes" } else { "no" }.to_owned(),
        ),
        ("kind", clean(&template.kind)),
        ("base image", clean(&template.base_image)),
        ("architecture", clean(&template.architecture)),
        ("modes", clean(&template.modes.join(", "))),
        ("instance types", clean(&template.instance_types.join(", "))),
        ("volume", format!("{} GB", template.volume_size_gb)),
        ("probe", clean(&template.probe)),
        ("parameters", or_dash(&settings(template))),
        ("fingerprint", clean(&template.fingerprint)),
        ("images made by", clean(&template.images)),
        ("rebuild", rebuild(template)),
        ("grant", or_dash(&template.grant)),
        ("fresh launch", or_dash(&times.fresh_seconds.map(seconds))),
        ("cached launch", or_dash(&times.cached_seconds.map(seconds))),
        ("measured on", format!("{} deployments", times.samples)),
    ])
}

/// `0 2 * * mon, next 2026-11-30 02:00:00Z`.
fn rebuild(template: &Template) -> String {
    match (&template.rebuild, &template.next_rebuild) {
        (Some(line), Some(next)) => format!("{}, next {}", clean(line), time(next)),
        (line, _) => or_dash(line),
    }
}

/// `base@1 (base_image, steps), web@2 (steps, probe)`.
fn inherited(template: &Template) -> Option<String> {
    let parent = template.inherits.as_ref()?;
    let mut from: Vec<(&str, Vec<&str>)> = Vec::new();
    for part in &template.parts {
        for revision in &part.from {
            match from.iter_mut().find(|(known, _)| known == revision) {
                Some((_, fields)) => fields.push(&part.field),
                None => from.push((revision, vec![&part.field])),
            }
        }
    }
    let told = from
        .iter()
        .map(|(revision, fields)| format!("{revision} ({})", fields.join(", ")));
    let told: Vec<String> = told.collect();
    Some(if told.is_empty() {
        parent.clone()
    } else {
        told.join("; ")
    })
}

/// What may be set: `database=postgres (postgres, mysql)`, `host` where it must be.
fn settings(template: &Template) -> Option<String> {
    let told = template.parameters.iter().map(|it| {
        let default = it.default.as_ref().map(|value| format!("={value}"));
        let of = match it.choices.as_slice() {
            [] => String::new(),
            choices => format!(" ({})", choices.join(", ")),
        };
        format!("{}{}{of}", it.name, default.unwrap_or_default())
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// A median of whole seconds.
fn seconds(seconds: u64) -> String {
    span(seconds as f64)
}
