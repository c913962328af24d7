//! From what is read as code to where it comes from: one step back.

use std::collections::BTreeSet;
use std::ops::Range;

use super::files::{is_argument, unquoted, variables};
use super::{Code, Flow, Name, Quotes};
use crate::render::shell::seen::{Named, Seen};
use crate::render::shell::words::base;

/// Programs that write to a file among their arguments.
const WRITERS: [&str; 16] = [
    "tee", "cp", "mv", "install", "ln", "dd", "sed", "rsync", "sponge", "perl", "curl", "wget",
    "patch", "envsubst", "scp", "crudini",
];

impl Flow<'_> {
    pub(super) fn mark_text(&mut self, range: &Range<usize>, quotes: Quotes, level: usize) {
        self.mark(Code::Text(range.start, range.end, quotes, level));
    }

    pub(super) fn sources(&mut self, code: Code) {
        self.look(self.seen.len());
        match code {
            Code::Text(start, end, quotes, level) => self.of_text(&(start..end), quotes, level),
            Code::Script(start, end, level) => self.script(start..end, level),
            Code::Output(number) => self.of_output(number),
            Code::Input(number) => self.of_input(number),
            Code::File(name) => self.of_file(&name),
            Code::Variable(text, name) => self.of_variable(text, &name),
            Code::Arguments(text, name) => self.of_arguments(text, &name),
        }
    }

    /// The placeholders, the variables and the outputs of substitutions in a text.
    fn of_text(&mut self, range: &Range<usize>, quotes: Quotes, level: usize) {
        let values = self.values.iter().filter(|at| range.contains(at));
        self.code.extend(values);
        if quotes == Quotes::Raw {
            return;
        }
        for (at, name) in variables(&self.text[range.clone()], quotes) {
            let at = range.start + at;
            let text = self.text_of(at);
            if is_argument(&format!("${name}")) {
                let function = self.function_of(at).cloned().unwrap_or_default();
                self.mark(Code::Arguments(text, function));
            } else {
                self.mark(Code::Variable(text, name));
            }
        }
        // `${!x}` may be any variable.
        if self.text[range.clone()].contains("${!") {
            self.every_variable(self.text_of(range.start));
        }
        for number in 0..self.seen.len() {
            let seen = &self.seen[number];
            let inside = range.start <= seen.span.start && seen.span.end <= range.end;
            if inside && seen.level == level {
                self.mark(Code::Output(number));
            }
        }
    }

    fn every_variable(&mut self, text: usize) {
        let all: Vec<String> = self
            .assigned
            .keys()
            .filter(|(of, _)| *of == text)
            .map(|(_, name)| name.clone())
            .collect();
        for name in all {
            self.mark(Code::Variable(text, name));
        }
    }

    /// Everything that a text's commands write: `exec` redirects all of them.
    fn every_output(&mut self, text: usize) {
        let whole = self.texts.iter().find(|range| range.start == text);
        let whole = whole.cloned().unwrap_or_default();
        self.mark_text(&whole, Quotes::Word, 0);
    }

    fn of_output(&mut self, number: usize) {
        let seen = self.seen[number].clone();
        let text = self.text_of(seen.span.start);
        self.mark_text(&seen.span, Quotes::Word, seen.level);
        self.fed(&seen);
        let words = self.words(number);
        if words.iter().any(|word| base(word) == "envsubst") {
            self.every_variable(text);
        }
        for (word, range) in words.iter().zip(&seen.words).skip(1) {
            if word.starts_with('-') || word.contains(char::is_whitespace) {
                self.mark(Code::Script(range.start, range.end, seen.level));
                continue;
            }
            for name in self.names(text, word, 0) {
                if self.is_written(&name) {
                    self.mark(Code::File(name));
                }
            }
        }
        if let Some(name) = words.first() {
            self.of_function(text, name);
            if ["echo", "printf"].contains(&name.as_str()) {
                return;
            }
        }
        self.mark(Code::Input(number));
    }

    fn of_function(&mut self, text: usize, called: &str) {
        for number in 0..self.seen.len() {
            let seen = &self.seen[number];
            let is = matches!(&seen.name, Some(Named::Function(name)) if name == called);
            if is && self.text_of(seen.span.start) == text {
                self.mark(Code::Output(number));
            }
        }
    }

    /// Only literal names: whether a script writes a file that is not named cannot be what a word is about.
    fn is_written(&mut self, name: &Name) -> bool {
        // Strings that turn out to be scripts add commands.
        if self.written.0 < self.seen.len() {
            let mut names = BTreeSet::new();
            for (number, seen) in self.seen.iter().enumerate() {
                let text = self.text_of(seen.span.start);
                let to = seen.to.iter().map(|to| unquoted(&self.text[to.clone()]));
                let to: Vec<String> = to.collect();
                for word in to.iter().chain(self.words(number).iter()) {
                    names.extend(self.names(text, word, 0));
                }
            }
            self.written = (self.seen.len(), names);
        }
        self.written.1.contains(name)
    }

    /// Its here-documents, here-strings and the files it is redirected from.
    fn fed(&mut self, seen: &Seen) {
        for (body, quoted) in &seen.bodies {
            let quotes = if *quoted { Quotes::Raw } else { Quotes::Here };
            self.mark_text(body, quotes, seen.level);
            self.mark(Code::Script(body.start, body.end, seen.level));
        }
        for range in &seen.texts {
            self.mark_text(range, Quotes::Word, seen.level);
            self.mark(Code::Script(range.start, range.end, seen.level));
        }
        for range in &seen.from {
            let word = unquoted(&self.text[range.clone()]);
            for name in self.names(self.text_of(range.start), &word, 0) {
                self.mark(Code::File(name));
            }
        }
    }

    fn of_input(&mut self, number: usize) {
        let seen = self.seen[number].clone();
        self.fed(&seen);
        // `bash < <(…)`
        for range in &seen.reads {
            self.mark_text(range, Quotes::Word, seen.level);
        }
        if let Some(before) = seen.piped {
            self.mark(Code::Output(before));
        }
        let redirected = seen.bodies.len() + seen.texts.len() + seen.from.len();
        if seen.piped.is_some() || redirected > 0 {
            return;
        }
        if let Some(Named::Function(name)) = &seen.name {
            let text = self.text_of(seen.span.start);
            for call in self.calls(text, name) {
                self.mark(Code::Input(call));
            }
            return;
        }
        let around = |other: &usize| {
            let other = &self.seen[*other];
            other.span.start <= seen.span.start
                && seen.span.end <= other.span.end
                && (other.span.len() > seen.span.len() || other.level < seen.level)
        };
        let nearest = (0..self.seen.len())
            .filter(around)
            .min_by_key(|other| self.seen[*other].span.len());
        let Some(outer) = nearest else {
            // `exec < f` gives every command its input.
            for other in 0..self.seen.len() {
                if *self.words(other) == ["exec"] {
                    let exec = self.seen[other].clone();
                    self.fed(&exec);
                }
            }
            return;
        };
        let within =
            |range: &Range<usize>| range.start <= seen.span.start && seen.span.end <= range.end;
        if !self.seen[outer].writes.iter().any(within) {
            self.mark(Code::Input(outer));
        } else if *self.words(outer) == ["exec"] {
            self.every_output(self.text_of(seen.span.start));
        } else {
            self.mark(Code::Output(outer));
        }
    }

    fn of_file(&mut self, name: &Name) {
        for number in 0..self.seen.len() {
            let seen = &self.seen[number];
            let text = self.text_of(seen.span.start);
            let words = self.words(number);
            let is = |word: &str| self.names(text, word, 0).iter().any(|one| one.may_be(name));
            let mut targets = seen.to.iter().map(|to| unquoted(&self.text[to.clone()]));
            if targets.any(|to| is(&to)) {
                if *words == ["exec"] {
                    self.every_output(text);
                }
                self.mark(Code::Output(number));
                continue;
            }
            let in_place = words
                .iter()
                .any(|word| word.starts_with('-') && word.contains('i'));
            let writes = words.iter().any(|word| {
                let edits = ["sed", "perl"].contains(&base(word));
                WRITERS.contains(&base(word)) && (in_place || !edits)
            });
            let mut named = words
                .iter()
                .skip(1)
                .filter_map(|word| match word.rsplit_once('=') {
                    Some((_, file)) => Some(file),
                    None => Some(word.as_str()).filter(|word| !word.starts_with('-')),
                });
            if writes && named.any(is) {
                self.mark(Code::Output(number));
            }
        }
    }

    fn of_variable(&mut self, text: usize, variable: &str) {
        const NAMING: [&str; 7] = [
            "read",
            "mapfile",
            "readarray",
            "printf",
            "for",
            "select",
            "getopts",
        ];
        for number in 0..self.seen.len() {
            let seen = self.seen[number].clone();
            if self.text_of(seen.span.start) != text {
                continue;
            }
            let words = self.words(number);
            for (word, range) in words.iter().zip(&seen.words) {
                let name = word
                    .split_once('=')
                    .map(|(name, _)| name.trim_end_matches('+'));
                let name = name.map(|name| name.split('[').next().unwrap_or(name));
                if name == Some(variable) {
                    self.mark_text(range, Quotes::Word, seen.level);
                }
            }
            let span = &self.text[seen.span.clone()];
            let array = matches!(&seen.name, Some(Named::Array(name)) if name == variable);
            let default = span.contains(&format!("{{{variable}:="))
                || span.contains(&format!("{{{variable}="));
            if array || default {
                self.mark_text(&seen.span, Quotes::Word, seen.level);
            }
            let names = words
                .iter()
                .any(|word| word.trim_start_matches("-v") == variable);
            if names && words.iter().any(|word| NAMING.contains(&word.as_str())) {
                self.mark(Code::Input(number));
                self.mark(Code::Output(number));
            }
        }
    }

    fn calls(&self, text: usize, function: &str) -> Vec<usize> {
        let is = |number: &usize| {
            self.words(*number).iter().any(|word| word == function)
                && self.text_of(self.seen[*number].span.start) == text
        };
        (0..self.seen.len()).filter(is).collect()
    }

    /// The arguments of the calls of a function, or what `set` makes them.
    fn of_arguments(&mut self, text: usize, function: &str) {
        for name in [function, "set"] {
            for call in self.calls(text, name) {
                let seen = self.seen[call].clone();
                for range in seen.words.iter().skip(1) {
                    self.mark_text(range, Quotes::Word, seen.level);
                    self.mark(Code::Script(range.start, range.end, seen.level));
                }
            }
        }
    }
}
