//! What a failure looks like: one `error:` block on stderr, the way out, and an exit code that scripts may rely on; with
//! `--json` the same as a problem (RFC 9457).

pub(crate) mod exits;
pub(crate) mod report;

use std::error::Error;
use std::fmt::Write;

use ingot_client::{ClientError, Problem};

use crate::output::{clean, clean_lines};

pub(crate) use exits::Exit;

/// A command line that clap accepts and the command cannot use.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Input that is refused here, before any API is asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// What is named here and is not there, told without the API's own 404.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotFound(pub(crate) String);

/// A ledger that does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// What was waited for did not end in the time that `--timeout` gives.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TimedOut(pub(crate) String);

/// The exit code of an error.
pub(crate) fn exit(error: &anyhow::Error) -> Exit {
    if error.is::<Usage>() {
        Exit::Usage
    } else if error.is::<Refused>() {
        Exit::Refused
    } else if error.is::<NotFound>() {
        Exit::NotFound
    } else if error.is::<Unreachable>() {
        Exit::Unreachable
    } else if error.is::<TimedOut>() {
        Exit::TimedOut
    } else if let Some(error) = error.downcast_ref::<ClientError>() {
        exit_of_call(error)
    } else {
        Exit::Failed
    }
}

fn exit_of_call(error: &ClientError) -> Exit {
    match error {
        ClientError::Problem(problem) => match problem.status {
            401 | 403 => Exit::Unreachable,
            404 => Exit::NotFound,
            400..=499 => Exit::Refused,
            _ => Exit::Unready,
        },
        // A proxy in front of an API that is down answers like this.
        ClientError::Foreign { status: 500.., .. } => Exit::Unready,
        ClientError::Unreachable { .. } | ClientError::Foreign { .. } => Exit::Unreachable,
        ClientError::Setup(_) => Exit::Usage,
    }
}

/// The block that is printed for an error.
pub(crate) fn block(error: &anyhow::Error) -> String {
    let mut text = String::from("error: ");
    // Context that was put around a call comes first, then the call's own words.
    let call = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<ClientError>());
    let Some(call) = call else {
        let causes: Vec<String> = error.chain().map(|cause| cause.to_string()).collect();
        text.push_str(&clean_lines(&causes.join(": ")));
        return text;
    };
    for context in error.chain().take_while(|cause| !cause.is::<ClientError>()) {
        let _ = write!(text, "{}: ", clean(&context.to_string()));
    }
    match call {
        ClientError::Problem(problem) => problem_block(&mut text, problem),
        ClientError::Unreachable { url, source } => {
            let _ = write!(
                text,
                "cannot reach the API at {url}: {}",
                clean(&root(source))
            );
            text.push_str("\nhint: start one with `ingot up`, name the running one with --url or INGOT_URL, or say in INGOT_DATA_DIR which folder its `ingot up` was given");
        }
        ClientError::Foreign {
            url,
            status,
            detail,
        } => {
            let _ = write!(
                text,
                "{url} answered {status}, and that is not Ingot's API ({})",
                clean(detail)
            );
            text.push_str(
                "\nhint: check --url or INGOT_URL, and what stands between you and the API",
            );
        }
        ClientError::Setup(detail) => text.push_str(&clean(detail)),
    }
    text
}

fn problem_block(text: &mut String, problem: &Problem) {
    let detail = if problem.detail.is_empty() {
        &problem.title
    } else {
        &problem.detail
    };
    let _ = write!(text, "{} ({})", clean(detail), problem.status);
    // The headline tells the first, which is all there is to tell of one.
    let headline = detail.as_str();
    let untold = problem
        .errors
        .iter()
        .filter(|error| !headline.contains(&error.message) || !headline.starts_with(&error.field));
    for error in untold {
        let value = if error.value.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", clean(&error.value))
        };
        let _ = write!(
            text,
            "\n  {}: {value}{}",
            clean(&error.field),
            clean(&error.message)
        );
    }
    if let Some(id) = &problem.request_id {
        let _ = write!(text, "\n  request id {}", clean(id));
    }
    let hint = match problem.status {
        401 => {
            "give a token with --token or INGOT_TOKEN; `ingot config show` says which one was sent, `ingot token create` makes one, `ingot up` leaves one in its data directory"
        }
        403 => "this token may not do that; take another one",
        429 => "wait a moment, then repeat",
        500.. => "see `ingot status`; quote the request id when asking for help",
        _ => return,
    };
    let _ = write!(text, "\nhint: {hint}");
}

