//! The commands of a script as the reader meets them: their words, redirections, pipes, groups and functions.

use std::ops::Range;

use super::Reader;
use super::words::{self, Command};

/// What a word of a command is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    #[default]
    Word,
    /// The target of `<`.
    From,
    /// The target of `>`.
    To,
    /// The target of `<>`.
    Both,
    /// The text after `<<<`.
    Text,
}

/// A command, or the end of a group with the redirections after it; all ranges are of the script.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    start: Option<usize>,
    /// Its text; of a group everything from its beginning.
    pub(super) span: Range<usize>,
    pub(super) words: Vec<Range<usize>>,
    pub(super) from: Vec<Range<usize>>,
    pub(super) to: Vec<Range<usize>>,
    pub(super) texts: Vec<Range<usize>>,
    /// Numbers of its here-documents.
    pub(super) documents: Vec<usize>,
    /// `<(…)`
    pub(super) reads: Vec<Range<usize>>,
    /// `>(…)`
    pub(super) writes: Vec<Range<usize>>,
    /// The command whose output it reads.
    pub(super) piped: Option<usize>,
    /// It is the end of a group.
    pub(super) closes: bool,
    /// The function that the group is, or the array.
    pub(super) name: Option<Named>,
    /// The bodies of its here-documents, and whether their delimiters are quoted.
    pub(super) bodies: Vec<(Range<usize>, bool)>,
    /// 0 for the script, 1 for commands in a string or body of it that another shell reads, and so on.
    pub(super) level: usize,
}

/// What a group is besides a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Function(String),
    Array(String),
}

/// Where an open group began, what its input is, and what it is.
#[derive(Debug)]
pub(super) struct Group {
    at: usize,
    piped: Option<usize>,
    name: Option<Named>,
}

/// What surrounds a substitution.
pub(super) struct Around(Option<usize>, Vec<Group>, Option<String>);

impl Seen {
    pub(super) fn add(&mut self, role: Role, word: Range<usize>) {
        self.start.get_or_insert(word.start);
        match role {
            Role::Word => self.words.push(word),
            Role::From => self.from.push(word),
            Role::To => self.to.push(word),
            Role::Text => self.texts.push(word),
            Role::Both => {
                self.from.push(word.clone());
                self.to.push(word);
            }
        }
    }

    pub(super) fn substituted(&mut self, writes: bool, range: Range<usize>) {
        self.start.get_or_insert(range.start);
        if writes {
            self.writes.push(range);
        } else {
            self.reads.push(range);
        }
    }
}

impl Command {
    /// The array that a parenthesis at this byte gives its values.
    pub(super) fn array(&self, at: usize) -> Option<Named> {
        let ends = self.seen.words.last().is_some_and(|word| word.end == at);
        let (name, rest) = self.words.last()?.split_once('=')?;
        let name = name.trim_end_matches('+');
        let names = !name.is_empty() && name.bytes().all(words::is_of_name);
        (ends && rest.is_empty() && names).then(|| Named::Array(name.to_owned()))
    }
}

impl Reader<'_> {
    pub(super) fn enter(&mut self) -> Around {
        Around(
            self.piped.take(),
            std::mem::take(&mut self.groups),
            self.function.take(),
        )
    }

    pub(super) fn leave(&mut self, Around(piped, groups, function): Around) {
        (self.piped, self.groups, self.function) = (piped, groups, function);
    }

    /// A command is over; with `pipe` the next one reads its output.
    pub(super) fn ended(&mut self, command: &mut Command, pipe: bool) {
        let Command {
            words, mut seen, ..
        } = std::mem::take(command);
        self.line.push(words);
        let Some(start) = seen.start else {
            return;
        };
        seen.span = start..self.at;
        seen.piped = self.piped.take();
        if pipe {
            self.piped = Some(self.seen.len());
        }
        self.seen.push(seen);
    }

    /// Reads an operator; the next word is its target, and a number right before it is no word.
    pub(super) fn redirects(&mut self, command: &mut Command, role: Role, length: usize) {
        let number = |word: &Range<usize>| {
            let text = &self.text[word.clone()];
            word.end == self.at && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        command.seen.start.get_or_insert(self.at);
        if command.seen.words.last().is_some_and(number) {
            command.seen.words.pop();
        }
        command.role = role;
        self.at += length;
    }

    /// Opens or closes a group if a command's first word does.
    pub(super) fn groups(&mut self, word: &str, command: &mut Command) {
        if word == "{" && command.words.len() == 2 && command.words[0] == "function" {
            self.function = command.words.pop();
            let at = command.word_at;
            *command = Command::default();
            command.word_at = at;
        }
        if !command.words.is_empty() || command.role != Role::Word {
            return;
        }
        match word {
            "{" | "if" | "while" | "until" | "for" | "select" | "case" => {
                self.opens(None, command.word_at);
            }
            "}" | "fi" | "done" | "esac" => self.closed(command),
            _ => {}
        }
    }

    pub(super) fn opens(&mut self, name: Option<Named>, at: usize) {
        let name = name.or_else(|| self.function.take().map(Named::Function));
        let piped = self.piped.take();
        self.groups.push(Group { at, piped, name });
    }

    pub(super) fn closed(&mut self, command: &mut Command) {
        let Some(group) = self.groups.pop() else {
            return;
        };
        self.piped = group.piped;
        command.seen.start = Some(group.at);
        command.seen.closes = true;
        command.seen.name = group.name;
    }

    /// Reads `()` after a function's name.
    pub(super) fn defines(&mut self, command: &mut Command) -> bool {
        let inner = &self.text[self.at + 1..self.end];
        let blanks = inner.len() - inner.trim_start_matches([' ', '\t']).len();
        if !inner[blanks..].starts_with(')') || command.words.is_empty() {
            return false;
        }
        if command.array(self.at).is_some() {
            return false;
        }
        self.function = command.words.pop();
        *command = Command::default();
        self.at += blanks + 2;
        true
    }
}
