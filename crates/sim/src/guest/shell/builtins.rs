//! The commands the shell knows.

use super::super::Boot;
use super::{Machine, Outcome, Stop, bytes};

/// Runs one command on what the pipe before it printed.
pub(super) fn run(machine: &Machine<'_>, words: &[String], input: &str) -> Result<Outcome, Stop> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (name, rest) = words.split_first().ok_or(Stop::Unknown)?;
    match *name {
        "sudo" => {
            let rest: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
            run(machine, &rest, input)
        }
        "true" | ":" => Ok(Outcome::default()),
        "false" => Ok(code(1)),
        "exit" => {
            let number = rest.first().map_or(Ok(0), |text| text.parse());
            Err(number.map_or(Stop::Unknown, Stop::Exits))
        }
        "echo" => Ok(printed(0, &format!("{}\n", rest.join(" ")))),
        "hostname" | "uname" | "uptime" | "id" | "whoami" => Ok(printed(0, "simulated\n")),
        "test" => test(machine, rest),
        "[" | "[[" => match rest.split_last() {
            Some((&("]" | "]]"), inside)) => test(machine, inside),
            _ => Err(Stop::Unknown),
        },
        "stat" if rest.first() == Some(&"-c") => match rest {
            ["-c", "%s", path] => Ok(bytes::length(machine, path)),
            _ => Err(Stop::Unknown),
        },
        "cat" | "ls" | "stat" => look(machine, name, rest),
        "tail" | "head" => bytes::cut(machine, name, rest, input),
        "base64" => Ok(bytes::base64(machine, rest, input)),
        "cloud-init" => cloud_init(machine, rest),
        "grep" => grep(machine, rest, input),
        _ => Err(Stop::Unknown),
    }
}

fn code(code: i32) -> Outcome {
    printed(code, "")
}

pub(super) fn printed(code: i32, text: &str) -> Outcome {
    Outcome {
        code,
        stdout: text.to_owned(),
        stderr: String::new(),
    }
}

fn test(machine: &Machine<'_>, words: &[&str]) -> Result<Outcome, Stop> {
    let (wanted, words) = match words {
        ["!", rest @ ..] => (false, rest),
        all => (true, all),
    };
    let holds = match words {
        ["-e" | "-f" | "-r", path] => machine.has(path),
        ["-s", path] => machine.has(path) && !machine.content(path).is_empty(),
        ["-n", text] => !text.is_empty(),
        ["-z", text] => text.is_empty(),
        [one, "=" | "==", other] => one == other,
        [one, "!=", other] => one != other,
        _ => return Err(Stop::Unknown),
    };
    Ok(code(i32::from(holds != wanted)))
}

fn look(machine: &Machine<'_>, name: &str, words: &[&str]) -> Result<Outcome, Stop> {
    let paths: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if paths.is_empty() {
        return Err(Stop::Unknown);
    }
    let mut outcome = Outcome::default();
    for path in paths {
        if !machine.has(path) {
            outcome.code = if name == "ls" { 2 } else { 1 };
            let line = format!("{name}: {path}: No such file or directory\n");
            outcome.stderr.push_str(&line);
        } else if name == "cat" {
            outcome.stdout.push_str(&machine.content(path));
        } else {
            outcome.stdout.push_str(&format!("{path}\n"));
        }
    }
    Ok(outcome)
}

/// `cloud-init status`, also with `--wait` and `--long`.
fn cloud_init(machine: &Machine<'_>, words: &[&str]) -> Result<Outcome, Stop> {
    let boot = machine.boot();
    let mut text = format!("status: {}\n", boot.word());
    match words.split_first() {
        Some((&"status", flags)) => {
            for flag in flags {
                match *flag {
                    "--wait" | "-w" if boot == Boot::Running => return Err(Stop::Waits),
                    "--wait" | "-w" => text.insert(0, '\n'),
                    "--long" | "-l" => text.push_str(&long(boot)),
                    _ => return Err(Stop::Unknown),
                }
            }
        }
        _ => return Err(Stop::Unknown),
    }
    Ok(printed(boot.code(), &text))
}

fn long(boot: Boot) -> String {
    let errors = match boot {
        Boot::Error => {
            "errors:\n\t- ('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 \
             attempted commands'))\n"
        }
        Boot::Running | Boot::Done => "errors: []\n",
    };
    format!(
        "extended_status: {}\nboot_status_code: enabled-by-generator\ndetail: DataSourceEc2Local\n\
         {errors}recoverable_errors: {{}}\n",
        boot.word()
    )
}

/// `grep` with a pattern of literals, groups of alternatives and anchors, in its input or in one file.
fn grep(machine: &Machine<'_>, words: &[&str], input: &str) -> Result<Outcome, Stop> {
    let (mut quiet, mut extended, mut inverted, mut ignore) = (false, false, false, false);
    let mut fixed = false;
    let mut patterns = Vec::new();
    for word in words {
        match word.strip_prefix('-') {
            Some(flags) if patterns.is_empty() && !flags.is_empty() => {
                for flag in flags.chars() {
                    match flag {
                        'q' => quiet = true,
                        'E' => extended = true,
                        'v' => inverted = true,
                        'i' => ignore = true,
                        'F' => fixed = true,
                        'a' | 'e' => {}
                        _ => return Err(Stop::Unknown),
                    }
                }
            }
            _ => patterns.push(*word),
        }
    }
    let (pattern, content) = match patterns.as_slice() {
        [pattern] => (*pattern, input.to_owned()),
        [_, path] if !machine.has(path) => return Ok(code(2)),
        [pattern, path] => (*pattern, machine.content(path)),
        _ => return Err(Stop::Unknown),
    };
    let input = content.as_str();
    let alternatives = if fixed {
        vec![(false, pattern.to_owned(), false)]
    } else {
        alternatives(pattern, extended).ok_or(Stop::Unknown)?
    };
    let fits = |line: &&str| {
        let line = if ignore {
            line.to_lowercase()
        } else {
            (*line).to_owned()
        };
        let hit = alternatives.iter().any(|(start, text, end)| {
            let text = if ignore {
                text.to_lowercase()
            } else {
                text.clone()
            };
            match (start, end) {
                (true, true) => line == text,
                (true, false) => line.starts_with(&text),
                (false, true) => line.ends_with(&text),
                (false, false) => line.contains(&text),
            }
        });
        hit != inverted
    };
    let lines: Vec<&str> = input.lines().filter(fits).collect();
    let found = i32::from(lines.is_empty());
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    Ok(printed(found, if quiet { "" } else { &text }))
}

/// A pattern as plain texts, each with its anchors; `None` if it is more than that.
fn alternatives(pattern: &str, extended: bool) -> Option<Vec<(bool, String, bool)>> {
    let (start, inside) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (end, inside) = match inside.strip_suffix('$') {
        Some(rest) => (true, rest),
        None => (false, inside),
    };
    let texts: Vec<String> = match inside.split_once('(').filter(|_| extended) {
        Some((before, rest)) => {
            let (group, after) = rest.split_once(')')?;
            let each = group.split('|');
            each.map(|one| format!("{before}{one}{after}")).collect()
        }
        None if extended => inside.split('|').map(str::to_owned).collect(),
        None => vec![inside.to_owned()],
    };
    let special =
        |text: &String| text.contains(['*', '+', '?', '[', ']', '\\', '^', '$', '(', ')']);
    if texts.iter().any(special) {
        return None;
    }
    Some(texts.into_iter().map(|text| (start, text, end)).collect())
}