/// The innermost cause: `connection refused` says more than `error sending request`.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use ingot_client::InvalidField;

    use super::*;

    fn problem(status: u16) -> anyhow::Error {
        let wrong = InvalidField {
            field: "version".to_owned(),
            value: "x\u{1b}".to_owned(),
            message: "write it as v1.2.3".to_owned(),
        };
        let problem = Problem {
            kind: "urn:ingot:problem:invalid-request".to_owned(),
            title: "Invalid request".to_owned(),
            status,
            detail: "one field is wrong".to_owned(),
            request_id: Some("req_1".to_owned()),
            errors: vec![wrong],
        };
        ClientError::Problem(Box::new(problem)).into()
    }

    fn foreign(status: u16) -> anyhow::Error {
        ClientError::Foreign {
            url: "http://x/".to_owned(),
            status,
            detail: "html".to_owned(),
        }
        .into()
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let table = [
            (anyhow::anyhow!("broken"), Exit::Failed),
            (Usage("no region".to_owned()).into(), Exit::Usage),
            (ClientError::Setup("no URL".to_owned()).into(), Exit::Usage),
            (Refused("bad file".to_owned()).into(), Exit::Refused),
            (NotFound("no token".to_owned()).into(), Exit::NotFound),
            (
                Unreachable("no server".to_owned()).into(),
                Exit::Unreachable,
            ),
            (TimedOut("after 1 s".to_owned()).into(), Exit::TimedOut),
            (problem(400), Exit::Refused),
            (problem(409), Exit::Refused),
            (problem(422), Exit::Refused),
            (problem(404), Exit::NotFound),
            (problem(401), Exit::Unreachable),
            (problem(403), Exit::Unreachable),
            (problem(500), Exit::Unready),
            (problem(503), Exit::Unready),
            (foreign(200), Exit::Unreachable),
            (foreign(404), Exit::Unreachable),
            (foreign(502), Exit::Unready),
            (problem(404).context("around it"), Exit::NotFound),
        ];
        for (error, code) in table {
            assert_eq!(exit(&error), code, "{error:#}");
        }
    }

    #[test]
    fn a_problem_is_one_block_with_every_field_and_the_way_out() {
        assert_eq!(
            block(&problem(422)),
            "error: one field is wrong (422)\n  version: `x\\u{1b}`: write it as v1.2.3\n  request id req_1"
        );
        assert!(block(&problem(401)).contains("\nhint: give a token"));
        assert!(block(&foreign(200)).contains("not Ingot's API"));
        assert_eq!(
            block(&anyhow::anyhow!("inner").context("outer")),
            "error: outer: inner"
        );
    }

    #[test]
    fn what_the_headline_tells_is_told_once() {
        let wrong = |field: &str| InvalidField {
            field: field.to_owned(),
            value: "x".to_owned(),
            message: "write a number".to_owned(),
        };
        let told = |detail: &str, errors: Vec<InvalidField>| {
            let problem = Problem {
                kind: String::new(),
                title: String::new(),
                status: 422,
                detail: detail.to_owned(),
                request_id: None,
                errors,
            };
            let error: anyhow::Error = ClientError::Problem(Box::new(problem)).into();
            block(&error)
        };
        assert_eq!(
            told("size: `x`: write a number", vec![wrong("size")]),
            "error: size: `x`: write a number (422)"
        );
        assert_eq!(
            told(
                "size: `x`: write a number (and 1 more, see `errors`)",
                vec![wrong("size"), wrong("ttl")]
            ),
            "error: size: `x`: write a number (and 1 more, see `errors`) (422)\n  ttl: `x`: write a number"
        );
    }

    #[tokio::test]
    async fn an_unreachable_api_is_5_and_says_what_to_start() {
        // Port 1 of loopback: no server listens there.
        let client = ingot_client::Client::new("http://127.0.0.1:1", None).expect("client");
        let error: anyhow::Error = client.queues().await.expect_err("no API there").into();
        assert_eq!(exit(&error), Exit::Unreachable);
        let text = block(&error);
        assert!(
            text.starts_with(
                "error: cannot reach the API at http://127.0.0.1:1: Connection refused"
            ),
            "{text}"
        );
        assert!(text.contains("\nhint: start one with `ingot up`"), "{text}");
    }
}
