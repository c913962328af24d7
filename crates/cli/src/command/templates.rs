//! `ingot templates …`. `check` asks no API: it reads the file with the same reader the API has.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ingot_client::{Client, Page, RevisionFilter, Template, TemplateRevision};
use ingot_yaml::YamlError;
use serde::Serialize;
use similar::TextDiff;

use crate::args::catalog::{TemplatesAction, TemplatesArgs};
use crate::command::{random_key, read, repeated};
use crate::failure::Refused;
use crate::output::grid::{Cell, Column, grid};
use crate::output::look::look;
use crate::output::{Output, clean, clean_lines, or_dash, pairs, say, span};

/// Runs one of them.
pub(crate) async fn run(args: TemplatesArgs) -> anyhow::Result<ExitCode> {
    let connection = args.connection;
    let output = connection.output();
    match args.action {
        TemplatesAction::List => {
            output.result(&connection.client()?.templates().await?, list_table)?
        }
        TemplatesAction::Show {
            name,
            revision,
            yaml,
        } => {
            let (client, of) = (connection.client()?, RevisionFilter { revision });
            match yaml {
                true => say(&client.template_yaml(&name, of).await?)?,
                false => output.result(&client.template(&name, of).await?, details)?,
            }
        }
        TemplatesAction::Revisions { name } => {
            let page = connection.client()?.template_revisions(&name).await?;
            output.result(&page, revisions)?;
        }
        TemplatesAction::Diff { name, from, to } => {
            let change = diff(&connection.client()?, &name, from, to).await?;
            output.result(&change, |change| clean_lines(&change.text))?;
        }
        TemplatesAction::Check { file } => check(output, &file)?,
        TemplatesAction::Apply {
            file,
            idempotency_key,
        } => {
            let yaml = read(&file)?;
            let client = connection.client()?;
            let key = idempotency_key.unwrap_or_else(random_key);
            let pause = Duration::from_millis(500);
            let before = newest(&client, &yaml).await;
            let template =
                repeated(pause, async || client.apply_template(&yaml, &key).await).await?;
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
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The newest revision of the template in a text, before the text is applied; nothing when that is not known. A text that is
/// wrong is refused by the API.
async fn newest(client: &Client, yaml: &str) -> Option<u32> {
    let name = ingot_yaml::parse(yaml).ok()?.name;
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
            .template_yaml(name, RevisionFilter { revision })
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

/// The outcome of a check, for machines.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    problems: Vec<Wrong>,
    /// What is right and yet worth a word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Wrong>,
}

/// One thing that is wrong.
#[derive(Serialize)]
struct Wrong {
    line: Option<u32>,
    column: Option<u32>,
    field: String,
    message: String,
}

fn check(output: Output, file: &Path) -> anyhow::Result<()> {
    let from_input = file.as_os_str() == "-";
    let text = if from_input {
        read(file)?
    } else {
        String::new()
    };
    let read = match from_input {
        true => ingot_yaml::parse(&text),
        false => ingot_yaml::parse_file(file),
    };
    match read {
        Ok(template) => {
            // A file that could be read a moment ago.
            let text = match from_input {
                true => text,
                false => std::fs::read_to_string(file).unwrap_or_default(),
            };
            let warnings = ingot_yaml::warnings(&text, &template);
            let checked = Checked {
                ok: true,
                problems: vec![],
                warnings: warnings.iter().map(wrong).collect(),
            };
            output.result(&checked, |checked| {
                let name = file.display();
                let mut text = format!("{name}: template `{}` is fine", template.name);
                for warning in &checked.warnings {
                    text.push_str(&line(file, "warning: ", warning));
                }
                clean_lines(&text)
            })
        }
        Err(error) => {
            if output.json {
                output.result(
                    &Checked {
                        ok: false,
                        problems: wrongs(&error),
                        warnings: vec![],
                    },
                    |_| String::new(),
                )?;
            }
            Err(Refused(places(file, &error)).into())
        }
    }
}

/// A headline, then `file:line:column: field: message` for each, which editors turn into links.
fn places(file: &Path, error: &YamlError) -> String {
    let count = error.problems().count();
    let mut text = format!(
        "{} has {count} {}",
        file.display(),
        if count == 1 { "mistake" } else { "mistakes" }
    );
    for wrong in wrongs(error) {
        text.push_str(&line(file, "", &wrong));
    }
    text
}

/// `file:line:column: field: message` on a line of its own.
fn line(file: &Path, kind: &str, wrong: &Wrong) -> String {
    let place = match (wrong.line, wrong.column) {
        (Some(line), Some(column)) => format!("{line}:{column}: "),
        _ => " ".to_owned(),
    };
    let field = match wrong.field.is_empty() {
        true => String::new(),
        false => format!("{}: ", wrong.field),
    };
    let message = &wrong.message;
    format!("\n  {}:{place}{kind}{field}{message}", file.display())
}

fn wrongs(error: &YamlError) -> Vec<Wrong> {
    error.problems().map(wrong).collect()
}

fn wrong(problem: &ingot_yaml::Problem) -> Wrong {
    Wrong {
        line: problem.line,
        column: problem.column,
        field: problem.field.clone(),
        message: problem.message.clone(),
    }
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
        ("fingerprint", clean(&template.fingerprint)),
        ("fresh launch", or_dash(&times.fresh_seconds.map(seconds))),
        ("cached launch", or_dash(&times.cached_seconds.map(seconds))),
        ("measured on", format!("{} deployments", times.samples)),
    ])
}

/// A median of whole seconds.
fn seconds(seconds: u64) -> String {
    span(seconds as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Exit, block, exit};

    #[test]
    fn a_bad_file_is_refused_with_every_place() {
        let dir = tempfile::tempdir().expect("directory");
        let file = dir.path().join("bad.yaml");
        let good = ingot_yaml::to_yaml(&ingot_yaml::kamiwaza()).expect("yaml");
        std::fs::write(&file, &good).expect("write");
        assert!(check(Output { json: false }, &file).is_ok());
        std::fs::write(&file, format!("{good}\nnonsense: 1\n")).expect("write");
        let error = check(Output { json: false }, &file).expect_err("refused");
        assert_eq!(exit(&error), Exit::Refused);
        let (text, line) = (block(&error), good.lines().count() + 2);
        assert!(
            text.contains("has 1 mistake\n") && text.contains(&format!("bad.yaml:{line}:1: ")),
            "{text}"
        );
        assert!(text.contains("nonsense"), "{text}");
    }
}
