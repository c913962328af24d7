//! What is wrong with a file that was checked here: places that editors turn into links, and the same for machines.

use std::path::Path;

use ingot_yaml::YamlError;
use serde::Serialize;

use crate::failure::Refused;
use crate::output::Output;

/// One thing that is wrong.
#[derive(Serialize)]
pub(crate) struct Wrong {
    line: Option<u32>,
    column: Option<u32>,
    field: String,
    message: String,
}

/// The outcome of a check that refuses a file, for machines.
#[derive(Serialize)]
struct Refusal {
    ok: bool,
    problems: Vec<Wrong>,
}

/// Refuses a file: every place on stderr, and for machines the same on stdout.
pub(crate) fn refused(output: Output, file: &Path, error: &YamlError) -> anyhow::Error {
    let refusal = Refusal {
        ok: false,
        problems: wrongs(error),
    };
    let told = match output.json {
        true => output.result(&refusal, |_| String::new()),
        false => Ok(()),
    };
    told.err()
        .unwrap_or_else(|| Refused(places(file, error)).into())
}

/// A headline, then `file:line:column: field: message` for each, which editors turn into links.
fn places(file: &Path, error: &YamlError) -> String {
    headed(file, &wrongs(error))
}

/// The same of what machines are told.
pub(crate) fn headed(file: &Path, wrongs: &[Wrong]) -> String {
    let count = wrongs.len();
    let mut text = format!(
        "{} has {count} {}",
        file.display(),
        if count == 1 { "mistake" } else { "mistakes" }
    );
    for wrong in wrongs {
        text.push_str(&line(file, "", wrong));
    }
    text
}

/// `file:line:column: field: message` on a line of its own.
pub(crate) fn line(file: &Path, kind: &str, wrong: &Wrong) -> String {
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

/// The same for machines.
pub(crate) fn wrong(problem: &ingot_yaml::Problem) -> Wrong {
    Wrong {
        line: problem.line,
        column: problem.column,
        field: problem.field.clone(),
        message: problem.message.clone(),
    }
}
