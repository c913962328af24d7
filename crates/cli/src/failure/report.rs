//! A failure as it is written to stderr: a block for people, or with `--json` a problem (RFC 9457). The API's problems stay
//! as they are; what went wrong here is a problem without an HTTP status. Both have the exit code as `exit_code`.

use std::ffi::OsStr;

use ingot_client::ClientError;
use serde_json::{Value, json};

use super::{Exit, block, exit};

/// Whether the command line asks for JSON, told without clap, which may be what refuses it.
pub(crate) fn wants_json<T: AsRef<OsStr>>(words: impl IntoIterator<Item = T>) -> bool {
    let (mut json, mut output, mut next) = (false, None, false);
    for word in words {
        let word = word.as_ref().to_string_lossy();
        if std::mem::take(&mut next) {
            output = Some(word == "json");
            continue;
        }
        match &*word {
            "--" => break,
            "--json" => json = true,
            "-o" | "--output" => next = true,
            other => {
                let given = other.strip_prefix("--output=");
                let given = given.or_else(|| other.strip_prefix("-o="));
                if let Some(form) = given.or_else(|| other.strip_prefix("-o")) {
                    output = Some(form == "json");
                }
            }
        }
    }
    output.unwrap_or(json)
}

/// What is written for an error.
pub(crate) fn text(error: &anyhow::Error, json: bool) -> String {
    if json {
        problem(error).to_string()
    } else {
        block(error)
    }
}

/// The problem of a command line that clap refuses, in its own words.
pub(crate) fn usage(rendered: &str) -> String {
    let detail = rendered.trim().trim_start_matches("error: ");
    local(Exit::Usage, detail).to_string()
}

/// The same for an end that is said in one sentence.
pub(crate) fn said(exit: Exit, detail: &str, json: bool) -> String {
    if json {
        local(exit, detail).to_string()
    } else {
        format!("error: {detail}")
    }
}

fn problem(error: &anyhow::Error) -> Value {
    let code = exit(error);
    let call = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<ClientError>());
    let theirs = match call {
        Some(ClientError::Problem(problem)) => serde_json::to_value(problem).ok(),
        _ => None,
    };
    match theirs {
        Some(mut problem) => {
            problem["exit_code"] = json!(code.code());
            problem
        }
        None => local(code, block(error).trim_start_matches("error: ")),
    }
}

fn local(code: Exit, detail: &str) -> Value {
    let (word, title) = match code {
        Exit::Done => ("done", "It is done"),
        Exit::Failed => ("failed", "It ended badly"),
        Exit::Usage => ("usage", "The command line cannot be used"),
        Exit::Refused => ("refused", "The input was refused"),
        Exit::NotFound => ("not-found", "There is no such thing"),
        Exit::Unreachable => ("unreachable", "It cannot be reached"),
        Exit::Unready => ("unready", "The API is not ready"),
        Exit::TimedOut => ("timed-out", "It did not end in time"),
        Exit::Interrupted => ("interrupted", "It was interrupted"),
    };
    json!({
        "type": format!("urn:ingot:problem:cli:{word}"),
        "title": title,
        "detail": detail,
        "exit_code": code.code(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Refused, Usage};

    fn read(error: &anyhow::Error) -> Value {
        serde_json::from_str(&text(error, true)).expect("JSON")
    }

    #[test]
    fn json_is_asked_for_anywhere_before_two_dashes() {
        assert!(wants_json(["ingot", "images", "list", "--json"]));
        assert!(wants_json(["ingot", "--json", "images"]));
        for words in [
            ["-o", "json"],
            ["--output", "json"],
            ["x", "-ojson"],
            ["x", "-o=json"],
            ["x", "--output=json"],
        ] {
            assert!(wants_json(words), "{words:?}");
        }
        assert!(!wants_json(["--json", "-o", "text"]));
        assert!(!wants_json(["ingot", "images", "--", "--json"]));
        assert!(!wants_json(["ingot", "images", "--jsonx"]));
    }

    #[test]
    fn the_apis_problem_stays_as_it_is_and_ours_has_its_form() {
        let theirs = ingot_client::Problem {
            kind: "urn:ingot:problem:not-found".to_owned(),
            title: "Not found".to_owned(),
            status: 404,
            detail: "there is no image".to_owned(),
            request_id: Some("req_1".to_owned()),
            errors: Vec::new(),
        };
        let error = anyhow::Error::from(ClientError::Problem(Box::new(theirs))).context("looking");
        let read_back = read(&error);
        assert_eq!(read_back["type"], "urn:ingot:problem:not-found");
        assert_eq!(
            (&read_back["status"], &read_back["exit_code"]),
            (&json!(404), &json!(4))
        );
        assert_eq!(read_back["request_id"], "req_1");
        let table = [
            (anyhow::anyhow!("broken"), "urn:ingot:problem:cli:failed", 1),
            (
                Usage("no region".to_owned()).into(),
                "urn:ingot:problem:cli:usage",
                2,
            ),
            (
                Refused("bad".to_owned()).into(),
                "urn:ingot:problem:cli:refused",
                3,
            ),
        ];
        for (error, kind, code) in table {
            let problem = read(&error);
            assert_eq!(
                (&problem["type"], &problem["exit_code"]),
                (&json!(kind), &json!(code))
            );
            assert_eq!(problem["detail"], error.to_string());
            assert!(
                problem["title"]
                    .as_str()
                    .is_some_and(|title| !title.is_empty())
            );
        }
    }
}
