//! `ingot templates import`: every YAML file of a folder, what became of each, and what is wrong with those that are refused.

mod folder;
mod names;

use std::path::{Path, PathBuf};

use anyhow::Context;
use ingot_client::{ApplyFilter, Client, ClientError, RevisionFilter};
use serde::Serialize;

use crate::command::random_key;
use crate::failure::Refused;
use crate::output::{Output, clean, clean_lines};

/// What became of a file.
#[derive(Serialize)]
struct Imported {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    /// `applied`, `unchanged`, `refused`, or `passed over` for a link that leads out of the folder.
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
    let found = folder::files(folder)?;
    let mut open: Vec<Read> = found.files.into_iter().map(read).collect();
    names::refuse_twins(&mut open);
    names::refuse_circles(&mut open);
    let mut done: Vec<Imported> = found.passed.into_iter().map(passed).collect();
    while !open.is_empty() {
        let waiting: Vec<String> = open.iter().filter_map(Read::name).collect();
        let free = |one: &Read| one.parent().is_none_or(|parent| !waiting.contains(&parent));
        // Without circles, one is always free.
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

/// A link that was not followed, and why.
fn passed((file, why): (PathBuf, String)) -> Imported {
    Imported {
        file: file.display().to_string(),
        template: None,
        revision: None,
        outcome: "passed over",
        converted: false,
        kept: Vec::new(),
        problems: vec![why],
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
    if let Some(taken) = taken(client, &imported, &text).await? {
        imported.problems = vec![taken];
        return Ok(imported);
    }
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

/// Why a text of Prism's form may not become a template's next revision: what is there was written for Ingot.
async fn taken(client: &Client, one: &Imported, text: &str) -> anyhow::Result<Option<String>> {
    let Some(name) = one.template.as_deref().filter(|_| one.converted) else {
        return Ok(None);
    };
    match client.template_yaml(name, RevisionFilter::default()).await {
        Ok(there) if there == text || ingot_yaml::made_from_prism(&there) => Ok(None),
        Ok(_) => Ok(Some(format!(
            "name: `{name}`: a template of this name is there, and it was not made from Prism's form by an import: give this one another `slug:`; `ingot templates show {name}` shows the other"
        ))),
        Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error).with_context(|| one.file.clone()),
    }
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
        _ if one.outcome == "passed over" => text.push_str(": passed over"),
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
