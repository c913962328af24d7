//! Where the code stands among the options and operands of a reader.

use super::{Read, input_or_file};
use crate::render::shell::words::{SHELLS, base};

/// `sh`, `python3` and their like: code after an option, or a file, or the input.
pub(super) fn interpreter(words: &[String], first: usize, letters: &str, found: &mut Vec<Read>) {
    let shell = letters == "c" && SHELLS.contains(&base(&words[first]));
    let code_at = |at| {
        if shell {
            Read::Word(at)
        } else {
            Read::Foreign(at)
        }
    };
    let (mut code, mut input) = (false, false);
    let mut at = first + 1;
    while let Some(word) = words.get(at) {
        if word == "--rcfile" || word == "--init-file" {
            found.push(Read::File(at + 1));
            at += 2;
            continue;
        }
        if word == "-" {
            input = true;
        } else if let Some(option) = word.strip_prefix("--") {
            code |= ["command", "eval", "execute"].contains(&option);
            if option.contains('=') {
                found.push(code_at(at));
            }
        } else if word.len() > 1 && word.starts_with(['-', '+']) {
            input |= word == "-s";
            if word[1..].contains(|c: char| letters.contains(c)) {
                code = true;
                found.push(code_at(at));
            }
            if word == "-o" || word == "-O" {
                at += 1;
            }
        } else {
            break;
        }
        at += 1;
    }
    if code {
        found.push(code_at(at));
    } else if let Some(read) = input_or_file(words, at).filter(|_| !input) {
        found.push(read);
    } else {
        found.push(Read::Input);
    }
}

/// `su` and its like: what follows `-c`, in each way to write it, or the input.
pub(super) fn hands_on(words: &[String], first: usize, found: &mut Vec<Read>) {
    let mut code = base(&words[first]) == "sg";
    if code {
        found.extend((first + 1..words.len()).map(Read::Word));
    }
    for (at, word) in words.iter().enumerate().skip(first + 1) {
        let long = ["--command", "--session-command"];
        if long.contains(&word.as_str()) {
            found.push(Read::Word(at + 1));
        } else if word.starts_with("--") {
            if !word
                .split_once('=')
                .is_some_and(|(name, _)| long.contains(&name))
            {
                continue;
            }
            found.push(Read::Word(at));
        } else if word.starts_with('-') && word.contains('c') {
            found.extend([Read::Word(at), Read::Word(at + 1)]);
        } else {
            continue;
        }
        code = true;
    }
    if !code && base(&words[first]) != "flock" {
        found.push(Read::Input);
    }
}

/// `awk` and `sed`: the first operand, what follows `-e`, or the file after `-f`.
pub(super) fn first_operand(
    words: &[String],
    first: usize,
    skipped: &[&str],
    letters: &str,
    found: &mut Vec<Read>,
) {
    let (mut at, mut code) = (first + 1, false);
    while let Some(word) = words.get(at) {
        if skipped.contains(&word.as_str()) {
            at += 2;
            continue;
        }
        if word == "-f" || word == "--file" {
            found.push(Read::File(at + 1));
            return;
        }
        let option = word.len() > 1 && word.starts_with('-');
        let short = option && !word.starts_with("-i") && !word.starts_with("--");
        if short && word.contains(|c: char| letters.contains(c)) || word.starts_with("--expression")
        {
            found.extend([Read::Foreign(at), Read::Foreign(at + 1)]);
            (at, code) = (at + 2, true);
            continue;
        }
        if !option {
            if !code {
                found.push(Read::Foreign(at));
            }
            return;
        }
        at += 1;
    }
}
