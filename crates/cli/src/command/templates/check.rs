//! `ingot templates check`: asks no API, it reads the file with the same reader the API has.

use std::path::Path;

use ingot_domain::Instant;
use ingot_domain::template::Template;
use ingot_domain::zone::Zone;
use serde::Serialize;

use super::against::{self, Against};
use crate::command::mistakes::{Wrong, headed, line, refused, wrong};
use crate::command::read;
use crate::failure::Refused;
use crate::output::{Output, clean_lines, time};

/// The outcome of a check, for machines.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    problems: Vec<Wrong>,
    /// When its line of cron fires next, were the policy's time zone UTC.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fires: Vec<Instant>,
    /// What is right and yet worth a word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Wrong>,
    /// What AWS says, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Against>,
}

/// Checks a file, and asks AWS in a region about it: with the id of the running installation, if one is known.
pub(super) async fn run(
    output: Output,
    file: &Path,
    against: Option<(&str, Option<String>)>,
) -> anyhow::Result<()> {
    let from_input = file.as_os_str() == "-";
    let text = if from_input {
        read(file)?
    } else {
        String::new()
    };
    let parsed = match from_input {
        true => super::beside::parse(&text, Path::new(".")),
        false => super::beside::parse_file(file),
    };
    let template = match parsed {
        Ok(template) => template,
        Err(error) => return Err(refused(output, file, &error)),
    };
    // A file that could be read a moment ago.
    let text = match from_input {
        true => text,
        false => std::fs::read_to_string(file).unwrap_or_default(),
    };
    let warnings = ingot_yaml::warnings(&text, &template);
    let against = match against {
        Some((region, install)) => Some(against::ask(&template, region, install).await?),
        None => None,
    };
    let misfits = against.as_ref().map(Against::misfits).unwrap_or_default();
    let misfits = ingot_yaml::located(&text, misfits);
    let checked = Checked {
        fires: fires(&template),
        ok: misfits.is_empty(),
        problems: misfits.iter().map(wrong).collect(),
        warnings: warnings.iter().map(wrong).collect(),
        against,
    };
    output.result(&checked, |checked| {
        let mut said = format!("{}: template `{}` is fine", file.display(), template.name);
        for warning in &checked.warnings {
            said.push_str(&line(file, "warning: ", warning));
        }
        if let Some(line) = &template.rebuild {
            let next: Vec<String> = checked.fires.iter().map(time).collect();
            said.push_str(&format!(
                "\n  rebuild `{line}` fires next at {}, were the policy's time zone UTC; `ingot policy fires` knows others",
                next.join(", ")
            ));
        }
        if let Some(against) = &checked.against {
            said.push_str(&against.told());
        }
        clean_lines(&said)
    })?;
    if checked.ok {
        return Ok(());
    }
    Err(Refused(headed(file, &checked.problems)).into())
}

/// The next five.
fn fires(template: &Template) -> Vec<Instant> {
    let line = template.rebuild.as_ref();
    let fires = line.map(|line| line.fires(Zone::UTC, crate::command::now(), 5));
    fires.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Exit, block, exit};

    #[tokio::test]
    async fn a_bad_file_is_refused_with_every_place() {
        let dir = tempfile::tempdir().expect("directory");
        let file = dir.path().join("bad.yaml");
        let good = ingot_yaml::to_yaml(&ingot_yaml::kamiwaza()).expect("yaml");
        std::fs::write(&file, &good).expect("write");
        assert!(run(Output { json: false }, &file, None).await.is_ok());
        std::fs::write(&file, format!("{good}\nnonsense: 1\n")).expect("write");
        let error = run(Output { json: false }, &file, None)
            .await
            .expect_err("refused");
        assert_eq!(exit(&error), Exit::Refused);
        let (text, line) = (block(&error), good.lines().count() + 2);
        assert!(
            text.contains("has 1 mistake\n") && text.contains(&format!("bad.yaml:{line}:1: ")),
            "{text}"
        );
        assert!(text.contains("nonsense"), "{text}");
    }
}
