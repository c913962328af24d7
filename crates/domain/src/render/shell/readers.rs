//! Readers of code: which words, files and inputs of a command are read as code, told by the command's words.

mod options;

use super::words::{SHELLS, base, is_assignment};
use options::{first_operand, hands_on, interpreter};

/// What a command reads as code; the numbers are of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// A shell reads it.
    Word(usize),
    /// Another language's interpreter reads it.
    Foreign(usize),
    File(usize),
    Input,
}

/// Programs that run the command after them, some of them with options and operands of their own before it.
const WRAPPERS: [&str; 38] = [
    "sudo",
    "doas",
    "env",
    "exec",
    "nohup",
    "command",
    "builtin",
    "time",
    "timeout",
    "nice",
    "ionice",
    "chroot",
    "docker",
    "podman",
    "kubectl",
    "nerdctl",
    "runuser",
    "su",
    "xargs",
    "find",
    "flock",
    "setsid",
    "setpriv",
    "nsenter",
    "unshare",
    "systemd-run",
    "stdbuf",
    "taskset",
    "chrt",
    "script",
    "busybox",
    "strace",
    "unbuffer",
    "parallel",
    "watch",
    "fd",
    "cloud-init-per",
    "coproc",
];
/// Wrappers that are part of the shell and change nothing about the command.
const SAME: [&str; 5] = ["command", "builtin", "exec", "time", "busybox"];
/// Options of wrappers with an operand.
const WITH_OPERAND: [&str; 6] = ["-u", "-g", "-U", "-T", "-C", "-h"];
/// Programs whose operands are code.
const ALL: [&str; 9] = [
    "watch", "parallel", "entr", "make", "gmake", "alias", "complete", "bind", "eval",
];
/// Interpreters, and the letters of their options after which code follows.
const INTERPRETERS: [(&str, &str); 15] = [
    ("python", "c"),
    ("python2", "c"),
    ("python3", "c"),
    ("perl", "eE"),
    ("ruby", "e"),
    ("node", "ep"),
    ("php", "r"),
    ("lua", "e"),
    ("psql", "c"),
    ("mysql", "e"),
    ("mariadb", "e"),
    ("sqlite3", ""),
    ("tclsh", ""),
    ("pwsh", "c"),
    ("fish", "c"),
];

/// Whether a program runs the command among its arguments.
pub(super) fn wraps(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// What a command with these words, without their quotes, reads as code. `wrapper` says which functions of the script run
/// their arguments.
pub(super) fn reads(words: &[String], wrapper: &dyn Fn(&str) -> bool) -> Vec<Read> {
    let mut found = Vec::new();
    let Some(mut first) = words.iter().position(|word| !is_assignment(word)) else {
        return found;
    };
    while SAME.contains(&base(&words[first])) && first + 1 < words.len() {
        first += 1;
    }
    match words[first].as_str() {
        "." | "source" => found.extend(input_or_file(words, first + 1)),
        "trap" => found.push(Read::Word(first + 1)),
        _ => {}
    }
    let wrapped = wraps(base(&words[first])) || wrapper(&words[first]);
    runs(words, first, wrapped, &mut found);
    for at in first..words.len() {
        if at == first || wrapped {
            program(words, at, &mut found);
        }
    }
    found.retain(|read| !matches!(read, Read::Word(at) | Read::Foreign(at) | Read::File(at) if *at >= words.len()));
    found
}

fn input_or_file(words: &[String], at: usize) -> Option<Read> {
    let word = words.get(at)?;
    let input = word == "-" || word.starts_with("/dev/stdin") || word.starts_with("/dev/fd/");
    Some(if input { Read::Input } else { Read::File(at) })
}

/// The file that is run itself, here or after a wrapper.
fn runs(words: &[String], first: usize, wrapped: bool, found: &mut Vec<Read>) {
    let mut at = first;
    if wrapped && !words[first].contains("./") {
        at += 1;
        let one_more = ["chroot", "flock"].contains(&base(&words[first]));
        if one_more {
            at += 1;
        }
        while let Some(word) = words.get(at) {
            if WITH_OPERAND.contains(&word.as_str()) {
                at += 2;
            } else if word.starts_with('-')
                || is_assignment(word)
                || word.starts_with(|c: char| c.is_ascii_digit())
                || wraps(base(word))
            {
                at += 1;
            } else {
                break;
            }
        }
    }
    if words.get(at).is_some_and(|word| word.contains('/')) {
        found.push(Read::File(at));
    }
    let root_shell = |word: &String| ["-s", "-i", "--login", "--shell"].contains(&word.as_str());
    if base(&words[first]) == "sudo" && at >= words.len() && words.iter().any(root_shell) {
        found.push(Read::Input);
    }
}

fn program(words: &[String], at: usize, found: &mut Vec<Read>) {
    let rest = at + 1..words.len();
    let name = base(&words[at]);
    if SHELLS.contains(&name) || ["mksh", "rbash"].contains(&name) {
        interpreter(words, at, "c", found);
        let feeds = |word: &String| ["xargs", "parallel"].contains(&base(word));
        if words[..at].iter().any(feeds) {
            found.push(Read::Input);
        }
    } else if let Some((_, letters)) = INTERPRETERS.iter().find(|(program, _)| *program == name) {
        interpreter(words, at, letters, found);
        if ["psql", "mysql", "mariadb", "sqlite3"].contains(&name) {
            found.push(Read::Input);
        }
    } else if ALL.contains(&name) {
        found.extend(rest.map(Read::Word));
        if ["parallel", "watch"].contains(&name) {
            found.push(Read::Input);
        }
    } else {
        match name {
            "ssh" => {
                found.extend(rest.map(Read::Word));
                found.push(Read::Input);
            }
            "at" | "batch" | "crontab" => {
                found.extend(rest.map(Read::File));
                found.push(Read::Input);
            }
            "su" | "runuser" | "sg" | "newgrp" | "script" | "flock" | "vagrant" => {
                hands_on(words, at, found);
            }
            // After so many lines they run what follows `-C`.
            "mapfile" | "readarray" if words[at..].iter().any(|word| is_callback(word)) => {
                found.extend(rest.map(Read::Word));
            }
            "awk" | "gawk" | "mawk" => first_operand(words, at, &["-v", "-F"], "", found),
            "sed" => first_operand(words, at, &["-l"], "e", found),
            "env" if words.iter().any(|word| word.starts_with("-S")) => {
                found.extend(rest.map(Read::Word));
            }
            _ => {}
        }
    }
}

/// `-C`, `-tC` or `-C` with its text right behind it.
fn is_callback(word: &str) -> bool {
    word.starts_with('-') && word.contains('C')
}
