//! Commands that cut what they read: `head`, `tail`, `base64`, and `stat` for its length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::builtins::printed;
use super::{Machine, Outcome, Stop};

/// Characters of a line of `base64`.
const WIDTH: usize = 76;

/// What the last words of a command name, or what the pipe before it printed; the error of a file that is not there.
fn read(machine: &Machine<'_>, name: &str, words: &[&str], input: &str) -> Result<String, Outcome> {
    match words {
        [] => Ok(input.to_owned()),
        [path, ..] if machine.has(path) => Ok(machine.content(path)),
        [path, ..] => Err(Outcome {
            code: 1,
            stdout: String::new(),
            stderr: format!("{name}: {path}: No such file or directory\n"),
        }),
    }
}

/// `head` and `tail` with `-n` or `-c`, also `tail -c +FROM`.
pub(super) fn cut(
    machine: &Machine<'_>,
    name: &str,
    words: &[&str],
    input: &str,
) -> Result<Outcome, Stop> {
    let (unit, count, rest) = match words {
        [unit @ ("-n" | "-c"), count, rest @ ..] => (*unit, *count, rest),
        rest => ("-n", "10", rest),
    };
    let number: usize = count.parse().map_err(|_| Stop::Unknown)?;
    let text = match read(machine, name, rest, input) {
        Ok(text) => text,
        Err(missing) => return Ok(missing),
    };
    let from_there = name == "tail" && count.starts_with('+');
    let kept = if unit == "-c" {
        let bytes = text.as_bytes();
        let kept = match (name, from_there) {
            ("head", _) => &bytes[..number.min(bytes.len())],
            (_, true) => &bytes[number.saturating_sub(1).min(bytes.len())..],
            (_, false) => &bytes[bytes.len().saturating_sub(number)..],
        };
        String::from_utf8_lossy(kept).into_owned()
    } else {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        match (name, from_there) {
            ("head", _) => lines[..number.min(lines.len())].concat(),
            (_, true) => lines[number.saturating_sub(1).min(lines.len())..].concat(),
            (_, false) => lines[lines.len().saturating_sub(number)..].concat(),
        }
    };
    Ok(printed(0, &kept))
}

/// `base64` of what it reads, in lines as coreutils writes them.
pub(super) fn base64(machine: &Machine<'_>, words: &[&str], input: &str) -> Outcome {
    match read(machine, "base64", words, input) {
        Err(missing) => missing,
        Ok(text) => {
            let encoded = STANDARD.encode(text);
            let lines = encoded.as_bytes().chunks(WIDTH);
            let lines = lines.map(|line| format!("{}\n", String::from_utf8_lossy(line)));
            printed(0, &lines.collect::<String>())
        }
    }
}

/// `stat -c %s PATH`.
pub(super) fn length(machine: &Machine<'_>, path: &str) -> Outcome {
    match read(machine, "stat", &[path], "") {
        Err(missing) => missing,
        Ok(text) => printed(0, &format!("{}\n", text.len())),
    }
}
