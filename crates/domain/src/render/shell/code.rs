//! Commands: words, comments, parentheses and `case`, up to what ends them.

use super::seen::Role;
use super::words::{self, Command};
use super::{Place, Reader};

/// What ends a run of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// The end of the text.
    End,
    /// `)` of `$(…)` and `<(…)`.
    Paren,
    /// A backquote; inside double quotes `\"` is a quote in it.
    Tick { in_double: bool },
    /// A backquote with a backslash, inside backquotes.
    InnerTick,
}

/// What is open inside a run of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Paren,
    /// Between `case` and `in`.
    CaseWord,
    /// A pattern list of a `case`, with its own open parentheses.
    CasePattern(u32),
    /// Commands of a `case`.
    CaseBody,
}

impl Reader<'_> {
    /// Reads commands up to `close`, which is read as well.
    pub(super) fn code(&mut self, close: Close) {
        let outer = self.plain;
        let around = self.enter();
        let mut open: Vec<Open> = Vec::new();
        let mut command = Command::default();
        let mut word = String::new();
        while let Some(byte) = self.byte(0) {
            if word.is_empty() {
                command.word_at = self.at;
                self.plain = outer.or_else(|| command.reads_next_word_as_code());
            }
            if byte.is_ascii_whitespace() || b";&|()<>".contains(&byte) {
                self.end_word(&mut word, &mut command, &mut open);
                self.plain = outer;
                if byte == b')' && open.is_empty() && close == Close::Paren {
                    self.ended(&mut command, false);
                    self.leave(around);
                    self.at += 1;
                    return;
                }
                self.operator(byte, &mut command, &mut open);
                continue;
            }
            let start = self.at;
            match (byte, close) {
                (b'`', Close::Tick { .. }) => break,
                (b'\\', Close::InnerTick) if self.byte(1) == Some(b'`') => {
                    self.at += 1;
                    break;
                }
                (b'\\', Close::Tick { .. }) if self.byte(1) == Some(b'`') => {
                    self.at += 2;
                    self.nested(|reader| reader.code(Close::InnerTick));
                }
                (b'\\', Close::Tick { in_double: true }) if self.byte(1) == Some(b'"') => {
                    self.at += 2;
                    self.double(true);
                }
                (b'\\', _) if self.byte(1) == Some(b'\n') => {
                    self.at += 2;
                    continue;
                }
                (b'#', _) if word.is_empty() => {
                    self.comment(close);
                    continue;
                }
                _ => {
                    let subscript = command.in_subscript(&word);
                    let why = subscript.or(match byte {
                        b'{' | b'\\' | b'$' | b'"' | b'\'' => self.compares_numbers(&command),
                        _ => None,
                    });
                    match why {
                        Some(why) => self.only_plain(why, Self::part_of_word),
                        None => self.part_of_word(),
                    }
                }
            }
            word.push_str(&self.text[start..self.at.min(self.end)]);
        }
        self.end_word(&mut word, &mut command, &mut open);
        self.ended(&mut command, false);
        self.leave(around);
        self.plain = outer;
        self.at = (self.at + usize::from(close != Close::End)).min(self.end);
    }

    /// One character of a word, or a whole quoted part of it.
    fn part_of_word(&mut self) {
        if self.value(Place::Bare) {
            return;
        }
        match self.bytes[self.at] {
            b'\\' => self.skip(2),
            b'\'' => self.single(),
            b'"' => {
                self.at += 1;
                self.double(false);
            }
            b'`' => self.tick(false),
            b'$' => self.dollar(false),
            _ => self.skip(1),
        }
    }

    /// Steps over characters; never out of one of several bytes, which `keep` would cut.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.end);
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    fn comment(&mut self, close: Close) {
        while let Some(byte) = self.byte(0) {
            if byte == b'\n' || (byte == b'`' && matches!(close, Close::Tick { .. })) {
                return;
            }
            if !self.value(Place::Comment) {
                self.at += 1;
            }
        }
    }

    fn operator(&mut self, byte: u8, command: &mut Command, open: &mut Vec<Open>) {
        match byte {
            b'\n' => {
                self.ended(command, false);
                self.at += 1;
                self.bodies();
                self.line.clear();
            }
            b'<' if self.starts("<<<") => self.redirects(command, Role::Text, 3),
            b'<' if self.starts("<<") => {
                let from = self.documents.len();
                self.redirects(command, Role::Word, 0);
                self.here_operator();
                command.seen.documents.extend(from..self.documents.len());
            }
            b'<' | b'>' if self.byte(1) == Some(b'(') => {
                let from = self.at;
                self.at += 2;
                self.nested(|reader| reader.code(Close::Paren));
                command.seen.substituted(byte == b'>', from..self.at);
            }
            b'<' if self.byte(1) == Some(b'>') => self.redirects(command, Role::Both, 2),
            b'<' if self.byte(1) == Some(b'&') => self.redirects(command, Role::From, 2),
            b'<' => self.redirects(command, Role::From, 1),
            b'>' if matches!(self.byte(1), Some(b'&' | b'|' | b'>')) => {
                self.redirects(command, Role::To, 2);
            }
            b'>' => self.redirects(command, Role::To, 1),
            b'&' if self.starts("&>>") => self.redirects(command, Role::To, 3),
            b'&' if self.byte(1) == Some(b'>') => self.redirects(command, Role::To, 2),
            b'(' => self.opened(command, open),
            b')' => {
                self.ended(command, false);
                match open.last_mut() {
                    Some(pattern @ Open::CasePattern(0)) => *pattern = Open::CaseBody,
                    Some(Open::CasePattern(inner)) => *inner -= 1,
                    Some(Open::Paren) => {
                        open.pop();
                        self.closed(command);
                    }
                    _ => {}
                }
                self.at += 1;
            }
            b';' | b'&' if open.last() == Some(&Open::CaseBody) && self.ends_clause() => {
                self.ended(command, false);
                if let Some(body) = open.last_mut() {
                    *body = Open::CasePattern(0);
                }
                while matches!(self.byte(0), Some(b';' | b'&')) {
                    self.at += 1;
                }
            }
            b'|' if !self.starts("||") => {
                self.ended(command, true);
                self.at += 1 + usize::from(self.byte(1) == Some(b'&'));
            }
            b';' | b'&' | b'|' => {
                self.ended(command, false);
                self.at += 1 + usize::from(byte == b'|');
            }
            _ => self.at += 1,
        }
    }

    fn ends_clause(&self) -> bool {
        self.starts(";;") || self.starts(";&")
    }

    fn opened(&mut self, command: &mut Command, open: &mut Vec<Open>) {
        if let Some(Open::CasePattern(inner)) = open.last_mut() {
            // The parenthesis before a pattern has no meaning of its own.
            if !command.words.is_empty() {
                *inner += 1;
            }
            self.at += 1;
            return;
        }
        if command.may_be_arithmetic()
            && let Some(end) = self.arithmetic_end()
        {
            self.at += 2;
            self.arithmetic(end);
            return;
        }
        if self.defines(command) {
            return;
        }
        self.opens(command.array(self.at), self.at);
        *command = Command::default();
        open.push(Open::Paren);
        self.at += 1;
    }

    fn end_word(&mut self, word: &mut String, command: &mut Command, open: &mut Vec<Open>) {
        if word.is_empty() {
            return;
        }
        let done = std::mem::take(word);
        if !matches!(open.last(), Some(Open::CaseWord | Open::CasePattern(_))) {
            self.groups(&done, command);
        }
        match open.last_mut() {
            Some(state @ Open::CaseWord) => {
                if done == "in" && !command.words.is_empty() {
                    *state = Open::CasePattern(0);
                    command.words.clear();
                } else {
                    command.words.push(done);
                }
                return;
            }
            Some(Open::CasePattern(_)) => {
                if done == "esac" && command.words.is_empty() {
                    open.pop();
                    self.closed(command);
                } else {
                    command.words.push(done);
                }
                return;
            }
            Some(Open::CaseBody) if done == "esac" && command.words.is_empty() => {
                open.pop();
                return;
            }
            _ => {}
        }
        if done == "case" && command.words.is_empty() {
            open.push(Open::CaseWord);
            return;
        }
        command.add(done, self.at);
    }

    /// Whether this command is `[[ … -eq … ]]`, whose operands bash evaluates as arithmetic.
    fn compares_numbers(&self, command: &Command) -> Option<&'static str> {
        if command.words.first().map(String::as_str) != Some("[[") {
            return None;
        }
        let rest = &self.text[self.at..self.end];
        let rest = rest.find("]]").map_or(rest, |end| &rest[..end]);
        let operator = |word: &str| words::NUMERIC.contains(&word);
        let compares = command.words.iter().any(|word| operator(word))
            || rest.split_ascii_whitespace().any(operator);
        compares.then_some("in a comparison of numbers, which bash evaluates")
    }
}
