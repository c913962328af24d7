//! Names of files, commands and variables as far as a script tells them.

use super::{Flow, Quotes};
use crate::render::shell::seen::Named;
use crate::render::shell::words::{SHELLS, base};

/// The last part of a path: literal, or its beginning and its end as far as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    before: String,
    /// The end; `None` if all is literal.
    after: Option<String>,
}

impl Name {
    fn literal(name: &str) -> Self {
        Self {
            before: name.to_owned(),
            after: None,
        }
    }

    fn of(last: &str) -> Self {
        const SPECIAL: [char; 7] = ['$', '`', '*', '?', '[', '{', '('];
        let Some(first) = last.find(SPECIAL) else {
            return Self::literal(last);
        };
        let end = last.rfind(['$', '`', '*', '?', ']', '}', ')']);
        let after = end.map_or("", |end| &last[end + 1..]);
        let after = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        Self {
            before: last[..first].to_owned(),
            after: Some(after.to_owned()),
        }
    }

    /// Whether two names may be the same file.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (&self.after, &other.after) {
            (None, None) => self.before == other.before,
            (Some(after), None) => {
                other.before.starts_with(&self.before) && other.before.ends_with(after.as_str())
            }
            (None, Some(_)) => other.may_be(self),
            (Some(one), Some(two)) => {
                let begin = self.before.starts_with(&other.before)
                    || other.before.starts_with(&self.before);
                begin && (one.ends_with(two.as_str()) || two.ends_with(one.as_str()))
            }
        }
    }
}

impl Flow<'_> {
    /// The names a word may be, variables of the script looked up.
    pub(super) fn names(&self, text: usize, word: &str, depth: usize) -> Vec<Name> {
        let last = word
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(word);
        if let Some(variable) = whole_variable(last) {
            let values = self.values_of(text, variable);
            self.look(values.len());
            if self.is_too_long() {
                return Vec::new();
            }
            if !values.is_empty() && depth < 4 {
                let names = values.iter().flat_map(|value| {
                    if value.contains("mktemp") {
                        return vec![Name::literal(last)];
                    }
                    self.names(text, value, depth + 1)
                });
                return names.collect();
            }
        }
        vec![Name::of(last)]
    }

    /// The commands a word may be, as words, if the script tells them all.
    pub(super) fn commands(&self, text: usize, word: &str) -> Vec<Vec<String>> {
        let Some(variable) = whole_variable(word) else {
            return Vec::new();
        };
        self.look(self.seen.len());
        let arrays = self.seen.iter().filter(|seen| {
            self.text_of(seen.span.start) == text
                && matches!(&seen.name, Some(Named::Array(name)) if name == variable)
        });
        let arrays = arrays.map(|seen| self.text[seen.span.clone()].trim_matches(['(', ')']));
        let values = self.values_of(text, variable);
        self.look(values.len());
        let plain = values.iter().filter(|value| !value.is_empty());
        let all: Vec<String> = plain.cloned().chain(arrays.map(unquoted)).collect();
        let name = |value: &String| {
            let name = value.split_ascii_whitespace().next().unwrap_or_default();
            name.is_empty() || is_unknown(name)
        };
        if all.iter().any(name) {
            return Vec::new();
        }
        let words = |value: &String| value.split_ascii_whitespace().map(str::to_owned).collect();
        all.iter().map(words).collect()
    }

    /// What a script assigns to a variable, without quotes.
    fn values_of(&self, text: usize, variable: &str) -> &[String] {
        let found = self.assigned.get(&(text, variable.to_owned()));
        found.map_or(&[], Vec::as_slice)
    }

    /// Notes what a command assigns.
    pub(super) fn assigns(&mut self, number: usize) {
        let text = self.text_of(self.seen[number].span.start);
        let words = self.words(number);
        let mut note = |name: &str, value: &str| {
            let values = self.assigned.entry((text, name.to_owned())).or_default();
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        };
        for word in words.iter() {
            if let Some((name, value)) = word.split_once('=') {
                note(name.trim_end_matches('+'), value);
            }
        }
        if words.len() > 2 && words[0] == "for" {
            for word in words[2..].iter().filter(|word| *word != "in") {
                note(&words[1], word);
            }
        }
    }
}

/// The variable that a word without its quotes is.
fn whole_variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = name
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'))
        .unwrap_or(name);
    let name = name.trim_end_matches("[@]").trim_end_matches("[*]");
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(letter)).then_some(name)
}

/// Whether the system, or a login, runs a file with this path by itself.
pub(super) fn is_run_by_the_system(path: &str) -> bool {
    const FOLDERS: [&str; 8] = [
        "/bin/",
        "/sbin/",
        "/init.d/",
        "/profile.d/",
        "/cron.",
        "/cron/",
        "/scripts/per-",
        "/rc.d/",
    ];
    const FILES: [&str; 12] = [
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".bash_logout",
        ".profile",
        ".zshrc",
        "profile",
        "bash.bashrc",
        "rc.local",
        "Makefile",
        "makefile",
        "crontab",
    ];
    let last = path.rsplit('/').next().unwrap_or(path);
    let ending = [".sh", ".bash", ".py", ".pl"]
        .iter()
        .any(|end| last.ends_with(end));
    ending || FILES.contains(&last) || FOLDERS.iter().any(|folder| path.contains(folder))
}

/// Whether a line hands a string to a shell, as units and crontabs do.
pub(super) fn runs_a_string(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let shell = |word: &str| SHELLS.contains(&base(word.trim_matches(['"', '\''])));
    words.any(shell) && words.any(|word| word.starts_with('-') && word.contains('c'))
}

/// A word without its quotes.
pub(super) fn unquoted(word: &str) -> String {
    word.replace(['\'', '"', '\\'], "")
}

/// Whether a word without its quotes is arguments of a function.
pub(super) fn is_argument(word: &str) -> bool {
    let name = word.strip_prefix('$').unwrap_or_default();
    let name = name.trim_start_matches('{').trim_end_matches('}');
    let name = name.split(':').next().unwrap_or_default();
    name == "@" || name == "*" || (!name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a command's name is not literal.
pub(super) fn is_unknown(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.contains(['$', '`']) || last.contains("{{")
}

/// The variables a text is expanded with, and where they stand.
pub(super) fn variables(text: &str, quotes: Quotes) -> Vec<(usize, String)> {
    let bytes = text.as_bytes();
    let (mut at, mut single, mut double) = (0, false, false);
    let mut found = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !single => at += 1,
            b'\'' if !double && quotes == Quotes::Word => single = !single,
            b'"' if !single => double = !double,
            b'$' if !single => {
                let rest = text[at + 1..].trim_start_matches(['{', '!', '#']);
                let letter = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let name = &rest[..rest.find(letter).unwrap_or(rest.len())];
                if !name.is_empty() {
                    found.push((at, name.to_owned()));
                } else if let Some(all) = rest.get(..1).filter(|all| ["@", "*"].contains(all)) {
                    found.push((at, all.to_owned()));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}
