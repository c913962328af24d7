//! `ingot templates import`: every YAML file of a folder, what became of each, and what is wrong with those that are refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ingot_client::{ApplyFilter, Client, ClientError};
use serde::Serialize;

use crate::command::random_key;
use crate::failure::Refused;
use crate::output::{Output, clean, clean_lines};

/// Files of a folder that are read.
const MOST: usize = 500;

/// What became of a file.
#[derive(Serialize)]
struct Imported {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    /// `applied`, `unchanged` or `refused`.
    outcome: &'static str,
    /// It was of Prism's runtime form.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    converted: bool,
    /// What was not carried over, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<Kept>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Kept {
    field: String,
    why: String,
}

/// A file as it was read: its text in Ingot's form, or what is wrong with it.
struct Read {
    file: PathBuf,
    text: Result<String, Vec<String>>,
    converted: bool,
    kept: Vec<Kept>,
}

/// Imports a folder. Parents come before those that go on from them, whatever their files are called.
pub(super) async fn run(client: &Client, output: Output, folder: &Path) -> anyhow::Result<()> {
    let mut open: Vec<Read> = files(folder)?.into_iter().map(read).collect();
    let mut done = Vec::new();
    while !open.is_empty() {
        let waiting: BTreeSet<String> = open.iter().filter_map(Read::name).collect();
        let free = |one: &Read| one.parent().is_none_or(|parent| !waiting.contains(&parent));
        // In a circle none is free: the API refuses each with its path.
        let at = open.iter().position(free).unwrap_or(0);
        let next = open.remove(at);
        done.push(apply(client, next).await?);
    }
    done.sort_by(|one, other| one.file.cmp(&other.file));
    let refused = done.iter().filter(|one| one.outcome == "refused").count();
    let count = done.len();
    output.result(&done, |done| {
        let lines: Vec<String> = done.iter().map(told).collect();
        clean_lines(&lines.join("\n"))
    })?;
    match refused {
        0 => Ok(()),
        _ => Err(Refused(format!(
            "{refused} of {count} files were refused; the others are applied. Mend them and import the folder again: what is unchanged stays as it is"
        ))
        .into()),
    }
}

/// The YAML files of a folder, by name.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = |cause: std::io::Error| {
        let shown = folder.display();
        Refused(format!("the folder `{shown}` cannot be read: {cause}"))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let yaml = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let shown = folder.display();
    if files.is_empty() {
        return Err(Refused(format!(
            "the folder `{shown}` has no file that ends in .yaml or .yml"
        ))
        .into());
    }
    if files.len() > MOST {
        let count = files.len();
        return Err(Refused(format!(
            "the folder `{shown}` has {count} YAML files, and at most {MOST} are imported at once"
        ))
        .into());
    }
    Ok(files)
}

fn read(file: PathBuf) -> Read {
    let failed = |file, problems| Read {
        file,
        text: Err(problems),
        converted: false,
        kept: Vec::new(),
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(cause) => {
            return failed(
                file,
                vec![format!("it cannot be read as UTF-8 text: {cause}")],
            );
        }
    };
    match ingot_yaml::from_prism(&text) {
        Ok(Some(made)) => {
            let kept = made
                .kept
                .into_iter()
                .map(|(field, why)| Kept { field, why });
            Read {
                file,
                text: Ok(made.yaml),
                converted: true,
                kept: kept.collect(),
            }
        }
        Ok(None) => Read {
            file,
            text: Ok(text),
            converted: false,
            kept: Vec::new(),
        },
        Err(error) => {
            let problems = error.problems().map(ToString::to_string).collect();
            failed(file, problems)
        }
    }
}

impl Read {
    fn name(&self) -> Option<String> {
        ingot_yaml::name(self.text.as_ref().ok()?)
    }

    fn parent(&self) -> Option<String> {
        let pin = ingot_yaml::parent(self.text.as_ref().ok()?).ok()??;
        Some(pin.name)
    }
}

async fn apply(client: &Client, read: Read) -> anyhow::Result<Imported> {
    let mut imported = Imported {
        file: read.file.display().to_string(),
        template: read.name(),
        revision: None,
        outcome: "refused",
        converted: read.converted,
        kept: read.kept,
        problems: Vec::new(),
    };
    let text = match read.text {
        Ok(text) => text,
        Err(problems) => {
            imported.problems = problems;
            return Ok(imported);
        }
    };
    let before = super::newest(client, &text).await;
    let applied = client
        .apply_template_over(&text, ApplyFilter::default(), &random_key())
        .await;
    match applied {
        Ok(template) => {
            imported.outcome = match before == Some(template.revision) {
                true => "unchanged",
                false => "applied",
            };
            imported.revision = Some(template.revision);
            imported.template = Some(template.name);
        }
        // Of this file; a token that is refused is of all.
        Err(ClientError::Problem(problem)) if [400, 409, 422].contains(&problem.status) => {
            let errors = problem
                .errors
                .iter()
                .map(|wrong| match wrong.field.as_str() {
                    "" | "body" => wrong.message.clone(),
                    field => format!("{field}: {}", wrong.message),
                });
            imported.problems = errors.collect();
            if imported.problems.is_empty() {
                imported.problems = vec![problem.detail.clone()];
            }
        }
        Err(error) => {
            return Err(error).with_context(|| format!("{}", read.file.display()));
        }
    }
    Ok(imported)
}

/// The summary of one file.
fn told(one: &Imported) -> String {
    let mut text = clean(&one.file);
    let from = if one.converted {
        ", from Prism's form"
    } else {
        ""
    };
    match (&one.template, one.revision) {
        (Some(name), Some(revision)) => {
            text.push_str(&format!(
                ": {} {} at revision {revision}{from}",
                clean(name),
                one.outcome
            ));
        }
        _ => text.push_str(&format!(": REFUSED{from}")),
    }
    for problem in &one.problems {
        text.push_str(&format!("\n  {}", clean(problem)));
    }
    for kept in &one.kept {
        text.push_str(&format!(
            "\n  not carried over: {}: {}",
            clean(&kept.field),
            clean(&kept.why)
        ));
    }
    text
}
